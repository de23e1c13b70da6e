"""What is read in which order, what is read once, and what is never asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import pytest

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Cause, Record, Unreadable
from mesh_dns.core.work import Check, EventKind, Sweep
from mesh_dns.dns.provider import Denied, Unavailable
from mesh_dns.errors import OutOfTime, Retryable
from mesh_dns.reading import Reader
from tests.doubles.hub import AWAY, FAR, NAME, OTHER, RULES, SUFFIX, ZONE_2, Hub, raises
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.others import VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider


@pytest.fixture
def hub() -> Hub:
    return Hub()


def reader(hub: Hub, *, time: float = 100) -> Reader:
    return Reader(hub.ports(), hub.scopes(), hub.clock() + time)


def test_each_load_balancer_and_scope_is_asked_once(hub: Hub) -> None:
    read, lb = reader(hub), hub.put(make(1, NAME))
    assert [read.look([lb]), read.look([lb]), read.look([lb, make_id(2)])] == [True, False, True]
    assert [read.list_scopes([HUB]), read.list_scopes([HUB])] == [True, False]
    read.find_tagged([HUB])
    read.find_tagged([HUB])
    assert hub.inventory.calls == ["look", "look", "listing", "tagged"]


def test_a_load_balancer_of_an_unknown_scope_is_never_asked_for(hub: Hub) -> None:
    stranger = make_id(1, FAR)
    read = reader(hub)
    assert read.look([stranger]) is False
    assert read.snapshot().sightings[stranger] == Unreadable("its scope is not known")
    assert hub.inventory.calls == []


def test_a_mark_of_a_foreign_account_makes_nobody_ask_there(hub: Hub) -> None:
    hub.provider.add(NAME, "CNAME", "x.example.net", comment=f"{RULES.owner} {make_id(9, FAR)}")
    lb = hub.put(make(1, NAME))
    hub.tell(EventKind.TAGGED, lb)
    assert hub.told.reasons() == ["incumbent-unreadable"]
    assert hub.inventory.calls == ["look"]


def test_an_inventory_that_forgets_an_answer_has_not_said_that_something_is_gone(hub: Hub) -> None:
    lb = make_id(1)
    hub.inventory.look = lambda ids, deadline: {}  # type: ignore[method-assign]
    read = reader(hub)
    assert read.look([lb])
    assert read.snapshot().sightings[lb] == Unreadable("AWS said nothing about it", cause=Cause.UNANSWERED)


def test_a_zone_is_listed_anew_and_the_newest_list_counts(hub: Hub) -> None:
    read = reader(hub)
    read.list_zones([ZONE], [])
    record = hub.provider.add(NAME, "A", "192.0.2.1")
    read.list_zones([ZONE], [])
    assert read.snapshot().zones == {ZONE: (record,)}
    hub.provider.before = raises(Unavailable("502"))
    read.list_zones([ZONE], [])
    assert (read.snapshot().zones, list(read.snapshot().unread_zones)) == ({}, [ZONE])
    hub.provider.calls.clear()
    read.list_zones([ZONE], [])
    assert hub.provider.calls == []


def test_each_zone_is_asked_for_its_own_names() -> None:
    hub = Hub(replace(RULES, zones={"mesh.example.com": ZONE, "eu.mesh.example.com": ZONE_2, "x.example.net": ZONE}))
    asked: list[Mapping[str, Collection[str]]] = []

    class Listening(InMemoryProvider):
        def read(
            self, wanted: Mapping[str, Collection[str]], deadline: float
        ) -> Mapping[str, Sequence[Record] | Retryable]:
            asked.append(wanted)
            return super().read(wanted, deadline)

    hub.provider = Listening()
    reader(hub).list_zones([ZONE, ZONE_2], [NAME, "a.eu.mesh.example.com", "b.x.example.net", "c.example.org"])
    assert asked == [{ZONE: ["b.x.example.net", NAME], ZONE_2: ["a.eu.mesh.example.com"]}]


@pytest.mark.parametrize(
    ("error", "since", "given_up"),
    [
        (Denied("403"), None, True),
        (Unavailable("502"), None, False),
        (Unavailable("502"), 2700, False),
        (Unavailable("502"), 2701, True),
        (OutOfTime("not begun"), 2701, False),
    ],
    ids=["it denies", "it does not answer", "for three periods", "for longer", "there was no time to ask it"],
)
def test_when_a_zone_is_given_up(hub: Hub, error: Unavailable, since: float | None, given_up: bool) -> None:
    if since is not None:
        hub.memory.remember(unread={ZONE})
        hub.clock.now += since
    hub.provider.before = raises(error)
    read = reader(hub)
    read.list_zones([ZONE], [])
    assert read.snapshot().unread_zones[ZONE].given_up is given_up


def test_a_zone_that_answers_is_remembered_as_such(hub: Hub) -> None:
    hub.memory.remember(unread={ZONE, ZONE_2})
    reader(hub).list_zones([ZONE], [])
    assert list(hub.memory.recall().unread) == [ZONE_2]


def test_nothing_is_asked_behind_the_deadline(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    failures = hub.run(hub.event(EventKind.TAGGED, lb), Sweep(HUB), time=-1)
    assert [type(failures[key]) for key in ("0", "1")] == [OutOfTime, OutOfTime]
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])


# Aws first, zones last


def _order(hub: Hub) -> list[str]:
    calls: list[str] = []
    hub.inventory.before = calls.append
    hub.provider.before = calls.append
    return calls


def test_aws_is_read_first_and_the_zone_last_and_anew_whenever_aws_was_asked_more(hub: Hub) -> None:
    x, y = hub.put(make(1, NAME)), hub.put(make(2, NAME, created=hub.clock()))
    hub.check(x)
    hub.inventory.delete(x)
    calls = _order(hub)
    hub.run(hub.event(EventKind.CREATED, y), hub.event(EventKind.DELETED, x))
    assert calls == ["look", "look", "list", "listing", "list", "apply"]


def test_what_somebody_made_between_two_lists_is_seen(hub: Hub) -> None:
    x = hub.put(make(1, NAME))
    hub.check(x)
    y = hub.put(make(2, NAME, created=hub.clock()))
    hub.inventory.delete(x)

    def takes_the_name(call: str) -> None:
        if call == "listing":
            hub.provider.records_by_id.clear()
            hub.provider.add(NAME, "A", "192.0.2.1")

    hub.inventory.before = takes_the_name
    hub.run(hub.event(EventKind.CREATED, y), hub.event(EventKind.DELETED, x))
    assert hub.told.reasons()[-1] == "name-taken"
    assert [record.type for record in hub.provider.at(NAME)] == ["A"]


@pytest.mark.parametrize("changes", [0, 1, 2, 3, 4, 9])
def test_a_zone_in_which_each_list_shows_another_incumbent_is_listed_four_times_at_most(hub: Hub, changes: int) -> None:
    challenger, *incumbents = [hub.put(make(number, NAME)) for number in range(12)]
    record = hub.provider.add(NAME, "CNAME", "old.example.net")
    following = iter([*incumbents[: changes + 1], *[incumbents[changes]] * 9])

    def somebody_edits(call: str) -> None:
        if call == "list":
            comment = f"{hub.rules.owner} {next(following)}"
            hub.provider.records_by_id[record.id] = replace(record, comment=comment)

    hub.provider.before = somebody_edits
    failures = hub.check(challenger)
    lists = min(changes + 2, 4)
    if changes < 3:
        assert (failures, hub.content()) == ({}, hub.target(incumbents[changes]))
        assert hub.provider.calls == [*["list"] * lists, "apply"]
    else:
        assert [type(error) for error in failures.values()] == [OutOfTime]
        assert hub.provider.calls == ["list"] * lists


def test_a_challenger_asks_for_its_incumbent_once_and_for_nothing_else(hub: Hub) -> None:
    hub.know(AWAY)
    x = hub.put(make(make_id(1, AWAY), NAME))
    hub.check(x)
    y = hub.put(make(2, NAME))
    calls = _order(hub)
    hub.tell(EventKind.TAGGED, y)
    assert calls == ["look", "list", "look", "list"]


# Planning again while writing


def test_planning_again_writes_nothing_that_the_policy_forbids(hub: Hub) -> None:
    hub.tighten(policy=Policy.CREATE_ONLY)
    lb = hub.put(make(1, NAME))

    def another_writer(call: str) -> None:
        if call == "apply" and not hub.provider.at(NAME):
            hub.provider.add(NAME, "CNAME", "old.example.net", comment=f"{RULES.owner} {lb}")

    hub.provider.before = another_writer
    assert list(hub.tell(EventKind.CREATED, lb)) == ["0"]
    assert hub.content() == "old.example.net"
    assert hub.tell(EventKind.CREATED, lb) == {}
    assert hub.told.outcomes()["update"] == "held-by-policy"


def test_a_zone_that_fails_while_planning_again_brings_its_messages_back(hub: Hub) -> None:
    ids = hub.many(3)
    hub.provider.poison.add(f"c1.{SUFFIX}")

    def before(call: str) -> None:
        if call == "list" and "apply" in hub.provider.calls:
            raise Unavailable("502")

    hub.provider.before = before
    assert sorted(hub.run(*(hub.event(EventKind.CREATED, lb) for lb in ids))) == ["0", "1", "2"]


# Clocks


@pytest.mark.parametrize("now", [0.0, 50.0, 119.0], ids=str)
def test_a_clock_that_has_just_begun_changes_nothing(now: float) -> None:
    hub = Hub(clock=VirtualClock(now))
    hub.know(HUB, announced=now - 9999)
    lb = hub.put(make(1, NAME, created=now))
    assert hub.tell(EventKind.CREATED, lb) == {}
    hub.inventory.delete(lb)
    assert hub.tell(EventKind.DELETED, lb) == {}
    hub.wait(600)
    assert hub.provider.at(NAME) == []


def test_a_clock_that_steps_back_between_two_looks_makes_the_second_one_wait(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.check(lb)
    hub.inventory.delete(lb)
    hub.tell(EventKind.DELETED, lb)
    (look,) = hub.outbox.take()
    hub.clock.now -= 100
    hub.run(look)
    assert hub.content() is not None
    assert list(hub.outbox.delays.values()) == [700]


def test_a_batch_about_nothing_that_we_serve_reads_no_zone_twice(hub: Hub) -> None:
    lb = hub.put(make(1))
    hub.run(Check(HUB, frozenset({lb})), hub.event(EventKind.UNTAGGED, lb))
    assert hub.provider.calls == ["list"]
    assert hub.content(OTHER) is None
