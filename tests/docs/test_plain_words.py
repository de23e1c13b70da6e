"""One word, one meaning: words that no document, docstring, comment, text or Terraform file uses."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.declared import ROOT

# A word as a pattern => what is said instead.
UNUSED = {
    r"\b[Oo]bservers?\b": "reporter",
    r"\bsilent(ly)?\b|\bfalls? silent|\bin silence\b|ScopesSilent": (
        "overdue for a scope, back-off for a place, `without an error`"
    ),
    r"\bwould_release\b|\brelease(s|d)? (of )?(a|the|an|it|this|that)? ?(scope|account|region)": "forget",
    r'"release"': "forget",
    r"\b[Ss]tanding\b|\bRELEASED\b": "claim state, dropped",
    r"\bmay_speak\b|\b(let|may|can) (not )?speak\b": "may claim",
    r"\bhome (scope|account|region)\b": "hub",
    r"\bsettle[ds]?\b": "decided, done, at rest",
    r"\bcontinuations?\b|\bcontinued sweeps?\b": "a check of our own",
    r"\bhears?\b|\bheard of\b": "is told, gets",
    r"\bspeaks? of\b|\bspeaks? in\b": "is about, shares",
    r"\bcaretaker\b|\bwhole truth\b|\bHere stands\b|\blets? go of\b": "say plainly what happens",
    r"\b(messages?|AWS|bus|topic|queue|hub) (is |are |was |were )?refuse[sd]?\b": "rejected, denied, did not take",
    r"\brefuses? the token\b|\btoken (is|was) refused\b|\brefused the (changes|batch)\b": "denied, rejected",
    r"\b[Mm]essages? (is|are|was|were) dropped\b|\bevents? (is|are) dropped\b": "discarded",
    r"\brelease command\b|\bkeeps? quiet\b": "forget, does not trip",
    r"\bEventsRefused\b|\bdeletes that wait aloud\b": "the metric's name",
}
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(path for part in ("docs", "modules", "examples") for path in sorted((ROOT / part).rglob("*.md"))),
]
TERRAFORM = [path for pattern in ("*.tf", "modules/**/*.tf", "examples/**/*.tf") for path in sorted(ROOT.glob(pattern))]
PYTHON = sorted((ROOT / "lambda" / "src").rglob("*.py"))
SCHEMAS = sorted((ROOT / "lambda" / "src").rglob("*.json"))
TEXTS = [path for path in (*DOCUMENTS, *TERRAFORM, *PYTHON, *SCHEMAS) if ".terraform" not in path.parts]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    """The whole file; of Python only comments and strings, since a name in the code has one meaning anyway."""
    if path.suffix != ".py":
        return path.read_text()
    return "\n".join(_texts(path))


def _texts(path: Path) -> Iterator[str]:
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
        if token.type in kinds:
            yield token.string


@pytest.mark.parametrize("path", TEXTS, ids=named)
def test_words_with_another_or_a_second_meaning_are_not_used(path: Path) -> None:
    text = " ".join(text_of(path).split())
    for pattern, instead in UNUSED.items():
        found = re.search(rf".{{0,40}}(?:{pattern}).{{0,40}}", text)
        assert found is None, f"say `{instead}`: ...{found[0]}..."


@pytest.mark.parametrize(
    "word",
    [
        "silent",
        "Observer",
        "settled",
        "the bus refused",
        "release the scope",
        "the token was refused",
        "a message is dropped",
        "the release command",
    ],
)
def test_a_word_would_be_found(word: str) -> None:
    assert any(re.search(pattern, f"a text with {word} in it") for pattern in UNUSED)
