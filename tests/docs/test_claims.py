"""Every number in the documents is held: by what decides it here, by arithmetic, or as a fact that others decide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.claims import ANY, CLAIMS, COST, MULTI, WORDS, bill, number
from tests.docs.declared import ROOT
from tests.docs.facts import FACTS
from tests.docs.test_documents import CONTRIBUTING, MANUAL, PAGES, README, SECURITY, named
from tests.docs.test_measured import MEASURED

# CHANGELOG.md tells what was once, and docs/verified.md has a test of its own.
HELD = [
    *(README, CONTRIBUTING, SECURITY, ROOT / "RELEASING.md", ROOT / "UPGRADING.md"),
    *(page for page in (*MANUAL, *PAGES) if page.name != "verified.md"),
]
# What is no prose: code, addresses, what is generated, markers of lists.
NO_PROSE = re.compile(
    r"```.*?```|<!-- BEGIN_TF_DOCS -->.*?<!-- END_TF_DOCS -->|<!--.*?-->|`[^`\n]*`|\]\([^)\s]+\)|^(?:#+ | *)\d+\. ",
    re.DOTALL | re.MULTILINE,
)
UNIT = r"(?:seconds?|minutes?|hours?|days?|months?|(?:sweep )?periods|regions|times|examples)"
NUMBER = re.compile(rf"(?<![\w.-])\d+(?:[.,]\d+)*(?![\w-])|\b(?:{'|'.join(WORDS)}|half a)(?= {UNIT}\b)")
PROSE_SUM = re.compile(r"\d[\d.,]*(?: [x/] \d[\d.,]*)+ = \d[\d.,]*\d")
BILL = re.compile(r"^\| \| arithmetic \| a (?:month|run) \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)


def prose(text: str) -> str:
    """A document with blanks for what is no prose, so that every place stays where it is."""
    for table in MEASURED:
        # The heading by which it is found, and its rows. Its other headings may say numbers that nobody printed.
        measured = re.compile(rf"^(\| {re.escape(table)}\b)(.*\|\n)((?:\|.*\n)+)", re.MULTILINE)
        text = measured.sub(lambda found: _blank(found[1]) + found[2] + _blank(found[3]), text)
    return NO_PROSE.sub(lambda found: _blank(found[0]), text)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def unexplained(document: str, text: str) -> Iterator[str]:
    """The numbers for which there is no row, each with the line that it stands in."""
    rows = [pattern for where, pattern, _ in CLAIMS if where in (ANY, document)]
    facts = [pattern for patterns in FACTS.values() for pattern in patterns]
    held = [match.span(1) for row in rows for match in re.finditer(row, text)]
    held += [match.span() for fact in facts for match in re.finditer(fact, text)]
    held += [match.span() for match in PROSE_SUM.finditer(text)]
    held += [(cell.start() + table.start(1), cell.end() + table.start(1)) for table in BILL.finditer(text)
             for cell in re.finditer(r"(?<=[:|])[^:|]*\|[^|]*\|$", table[1], re.MULTILINE)]  # fmt: skip
    shown = prose(text)
    for found in NUMBER.finditer(shown):
        if not any(start <= found.start() and found.end() <= end for start, end in held):
            line = text[text.rfind("\n", 0, found.start()) + 1 : text.find("\n", found.end())]
            yield f"{found[0]}: {line}"


@pytest.mark.parametrize("document", HELD, ids=named)
def test_every_number_has_its_row(document: Path) -> None:
    assert list(unexplained(named(document), document.read_text())) == [], "see tests/docs/claims.py and facts.py"


def test_a_number_without_a_row_would_be_seen() -> None:
    text = "It needs 41 things, `42` as code, [43](44), 45 KB, two looks, six days and three regions.\n"
    assert [each.partition(":")[0] for each in unexplained(README.name, text)] == ["41", "43", "45", "six", "three"]


@pytest.mark.parametrize(("document", "says", "decides"), CLAIMS, ids=[f"{row[0]}: {row[1]}" for row in CLAIMS])
def test_what_a_document_says_is_so(document: str, says: str, decides: Callable[[], float]) -> None:
    texts = [file.read_text() for file in HELD if document in (ANY, named(file))]
    found = [said for text in texts for said in re.findall(says, text)]
    assert found, f"{document} does not say this any more: change the row with it"
    assert {number(text) for text in found} == {decides()}


@pytest.mark.parametrize("fact", [fact for facts in FACTS.values() for fact in facts])
def test_a_fact_is_still_said(fact: str) -> None:
    assert any(re.search(fact, file.read_text()) for file in HELD), "no document says this: take the row away"


def worked_out(arithmetic: str) -> float:
    """The result of what follows the last colon: numbers, `x`, `/`, `+`, brackets, million, KB and GB."""
    text = arithmetic.rpartition(":")[2].replace(",", "").replace("GB-s", "")
    for word, sign in (("x", "*"), ("million", "1e6"), ("KB", "*1e3"), ("GB", "1e9")):
        text = re.sub(rf"\b{word}\b", sign, text)
    assert re.fullmatch(r"[\d.e+*/() ]+", text), arithmetic
    return float(eval(text))  # noqa: S307 - digits and signs only


@pytest.mark.parametrize("document", [COST, MULTI])
def test_each_row_of_the_bill_is_worked_out(document: str) -> None:
    tables = BILL.findall((ROOT / document).read_text())
    rows = [row.strip("|\n").split("|") for table in tables for row in table.splitlines()]
    rows = [row for row in rows if "sum" not in row[0]]
    assert len(rows) > 4
    for name, arithmetic, month in rows:
        ends = [worked_out(part) for part in re.split(r" to (?=\d)", arithmetic)]
        stated = month.strip().split(" - ")
        assert len(ends) == len(stated), name
        for end, said in zip(ends, stated, strict=True):
            assert f"{end + 1e-9:.{len(said.split('.')[1])}f}" == said, name


@pytest.mark.parametrize("document", HELD, ids=named)
def test_what_is_worked_out_in_a_sentence_is_right(document: Path) -> None:
    for found in PROSE_SUM.findall(document.read_text()):
        arithmetic, _, stated = found.rpartition(" = ")
        places = len(stated.partition(".")[2])
        assert f"{worked_out(arithmetic):.{places}f}" == stated.replace(",", ""), found


@pytest.mark.parametrize("document", [COST, MULTI])
def test_the_bill_adds_up(document: str) -> None:
    """Each sum is that of its rows; a range adds up at both ends."""
    bills = BILL.findall((ROOT / document).read_text())
    assert bills
    for table in bills:
        rows = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in table.splitlines()]
        until = next(at for at, row in enumerate(rows) if row[0] == "sum")
        for end in (0, -1):
            parts = [float(row[-1].split(" - ")[end]) for row in rows[:until]]
            stated = rows[until][-1].split(" - ")[end]
            assert round(sum(parts), len(stated.split(".")[1])) == float(stated)


UNDER_A_DOLLAR = re.compile(r"\b(?:less\s+than|under)\s+a\s+dollar\b")


@pytest.mark.parametrize(
    "place",
    ["README.md", "CONTRIBUTING.md", "docs/verified.md", "docs/cost-and-limits.md", "Makefile", "smoke/__main__.py"],
)
def test_a_smoke_test_is_said_to_cost_less_than_a_dollar_and_its_bill_says_so(place: str) -> None:
    assert UNDER_A_DOLLAR.search((ROOT / place).read_text()), "it need not be here any more"
    assert float(bill(1, -1)) < 1


def test_the_bill_of_a_smoke_test_takes_the_module_from_the_bill_of_a_month() -> None:
    (ends,) = re.findall(
        r"^\| the module.+?: ([\d.]+) / 730 x 1 to ([\d.]+) / 730 x 6 \|", (ROOT / COST).read_text(), re.M
    )
    assert set(ends) == {bill(0, -1)}
