"""Each alarm tells of its fault, of its end, and of nothing else in a week, in the time that its description says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pytest
from moto.sqs.models import sqs_backends

from sandbox.alarms import State
from sandbox.cloudflare import Call, FaultKind
from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.alarms import HOUR, SWEEP, Points, Story, alarm_of, check, check_first_apply, metrics_of, recording
from tests.e2e.installation import SUFFIX, Installation
from tests.e2e.messages import arn_of, event, tagged

NEEDS_SPOKES = "deletes-waiting"
"""A scope that cannot be listed makes deletes wait, and the hub's own is no other one: see tests/multi."""


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


def a_broken_path(mesh: Installation) -> None:
    events = mesh.sandbox.client("events")
    events.disable_rule(Name="mesh-dns-events")
    try:
        assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1
        mesh.drain()
    finally:
        events.enable_rule(Name="mesh-dns-events")


def a_sweep_that_fails(mesh: Installation) -> None:
    mesh.sandbox.cloudflare.faults.inject(FaultKind.SERVER_ERROR, times=None)
    retried = len(mesh.told("retried"))
    assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1
    mesh.wait(lambda: len(mesh.told("retried")) > retried, "the sweep fails")
    mesh.wait(lambda: not mesh.busy(), "it is told")


@dataclass(frozen=True)
class Case:
    """What goes wrong, one after the other; for how many seconds; and how many of them each recording stands for."""

    makes: tuple[Callable[[Installation], None], ...]
    seconds: float = 0.0
    every: float = SWEEP


FAULTS: Mapping[str, Case] = {
    "dead-letter": Case((a_message_that_nobody_understands,), HOUR, 60),
    "errors": Case((wrong_settings,)),
    "failing": Case((a_message_that_has_failed_for_long,), 2 * HOUR),
    "backlog": Case((nobody_polls,), HOUR, 60),
    "silence": Case((a_broken_path, a_sweep_that_fails), 4 * HOUR),
    "guard": Case((a_mass_delete,), 2 * HOUR),
    "zone-denied": Case((a_revoked_token,), 2 * HOUR),
    "rule": Case((a_rule_without_its_topic,)),
    "topic": Case((a_topic_without_its_queue,)),
}
SAYS_NOTHING_WHILE_ALL_IS_WELL = {"dead-letter", "deletes-waiting", "guard", "rule", "topic", "zone-denied"}


@pytest.fixture(scope="module")
def healthy(installation: Installation) -> Points:
    """A sweep period in which all is well: names come, change and go, a call fails once, a sweep is completed."""
    mesh, controller = installation, installation.controller()
    first, second, sweeps = mesh.hostname("well"), mesh.hostname("well"), len(installation.told("swept"))
    with recording(mesh.sandbox) as points:
        mesh.sandbox.cloudflare.faults.inject(FaultKind.HTML, Call.LIST)
        mesh.wait_for_name(first, controller.create(first))
        controller.annotate(second)
        mesh.wait_until_gone(first)
        assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1
        mesh.wait(lambda: len(mesh.told("swept")) > sweeps, "a sweep is completed")
        mesh.drain()
    return points


def test_every_alarm_does_at_the_first_apply_what_it_says(mesh: Installation) -> None:
    check_first_apply(mesh.sandbox, mesh.installed, {*FAULTS, NEEDS_SPOKES})


def test_a_healthy_period_says_something_to_every_other_alarm(mesh: Installation, healthy: Points) -> None:
    """What is told only in trouble has no points then. An alarm of it starts in its week because of its fault alone."""
    hear = {name for name in FAULTS if healthy.keys() & set(metrics_of(alarm_of(mesh.sandbox, name)))}
    assert hear == FAULTS.keys() - SAYS_NOTHING_WHILE_ALL_IS_WELL


@pytest.mark.parametrize("name", FAULTS)
def test_tells_of_its_fault_and_of_its_end_and_of_nothing_else(mesh: Installation, healthy: Points, name: str) -> None:
    case, broken = FAULTS[name], []
    for make in case.makes:
        with recording(mesh.sandbox) as points:
            make(mesh)
        broken.append(points)
        mesh.sandbox.cloudflare.faults.clear()
    check(Story(alarm_of(mesh.sandbox, name), healthy, broken, case.seconds, case.every))


@pytest.mark.parametrize("name", [*FAULTS, NEEDS_SPOKES])
def test_is_quiet_in_a_healthy_week(mesh: Installation, healthy: Points, name: str) -> None:
    states = Story(alarm_of(mesh.sandbox, name), healthy).states()
    assert [state for _, state in states] == [State.INSUFFICIENT_DATA, State.OK]


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "silence"])
def test_a_wrong_alarm_would_not_be_quiet_in_that_week(mesh: Installation, healthy: Points, name: str) -> None:
    """Of the points that are there, a threshold below them is told; where there are none, the wrong treatment is."""
    treatment, threshold = {"TreatMissingData": "breaching"}, {"Threshold": -1.0}
    wrong = treatment if name in SAYS_NOTHING_WHILE_ALL_IS_WELL else threshold
    states = Story({**alarm_of(mesh.sandbox, name), **wrong}, healthy).states()
    assert State.ALARM in [state for _, state in states]
