"""Converge with in-memory ports: what comes of one batch, and of the messages that it sends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Kind, LoadBalancerId, Readiness
from mesh_dns.core.work import EventKind, SecondLook, Sweep
from mesh_dns.dns.provider import Unavailable
from tests.doubles.hub import AWAY, NAME, OTHER, RULES, Hub, raises
from tests.doubles.inventory import HUB, make, make_id


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_a_claim_becomes_a_record_and_then_nothing_is_written(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    assert hub.tell(EventKind.CREATED, lb) == {}
    assert hub.content() == hub.target(lb)
    assert hub.provider.calls == ["list", "apply"]
    hub.tell(EventKind.CREATED, lb)
    assert hub.provider.calls == ["list", "apply", "list"]


def test_a_gone_load_balancers_record_leaves_after_the_grace_only(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    assert list(hub.outbox.delays.values()) == [hub.rules.grace]
    hub.wait(599)
    assert hub.content() is not None
    hub.wait(1)
    assert hub.provider.at(NAME) == []


def test_a_record_whose_load_balancer_no_event_named_leaves_45_seconds_later(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    hub.inventory.delete(lb)
    hub.check(lb)
    assert list(hub.outbox.delays.values()) == [45]
    hub.wait(644)
    assert hub.content() is not None
    hub.wait(1)
    assert hub.provider.at(NAME) == []


def test_an_early_second_look_deletes_nothing_and_waits_for_the_rest_of_its_grace(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    (look,) = hub.outbox.take()
    hub.clock.now += 100
    hub.run(look)
    assert hub.content() is not None
    assert isinstance(look, SecondLook)
    assert hub.outbox.delays == {replace(look, hops=1): hub.rules.grace - 100}


def test_a_replacement_whose_delete_came_in_another_batch_is_an_edit_in_place_45_seconds_later(hub: Hub) -> None:
    old = hub.put(make(1, NAME))
    hub.check(old)
    before = hub.record()
    hub.inventory.delete(old)
    hub.tell(EventKind.DELETED, old)
    new = hub.put(make(2, NAME, created=hub.clock()))
    hub.tell(EventKind.CREATED, new)
    hub.wait(45)
    after = hub.record()
    assert (after.id, after.content) == (before.id, hub.target(new))
    hub.wait(2000)
    assert hub.provider.at(NAME) == [after]


def test_a_replacement_in_one_batch_is_an_edit_in_place_at_once(hub: Hub) -> None:
    old = hub.put(make(1, NAME))
    hub.check(old)
    before = hub.record()
    hub.inventory.delete(old)
    new = hub.put(make(2, NAME, created=hub.clock()))
    assert hub.run(hub.event(EventKind.CREATED, new), hub.event(EventKind.DELETED, old)) == {}
    assert (hub.record().id, hub.content(), hub.outbox.delays) == (before.id, hub.target(new), {})


def test_a_swap_of_two_names_that_no_untag_event_told_is_one_write_45_seconds_later(hub: Hub) -> None:
    one, two = hub.put(make(1, NAME)), hub.put(make(2, OTHER))
    hub.check(one, two)
    hub.inventory.retag(one, OTHER)
    hub.inventory.retag(two, NAME)
    hub.check(one, two)
    hub.provider.calls.clear()
    hub.wait(45)
    assert (hub.content(NAME), hub.content(OTHER)) == (hub.target(two), hub.target(one))
    assert hub.provider.calls == ["list", "list", "apply"]


def test_a_swap_of_two_names_that_events_told_is_one_write_at_once(hub: Hub) -> None:
    one, two = hub.put(make(1, NAME)), hub.put(make(2, OTHER))
    hub.check(one, two)
    hub.inventory.retag(one, OTHER)
    hub.inventory.retag(two, NAME)
    hub.provider.calls.clear()
    assert hub.run(hub.event(EventKind.TAGGED, one), hub.event(EventKind.TAGGED, two)) == {}
    assert (hub.content(NAME), hub.content(OTHER)) == (hub.target(two), hub.target(one))
    assert hub.provider.calls == ["list", "list", "apply"]


def test_a_tag_that_moves_is_one_write_when_its_removal_was_told(hub: Hub) -> None:
    blue, green = hub.put(make(1, NAME)), hub.put(make(2, created=0))
    hub.check(blue)
    hub.inventory.retag(blue)
    hub.inventory.retag(green, NAME)
    assert hub.run(hub.event(EventKind.UNTAGGED, blue), hub.event(EventKind.TAGGED, green)) == {}
    assert hub.content() == hub.target(green)
    assert hub.outbox.delays == {}


def test_500_new_names_cost_one_list_and_three_writes(hub: Hub) -> None:
    hub.run(*(hub.event(EventKind.CREATED, lb) for lb in hub.many(500)))
    assert hub.provider.calls == ["list", "apply", "apply", "apply"]


@pytest.mark.parametrize(
    ("tags", "lists"), [((), 0), (("elsewhere.example.org",), 1)], ids=["without a tag", "with a tag"]
)
def test_a_created_load_balancer_that_cannot_concern_us_costs_no_call(
    hub: Hub, tags: tuple[str, ...], lists: int
) -> None:
    lb = hub.put(make(1, *tags))
    assert hub.tell(EventKind.CREATED, lb) == {}
    assert hub.provider.calls == ["list"] * lists


def test_an_unreadable_load_balancer_fails_its_own_message_only(hub: Hub) -> None:
    hub.know(AWAY)
    far, near = hub.put(make(make_id(1, AWAY), OTHER)), hub.put(make(2, NAME))
    hub.inventory.unreadable.add(AWAY)
    failures = hub.run(hub.event(EventKind.TAGGED, far), hub.event(EventKind.TAGGED, near))
    assert list(failures) == ["0"]
    assert (hub.content(NAME), hub.content(OTHER)) == (hub.target(near), None)


def test_a_foreign_record_is_never_touched(hub: Hub) -> None:
    record = hub.provider.add(NAME, "TXT", "somebody else's")
    hub.check(hub.put(make(1, NAME)))
    assert hub.told.reasons() == ["name-taken"]
    assert hub.provider.at(NAME) == [record]


def test_a_network_and_a_classic_load_balancer_of_one_name_are_two(hub: Hub) -> None:
    classic = LoadBalancerId(HUB.region, HUB.account, Kind.CLASSIC, make_id(1).name)
    ids = hub.put(make(1, NAME)), hub.put(make(classic, OTHER, created=-1))
    hub.run(Sweep(HUB))
    assert (hub.content(NAME), hub.content(OTHER)) == (hub.target(ids[0]), hub.target(ids[1]))
    hub.inventory.delete(classic)
    hub.run(Sweep(HUB))
    hub.wait(700)
    assert (hub.content(NAME), hub.content(OTHER)) == (hub.target(ids[0]), None)


def test_another_scheme_makes_another_load_balancer_that_has_the_name_whichever_event_is_first(hub: Hub) -> None:
    public = hub.put(make(1, NAME, internal=False))
    assert hub.tell(EventKind.CREATED, public) == {}
    assert hub.told.reasons() == ["not-allowed"]
    hub.inventory.delete(public)
    internal = hub.put(make(2, NAME, created=hub.clock()))
    hub.tell(EventKind.CREATED, internal)
    hub.tell(EventKind.DELETED, public)
    hub.wait(700)
    assert hub.content() == hub.target(internal)


def test_the_incumbent_keeps_the_name_and_the_challenger_inherits_it(hub: Hub) -> None:
    x = hub.put(make(1, NAME, created=1))
    hub.check(x)
    y = hub.put(make(2, NAME, created=2))
    hub.check(y)
    assert hub.told.reasons()[-1] == "claimed-by"
    hub.inventory.delete(x)
    hub.tell(EventKind.DELETED, x)
    hub.wait(599)
    assert hub.content() is not None
    hub.wait(1)
    assert hub.content() == hub.target(y)


@pytest.mark.parametrize("untagged", [True, False], ids=["untagged", "deleted"])
def test_the_guard_stops_a_mass_delete_until_it_is_overridden(hub: Hub, untagged: bool) -> None:
    ids = hub.many(30)
    hub.run(Sweep(HUB))
    for lb in ids:
        hub.inventory.retag(lb) if untagged else hub.inventory.delete(lb)
    for lb in ids:
        hub.tell(EventKind.UNTAGGED if untagged else EventKind.DELETED, lb)
    assert set(hub.told.reasons()) >= {"mass-delete-guard"}
    hub.run(Sweep(HUB))
    assert (hub.outbox.delays, len(hub.provider.records_by_id)) == ({}, 30)
    hub.run(Sweep(HUB, override_guard=True))
    hub.wait(645)
    assert hub.provider.records_by_id == {}


def test_an_unlisted_zone_is_not_an_empty_one(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.provider.before = raises(Unavailable("HTML"), "list")
    assert list(hub.check(lb)) == ["0"]
    assert hub.provider.calls == ["list"]


# Policies and modes


@pytest.mark.parametrize(
    ("policy", "left"), [(Policy.SYNC, 0), (Policy.UPSERT_ONLY, 1), (Policy.CREATE_ONLY, 1)], ids=str
)
def test_policies_filter_the_plan_and_what_is_sent(hub: Hub, policy: Policy, left: int) -> None:
    hub.tighten(policy=policy)
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    assert len(hub.provider.at(NAME)) == 1
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    assert len(hub.outbox.delays) == 1 - left
    hub.wait(2000)
    assert len(hub.provider.at(NAME)) == left
    outcomes = hub.told.outcomes()
    assert outcomes == {"create": "done", "look-again": "held-by-policy"} if left else outcomes["delete"] == "done"


@pytest.mark.parametrize("policy", [Policy.UPSERT_ONLY, Policy.CREATE_ONLY], ids=str)
def test_upsert_only_waits_for_an_older_heir_and_create_only_for_nobody(hub: Hub, policy: Policy) -> None:
    hub.tighten(policy=policy)
    x, y = hub.put(make(1, NAME, created=5)), hub.put(make(2, NAME))
    hub.check(x)
    hub.inventory.delete(x)
    hub.tell(EventKind.DELETED, x)
    hub.wait(600)
    assert (hub.content() == hub.target(y)) is (policy is Policy.UPSERT_ONLY)


def test_a_dry_run_writes_and_sends_nothing(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    hub.dry_run = True
    hub.inventory.delete(lb)
    hub.put(make(2, OTHER))
    assert hub.run(Sweep(HUB)) == {}
    assert {outcome for _, outcome in hub.told.decisions[1:]} == {"dry-run"}
    assert len(hub.provider.written) == 1
    assert hub.outbox.delays == {}


@pytest.mark.parametrize("mode", [{"dry_run": True}, {"rules": replace(RULES, policy=Policy.CREATE_ONLY)}], ids=str)
def test_no_chain_waits_for_an_heir_that_would_not_be_written(mode: dict[str, Any]) -> None:
    hub = Hub()
    x = hub.put(make(1, NAME))
    hub.check(x)
    for key, value in mode.items():
        setattr(hub, key, value)
    hub.inventory.retag(x)
    heir = hub.put(make(2, NAME, created=hub.clock(), readiness=Readiness.PROVISIONING))
    hub.run(hub.event(EventKind.UNTAGGED, x), hub.event(EventKind.CREATED, heir))
    assert "provisioning" in hub.told.reasons()
    assert hub.outbox.delays == {}
