"""What only the provider in memory promises: several zones and tokens, hooks around each call, a clock of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.dns.provider import QuotaReached, RateLimited, Unavailable
from mesh_dns.errors import OutOfTime
from tests.contract.worlds import NO_DEADLINE, ZONE, ZONE_ID, create, update
from tests.doubles.others import VirtualClock
from tests.doubles.provider import InMemoryProvider

A, B, C = ("a" * 32, "b" * 32, "c" * 32)
EVERY = {A: [], B: [], C: []}


def test_a_429_stops_the_zones_of_that_token_and_no_others() -> None:
    provider = InMemoryProvider(tokens={B: "its own"})

    def limit(call: str) -> None:
        if provider.zone == A:
            raise RateLimited("slow down", after=17)

    provider.before = limit
    answers = provider.read(EVERY, NO_DEADLINE)
    assert {zone for zone, answer in answers.items() if isinstance(answer, RateLimited)} == {A, C}
    assert answers[B] == []
    assert provider.calls == ["list", "list"]


def test_the_hooks_know_the_zone_of_each_call() -> None:
    seen: list[tuple[str, str, str]] = []
    provider = InMemoryProvider()
    provider.before = lambda call: seen.append(("before", call, provider.zone))
    provider.after = lambda call: seen.append(("after", call, provider.zone))
    provider.read({A: [], B: []}, NO_DEADLINE)
    provider.apply(ZONE_ID, [create("cluster1")])
    calls = [("list", A), ("list", B), ("apply", ZONE_ID)]
    assert seen == [(when, *call) for call in calls for when in ("before", "after")]


@pytest.mark.parametrize("hook", ["before", "after"])
def test_what_a_hook_raises_is_that_zones_answer(hook: str) -> None:
    provider = InMemoryProvider()

    def fail(call: str) -> None:
        if provider.zone == B:
            raise Unavailable("no answer")

    setattr(provider, hook, fail)
    answers = provider.read(EVERY, NO_DEADLINE)
    assert {zone for zone, answer in answers.items() if isinstance(answer, Unavailable)} == {B}


def test_no_zone_is_begun_after_the_deadline() -> None:
    clock = VirtualClock()
    provider = InMemoryProvider(clock=clock)

    def spend(call: str) -> None:
        clock.now += 1

    provider.before = spend
    answers = provider.read(EVERY, clock.now + 1)
    assert [zone for zone, answer in answers.items() if isinstance(answer, OutOfTime)] == [C]


def test_zones_do_not_share_records_or_room() -> None:
    provider = InMemoryProvider(quota=1)
    other = provider.add(f"cluster1.{ZONE}", "A", "192.0.2.7", zone_id=A)
    provider.apply(ZONE_ID, [create("cluster1")])
    with pytest.raises(QuotaReached):
        provider.apply(ZONE_ID, [create("cluster2")])
    assert provider.read({A: []}, NO_DEADLINE) == {A: [other]}


def test_a_change_is_dated_by_the_clock_and_a_read_is_not() -> None:
    clock = VirtualClock()
    provider = InMemoryProvider(clock=clock)
    provider.apply(ZONE_ID, [create("cluster1")])
    (made,) = provider.records_by_id.values()
    clock.now += 60
    assert provider.read({ZONE_ID: []}, NO_DEADLINE) == {ZONE_ID: [made]}
    provider.apply(ZONE_ID, [update(made, "other.example.net")])
    changed = replace(made, content="other.example.net", edited=clock.now)
    assert made.edited == clock.now - 60
    assert provider.read({ZONE_ID: []}, NO_DEADLINE) == {ZONE_ID: [changed]}
