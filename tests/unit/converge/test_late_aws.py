"""AWS shows things late: events ahead of it, and heirs that do not work yet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.values import LoadBalancerId, Readiness
from mesh_dns.core.work import Check, EventKind
from mesh_dns.errors import NotYet
from tests.doubles.hub import NAME, Hub
from tests.doubles.inventory import make


@pytest.fixture
def hub() -> Hub:
    return Hub()


def deliver(hub: Hub, *work: Check) -> float:
    """Deliver an event's message until it is done, as a queue does. Seconds that it took."""
    start, waiting = hub.clock(), list(work)
    while waiting:
        failures = hub.run(*waiting)
        waiting = [waiting[int(key)] for key in failures]
        assert all(isinstance(error, NotYet) for error in failures.values())
        hub.wait(max((error.after or 0 for error in failures.values()), default=0))
    return hub.clock() - start


def test_a_load_balancer_that_is_not_visible_yet_has_its_name_within_40_seconds_without_a_sweep(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME, created=hub.clock()), shown_from=hub.clock() + 8)
    assert deliver(hub, hub.event(EventKind.CREATED, lb)) <= 40
    assert hub.content() == hub.target(lb)


def test_a_tag_that_is_not_visible_yet_is_waited_for(hub: Hub) -> None:
    lb = hub.put(make(1, created=hub.clock()))
    hub.inventory.retag(lb, NAME, shown_from=hub.clock() + 8)
    assert deliver(hub, hub.event(EventKind.TAGGED, lb)) <= 40
    assert hub.content() == hub.target(lb)


@pytest.mark.parametrize("told", [EventKind.DELETED, EventKind.UNTAGGED])
def test_a_record_stays_while_aws_still_shows_what_an_event_told_is_over(hub: Hub, told: EventKind) -> None:
    old = hub.put(make(1, NAME))
    new = hub.put(make(2, NAME, created=hub.clock()))
    hub.check(old)
    if told is EventKind.DELETED:
        hub.inventory.delete(old, shown_from=hub.clock() + 8)
    else:
        hub.inventory.retag(old, shown_from=hub.clock() + 8)
    event = hub.event(told, old)
    (failure,) = hub.run(event).values()
    assert isinstance(failure, NotYet)
    assert hub.content() == make(1).dns_name
    hub.clock.now += 10
    assert hub.run(event) == {}
    assert hub.content() == hub.target(new)


@pytest.mark.parametrize("told", list(EventKind))
def test_an_event_that_is_never_true_costs_six_looks_and_changes_nothing(hub: Hub, told: EventKind) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    before = dict(hub.provider.records_by_id)
    event = hub.event(told, lb)
    if told in (EventKind.CREATED, EventKind.TAGGED) and event.event is not None:
        hub.inventory.retag(lb, "another.mesh.example.com")
        event = replace(event, event=replace(event.event, tag="never.mesh.example.com"))
    hub.inventory.calls.clear()
    assert deliver(hub, event) <= 130
    assert hub.inventory.calls.count("look") <= 6 + 3
    assert before.items() <= hub.provider.records_by_id.items()


# Heirs that do not work yet


def moving(hub: Hub) -> tuple[LoadBalancerId, LoadBalancerId]:
    """The tag moved from blue to green, which was made just now."""
    blue = hub.put(make(1, NAME))
    hub.check(blue)
    green = hub.put(make(2, NAME, created=hub.clock(), readiness=Readiness.PROVISIONING))
    hub.inventory.retag(blue)
    assert hub.run(hub.event(EventKind.UNTAGGED, blue), hub.event(EventKind.CREATED, green)) == {}
    return blue, green


@pytest.mark.parametrize("seconds", [20, 150, 400])
def test_a_name_moves_to_green_soon_after_it_is_active_and_never_before(hub: Hub, seconds: float) -> None:
    blue, green = moving(hub)
    hub.wait(seconds)
    assert hub.content() == hub.target(blue)
    hub.inventory.load_balancers[green] = replace(hub.inventory.load_balancers[green], readiness=Readiness.ACTIVE)
    hub.wait(180)
    assert hub.content() == hub.target(green)
    assert hub.outbox.delays == {}


def test_an_heir_that_never_becomes_active_has_the_name_after_10_minutes(hub: Hub) -> None:
    blue, green = moving(hub)
    hub.wait(599)
    assert hub.content() == hub.target(blue)
    hub.wait(1)
    assert hub.content() == hub.target(green)
    assert hub.told.reasons().count("provisioning") == 6
    assert hub.outbox.delays == {}


def test_a_replacement_that_is_provisioned_has_the_name_at_once_for_the_old_one_is_dead(hub: Hub) -> None:
    old = hub.put(make(1, NAME))
    hub.check(old)
    hub.inventory.delete(old)
    new = hub.put(make(2, NAME, created=hub.clock(), readiness=Readiness.PROVISIONING))
    hub.run(hub.event(EventKind.DELETED, old), hub.event(EventKind.CREATED, new))
    assert hub.content() == hub.target(new)


def test_an_empty_name_is_created_for_one_that_is_provisioned(hub: Hub) -> None:
    lb = hub.put(make(1, NAME, created=hub.clock(), readiness=Readiness.PROVISIONING))
    hub.tell(EventKind.CREATED, lb)
    assert hub.content() == hub.target(lb)


def test_blue_that_takes_its_name_back_while_green_is_provisioned_keeps_it(hub: Hub) -> None:
    blue, _ = moving(hub)
    hub.inventory.retag(blue, NAME)
    hub.wait(2000)
    assert hub.content() == hub.target(blue)
    assert hub.outbox.delays == {}


def test_two_events_start_two_chains_that_end_together(hub: Hub) -> None:
    blue, green = moving(hub)
    hub.wait(10)
    hub.run(hub.event(EventKind.UNTAGGED, blue))
    hub.wait(600)
    assert hub.content() == hub.target(green)
    assert hub.told.reasons().count("hand-over") == 1
    assert hub.outbox.delays == {}


def test_blue_that_is_deleted_while_green_is_provisioned_leaves_the_name_to_green_at_once(hub: Hub) -> None:
    blue, green = moving(hub)
    hub.wait(10)
    hub.inventory.delete(blue)
    hub.tell(EventKind.DELETED, blue)
    assert hub.content() == hub.target(green)
    hub.wait(2000)
    assert hub.outbox.delays == {}
