"""Sweeps: what they list, what they ask singly, and what is left when their time is up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.core.work import Check, Sweep
from mesh_dns.errors import OutOfTime
from tests.doubles.hub import AWAY, NAME, SUFFIX, Hub
from tests.doubles.inventory import HUB, make, make_id


@pytest.fixture
def hub() -> Hub:
    return Hub()


def test_a_sweep_finds_what_no_event_told(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.run(Sweep(HUB))
    assert hub.content() is not None
    assert hub.told.sweeps == [(HUB, 1)]
    hub.inventory.delete(lb)
    hub.run(Sweep(HUB))
    hub.wait(645)
    assert hub.content() is None


def test_a_sweep_lists_first_and_asks_singly_for_what_the_list_lacks(hub: Hub) -> None:
    ids = hub.many(50)
    hub.run(Sweep(HUB))
    for lb in ids[:3]:
        hub.inventory.delete(lb)
    hub.inventory.retag(ids[3])
    hub.inventory.calls.clear()
    hub.run(Sweep(HUB))
    assert hub.inventory.calls == ["tagged", "listing", *["look"] * 3]


def test_a_sweep_whose_writes_ran_out_of_time_comes_back_and_what_was_written_stays(hub: Hub) -> None:
    hub.many(450)

    def slow(call: str) -> None:
        hub.clock.now += 60 if call == "apply" else 0

    hub.provider.before = slow
    failures = hub.run(Sweep(HUB), time=50)
    assert isinstance(failures["0"], OutOfTime)
    assert (len(hub.provider.records_by_id), hub.told.sweeps) == (200, [])
    assert hub.run(Sweep(HUB), time=200) == {}
    assert (len(hub.provider.records_by_id), hub.told.sweeps) == (450, [(HUB, 450)])


def test_6000_load_balancers_end_right_however_often_the_function_runs_out_of_time(hub: Hub) -> None:
    hub.many(6000)

    def slow(call: str) -> None:
        hub.clock.now += 20 if call == "apply" else 0

    hub.provider.before = slow
    failed = [list(hub.run(Sweep(HUB), time=119)) for _ in range(5)]
    assert failed == [["0"]] * 4 + [[]]
    assert (len(hub.provider.records_by_id), hub.told.sweeps) == (6000, [(HUB, 6000)])
    assert hub.provider.calls.count("apply") == 30


def test_501_orphans_that_policy_keeps_are_asked_nothing_and_hold_up_no_sweep(hub: Hub) -> None:
    gone_in_slow_motion(hub, 501)
    hub.tighten(policy=Policy.UPSERT_ONLY)
    alive = hub.put(make(700, NAME))
    hub.inventory.calls.clear()
    assert hub.run(Sweep(HUB)) == {}
    assert (hub.inventory.calls.count("look"), hub.outbox.delays) == (0, {})
    assert (hub.told.sweeps[-1], hub.content()) == ((HUB, 1), hub.target(alive))
    assert len(hub.provider.records_by_id) == 502


def test_501_orphans_with_heirs_are_all_handed_over_in_several_turns_under_a_policy_that_deletes_nothing(
    hub: Hub,
) -> None:
    gone_in_slow_motion(hub, 501)
    hub.tighten(policy=Policy.UPSERT_ONLY)
    heirs = [hub.put(make(1000 + n, f"c{n}.{SUFFIX}", created=hub.clock() + 40)) for n in range(501)]
    hub.clock.now += 60
    assert hub.run(Sweep(HUB), time=119) == {}
    turns = 0
    while work := hub.outbox.take(hub.outbox.next_due()):
        hub.clock.now += 50
        assert hub.run(*work, time=119) == {}
        turns += 1
    assert 14 < turns < 60
    assert [hub.content(f"c{n}.{SUFFIX}") for n in range(501)] == [hub.target(heir) for heir in heirs]
    assert hub.told.given_up == []


def gone_in_slow_motion(hub: Hub, number: int) -> list[LoadBalancerId]:
    """So many load balancers are gone, and each look takes a second."""
    ids = hub.many(number)
    hub.run(Sweep(HUB))
    for lb in ids:
        hub.inventory.delete(lb)

    def slow(call: str) -> None:
        hub.clock.now += call == "look"

    hub.inventory.before = slow
    return ids


def test_whom_a_sweep_had_no_time_to_ask_travels_in_one_message_and_the_sweep_is_done(hub: Hub) -> None:
    ids = gone_in_slow_motion(hub, 9)
    hub.clock.now = start = hub.clock() + 1
    assert hub.run(Sweep(HUB), time=18) == {}
    (rest,) = hub.outbox.checks
    assert rest == Check(HUB, frozenset(ids[6:]))
    assert hub.outbox.delays[rest] == 0
    assert hub.told.sweeps[1:] == [(HUB, 0)]
    assert hub.clock() == start + 6
    hub.wait(0)
    assert (len(hub.outbox.second_looks), hub.outbox.checks) == (9, [])


def test_an_override_travels_with_whom_there_was_no_time_to_ask(hub: Hub) -> None:
    gone_in_slow_motion(hub, 30)
    hub.run(Sweep(HUB, override_guard=True), time=33)
    (rest,) = hub.outbox.checks
    assert (rest.override_guard, len(rest.load_balancers)) == (True, 20)
    hub.inventory.before = lambda call: None
    hub.wait(1000)
    assert hub.provider.records_by_id == {}


@pytest.mark.parametrize("gone", [True, False], ids=["is gone", "is there"])
def test_an_incumbent_elsewhere_that_a_sweep_had_no_time_to_ask_keeps_its_name_until_it_was_asked(
    hub: Hub, gone: bool
) -> None:
    hub.know(AWAY)
    x = hub.put(make(make_id(1, AWAY), NAME))
    hub.check(x)
    y = hub.put(make(2, NAME, created=hub.clock()))
    if gone:
        hub.inventory.delete(x)
    before = hub.record()

    def slow(call: str) -> None:
        hub.clock.now += 7 if call == "tagged" else 0

    hub.inventory.before = slow
    assert hub.run(Sweep(HUB, override_guard=True), time=10) == {}
    assert hub.told.reasons()[-1] == "incumbent-unreadable"
    assert (hub.record(), hub.outbox.checks) == (before, [Check(AWAY, frozenset({x}))])
    hub.inventory.before = lambda call: None
    hub.wait(60)
    assert hub.record().id == before.id
    assert (hub.record().comment, hub.outbox.delays) == (f"{hub.rules.owner} {y if gone else x}", {})


def test_a_check_of_our_own_is_sent_on_until_its_limit_and_then_dropped_aloud(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    for hops in range(20):
        assert hub.run(Check(HUB, frozenset({lb}), hops=hops), time=-1) == {}
        assert hub.outbox.take() == [Check(HUB, frozenset({lb}), hops=hops + 1)]
    last = Check(HUB, frozenset({lb}), hops=20)
    assert hub.run(last, time=-1) == {}
    assert hub.outbox.delays == {}
    assert hub.told.given_up == [replace(last, hops=21)]


def test_more_than_200_orphans_among_tagged_ones_leave_in_one_sweep(hub: Hub) -> None:
    ids = hub.many(700)
    hub.run(Sweep(HUB))
    for lb in ids[::3][:205]:
        hub.inventory.delete(lb)
    hub.run(Sweep(HUB))
    hub.wait(645)
    assert len(hub.provider.records_by_id) == 495


@pytest.mark.parametrize("number", [199, 200, 201, 400])
def test_each_number_of_names_is_written_whole(hub: Hub, number: int) -> None:
    hub.many(number)
    assert hub.run(Sweep(HUB)) == {}
    assert len(hub.provider.records_by_id) == number
    assert hub.provider.calls.count("apply") == -(-number // 200)
