"""Histories in which a delete was stopped for ever, or came too early."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Cause, Kind, LoadBalancerId, Scope
from mesh_dns.core.work import EventKind, SecondLook, Sweep
from mesh_dns.dns.provider import Denied, Unavailable
from mesh_dns.errors import Retryable
from tests.doubles.hub import AWAY, FAR, NAME, RULES, SUFFIX, SUFFIX_2, ZONE_2, Hub, raises
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE


@pytest.mark.parametrize("override", [False, True], ids=["a sweep", "an overridden sweep"])
def test_upsert_only_never_trips_the_guard(override: bool) -> None:
    hub = Hub(replace(RULES, policy=Policy.UPSERT_ONLY))
    for lb in hub.many(30):
        hub.check(lb)
        hub.inventory.delete(lb)
    assert hub.run(Sweep(HUB, override_guard=override)) == {}
    assert "mass-delete-guard" not in hub.told.reasons()
    assert hub.outbox.delays == {}


def test_a_sweep_does_not_count_as_complete_while_a_hand_over_failed() -> None:
    hub = Hub()
    x, y = hub.put(make(1, NAME)), hub.put(make(2, NAME, created=5))
    hub.check(x)
    hub.inventory.retag(x)
    hub.tell(EventKind.UNTAGGED, x, time=-1)
    hub.provider.before = raises(Unavailable("502"), "apply")
    assert list(hub.run(Sweep(HUB), hub.event(EventKind.UNTAGGED, x))) == ["0", "1"]
    assert hub.told.sweeps == []
    hub.provider.before = lambda call: None
    hub.run(Sweep(HUB), hub.event(EventKind.UNTAGGED, x))
    assert (hub.content(), hub.told.sweeps) == (hub.target(y), [(HUB, 1)])


def dead_zone(error: Retryable) -> Hub:
    """Two zones, of which the second one answers with an error, and a load balancer in the first that is gone."""
    hub = Hub(replace(RULES, zones={SUFFIX: ZONE, SUFFIX_2: ZONE_2}))
    hub.check(hub.put(make(1, NAME)))
    hub.provider.before = lambda call: raises(error)(call) if hub.provider.zone == ZONE_2 else None
    hub.inventory.delete(make_id(1))
    return hub


def test_a_revoked_token_stops_no_delete_in_another_zone() -> None:
    hub = dead_zone(Denied("403"))
    assert hub.tell(EventKind.DELETED, make_id(1)) == {}
    assert hub.wait(600) == []
    assert hub.provider.at(NAME) == []


def test_a_zone_that_never_answers_stops_deletes_for_three_periods_and_not_for_ever() -> None:
    hub = dead_zone(Unavailable("timeout"))
    swept = []
    for _ in range(5):
        hub.know(HUB)
        hub.run(Sweep(HUB))
        hub.wait(900)
        swept.append(bool(hub.provider.at(NAME)))
    assert swept == [True, True, True, True, False]


def test_a_scope_that_can_never_be_listed_stops_deletes_until_it_is_overdue_and_not_for_ever() -> None:
    hub = Hub()
    hub.know(AWAY)
    hub.check(hub.put(make(1, NAME)))
    hub.inventory.unlistable.add(AWAY)
    hub.inventory.delete(make_id(1))
    swept = []
    for _ in range(5):
        hub.know(HUB)
        hub.run(Sweep(HUB))
        hub.wait(900)
        swept.append(bool(hub.provider.at(NAME)))
    assert swept == [True, True, True, False, False]


@pytest.mark.parametrize("cause", [Cause.ERROR, Cause.OUT_OF_TIME, Cause.UNANSWERED])
def test_a_scope_that_is_swept_but_never_listed_stops_deletes_for_three_periods_and_not_for_ever(cause: Cause) -> None:
    hub = Hub()
    hub.know(AWAY)
    hub.check(hub.put(make(1, NAME)))
    hub.inventory.never_listed.add(AWAY)
    hub.inventory.causes[AWAY] = cause
    hub.inventory.delete(make_id(1))
    swept, overdue = [], []
    for _ in range(6):
        for scope in (HUB, AWAY):
            hub.know(scope)
            hub.run(Sweep(scope))
        hub.wait(900)
        swept.append(bool(hub.provider.at(NAME)))
        overdue.append(AWAY in hub.scopes().overdue)
    assert swept == [True, True, True, False, False, False]
    assert overdue == [False, False, False, True, True, True]

    hub.inventory.never_listed.clear()
    hub.run(Sweep(AWAY))
    assert hub.scopes().overdue == set()


@pytest.mark.parametrize("cause", [Cause.ERROR, Cause.UNANSWERED])
def test_an_heir_whose_scope_is_swept_but_never_listed_inherits_before_a_delete(cause: Cause) -> None:
    hub = Hub()
    hub.know(AWAY)
    x = hub.put(make(1, NAME))
    heir = hub.put(make(make_id(2, AWAY), NAME))
    hub.check(x)
    hub.inventory.never_listed.add(AWAY)
    hub.inventory.causes[AWAY] = cause
    hub.clock.now += 3600  # no replacement: it is old
    hub.know(AWAY)
    hub.inventory.delete(x)
    hub.run(Sweep(AWAY))
    hub.wait(900)
    assert hub.content() == hub.target(heir)


def test_two_listings_that_failed_days_apart_make_no_scope_overdue() -> None:
    hub = Hub()
    hub.know(AWAY)
    hub.check(hub.put(make(1, NAME)))
    hub.inventory.delete(make_id(1))
    for _ in range(2):
        hub.inventory.never_listed.add(AWAY)
        hub.run(Sweep(HUB))
        hub.inventory.never_listed.clear()
        hub.know(AWAY)
        hub.run(Sweep(AWAY))
        assert hub.memory.remembered.unread == {}
        hub.clock.now += 86_400


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "without its name"])
@pytest.mark.parametrize(("scope", "others"), [(HUB, 0), (AWAY, 20)], ids=["its own", "another"])
def test_the_guard_sees_what_is_lost_in_an_overdue_scope_that_cannot_be_listed(
    scope: Scope, others: int, gone: bool
) -> None:
    hub = Hub()
    hub.know(AWAY)
    hub.many(others)
    ids = [hub.put(make(make_id(100 + n, scope), f"far{n}.{SUFFIX}")) for n in range(20)]
    hub.run(Sweep(HUB), Sweep(AWAY))
    hub.inventory.unlistable.add(scope)
    hub.clock.now += 4 * 900
    hub.know(HUB, read_ago=4 * 900 if scope == HUB else 0)
    hub.know(AWAY, read_ago=4 * 900 if scope == AWAY else 0)
    assert hub.scopes().overdue == {scope}
    for lb in ids:
        if gone:
            hub.inventory.delete(lb)
        else:
            hub.inventory.retag(lb)
        hub.tell(EventKind.DELETED if gone else EventKind.UNTAGGED, lb)
    hub.clock.now += 650
    looks = hub.outbox.take()
    assert len(looks) == 10, "so many are a small loss"
    for look in looks:
        hub.run(look)
    assert len(hub.provider.records_by_id) == others + 20
    assert hub.told.reasons()[-1] == "mass-delete-guard"


def test_names_that_moved_from_blue_to_green_are_no_loss_when_one_load_balancer_goes() -> None:
    hub = Hub()
    blue = hub.many(30)
    last = hub.put(make(99, NAME))
    hub.run(Sweep(HUB))
    for number, lb in enumerate(blue):
        hub.inventory.retag(lb)
        hub.put(make(100 + number, f"c{number}.{SUFFIX}"))
    hub.inventory.delete(last)
    hub.tell(EventKind.DELETED, last)
    assert hub.told.reasons()[-1] == "look-again"
    hub.wait(600)
    assert hub.provider.at(NAME) == []


@pytest.mark.parametrize("grace", [600, 0])
def test_one_stale_not_found_of_a_live_incumbent_takes_its_name_from_it_in_no_way(grace: float) -> None:
    hub = Hub(replace(RULES, grace=grace))
    x = hub.put(make(1, NAME, created=hub.clock()))
    hub.check(x)
    y = hub.put(make(2, NAME, created=hub.clock()))
    hub.inventory.late[x].append((hub.clock() + 30, None))
    hub.check(x, y)
    hub.run(Sweep(HUB))
    hub.wait(2000)
    assert hub.content() == hub.target(x)
    hub.inventory.retag(y)
    hub.inventory.late[x].append((hub.clock() + 30, None))
    hub.check(x)
    hub.wait(2000)
    assert hub.content() == hub.target(x)


def test_a_register_that_was_lost_deletes_nothing_before_a_spoke_with_the_heir_can_announce_itself() -> None:
    hub = Hub()
    x = hub.put(make(1, NAME))
    hub.check(x)
    heir = hub.put(make(make_id(2, FAR), NAME))
    hub.know(HUB, announced=hub.clock())
    hub.inventory.delete(x)
    hub.tell(EventKind.DELETED, x)
    hub.wait(600)
    assert hub.told.reasons()[-1] == "delete-waits"
    hub.know(FAR, announced=hub.clock())
    hub.run(Sweep(FAR))
    hub.wait(700)
    assert hub.content() == hub.target(heir)


def test_a_classic_load_balancer_made_anew_under_its_name_keeps_its_record() -> None:
    hub = Hub()
    classic = LoadBalancerId(HUB.region, HUB.account, Kind.CLASSIC, "a0123456789abcdef")
    hub.put(make(classic, NAME))
    hub.check(classic)
    hub.inventory.delete(classic)
    hub.tell(EventKind.DELETED, classic)
    assert [look.stage.value for look in hub.outbox.second_looks] == ["confirmation"]
    hub.put(make(classic, NAME, created=hub.clock()))
    hub.wait(2000)
    assert hub.content() == hub.target(classic)


def test_a_classic_load_balancer_made_anew_without_the_tag_loses_its_name_although_its_end_was_not_told() -> None:
    hub = Hub()
    classic = LoadBalancerId(HUB.region, HUB.account, Kind.CLASSIC, "a0123456789abcdef")
    hub.put(make(classic, NAME))
    hub.check(classic)
    hub.put(make(classic, created=hub.clock()))
    hub.tell(EventKind.CREATED, classic)
    hub.wait(2000)
    assert hub.provider.at(NAME) == []


def test_a_chain_of_early_looks_ends_at_its_limit() -> None:
    hub = Hub()
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    record = hub.record()
    hub.inventory.delete(lb)
    look, rounds = SecondLook(lb, NAME, ZONE, record.id, hub.clock()), 0
    looks = [look]
    while looks:
        hub.run(*looks)
        looks = [each for each in hub.outbox.take() if isinstance(each, SecondLook)]
        rounds += 1
    assert rounds == 21
    assert len(hub.provider.at(NAME)) == 1
