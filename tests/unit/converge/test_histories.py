"""Histories in which one fault once spread to others, or in which a message bred messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Cause
from mesh_dns.core.work import Check, EventKind, Sweep
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import Retryable
from tests.doubles.hub import AWAY, NAME, OTHER, RULES, SUFFIX, SUFFIX_2, ZONE_2, Hub, raises
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE


def one_by_one(hub: Hub, seconds: float) -> int:
    """Let time pass and deliver each message of ours in a batch of its own. How many batches that took."""
    end, batches = hub.clock() + seconds, 0
    while (due := hub.outbox.next_due()) <= end:
        hub.clock.now = max(hub.clock.now, due)
        for work in hub.outbox.take(hub.clock.now):
            hub.run(work)
            batches += 1
    hub.clock.now = end
    return batches


# fmt: off
NOT_CARRIED_OUT: dict[str, dict[str, Any]] = {
    "a token that may only read": {"error": Denied("403")},
    "a provider that does not answer": {"error": Unavailable("502")},
    "upsert-only": {"policy": Policy.UPSERT_ONLY},
    "create-only": {"policy": Policy.CREATE_ONLY},
    "a dry run": {"dry_run": True},
}
# fmt: on


@pytest.mark.parametrize("how", NOT_CARRIED_OUT.values(), ids=NOT_CARRIED_OUT.keys())
@pytest.mark.parametrize("names", [2, 4], ids=["two names", "four names"])
def test_second_looks_at_several_names_of_one_load_balancer_do_not_feed_each_other(
    how: dict[str, Any], names: int
) -> None:
    hub = Hub()
    lb = hub.put(make(1, *(f"n{n}.{SUFFIX}" for n in range(names))))
    hub.check(lb)
    if "policy" in how:
        hub.tighten(policy=how["policy"])
    hub.dry_run = how.get("dry_run", False)
    if "error" in how:
        hub.provider.before = raises(how["error"], "apply")
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    assert one_by_one(hub, 3600) <= names
    assert hub.outbox.delays == {}
    assert len(hub.provider.records_by_id) == names


def test_an_override_of_one_scope_deletes_nothing_of_another_that_is_swept_in_the_same_batch() -> None:
    hub = Hub()
    hub.know(AWAY)
    ids = [hub.put(make(make_id(n, scope), f"{scope.region}-{n}.{SUFFIX}")) for scope in (HUB, AWAY) for n in range(20)]
    hub.run(Sweep(HUB), Sweep(AWAY))
    for lb in ids:
        if lb.scope == HUB or int(lb.id, 16) < 15:
            hub.inventory.delete(lb)
    hub.run(Sweep(HUB, override_guard=True), Sweep(AWAY))
    hub.wait(2000)
    hub.run(Sweep(HUB), Sweep(AWAY))
    hub.wait(2000)
    assert len(hub.provider.records_by_id) == 20
    assert {hub.record(f"us-east-1-{n}.{SUFFIX}").zone_id for n in range(20)} == {ZONE}


def test_an_override_that_ran_out_of_time_deletes_nothing_of_another_scope_either() -> None:
    hub = Hub()
    hub.know(AWAY)
    ids = [hub.put(make(make_id(n, scope), f"{scope.region}-{n}.{SUFFIX}")) for scope in (HUB, AWAY) for n in range(20)]
    hub.run(Sweep(HUB), Sweep(AWAY))
    for lb in ids:
        hub.inventory.delete(lb)
    hub.inventory.before = lambda call: setattr(hub.clock, "now", hub.clock.now + (call == "look"))
    hub.run(Sweep(HUB, override_guard=True), time=9)
    hub.inventory.before = lambda call: None
    (rest,) = hub.outbox.take(hub.clock())
    assert isinstance(rest, Check)
    hub.run(rest, Sweep(AWAY))
    hub.wait(2000)
    assert {record.name.rpartition("-")[0] for record in hub.provider.records_by_id.values()} == {"us-east-1"}


def test_refused_names_that_sort_first_starve_no_good_ones_in_a_sweep() -> None:
    hub = Hub()
    for n in range(20):
        hub.put(make(n, f"a{n:02}.{SUFFIX}"))
        hub.provider.poison.add(f"a{n:02}.{SUFFIX}")
    old = [hub.put(make(100 + n, f"z{n:02}.{SUFFIX}")) for n in range(30)]
    hub.run(Sweep(HUB))
    for number, lb in enumerate(old):
        hub.inventory.delete(lb)
        hub.put(make(200 + number, f"z{number:02}.{SUFFIX}", created=hub.clock()))
    assert hub.run(Sweep(HUB)) == {}
    hub.wait(45)
    assert [hub.content(f"z{n:02}.{SUFFIX}") for n in range(30)] == [hub.target(make_id(200 + n)) for n in range(30)]


def test_35_events_of_which_30_are_refused_are_all_done_at_once() -> None:
    hub = Hub()
    ids = hub.many(35)
    hub.provider.poison |= {f"c{n}.{SUFFIX}" for n in range(30)}
    assert hub.run(*(hub.event(EventKind.CREATED, lb) for lb in ids)) == {}
    assert len(hub.provider.records_by_id) == 5
    assert hub.told.reasons().count("provider-refuses") == 30


def test_two_tags_of_ten_refused_names_cost_a_tenants_neighbours_nothing() -> None:
    hub = Hub()
    bad = [hub.put(make(n, *(f"x{n}-{k}.{SUFFIX}" for k in range(10)))) for n in range(2)]
    hub.provider.poison |= {f"x{n}-{k}.{SUFFIX}" for n in range(2) for k in range(10)}
    good = [hub.put(make(100 + n, f"y{n}.{SUFFIX}")) for n in range(20)]
    assert hub.run(*(hub.event(EventKind.CREATED, lb) for lb in [*bad, *good])) == {}
    assert len(hub.provider.records_by_id) == 20
    again = len(hub.provider.calls)
    assert hub.run(Sweep(HUB)) == {}
    assert len(hub.provider.calls) - again <= 21


def test_one_throttled_look_at_a_dead_incumbent_brings_the_new_one_back_and_it_gets_the_name() -> None:
    hub = Hub()
    old = hub.put(make(1, NAME))
    hub.check(old)
    hub.inventory.delete(old)
    new = hub.put(make(2, NAME, created=hub.clock()))
    throttles = iter([None])

    def throttled(call: str) -> None:
        for _ in throttles:
            raise Retryable("Throttling: Rate exceeded")

    hub.inventory.before, hub.inventory.causes[HUB] = throttled, Cause.UNANSWERED
    assert list(hub.run(hub.event(EventKind.CREATED, new), hub.event(EventKind.DELETED, old))) == ["0", "1"]
    assert hub.run(hub.event(EventKind.CREATED, new)) == {}
    hub.wait(45)
    assert hub.content() == hub.target(new)


def test_a_name_that_was_dropped_and_taken_back_has_a_whole_grace_when_its_load_balancer_is_deleted() -> None:
    hub = Hub()
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    start = hub.clock()
    hub.inventory.retag(lb, OTHER)
    hub.tell(EventKind.TAGGED, lb)
    hub.wait(200)
    hub.inventory.retag(lb, NAME)
    hub.tell(EventKind.TAGGED, lb)
    hub.wait(390)
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    hub.wait(start + 605 - hub.clock())
    record = hub.record()
    new = hub.put(make(2, NAME, created=hub.clock()))
    hub.tell(EventKind.CREATED, new)
    hub.wait(45)
    assert (hub.record().id, hub.content()) == (record.id, hub.target(new))


def test_a_429_on_one_token_stops_no_zone_with_a_token_of_its_own() -> None:
    hub = Hub(replace(RULES, zones={SUFFIX: ZONE, SUFFIX_2: ZONE_2}))
    hub.provider.tokens = {ZONE: "one", ZONE_2: "two"}
    one, two = hub.put(make(1, NAME)), hub.put(make(2, f"cluster1.{SUFFIX_2}"))
    hub.provider.before = lambda call: raises(RateLimited("429"))(call) if hub.provider.zone == ZONE else None
    for _ in range(3):
        failures = hub.run(Check(HUB, frozenset({one})), Check(HUB, frozenset({two})))
        assert "0" in failures
        assert hub.content(f"cluster1.{SUFFIX_2}") == hub.target(two)
