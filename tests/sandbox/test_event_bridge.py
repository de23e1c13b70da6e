"""Rules deliver: to topics, queues and buses of other accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.event_bridge import Event
from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account, eventually

HUB, SPOKE = "111122223333", "444455556666"
ENTRY = {"Source": "mesh-dns", "DetailType": "Mesh DNS Sweep", "Detail": '{"owner": "x"}'}
SWEEP = {"source": ["mesh-dns"], "detail-type": ["Mesh DNS Sweep"]}


def bodies(aws: Account, url: str, **options: Any) -> list[Any]:
    return [json.loads(message["Body"]) for message in aws.received(url, **options)]


@pytest.mark.parametrize("raw", [True, False], ids=["raw delivery", "wrapped by SNS"])
def test_put_events_reaches_a_topic(aws: Account, raw: bool) -> None:
    url, arn = aws.queue("events")
    aws.rule(aws.topic_to(arn, raw=raw), SWEEP)
    answer = aws.client("events").put_events(Entries=[ENTRY])
    assert answer["FailedEntryCount"] == 0
    body = eventually(lambda: bodies(aws, url))[0]
    event = body if raw else json.loads(body["Message"])
    assert raw or body["Type"] == "Notification"
    assert (event["source"], event["detail"], event["account"]) == ("mesh-dns", {"owner": "x"}, aws.account)
    assert event["id"] == answer["Entries"][0]["EventId"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Source": "aws.elasticloadbalancing"}, "NotAuthorizedForSourceException"),
        ({"Detail": "no json"}, "MalformedDetail"),
        ({"DetailType": ""}, "InvalidArgument"),
    ],
)
def test_put_events_refuses(aws: Account, entry: dict[str, str], code: str) -> None:
    answer = aws.client("events").put_events(Entries=[ENTRY | entry])
    assert (answer["FailedEntryCount"], answer["Entries"][0]["ErrorCode"]) == (1, code)


def test_a_disabled_rule_delivers_nothing(aws: Account) -> None:
    url, arn = aws.queue("events")
    aws.rule(arn, SWEEP)
    aws.client("events").disable_rule(Name="rule")
    aws.client("events").put_events(Entries=[ENTRY])
    assert aws.received(url) == []


def test_what_cannot_be_delivered_goes_to_the_dead_letter_queue_of_the_target(aws: Account) -> None:
    url, arn = aws.queue("dead")
    aws.rule("arn:aws:sns:eu-west-1:123456789012:gone", SWEEP, DeadLetterConfig={"Arn": arn})
    aws.client("events").put_events(Entries=[ENTRY])
    message = eventually(lambda: aws.received(url))[0]
    assert message["MessageAttributes"]["TARGET_ARN"]["StringValue"] == "arn:aws:sns:eu-west-1:123456789012:gone"
    assert json.loads(message["Body"])["source"] == "mesh-dns"


POLICIES = {
    "the account": {"Principal": {"AWS": SPOKE}},
    "the account's root": {"Principal": {"AWS": f"arn:aws:iam::{SPOKE}:root"}},
    "the organization": {
        "Principal": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-sandbox0000"}},
    },
    "the organizational unit": {
        "Principal": "*",
        "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-sandbox0000/r-sand/*"]}},
    },
    "another account": {"Principal": {"AWS": HUB}},
    "another organization": {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-other"}}},
    "nobody": None,
}


@pytest.mark.parametrize(
    ("allowed", "arrives"),
    [(name, name.startswith("the ")) for name in POLICIES],
)
def test_from_bus_to_bus_of_another_account(sandbox: Sandbox, allowed: str, arrives: bool) -> None:
    hub, spoke = Account(sandbox, HUB), Account(sandbox, SPOKE, "eu-central-1")
    bus = hub.client("events").create_event_bus(Name="mesh")["EventBusArn"]
    statement = POLICIES[allowed]
    if statement is not None:
        full = {"Sid": "x", "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus} | statement
        policy = json.dumps({"Version": "2012-10-17", "Statement": [full]})
        hub.client("events").put_permission(EventBusName="mesh", Policy=policy)
    url, arn = hub.queue("events")
    hub.rule(arn, SWEEP, bus="mesh")
    dead_url, dead = spoke.queue("dead")
    spoke.rule(bus, SWEEP, DeadLetterConfig={"Arn": dead})
    spoke.client("events").put_events(Entries=[ENTRY | {"Resources": ["arn:x"]}])
    got = bodies(hub, url)
    assert [(e["account"], e["region"], e["resources"]) for e in got] == (
        [(SPOKE, "eu-central-1", ["arn:x"])] if arrives else []
    )
    assert len(spoke.received(dead_url)) == (0 if arrives else 1)


def test_an_event_takes_one_hop_only(aws: Account) -> None:
    events = aws.client("events")
    first, second = (events.create_event_bus(Name=name)["EventBusArn"] for name in ("first", "second"))
    urls = {}
    for bus, target in (("default", first), ("first", second), ("second", None)):
        urls[bus], arn = aws.queue(f"seen-{bus}")
        aws.rule(target or arn, SWEEP, bus=bus)
        if target:
            events.put_targets(Rule="rule", EventBusName=bus, Targets=[{"Id": "seen", "Arn": arn}])
    events.put_events(Entries=[ENTRY])
    assert {bus: len(aws.received(url)) for bus, url in urls.items()} == {"default": 1, "first": 1, "second": 0}


def test_a_test_can_publish_any_event(aws: Account) -> None:
    url, arn = aws.queue("events")
    aws.rule(arn, {"source": ["aws.elasticloadbalancing"]})
    aws.sandbox.events.publish(
        Event("id", "t", "aws.elasticloadbalancing", aws.account, "2019-06-25T18:02:28Z", aws.region, (), {"a": 1})
    )
    assert bodies(aws, url)[0]["detail"] == {"a": 1}


TOLD = {"id": "1", "account": "1", "source": "s", "time": "t", "region": "r", "resources": [], "detail-type": "d"}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        pytest.param({"detail": {"tags": {"key": ["hostname"]}}}, True, id="into an array of objects"),
        pytest.param({"detail": {"tags": {"key": ["team"]}}}, False, id="no element fits"),
    ],
)
def test_a_pattern_can_be_tried_without_a_rule(aws: Account, pattern: object, matches: bool) -> None:
    event = TOLD | {"detail": {"tags": [{"key": "hostname"}]}}
    answer = aws.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))
    assert answer["Result"] is matches


@pytest.mark.parametrize(
    ("pattern", "event"),
    [
        pytest.param("no JSON", json.dumps(TOLD), id="no pattern"),
        pytest.param(
            "{}", json.dumps({k: v for k, v in TOLD.items() if k != "resources"}), id="an event without resources"
        ),
    ],
)
def test_what_is_no_pattern_or_no_event_cannot_be_tried(aws: Account, pattern: str, event: str) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        aws.client("events").test_event_pattern(EventPattern=pattern, Event=event)
