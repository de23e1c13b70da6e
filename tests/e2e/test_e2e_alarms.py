"""Each alarm tells of its fault within the time that its description says, and is quiet while all is well."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from moto.sqs.models import sqs_backends

from sandbox.cloudflare import FaultKind
from sandbox.metrics import recorded
from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.alarms import START, SWEEP, alarm_of, fault, healthy, names, tells
from tests.e2e.installation import SUFFIX, Installation
from tests.e2e.messages import arn_of, event, tagged

NEEDS_SPOKES = ["deletes-waiting"]
"""A scope that cannot be listed makes deletes wait, and the hub's own is no other one: see tests/multi."""
WEEK = 7 * 24 * 3600


def a_message_that_nobody_understands(mesh: Installation) -> None:
    mesh.send("not JSON")
    mesh.wait(mesh.dead_letters, "a dead letter")


def wrong_settings(mesh: Installation) -> None:
    with mesh.settings(None):
        assert mesh.invoke({"action": "sweep"}).error


def a_message_that_has_failed_for_long(mesh: Installation) -> None:
    controller = mesh.controller()
    mesh.create_unnoticed(controller, mesh.hostname("failing"))
    mesh.sandbox.cloudflare.faults.inject(FaultKind.SERVER_ERROR, times=None)
    first = str(int((time.time() - 1000) * 1000))
    record = {
        "messageId": "old", "receiptHandle": "none", "body": json.dumps(event(tagged(controller.arn))),
        "eventSource": "aws:sqs",
        "attributes": {"ApproximateFirstReceiveTimestamp": first, "ApproximateReceiveCount": "7"},
    }  # fmt: skip
    answer = mesh.invoke({"Records": [record]})
    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "old"}]}


def nobody_polls(mesh: Installation) -> None:
    mesh.drain()
    (mapping,) = mesh.functions.list_event_source_mappings()["EventSourceMappings"]
    mesh.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        mesh.wait(lambda: not mesh.busy(), "the pollers rest")
        mesh.send(event(tagged(arn_of("nobody"))))
        for message in sqs_backends[ACCOUNT][REGION].get_queue(mesh.queue_url.rsplit("/", 1)[-1])._messages:
            message.sent_timestamp -= 3_700_000  # type: ignore[operator, assignment]  # an hour and more has passed
        mesh.sandbox.queue_metrics.sample()
    finally:
        mesh.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    mesh.drain()


def a_mass_delete(mesh: Installation) -> None:
    for number in range(12):
        mesh.sandbox.cloudflare.add_record(
            mesh.zone_ids[SUFFIX], type="CNAME", name=mesh.hostname("lost"), content="gone.elb.amazonaws.com", ttl=60,
            comment=f"{mesh.outputs['owner']} {REGION}/{ACCOUNT}/net/gone-{number}/0123456789abcdef",
        )  # fmt: skip
    assert mesh.invoke({"action": "sweep"}).payload["deletes_to_come"] >= 12


def a_revoked_token(mesh: Installation) -> None:
    mesh.sandbox.cloudflare.revoke(mesh.tokens[-1])
    try:
        mesh.invoke({"action": "sweep"})
    finally:
        mesh.sandbox.cloudflare.add_token(mesh.tokens[-1], mesh.zone_ids.values())


def a_rule_without_its_topic(mesh: Installation) -> None:
    events = mesh.sandbox.client("events")
    (target,) = events.list_targets_by_rule(Rule="mesh-dns-events")["Targets"]
    events.put_targets(Rule="mesh-dns-events", Targets=[target | {"Arn": f"{target['Arn']}-gone"}])
    try:
        mesh.sandbox.schedules.fire("mesh-dns-sweep")
    finally:
        events.put_targets(Rule="mesh-dns-events", Targets=[target])


def a_topic_without_its_queue(mesh: Installation) -> None:
    sns = mesh.sandbox.client("sns")
    gone = f"arn:aws:sqs:{REGION}:{ACCOUNT}:gone"
    subscription = sns.subscribe(TopicArn=mesh.outputs["topic_arn"], Protocol="sqs", Endpoint=gone)["SubscriptionArn"]
    try:
        mesh.sandbox.schedules.fire("mesh-dns-sweep")
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)


def nothing_arrives(_: Installation) -> None:
    """No point at all."""


@dataclass(frozen=True)
class Case:
    """A fault, within how many seconds the alarm tells, and after how many it is told again while it lasts."""

    make: Callable[[Installation], None]
    within: float
    every: float | None = None


FAULTS: Mapping[str, Case] = {
    "dead-letter": Case(a_message_that_nobody_understands, 120),
    "errors": Case(wrong_settings, 360),
    "failing": Case(a_message_that_has_failed_for_long, SWEEP),
    "backlog": Case(nobody_polls, 360),
    "silence": Case(nothing_arrives, 3 * SWEEP + 60),
    "guard": Case(a_mass_delete, SWEEP, SWEEP),
    "zone-denied": Case(a_revoked_token, SWEEP, SWEEP),
    "rule": Case(a_rule_without_its_topic, 360),
    "topic": Case(a_topic_without_its_queue, 360),
}


def test_every_alarm_has_its_fault(mesh: Installation) -> None:
    assert set(names(mesh.sandbox)) == {*FAULTS, *NEEDS_SPOKES}


@pytest.mark.parametrize("name", FAULTS)
def test_tells_in_time(mesh: Installation, name: str) -> None:
    case = FAULTS[name]
    with fault(mesh.sandbox) as made:
        case.make(mesh)
    seconds = made.seconds_to_alarm(alarm_of(mesh.sandbox, name), case.every, case.within)
    assert seconds is not None, made.points


@pytest.mark.parametrize("name", [*FAULTS, *NEEDS_SPOKES])
def test_is_quiet_in_a_healthy_week(mesh: Installation, name: str) -> None:
    alarm = alarm_of(mesh.sandbox, name)
    assert tells(alarm, healthy(alarm, WEEK), START + SWEEP, START + WEEK) == []


@pytest.mark.parametrize("name", [*(name for name in FAULTS if name != "silence"), *NEEDS_SPOKES])
def test_is_quiet_after_an_install(mesh: Installation, name: str) -> None:
    installed = {
        key: [point for point in points if point[0] <= mesh.installed]
        for key, points in recorded(ACCOUNT, REGION).items()
    }
    assert tells(alarm_of(mesh.sandbox, name), installed, mesh.installed - 600, mesh.installed + 3600) == []


def test_the_first_sweep_ends_the_silence_after_an_install(mesh: Installation) -> None:
    swept = {key: points for key, points in recorded(ACCOUNT, REGION).items() if key[1] == "SweepCompleted"}
    (points,) = swept.values()
    alarm = alarm_of(mesh.sandbox, "silence")
    assert [key for key in swept if key in healthy(alarm, 0)]
    first = points[0][0]
    assert [at for at in tells(alarm, swept, first - 60, first + 2 * SWEEP) if at > first + 60] == []
