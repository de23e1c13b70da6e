"""Events ahead of AWS: when what an event told is not shown yet, and how long that is waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.lateness import PATIENCE, delay
from mesh_dns.core.request import Request
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import ClaimState, Gone, Kind, LoadBalancerId, Sighting, Unreadable
from mesh_dns.core.work import Check, Event, EventKind, SecondLook, Stage, Work
from mesh_dns.errors import NotYet
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.request_world import result_of
from tests.unit.core.scene import NAME, NOW, OTHER, RULES

LB = make_id(1)
CLASSIC = make_id(1, kind=Kind.CLASSIC)
TAGGED, OTHERWISE, UNTAGGED = make(LB, NAME, created=NOW - 50), make(LB, OTHER), make(LB, tags={"team": "mesh"})
DENIED = Unreadable("AccessDenied")
CREATED, CREATED_BARE = Event(EventKind.CREATED, NOW, NAME), Event(EventKind.CREATED, NOW)
TAGS, OTHER_TAGS = Event(EventKind.TAGGED, NOW, NAME), Event(EventKind.TAGGED, NOW)
UNTAGS, OTHER_UNTAGS = Event(EventKind.UNTAGGED, NOW, untags=True), Event(EventKind.UNTAGGED, NOW)
DELETED = Event(EventKind.DELETED, NOW)


def request(event: Event | None, lb: LoadBalancerId = LB) -> Request:
    return Request({"m": Check(lb.scope, frozenset({lb}), event)})


def snapshot(seen: Sighting, lb: LoadBalancerId = LB) -> Snapshot:
    return Snapshot(NOW, RULES, KnownScopes(frozenset({HUB})), {lb: seen})


# fmt: off
AHEAD = {
    "created, and not there": (CREATED, Gone(), True),
    "created without the tag, and not there": (CREATED_BARE, Gone(), True),
    "created with the tag, and there without it": (CREATED, UNTAGGED, True),
    "created with the tag, and there with it": (CREATED, TAGGED, False),
    "created with the tag, and there with another value: it was changed since": (CREATED, OTHERWISE, False),
    "created without the tag, and there without it": (CREATED_BARE, UNTAGGED, False),
    "created without the tag, and there with it": (CREATED_BARE, TAGGED, False),
    "tagged, and not there": (TAGS, Gone(), True),
    "tagged, and there without the tag": (TAGS, UNTAGGED, True),
    "tagged, and there with another value": (TAGS, OTHERWISE, True),
    "tagged, and there with the value": (TAGS, TAGGED, False),
    "tagged with other tags, and there without ours": (OTHER_TAGS, UNTAGGED, False),
    "untagged, and there with the tag": (UNTAGS, TAGGED, True),
    "untagged, and there without it": (UNTAGS, UNTAGGED, False),
    "untagged, and not there": (UNTAGS, Gone(), False),
    "other tags removed, and there with ours": (OTHER_UNTAGS, TAGGED, False),
    "deleted, and there": (DELETED, TAGGED, True),
    "deleted, and not there": (DELETED, Gone(), False),
    "deleted, and there, but created since": (DELETED, replace(TAGGED, created=NOW + 1), False),
    "deleted, and there, created in the same second": (DELETED, replace(TAGGED, created=NOW), True),
    "created, and it cannot be read": (CREATED, DENIED, False),
    "deleted, and it cannot be read": (DELETED, DENIED, False),
}
# fmt: on


@pytest.mark.parametrize(("event", "seen", "ahead"), AHEAD.values(), ids=AHEAD.keys())
def test_when_an_event_is_ahead_of_aws(event: Event, seen: Sighting, ahead: bool) -> None:
    found = snapshot(seen)
    assert (request(event).question(found).ahead == {LB}) is ahead
    failures = request(event).failures(result_of(found))
    assert isinstance(failures.get("m"), NotYet) is ahead


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        (-5, 5), (0, 5), (4.9, 5), (5, 10), (14.9, 10), (15, 20), (34.9, 20), (35, 40), (89.9, 40),
        (90, None), (91, None), (86_400, None),
    ],
    ids=str,
)  # fmt: skip
def test_it_comes_back_ever_later_while_it_is_younger_than_90_seconds(age: float, wait: float | None) -> None:
    event = replace(CREATED, at=NOW - age)
    failures = request(event).failures(result_of(snapshot(Gone())))
    assert ({key: error.after for key, error in failures.items()}) == ({} if wait is None else {"m": wait})
    assert request(event).question(snapshot(Gone())).ahead == (frozenset() if wait is None else {LB})


@pytest.mark.parametrize(
    ("age", "seconds"),
    [
        pytest.param(-240, 40, id="far in the future: only a wrong clock makes it so, and each receive counts"),
        pytest.param(-5.1, 40, id="a little more in the future than clocks differ"),
        pytest.param(-5, 5, id="a little in the future: clocks differ"),
        pytest.param(0, 5, id="just now"),
        pytest.param(80, 40, id="old"),
    ],
)
def test_an_event_comes_back_after_a_pause_that_grows_with_its_age(age: float, seconds: int) -> None:
    assert delay(age) == seconds


def test_the_pauses_are_about_5_10_20_and_40_seconds_and_no_more_than_five_looks() -> None:
    age, looks = 0.0, 1
    while failures := request(replace(CREATED, at=NOW - age)).failures(result_of(snapshot(Gone()))):
        assert failures["m"].after is not None
        age += failures["m"].after
        looks += 1
    assert PATIENCE < age < PATIENCE + 40
    assert looks == 6


def test_a_look_that_no_event_came_with_is_never_ahead() -> None:
    assert request(None).question(snapshot(Gone())).ahead == frozenset()


# An event that comes after the end


def second_look(lb: LoadBalancerId, **different: Any) -> SecondLook:
    return replace(SecondLook(lb, NAME, "zone", "record", NOW - 4), **different)


def deletion(lb: LoadBalancerId) -> Check:
    return Check(lb.scope, frozenset({lb}), DELETED)


# fmt: off
ENDS = {
    "created, and a delete event tells its end": (CREATED, Gone(), LB, deletion(LB), False),
    "tagged, and a delete event tells its end": (TAGS, Gone(), LB, deletion(LB), False),
    "created, and a look found it gone before": (CREATED, Gone(), LB, second_look(LB), False),
    "created, and a delete event tells the end of another one": (CREATED, Gone(), LB, deletion(make_id(2)), True),
    "created, and a look found another one gone": (CREATED, Gone(), LB, second_look(make_id(2)), True),
    "created, and what a look found is not confirmed":
        (CREATED, Gone(), LB, second_look(LB, stage=Stage.CONFIRMATION), True),
    "created, and a look found that it dropped the name":
        (CREATED, Gone(), LB, second_look(LB, state=ClaimState.DROPPED), True),
    "created, and only its tags were removed":
        (CREATED, Gone(), LB, Check(HUB, frozenset({LB}), UNTAGS), True),
    "tagged, and a delete event tells its end, but it is there": (TAGS, OTHERWISE, LB, deletion(LB), True),
    "a classic one created, and a delete event tells the end of that name":
        (CREATED, Gone(), CLASSIC, deletion(CLASSIC), True),
    "a classic one created, and a look found the name gone before":
        (CREATED, Gone(), CLASSIC, second_look(CLASSIC), True),
}
# fmt: on


@pytest.mark.parametrize(("event", "seen", "lb", "other", "ahead"), ENDS.values(), ids=ENDS.keys())
def test_an_event_is_not_waited_for_once_the_end_of_its_load_balancer_is_known(
    event: Event, seen: Sighting, lb: LoadBalancerId, other: Work, ahead: bool
) -> None:
    batch, found = Request({"m": Check(lb.scope, frozenset({lb}), event), "other": other}), snapshot(seen, lb)
    assert (lb in batch.question(found).ahead) is ahead
    assert isinstance(batch.failures(result_of(found)).get("m"), NotYet) is ahead


# What events told


# fmt: off
TOLD = {
    "deleted": (DELETED, LB, {(LB, ClaimState.GONE)}),
    "deleted, long ago": (replace(DELETED, at=0), LB, {(LB, ClaimState.GONE)}),
    "deleted, a classic one, whose name may have been made again": (DELETED, CLASSIC, set()),
    "the tag removed": (UNTAGS, LB, {(LB, ClaimState.DROPPED)}),
    "the tag of a classic one removed": (UNTAGS, CLASSIC, {(CLASSIC, ClaimState.DROPPED)}),
    "other tags removed": (OTHER_UNTAGS, LB, set()),
    "tagged, and it is gone": (TAGS, LB, set()),
    "created": (CREATED, LB, set()),
    "no event": (None, LB, set()),
}
# fmt: on


@pytest.mark.parametrize(("event", "lb", "told"), TOLD.values(), ids=TOLD.keys())
def test_what_an_event_told(
    event: Event | None, lb: LoadBalancerId, told: set[tuple[LoadBalancerId, ClaimState]]
) -> None:
    assert request(event, lb).question(snapshot(Gone(), lb)).told == told


def test_each_message_of_a_batch_tells_what_its_event_told() -> None:
    other = make_id(2)
    messages = {"1": Check(HUB, frozenset({LB})), "2": Check(HUB, frozenset({other}), DELETED)}
    assert Request(messages).question(snapshot(Gone(), other)).told == {(other, ClaimState.GONE)}


# fmt: off
RENAMED = {
    "AWS shows just this value: every other name was dropped": (TAGS, TAGGED, True),
    "AWS shows another value, for the event is ahead or was overtaken": (TAGS, OTHERWISE, False),
    "AWS shows no tag": (TAGS, UNTAGGED, False),
    "the event set other tags": (OTHER_TAGS, TAGGED, False),
    "it was created with just this value": (CREATED, TAGGED, True),
}
# fmt: on


@pytest.mark.parametrize(("event", "seen", "told"), RENAMED.values(), ids=RENAMED.keys())
def test_a_tag_that_was_set_tells_which_names_were_dropped(event: Event, seen: Sighting, told: bool) -> None:
    expected = {(LB, ClaimState.DROPPED)} if told else set()
    assert request(event).question(snapshot(seen)).told == expected
