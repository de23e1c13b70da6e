"""AWS shows what was done later than it tells of it: names are right soon all the same, and none is ever empty.

The queue's clock is the true one here: how long messages wait is what these tests are about.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import elbv2_backends

from sandbox.cloudflare.records import StoredRecord
from sandbox.controllers import AwsLoadBalancerController
from sandbox.load_balancers import SandboxLoadBalancersV2
from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.installation import GRACE, Installation
from tests.e2e.messages import arn_of, created, deleted, event, tagged
from tests.e2e.watcher import Watcher

LATE, SOON = 8.0, 40.0
"""Seconds: how late AWS shows things in these tests, and within how many of the event a name must be right."""
PROVISIONING = 120.0
"""Seconds that AWS takes at least to get a new network load balancer ready; here it takes a twentieth of that."""
VERY_LATE, THROTTLED = 40.0, 5
"""Seconds: still not shown when throttling is over. How many load balancers a throttled burst has."""


@pytest.fixture(scope="module", autouse=True)
def _true_clock(installation: Installation) -> Iterator[None]:
    with installation.sandbox.queue_clock.true():
        yield


@contextmanager
def everything_late_by(mesh: Installation, seconds: float) -> Iterator[None]:
    """For a while, AWS shows what is made, tagged, untagged and deleted just so late, and tells of it at once."""
    late, span = mesh.sandbox.late, (seconds, seconds)
    before = late.lateness
    late.lateness = replace(before, appears=span, tags_change=span, leaves=span, event=(0.5, 1.0))
    try:
        yield
    finally:
        late.lateness = before


def made_long_ago(arn: str, seconds: float) -> None:
    """Let a load balancer say that it was made so many seconds ago."""
    made = datetime.now(UTC) - timedelta(seconds=seconds)
    balancer = elbv2_backends[ACCOUNT][REGION].load_balancers[arn]
    balancer.created_time = made.strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(frozen=True)
class Odd:
    """What was sent: message ids of events that tell something else than AWS shows, and the name in question."""

    ids: dict[str, str]
    record: StoredRecord


FLIPPED, UNTRUE, OLD, REPLAYED = "flipped", "untrue", "old", "replayed"


@pytest.fixture(scope="module")
def odd(installation: Installation) -> Odd:
    """Sent first, looked at last: meanwhile an event may come back."""
    mesh, controller, name = installation, installation.controller(), installation.hostname("odd")
    record = mesh.wait_for_name(name, controller.create(name))
    now = datetime.now(UTC)
    details = {
        FLIPPED: tagged(controller.arn, hostname="before.mesh.example.com", at=now),
        UNTRUE: deleted(controller.arn, at=now),
        OLD: created(arn_of("long-gone"), at=now - timedelta(minutes=10)),
        REPLAYED: deleted(controller.arn, at=now - timedelta(minutes=10)),
    }
    return Odd(dict(zip(details, mesh.send(*map(event, details.values())), strict=True)), record)


def test_every_change_is_carried_out_soon_without_a_sweep_and_counts_as_no_failure(
    mesh: Installation, odd: Odd
) -> None:
    names = {what: mesh.hostname(what) for what in ("made", "renamed", "new", "untagged", "deleted")}
    makers = {what: mesh.controller() for what in ("made", "renamed", "untagged", "deleted")}
    for what in ("renamed", "untagged", "deleted"):
        mesh.wait_for_name(names[what], makers[what].create(names[what]))
    sweeps, failures, postponed = (len(mesh.told(message)) for message in ("swept", "retried", "postponed"))

    with everything_late_by(mesh, LATE):
        began = time.monotonic()
        makers["made"].create(names["made"])
        makers["renamed"].annotate(names["new"])
        makers["untagged"].annotate(None)
        makers["deleted"].delete()

        for what, maker in (("made", "made"), ("new", "renamed")):
            mesh.wait_for_name(names[what], makers[maker].dns_name, began + SOON - time.monotonic())
        for what in ("renamed", "untagged", "deleted"):
            mesh.wait_until_gone(names[what], began + SOON + GRACE - time.monotonic())

    assert len(mesh.told("postponed")) > postponed
    assert (len(mesh.told("swept")), len(mesh.told("retried"))) == (sweeps, failures)


def test_blue_to_green_while_green_does_not_work_yet_never_answers_nothing(mesh: Installation, odd: Odd) -> None:
    blue, green, name = mesh.controller(), mesh.controller(), mesh.hostname("blue-green")
    record = mesh.wait_for_name(name, blue.create(name))
    mesh.wait_for_address(name)

    with Watcher(mesh, name, "A") as watcher:
        green.create(None)
        mesh.sandbox.late.hold(green.name, "provisioning")  # however slow the machine is
        green.annotate(name)
        blue.annotate(None)
        mesh.wait_for_decision(name, "provisioning")
        assert mesh.records(name) == [record]
        mesh.sandbox.late.let_go(green.name)
        moved = mesh.wait_for_name(name, green.dns_name)
        mesh.wait(lambda: len(watcher.answers) > 1, "the client sees it")

    assert moved.id == record.id
    assert [] not in watcher.answers
    assert watcher.asked > 100


OTHER_SCHEME = {"internal": "internet-facing", "internet-facing": "internal"}


def test_another_scheme_leaves_no_gap_longer_than_that_of_aws_itself(mesh: Installation, odd: Odd) -> None:
    """The controller deletes first and creates then, so that nothing works until AWS has the new one ready.

    The record has moved by then, so that the name works from the moment in which its load balancer does.
    """
    makers = {scheme: mesh.controller() for scheme in OTHER_SCHEME}
    names = {scheme: mesh.hostname(scheme) for scheme in OTHER_SCHEME}

    with mesh.settings({"internal_only": False, "grace_seconds": 600}), ExitStack() as watching:
        records = {s: mesh.wait_for_name(names[s], makers[s].create(names[s], scheme=s)) for s in OTHER_SCHEME}
        leads = {s: watching.enter_context(Watcher(mesh, name)) for s, name in names.items()}
        clients = {s: watching.enter_context(Watcher(mesh, name, "A")) for s, name in names.items()}
        mesh.wait(lambda: all(client.answers[-1:] > [[]] for client in clients.values()), "the old ones work")
        sweeps, began = len(mesh.told("swept")), time.monotonic()
        targets = {scheme: makers[scheme].change_scheme(other) for scheme, other in OTHER_SCHEME.items()}
        new = {s: watching.enter_context(Watcher(mesh, target, "A")) for s, target in targets.items()}
        for maker in makers.values():
            mesh.sandbox.late.hold(maker.name, "provisioning")  # until the record has moved: AWS takes longer than that
        for scheme, target in targets.items():
            moved = mesh.wait_for_name(names[scheme], target, began + PROVISIONING - time.monotonic())
            assert moved.id == records[scheme].id
        for maker in makers.values():
            mesh.sandbox.late.let_go(maker.name)
        mesh.wait(lambda: all(watcher.answers[-1:] > [[]] for watcher in clients.values()), "the names work again")

    for scheme, name in names.items():
        (gap,) = [gap for gap in clients[scheme].gaps() if gap[1] > began]
        assert began < gap[0], f"{name} is empty before its load balancer is gone"
        assert gap[1] < new[scheme].since[-1] + 1, f"{name} is empty when its load balancer works"
        assert leads[scheme].answers == [[records[scheme].content], [targets[scheme].lower()]]
    assert len(mesh.told("swept")) == sweeps


def test_an_heir_that_never_works_gets_the_name_ten_minutes_after_it_was_made(mesh: Installation, odd: Odd) -> None:
    blue, green, name = mesh.controller(), mesh.controller(), mesh.hostname("held")
    record = mesh.wait_for_name(name, blue.create(name))
    green.create(None)
    mesh.sandbox.late.hold(green.name, "provisioning")
    green.annotate(name)
    mesh.wait_for_decision(name, "claimed-by")
    made_long_ago(green.arn, 570)
    blue.annotate(None)

    mesh.wait_for_decision(name, "provisioning")
    assert mesh.records(name) == [record]
    moved = mesh.wait_for_name(name, green.dns_name)
    assert moved.id == record.id
    mesh.wait_for_decision(name, "hand-over")
    mesh.sandbox.late.let_go(green.name)


@pytest.mark.parametrize(
    ("what", "fewest", "most"),
    [
        pytest.param(FLIPPED, 3, 6, id="that a later one overtook"),
        pytest.param(UNTRUE, 3, 6, id="that AWS never shows"),
        pytest.param(OLD, 0, 0, id="that is old"),
        pytest.param(REPLAYED, 0, 0, id="that is older than its load balancer"),
    ],
)
def test_an_event_that_is_not_true_costs_few_looks(
    mesh: Installation, odd: Odd, what: str, fewest: int, most: int
) -> None:
    mesh.drain()
    message_id = odd.ids[what]
    assert fewest <= len(mesh.told("postponed", message_id=message_id)) <= most
    assert not mesh.told("retried", message_id=message_id)
    assert mesh.dead_letters() == {}
    assert mesh.records(odd.record.name) == [odd.record]


@pytest.mark.filterwarnings("ignore:Exception.ELBClientError.")  # moto's model lacks what every AWS API may answer
def test_a_burst_whose_receives_throttling_uses_up_gets_its_names_without_a_sweep(
    mesh: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = {mesh.hostname("throttled"): mesh.controller() for _ in range(THROTTLED)}
    sweeps = len(mesh.told("swept"))

    def about(message: str, maker: AwsLoadBalancerController) -> list[dict[str, Any]]:
        return [line for line in mesh.told(message) if maker.name in line["detail"]]

    def throttle(*_: object) -> None:
        raise ELBClientError("Throttling", "Rate exceeded")

    with everything_late_by(mesh, VERY_LATE), mesh.sandbox.queue_clock.at(10):  # receives are soon used up
        with monkeypatch.context() as patched:
            patched.setattr(SandboxLoadBalancersV2, "describe_load_balancers", throttle)
            for name, maker in makers.items():
                maker.create(name)
            for maker in makers.values():
                mesh.wait(lambda maker=maker: len(about("retried", maker)) >= 4, f"{maker.name} is throttled")
        with mesh.settings({}):  # a process that remembers no throttling
            pass
        for maker in makers.values():
            mesh.wait(lambda maker=maker: about("postponed", maker), f"{maker.name} is not shown yet")
        for name, maker in makers.items():
            mesh.wait_for_name(name, maker.dns_name)

    assert len(mesh.told("swept")) == sweeps
    assert mesh.dead_letters() == {}
