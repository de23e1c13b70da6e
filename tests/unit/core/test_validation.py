"""Complaints that a person understands."""

from __future__ import annotations

import json
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from mesh_dns.core.validation import LONGEST_COMPLAINT, complaint_about

SCHEMAS = ["command", "event", "own_message", "settings"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(json.loads(files("mesh_dns.schemas").joinpath(f"{name}.json").read_text("utf-8")))


def test_all_schemas_are_tested() -> None:
    found = (path.name for path in files("mesh_dns.schemas").iterdir())
    assert sorted(name.removesuffix(".json") for name in found if name.endswith(".json")) == SCHEMAS


def test_nothing_wrong_is_none() -> None:
    assert complaint_about({"action": "sweep"}, "command") is None
    assert complaint_about({"owner": "x"}, "event", "Sweep") is None


@pytest.mark.parametrize(
    ("value", "schema", "definition", "complaint"),
    [
        ({"action": "x"}, "command", "", "action: 'x' is not one of ['sweep', 'forget']"),
        ({}, "event", "Sweep", "'owner' is a required property"),
        ([], "event", "", "[] is not of type 'object'"),
        ({"owner": 5}, "event", "Sweep", "owner: 5 is not of type 'string'"),
        (
            {"requestParameters": {"resourceArns": ["arn:x", 5]}},
            "event",
            "AddTags.v2",
            "requestParameters.resourceArns.1: 5 is not of type 'string'",
        ),
    ],
    ids=["a value", "something missing", "the whole", "a definition", "a place in a list"],
)
def test_a_complaint_names_the_place_and_the_rule(value: object, schema: str, definition: str, complaint: str) -> None:
    assert complaint_about(value, schema, definition) == complaint


def test_a_complaint_is_short() -> None:
    complaint = complaint_about({"action": "x" * 10_000}, "command")
    assert complaint is not None
    assert len(complaint) == LONGEST_COMPLAINT
    assert complaint.endswith("...")


@pytest.mark.parametrize(
    ("longer", "told"),
    [(0, "is not one of ['sweep', 'forget']"), (1, "...")],
    ids=["of just the longest length", "a character longer"],
)
def test_a_complaint_of_just_the_right_length_is_told_whole(longer: int, told: str) -> None:
    around = len("action: '' is not one of ['sweep', 'forget']")
    complaint = complaint_about({"action": "x" * (LONGEST_COMPLAINT - around + longer)}, "command")
    assert complaint is not None
    assert len(complaint) == LONGEST_COMPLAINT
    assert complaint.endswith(told)


def test_nesting_too_deep_to_be_shown_is_a_complaint() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    assert complaint_about(nested, "command") == "nested too deeply to be understood"
    while nested:  # taken apart by hand: freeing it at once would recurse
        nested = nested.pop()  # type: ignore[assignment]
