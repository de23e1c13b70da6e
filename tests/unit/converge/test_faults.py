"""What the world does not answer or take, and which messages come back for it."""

from __future__ import annotations

import pytest

from mesh_dns.core.values import Cause, LoadBalancerId
from mesh_dns.core.work import Check, EventKind, SecondLook, Stage, Sweep
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import OutOfTime, Retryable
from tests.doubles.hub import AWAY, NAME, OTHER, RULES, SUFFIX_2, ZONE_2, Hub, raises
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.mark.parametrize("told", [EventKind.DELETED, None], ids=["a second look", "a confirmation"])
def test_a_look_that_could_not_be_sent_brings_its_message_back(hub: Hub, told: EventKind | None) -> None:
    lb, other = hub.put(make(1, NAME)), hub.put(make(2, OTHER))
    hub.check(lb)
    hub.inventory.delete(lb)
    hub.outbox.before = raises(Retryable("the queue is not to be reached"))
    work = Check(HUB, frozenset({lb})) if told is None else hub.event(told, lb)
    failures = hub.run(work, hub.event(EventKind.CREATED, other), Sweep(HUB))
    assert sorted(failures) == ["0", "2"]
    assert hub.told.outcomes()["look-again"].startswith("failed: the queue")
    assert hub.content(OTHER) is not None


def test_a_check_whose_write_ran_out_of_time_comes_back(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))

    def slow(call: str) -> None:
        hub.clock.now += 60 if call == "list" else 0

    hub.provider.before = slow
    assert isinstance(hub.tell(EventKind.TAGGED, lb, time=50)["0"], OutOfTime)
    assert hub.provider.calls == ["list"]


def test_a_second_look_for_a_record_of_another_load_balancer_does_nothing(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    record = hub.record()
    assert hub.run(SecondLook(make_id(9), NAME, ZONE, record.id, 0)) == {}
    assert hub.provider.at(NAME) == [record]


def two_zones(hub: Hub, error: Retryable) -> tuple[LoadBalancerId, LoadBalancerId]:
    """Both load balancers are gone, and the second zone answers with an error."""
    hub.tighten(zones={**RULES.zones, SUFFIX_2: ZONE_2})
    hub.provider.tokens[ZONE_2] = "its own"
    ids = hub.put(make(1, NAME)), hub.put(make(2, f"cluster2.{SUFFIX_2}"))
    hub.run(Sweep(HUB))
    for lb in ids:
        hub.inventory.delete(lb)

    def before(call: str) -> None:
        if call == "list" and hub.provider.zone == ZONE_2:
            raise error

    hub.provider.before = before
    return ids


def test_a_zone_that_does_not_answer_holds_deletes_up_in_all_zones_because_the_guard_counts_over_all(hub: Hub) -> None:
    one, two = two_zones(hub, Unavailable("502"))
    assert sorted(hub.run(hub.event(EventKind.DELETED, one), hub.event(EventKind.DELETED, two), Sweep(HUB))) == [
        "0",
        "1",
        "2",
    ]
    assert hub.outbox.delays == {}
    look = SecondLook(one, NAME, ZONE, hub.record().id, 0)
    assert list(hub.run(look)) == ["0"]
    assert len(hub.provider.records_by_id) == 2


def test_a_zone_that_denies_holds_nothing_up_elsewhere_and_its_own_messages_are_done(hub: Hub) -> None:
    one, two = two_zones(hub, Denied("the token lacks Zone / DNS / Edit"))
    assert hub.run(hub.event(EventKind.DELETED, one), hub.event(EventKind.DELETED, two), Sweep(HUB)) == {}
    assert hub.wait(700) == []
    assert [record.zone_id for record in hub.provider.records_by_id.values()] == [ZONE_2]
    assert hub.told.unread_zones[ZONE_2].given_up
    assert len(hub.told.sweeps) == 2


def test_a_zone_that_has_not_answered_for_three_periods_is_given_up_until_it_answers(hub: Hub) -> None:
    one, _ = two_zones(hub, Unavailable("502"))
    assert hub.check(one) != {}
    hub.clock.now += 2700
    hub.know(HUB)
    assert hub.check(one) != {}
    hub.clock.now += 1
    assert hub.check(one) == {}
    hub.wait(700)
    assert hub.provider.at(NAME) == []
    hub.provider.before = lambda call: None
    hub.run(Sweep(HUB))
    assert hub.memory.recall().unread == {}


def test_a_zone_that_denies_writes_refuses_its_names_and_brings_nothing_back(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.provider.before = raises(Denied("the token may only read"), "apply")
    assert hub.tell(EventKind.CREATED, lb) == {}
    assert hub.told.reasons() == ["zone-denied"]
    hub.provider.before = lambda call: None
    hub.run(Sweep(HUB))
    assert hub.content() is not None


def test_a_rate_limit_says_how_long_and_brings_back_what_it_stopped(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.provider.before = raises(RateLimited("429", after=300))
    assert hub.check(lb)["0"].after == 300
    assert hub.provider.calls == ["list"]


def test_a_throttled_look_at_the_incumbent_brings_the_challenger_back(hub: Hub) -> None:
    hub.know(AWAY)
    x = hub.put(make(make_id(1, AWAY), NAME))
    hub.check(x)
    y = hub.put(make(2, NAME, created=hub.clock()))
    hub.inventory.unreadable.add(AWAY)
    hub.inventory.causes[AWAY] = Cause.UNANSWERED
    assert list(hub.run(hub.event(EventKind.CREATED, y), Sweep(HUB))) == ["0"]
    hub.inventory.causes[AWAY] = Cause.ERROR
    assert hub.run(hub.event(EventKind.CREATED, y)) == {}
    assert hub.told.reasons().count("incumbent-unreadable") == 2


def test_a_delete_waits_for_a_scope_that_cannot_be_listed_until_it_is_overdue(hub: Hub) -> None:
    hub.know(AWAY)
    x = hub.put(make(1, NAME))
    hub.check(x)
    hub.inventory.unlistable.add(AWAY)
    hub.inventory.delete(x)
    hub.tell(EventKind.DELETED, x)
    hub.wait(600)
    assert hub.told.reasons()[-1] == "delete-waits"
    assert (len(hub.provider.at(NAME)), hub.outbox.delays) == (1, {})
    hub.know(AWAY, read_ago=2701)
    hub.tell(EventKind.DELETED, x)
    hub.wait(600)
    assert hub.provider.at(NAME) == []


def test_a_look_at_an_heir_sees_both_of_them_and_lists_nothing(hub: Hub) -> None:
    x, y = hub.put(make(1)), hub.put(make(2, NAME))
    hub.provider.add(NAME, "CNAME", "old.example.net", comment=f"{hub.rules.owner} {x}")
    look = SecondLook(x, NAME, ZONE, hub.record().id, hub.clock() - 30, Stage.HEIR, heir=y)
    hub.inventory.calls.clear()
    hub.run(look)
    assert hub.inventory.calls == ["look", "look"]
    assert hub.content() == hub.target(y)


def test_what_is_decided_anew_is_told_once(hub: Hub) -> None:
    hub.many(3)
    loser = hub.put(make(9, "c1.mesh.example.com"))
    hub.provider.poison.add("c2.mesh.example.com")
    hub.run(Sweep(HUB))
    assert sorted(hub.told.reasons()) == ["claimed-by", "create", "create", "provider-refuses"]
    assert [d.load_balancer for d, _ in hub.told.decisions if d.reason.value == "claimed-by"] == [loser]
