"""The text of a message, and what a person may ask for by direct invocation."""

from __future__ import annotations

import json

import pytest

from mesh_dns.core import events
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Check, ForgetName, ForgetScope, Sweep
from mesh_dns.errors import Rejected
from tests.fixtures import events as samples
from tests.unit.core.test_events import NAME, NLB, PARAMETERS, SCOPE, Json, changed, outcome

# The text of a message


def notification(message: object) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:...", "Message": message})


EVENT = samples.load("v2-delete")


@pytest.mark.parametrize(
    "text",
    [json.dumps(EVENT), notification(json.dumps(EVENT)), " \n" + json.dumps(EVENT, indent=2)],
    ids=["with raw delivery", "inside a notification", "with white space"],
)
def test_a_message_is_unwrapped(text: str) -> None:
    assert events.from_text(text) == EVENT


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        ("Test message.", "not JSON"),
        ("\ufeff{}", "not JSON"),
        ("[]", "not a JSON object but a list"),
        ("null", "not a JSON object but a NoneType"),
        ("{", "not JSON"),
        (notification("not JSON"), "not JSON"),
        (notification("[1]"), "not a JSON object but a list"),
        ("1" * 5000, "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('{"a":' * 100_000, "not JSON"),
    ],
    ids=[
        "nothing", "a text", "a byte order mark", "a list", "null", "half an object", "a notification of a text",
        "a notification of a list", "a number of 5,000 digits", "100,000 lists", "100,000 objects",
    ],
)  # fmt: skip
def test_what_is_not_a_json_object_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        events.from_text(text)


def test_a_notification_whose_message_is_not_a_text_is_no_event() -> None:
    assert outcome(events.from_text(notification({"a": 1}))) == (
        "rejected: does not fit the schema event: 'source' is a required property"
    )


@pytest.mark.parametrize("place", ["detail", PARAMETERS, f"{PARAMETERS}.resourceArns", "detail.eventName"])
def test_deep_nesting_is_rejected_or_ignored_at_every_depth(place: str) -> None:
    text = json.dumps(changed("v2-add-tags", place, "@"))
    for depth in (*range(1, 100, 10), *range(850, 1050)):
        for nested in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            try:
                told = outcome(events.from_text(text.replace('"@"', nested)))
            except Rejected:
                continue
            assert str(told).startswith("rejected: "), depth


def test_a_message_as_long_as_a_queue_takes_is_understood() -> None:
    tags = [{"key": f"key{n}", "value": "v" * 256} for n in range(880)]
    text = json.dumps(changed("v2-add-tags", f"{PARAMETERS}.tags", tags))
    assert 250_000 < len(text) < 262_144
    work = outcome(events.from_text(text))
    assert isinstance(work, Check)
    assert work.load_balancers == {NLB}


# Commands


HUB = Scope("999999999999", "eu-central-1")


@pytest.mark.parametrize(
    ("command", "work"),
    [
        ({"action": "sweep"}, Sweep(HUB)),
        ({"action": "sweep", "override_guard": True}, Sweep(HUB, override_guard=True)),
        ({"action": "sweep", "account": "111122223333", "region": "eu-west-1"}, Sweep(SCOPE)),
        ({"action": "sweep", "why": "cluster7 was torn down on purpose"}, Sweep(HUB)),
        ({"action": "forget", "account": "111122223333", "region": "eu-west-1"}, ForgetScope(SCOPE)),
        (
            {"action": "forget", "account": "111122223333", "region": "eu-west-1", "confirm": True},
            ForgetScope(SCOPE, True),
        ),
        ({"action": "forget", "hostname": "Cluster1.mesh.example.com."}, ForgetName(NAME)),
        ({"action": "forget", "hostname": NAME, "confirm": True}, ForgetName(NAME, True)),
    ],
    ids=[
        "the hub's own scope",
        "with an override",
        "another scope",
        "with a reason",
        "to forget a scope, told only",
        "to forget a scope, confirmed",
        "to forget a name, told only",
        "to forget a name, confirmed",
    ],
)
def test_what_a_person_may_ask_for(command: Json, work: object) -> None:
    assert events.command_in(command, HUB) == work


@pytest.mark.parametrize(
    "command",
    [
        {"action": "delete-everything"},
        {"action": "sweep", "acount": "111122223333"},
        {"action": "sweep", "confirm": True},
        {"action": "sweep", "override_guard": "yes"},
        {"action": "sweep", "account": 111122223333},
        {"action": "sweep", "hostname": "cluster1.mesh.example.com"},
        {"action": "sweep", "why": ""},
        {"action": "forget"},
        {"action": "forget", "account": "111122223333"},
        {"action": "forget", "account": "111122223333", "region": "eu-west-1", "override_guard": True},
        {"action": "forget", "account": "111122223333", "region": "eu-west-1", "hostname": NAME},
        {"action": "forget", "hostname": NAME, "region": "eu-west-1"},
        {"action": "forget", "hostname": ""},
        {"action": "release", "account": "111122223333", "region": "eu-west-1"},
        {},
    ],
    ids=[
        "an unknown action", "a typo", "a confirmed sweep", "an override that is a text", "an account that is a number",
        "a sweep of a name", "a reason that says nothing", "to forget nothing", "to forget half a scope",
        "to forget with an override", "to forget a scope and a name", "to forget a name in a region",
        "to forget no name", "the old word for to forget", "nothing",
    ],
)  # fmt: skip
def test_a_command_with_a_mistake_is_rejected(command: Json) -> None:
    with pytest.raises(Rejected, match="schema command"):
        events.command_in(command, HUB)


# What an event says of itself


LONG = "x" * 150


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("source", f"ignored: an event of '{'x' * 100}', not of a load balancer"),
        ("detail.eventSource", f"ignored: a call of '{'x' * 100}', not of a load balancer"),
        ("detail.eventName", f"ignored: {'x' * 100} changes neither load balancers nor their tags"),
        ("detail.errorCode", f"ignored: DeleteLoadBalancer failed with {'x' * 100}, so nothing changed"),
        (f"{PARAMETERS}.loadBalancerArn", f"rejected: 'arn:{'x' * 116}' does not name a load balancer"),
    ],
    ids=["a source", "a service", "a call", "an error", "an ARN"],
)
def test_a_long_text_is_told_in_short(path: str, told: str) -> None:
    text = f"arn:{LONG}:loadbalancer/x" if path.endswith("Arn") else LONG
    assert outcome(changed("v2-delete", path, text)) == told


def test_what_does_not_fit_is_told_with_the_definition_that_it_does_not_fit() -> None:
    told = outcome(changed("v2-delete", f"{PARAMETERS}.loadBalancerArn", 7))
    assert told == (
        "rejected: does not fit the schema event/DeleteLoadBalancer.v2: "
        "requestParameters.loadBalancerArn: 7 is not of type 'string'"
    )


@pytest.mark.parametrize(
    ("time", "at"),
    [
        ("0001-01-01T00:00:00Z", -62_135_596_800.0),
        ("1970-01-01T00:00:00Z", 0.0),
        ("2026-12-31T23:59:59Z", 1_798_761_599.0),
        ("2026-01-32T00:00:00Z", 9e9),
        ("2026-00-01T00:00:00Z", 9e9),
    ],
    ids=["the first day there is", "the epoch", "the last second of a year", "a day 32: when it was sent", "a month 0"],
)
def test_when_an_event_happened(time: str, at: float) -> None:
    work = outcome(changed("v2-delete", "detail.eventTime", time))
    assert isinstance(work, Check)
    assert work.event is not None
    assert work.event.at == at
