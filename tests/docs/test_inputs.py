"""Each input of each module: refused with a reason when it is wrong, shown in an example, planned while unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.docs.declared import ROOT

FOLDERS = ("", "modules/spoke", "modules/spoke/trail", "modules/clustermesh-values")
# The order of what a variable says.
ORDER = ["type", "description", "default", "nullable", "ephemeral", "sensitive", "validation"]
# What decides whether something is made, by docs/inputs.md; a further token has `version` only to be refused.
MUST_BE_KNOWN = {"zones": {"token"}, "token": {"version"}, "tokens": {"version"}, "alarms": {"enabled"}}
# What a misspelt attribute comes to.
DROPPED = re.compile(r"Terraform\s+drops\s+an\s+attribute\s+that\s+is\s+misspelt\s+in\s+here\s+without\s+a\s+word")


@dataclass(frozen=True)
class Input:
    """A variable of a module: its folder, its name and what its block says."""

    folder: str
    name: str
    block: str

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}".removeprefix("/")

    @property
    def type(self) -> str:
        """Its type, as far as one line says it."""
        return re.findall(r"^  type += (.*)$", self.block, re.MULTILINE)[0]

    def attributes(self) -> set[str]:
        """The names of its attributes that hold a value, those of inner objects too; none if it is no object."""
        said = self.block.partition("  description =")[0]
        return set(re.findall(r"^ {4,}(\w+) += (?!optional\(object|object)", said, re.MULTILINE))

    def while_unknown(self) -> str:
        """What the calls for an unknown value say of it, and what they take from the calls' locals."""
        file = (ROOT / self.folder / "tests" / "unknown" / "main.tf").read_text()
        argument = rf"^  {self.name} += (\{{\n(?:    .*\n)*  \}}|.*)$"
        said = "\n".join(re.findall(argument, file, re.MULTILINE))
        for name in re.findall(r"\blocal\.(unknown_\w+)", said):
            (local,) = re.findall(rf"^  {name} += \{{\n((?:    .*\n)*)  \}}$", file, re.MULTILINE)
            said += local
        return said

    def tests(self) -> str:
        """The module's native tests."""
        return "".join(file.read_text() for file in sorted((ROOT / self.folder / "tests").glob("*.tftest.hcl")))


def inputs(folder: str) -> list[Input]:
    """All of a module."""
    text = (ROOT / folder / "variables.tf").read_text()
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    return [Input(folder, name, block) for name, block in blocks]


INPUTS = [found for folder in FOLDERS for found in inputs(folder)]
every_input = pytest.mark.parametrize("each", INPUTS, ids=str)


def test_there_are_no_more_than_22() -> None:
    assert len(inputs("")) <= 22


def test_every_module_is_looked_at() -> None:
    found = {file.parent for part in (".", "modules") for file in (ROOT / part).rglob("variables.tf")}
    hidden = {".terraform", ".tools", "build", "examples", "tests"}
    shown = {folder for folder in found if not hidden & set(folder.relative_to(ROOT).parts)}
    assert shown == {ROOT / folder for folder in FOLDERS}


@pytest.mark.parametrize("each", [each for each in INPUTS if each.type != "bool"], ids=str)
def test_a_wrong_value_is_refused_and_a_test_expects_it(each: Input) -> None:
    expected = re.findall(rf"expect_failures = \[(?:.*, )?var\.{each.name}[],]", each.tests())
    assert len(expected) >= len(re.findall(r"^  validation \{$", each.block, re.MULTILINE)) > 0
    messages = re.findall(r'error_message = "((?:[^"\\]|\\.)*)', each.block)
    assert [text for text in messages if each.name not in text.replace("<key>", "")] == [], "a sentence names its input"


@every_input
def test_the_description_has_an_example(each: Input) -> None:
    assert re.search(rf"^        {each.name} += \S", each.block, re.MULTILINE)


@every_input
def test_a_value_that_a_first_plan_does_not_know_is_planned(each: Input) -> None:
    """For an object each of its attributes, or the whole from one text."""
    said = each.while_unknown()
    assert "local.unknown" in said
    given = {found for found in each.attributes() if re.search(rf"\b{found} += .*?\blocal\.unknown\b", said)}
    missing = set() if "jsondecode(local.unknown)" in said else each.attributes() - given
    assert missing == MUST_BE_KNOWN.get(str(each), set())
    assert './tests/unknown"' in each.tests()


@pytest.mark.parametrize("each", [each for each in INPUTS if "object({" in each.type], ids=str)
def test_the_description_of_an_object_says_what_terraform_drops(each: Input) -> None:
    """The hub is handed over as it is, and one that lacks something is refused."""
    assert DROPPED.search(each.block) or each.name == "hub"


@every_input
def test_what_a_variable_says_comes_in_one_order(each: Input) -> None:
    said = re.findall(r"^  (\w+)(?= +=| \{)", each.block, re.MULTILINE)
    assert said == sorted(said, key=ORDER.index)
    assert said[:2] == ["type", "description"]
