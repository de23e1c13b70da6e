"""Patterns match as EventBridge matches them."""

from __future__ import annotations

import pytest

from sandbox.event_pattern import matches

TAGGED = {"detail": {"tags": [{"key": "team", "value": "x"}, {"key": "hostname", "value": "y"}]}}


@pytest.mark.parametrize(
    ("pattern", "event", "fits"),
    [
        pytest.param({"a": ["x", "y"]}, {"a": "y"}, True, id="one of several values"),
        pytest.param({"a": ["x"], "b": ["y"]}, {"a": "x"}, False, id="every field must fit"),
        pytest.param({"a": ["x"]}, {"a": ["z", "x"]}, True, id="one element of an array fits"),
        pytest.param({"detail": {"tags": {"key": ["hostname"]}}}, TAGGED, True, id="into an array of objects"),
        pytest.param({"detail": {"tags": {"key": ["other"]}}}, TAGGED, False, id="no object of the array fits"),
        pytest.param(
            {"detail": {"tags": {"key": ["team"], "value": ["y"]}}}, TAGGED, False, id="in the same object of the array"
        ),
        pytest.param({"a": [{"prefix": "x"}]}, {"a": "xyz"}, True, id="prefix"),
        pytest.param({"a": [{"anything-but": ["x", "y"]}]}, {"a": "z"}, True, id="anything but, another"),
        pytest.param({"a": [{"anything-but": ["x", "y"]}]}, {"a": "x"}, False, id="anything but, this one"),
        pytest.param({"a": [{"anything-but": ["x"]}]}, {}, False, id="anything but needs the field"),
        pytest.param({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": "xy"}, False, id="anything but a prefix"),
        pytest.param({"a": [{"exists": False}]}, {}, True, id="absent as wanted"),
        pytest.param({"a": [{"exists": False}]}, {"a": "x"}, False, id="present, not wanted"),
        pytest.param({"a": {"b": [{"exists": True}]}}, {"a": {"b": None}}, True, id="null exists"),
        pytest.param({"a": [{"exists": True}]}, {"a": {"b": 1}}, False, id="only leaves exist"),
        pytest.param({"a": {"b": [{"exists": False}]}}, {"a": None}, True, id="absent below null"),
        pytest.param({"a": [None]}, {"a": None}, True, id="null"),
        pytest.param({"$or": [{"a": ["x"]}, {"b": {"c": ["y"]}}]}, {"b": {"c": "y"}}, True, id="or, the second"),
        pytest.param({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "y"}, False, id="or, none"),
        pytest.param(
            {"n": ["m"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"a": "x"}, False, id="or beside another field"
        ),
        pytest.param({"a": {"$or": [{"b": ["x"]}, {"c": ["x"]}]}}, {"a": {"c": "x"}}, True, id="or inside"),
    ],
)
def test_match(pattern: dict[str, object], event: dict[str, object], fits: bool) -> None:
    assert matches(pattern, event) is fits
