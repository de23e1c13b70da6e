"""What `make mutants` makes of the code before mutmut sees it, and of what mutmut found afterwards."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from pathlib import Path

import pytest

from scripts.mutants import Mistake, compare, with_bodies_apart

ROOT = Path(__file__).parents[2]
SOURCE = '''
class Box:
    def __init__(self) -> None:
        self.counted = 0

    @property
    def one(self) -> int:
        """One."""
        return 1

    @property
    def two(self) -> int:
        one = self.one
        return one + 1

    @cached_property
    def three(
        self,
    ) -> int:
        self.counted += 1
        return self.two + 1

    @classmethod
    def four(cls) -> int:
        return cls().three + 1
'''
APART = with_bodies_apart(SOURCE)


def test_properties_have_their_bodies_in_methods_and_do_the_same() -> None:
    names = {"cached_property": cached_property}
    exec(APART, names)  # noqa: S102
    box = names["Box"]()  # type: ignore[operator]
    assert (box.one, box.two, box.three, box.three, box.four()) == (1, 2, 3, 3, 4)
    assert (box.body_of_one(), box.body_of_two()) == (1, 2)
    assert box.counted == 1
    assert APART.count("def body_of_") == 3
    assert type(box).one.__doc__ == "One."


@pytest.mark.parametrize(
    ("before", "after", "wording"),
    [
        ('f("a text", 1)', 'f("XXa textXX", 1)', True),
        ('f("A text", 1)', 'f("a text", 1)', True),
        ("f('a text', 1)", "f('A TEXT', 1)", True),
        ("f(f\"{', '.join(x)} there\")", "f(f\"{'XX, XX'.join(x)} there\")", True),
        ('f("a text", 1)', 'f("a text", 2)', False),
        ('f("a text", 1)', "f(None, 1)", False),
        ('f("text", 1)', 'f("XXtextXX", 1)', False),
        ('f("a text", "b")', 'f("a text", "B")', False),
    ],
    ids=[
        "other words in a sentence", "a sentence in lower case", "a sentence in upper case", "a text within a text",
        "a number", "no sentence any more", "a word, which may be a key", "a word beside a sentence",
    ],
)  # fmt: skip
def test_which_mistakes_are_of_wording_only(before: str, after: str, wording: bool) -> None:
    assert Mistake("core/x.py f", f"- {before}\n+ {after}").is_wording is wording


LISTED = [
    Mistake(entry["where"], change.strip())
    for entry in tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))["equivalent"]
    for change in entry["changes"]
]


@pytest.mark.parametrize(
    ("unnoticed", "run", "code"),
    [
        (set(LISTED), {mistake.where for mistake in LISTED}, 0),
        (set(), {"core/plan.py plan"}, 0),
        (set(), {LISTED[0].where}, 1),
        ({Mistake("core/plan.py plan", "- a\n+ b")}, {"core/plan.py plan"}, 1),
        ({*LISTED, Mistake(LISTED[0].where, "- a\n+ b")}, {mistake.where for mistake in LISTED}, 1),
    ],
    ids=[
        "just what is listed", "nothing, where nothing is listed", "less than is listed", "what is not listed",
        "something else beside what is listed",
    ],
)  # fmt: skip
def test_it_fails_when_the_list_is_not_what_was_found(unnoticed: set[Mistake], run: set[str], code: int) -> None:
    assert compare(unnoticed, run) == code


def test_each_listed_mistake_is_of_a_line_that_is_there_and_has_a_reason() -> None:
    for entry in tomllib.loads((ROOT / "tests" / "mutants.toml").read_text("utf-8"))["equivalent"]:
        module = entry["where"].partition(" ")[0]
        source = (ROOT / "lambda" / "src" / "mesh_dns" / module).read_text("utf-8")
        lines = {line.strip() for line in source.splitlines()}
        gone = {line[2:] for change in entry["changes"] for line in change.strip().splitlines() if line[0] == "-"}
        assert gone <= lines
        assert entry["reason"].endswith(".")


def test_the_document_says_where_mistakes_are_made() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    said = (ROOT / "docs" / "assurance.md").read_text("utf-8").partition("## Mutation testing")[2].partition("## ")[0]
    assert [f"src/mesh_dns/{name}" for name in re.findall(r"`(core/\*|\w+\.py)`", said)] == settings["only_mutate"]
