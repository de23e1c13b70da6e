"""Each input of the module: refused with a reason when it is wrong, shown in an example, planned while unknown."""

from __future__ import annotations

import re

import pytest

from tests.docs.declared import ROOT

# The order of what a variable says.
ORDER = ["type", "description", "default", "nullable", "ephemeral", "sensitive", "validation"]


def inputs() -> dict[str, str]:
    """Input => its block."""
    text = (ROOT / "variables.tf").read_text()
    return dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))


INPUTS = inputs()
REFUSALS = "".join(file.read_text() for file in (ROOT / "tests").glob("*.tftest.hcl"))
UNKNOWN = (ROOT / "tests" / "unknown" / "main.tf").read_text()


def test_there_are_no_more_than_22() -> None:
    assert len(INPUTS) <= 22


@pytest.mark.parametrize("name", INPUTS)
def test_a_wrong_value_is_refused_and_a_test_expects_it(name: str) -> None:
    assert re.search(rf"expect_failures = \[(.*, )?var\.{name}[],]", REFUSALS)
    messages = re.findall(r'error_message = "((?:[^"\\]|\\.)*)', INPUTS[name])
    assert messages, "no validation"
    assert [text for text in messages if name not in text.replace("<key>", "")] == [], "a sentence names its input"


@pytest.mark.parametrize("name", INPUTS)
def test_the_description_has_an_example(name: str) -> None:
    assert re.search(rf"^        {name} += \S", INPUTS[name], re.MULTILINE)


@pytest.mark.parametrize("name", INPUTS)
def test_a_value_that_a_first_plan_does_not_know_is_planned(name: str) -> None:
    assert re.search(rf"^  {name} += .*\blocal\.unknown\b", UNKNOWN, re.MULTILINE)


@pytest.mark.parametrize("name", INPUTS)
def test_what_a_variable_says_comes_in_one_order(name: str) -> None:
    said = re.findall(r"^  (\w+)(?= +=| \{)", INPUTS[name], re.MULTILINE)
    assert said == sorted(said, key=ORDER.index)
    assert said[:2] == ["type", "description"]
