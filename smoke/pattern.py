"""Which events the module's rule takes, as EventBridge itself says: each call that counts, and neighbours of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.terraform import ROOT
from smoke.place import Place
from smoke.report import Report

WHY = (
    "EventBridge itself says (`TestEventPattern`) which calls the module's rule would take. A call that it left would "
    "change a load balancer unnoticed until the next sweep; one that it took for nothing would cost a message."
)
EVENTS = ROOT / "tests" / "fixtures" / "events"
TAKEN = {
    "CreateLoadBalancer": "v2-create-nlb",
    "AddTags with the hostname": "v2-add-tags",
    "RemoveTags of the hostname": "v2-remove-tags",
    "DeleteLoadBalancer": "v2-delete",
    "CreateLoadBalancer of a classic one": "classic-create",
    "AddTags with the hostname of a classic one": "classic-add-tags",
    "RemoveTags of the hostname of a classic one": "classic-remove-tags",
    "DeleteLoadBalancer of a classic one": "classic-delete",
}
"""Calls that it takes => an event of each."""
TAGGING = {"AddTags": "v2-add-tags", "RemoveTags": "v2-remove-tags", "AddTags of a classic one": "classic-add-tags"}
"""Calls that it leaves when their tags are not the module's => an event of each."""


def check(place: Place, owner: str, report: Report) -> None:
    """Ask for each. owner: the module's output."""
    events = place.client("events")
    pattern = events.describe_rule(Name=f"{place.name}-events")["EventPattern"]
    for what, event, wanted in _questions(owner):
        answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event)).get("Result")
        report.check(f"it {'takes' if wanted else 'leaves'} {what}", answer is wanted)


def _questions(owner: str) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """What an event is, the event, and whether the rule takes it."""
    for what, name in TAKEN.items():
        yield what, _event(name), True
    for what, name in TAGGING.items():
        yield f"{what} with another tag only", _with_another_tag(_event(name)), False
    created = _event("v2-create-nlb")
    yield (
        "DescribeLoadBalancers",
        created | {"detail": created["detail"] | {"eventName": "DescribeLoadBalancers"}},
        False,
    )
    yield "a call of another service", _event("another-service"), False
    yield "this installation's sweep", _event("sweep") | {"detail": {"owner": owner}}, True
    yield "another installation's sweep", _event("sweep-of-another-installation"), False


def _event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return event


def _with_another_tag(event: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(event)
    parameters = changed["detail"]["requestParameters"]
    if "tagKeys" in parameters:
        parameters["tagKeys"] = ["team"]
    else:
        parameters["tags"] = [{"key": "team", "value": "mesh"}]
    return changed
