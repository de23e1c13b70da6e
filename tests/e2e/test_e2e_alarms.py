"""Each alarm tells of its fault, of its end, and of nothing else in a week, in the time that its description says."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from sandbox.alarms import State
from sandbox.cloudflare import Call, FaultKind
from sandbox.sandbox import ACCOUNT, REGION
from sandbox.terraform import ROOT
from tests.e2e.alarms import (
    BEGAN,
    HOUR,
    SWEEP,
    WINDOW,
    Course,
    Points,
    Story,
    alarm_of,
    check,
    check_first_apply,
    metrics_of,
    recording,
    sweeps,
)
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


def a_fault_of_its_own(mesh: Installation) -> None:
    with mistaken(mesh, "converge.py", "def converge(*_):\n    raise KeyError"):
        assert "failed" in mesh.invoke(handed_over(tagged(arn_of("any")))).payload["batchItemFailures"][0].values()
    assert mesh.told("fault", message_id="failed")


@contextmanager
def mistaken(mesh: Installation, module: str, mistake: str) -> Iterator[None]:
    """A version of the function with a mistake at the end of a module, for a while."""
    right, wrong = (ROOT / "lambda" / "package.zip").read_bytes(), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(right)) as package, zipfile.ZipFile(wrong, "w") as changed:
        for item in package.infolist():
            said = f"\n\n{mistake}\n".encode() if item.filename == f"mesh_dns/{module}" else b""
            changed.writestr(item, package.read(item) + said)
    mesh.functions.update_function_code(FunctionName=mesh.outputs["function_name"], ZipFile=wrong.getvalue())
    try:
        yield
    finally:
        mesh.functions.update_function_code(FunctionName=mesh.outputs["function_name"], ZipFile=right)


def handed_over(detail: Mapping[str, Any], age: float = 0.0) -> dict[str, Any]:
    """An event as Lambda hands it over, its message first received so many seconds ago."""
    first = str(int((time.time() - age) * 1000))
    attributes = {"ApproximateFirstReceiveTimestamp": first, "ApproximateReceiveCount": "1"}
    record = {"messageId": "failed", "receiptHandle": "none", "body": json.dumps(event(detail))}
    return {"Records": [record | {"eventSource": "aws:sqs", "attributes": attributes}]}


def a_message_that_fails(mesh: Installation, age: float = 0.0) -> None:
    controller = mesh.controller()
    mesh.create_unnoticed(controller, mesh.hostname("failing"))
    mesh.sandbox.cloudflare.faults.inject(FaultKind.SERVER_ERROR, times=None)
    answer = mesh.invoke(handed_over(tagged(controller.arn), age))
    assert answer.payload == {"batchItemFailures": [{"itemIdentifier": "failed"}]}
    mesh.sandbox.cloudflare.faults.clear()


def nobody_polls(mesh: Installation, age: float = 0.0) -> None:
    controller = mesh.controller()
    mesh.create_unnoticed(controller, mesh.hostname("waiting"))
    mesh.drain()
    (mapping,) = mesh.functions.list_event_source_mappings()["EventSourceMappings"]
    mesh.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        mesh.wait(lambda: not mesh.busy(), "the pollers rest")
        mesh.send(event(tagged(controller.arn)))
        for message in sqs_backends[ACCOUNT][REGION].get_queue(mesh.queue_url.rsplit("/", 1)[-1])._messages:
            message.sent_timestamp -= 1000 * age  # type: ignore[operator, assignment]
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


def a_zone_that_has_not_answered_for_long(mesh: Installation) -> None:
    mesh.sandbox.cloudflare.faults.inject(FaultKind.SERVER_ERROR, times=None, zone=mesh.zone_ids[SUFFIX])
    unread_for_long(mesh, mesh.zone_ids[SUFFIX])
    mesh.start_anew()


def unread_for_long(mesh: Installation, key: str) -> None:
    """Let the next process find in the table what could not be read for long, and no earlier one write there."""
    mesh.wait(lambda: not mesh.busy(), "the function is done")
    since = int(time.time()) - 3 * SWEEP - 60
    item = {"kind": {"S": "unread"}, "key": {"S": key}, "since": {"N": str(since)}}
    mesh.sandbox.client("dynamodb").put_item(TableName=mesh.outputs["table_name"], Item=item)


def the_hub_cannot_be_listed(mesh: Installation) -> None:
    never = "AwsInventory.listings = lambda self, scopes, deadline: {each: Unreadable('denied') for each in scopes}"
    told, completed = len(mesh.told("overdue")), len(mesh.told("swept"))
    with mistaken(mesh, "aws/inventory.py", never):
        unread_for_long(mesh, f"{ACCOUNT}/{REGION}")
        mesh.start_anew()
        assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1
        mesh.wait(lambda: len(mesh.told("overdue")) > told, "the hub's own scope is overdue")
    assert len(mesh.told("swept")) > completed, "its sweeps are completed: silence tells nothing"


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


Makes = Callable[[Installation], None]
FAULTS: Mapping[str, tuple[Course, tuple[Makes, ...]]] = {
    # The alarm; how each of its faults goes on; what goes wrong, each on its own.
    "dead-letter": (Course(HOUR, every=60), (a_message_that_nobody_understands,)),
    "errors": (Course(), (wrong_settings, a_fault_of_its_own)),
    # As often as one comes back that must wait for as long as it can; at its second try it is not old enough yet.
    "failing": (Course(2 * HOUR, every=890, ages=True), (a_message_that_fails,)),
    "backlog": (Course(2 * HOUR, every=60, ages=True), (nobody_polls,)),
    "silence": (Course(4 * HOUR), (a_broken_path, a_sweep_that_fails)),
    "guard": (Course(2 * HOUR, at_once=True), (a_mass_delete,)),
    "zone-denied": (Course(2 * HOUR), (a_revoked_token, a_zone_that_has_not_answered_for_long)),
    "overdue": (Course(2 * HOUR), (the_hub_cannot_be_listed,)),
    "rule": (Course(), (a_rule_without_its_topic,)),
    "topic": (Course(), (a_topic_without_its_queue,)),
}
AGES: Mapping[str, Callable[[Installation, float], None]] = {"failing": a_message_that_fails, "backlog": nobody_polls}
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


@pytest.mark.parametrize(
    ("name", "make"),
    [
        pytest.param(name, make, id=f"{name} of {make.__name__.replace('_', ' ')}")
        for name, (_, makes) in FAULTS.items()
        for make in makes
    ],
)
def test_tells_of_its_fault_and_of_its_end_and_of_nothing_else(
    mesh: Installation, healthy: Points, name: str, make: Makes
) -> None:
    with recording(mesh.sandbox) as broken:
        make(mesh)
    mesh.sandbox.cloudflare.faults.clear()
    check(Story(alarm_of(mesh.sandbox, name), healthy, [broken], FAULTS[name][0]))


@pytest.mark.parametrize("name", AGES)
def test_what_grows_with_time_was_recorded_at_both_ends(mesh: Installation, name: str) -> None:
    """The weeks above go on from the first recording: it is as much more later as time has passed."""
    (metric,) = metrics_of(alarm_of(mesh.sandbox, name))
    ages = []
    for age in (0.0, 2.0 * HOUR):
        with recording(mesh.sandbox) as points:
            AGES[name](mesh, age)
        ages.append(max(value for _, value in points[metric]))
    assert ages == pytest.approx([0, 2 * HOUR], abs=60)


def test_the_sweeps_of_the_week_are_as_far_apart_as_those_of_the_schedule_can_be(mesh: Installation) -> None:
    schedule = mesh.sandbox.client("scheduler").get_schedule(GroupName="mesh-dns", Name="mesh-dns-sweep")
    assert schedule["ScheduleExpression"] == f"rate({SWEEP // 60} minutes)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": WINDOW // 60}
    assert max(after - before for before, after in pairwise(sweeps())) == SWEEP + WINDOW
    assert min(at for at in sweeps() if at > BEGAN) - BEGAN > SWEEP + WINDOW - 2


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
