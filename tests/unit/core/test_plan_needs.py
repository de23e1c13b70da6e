"""What must be read before a name is decided, and who hears of what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Need, Reason
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import Cause, Record
from mesh_dns.errors import Misconfigured, Retryable
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import AWAY, NAME, OTHER, OTHER_ZONE, RULES, Scene, foreign, ours, second_look, told

X, Y, Z = make(1, NAME, created=100), make(2, NAME, created=200), make(3, NAME, created=300)
DROPPED = make(1, OTHER, created=100)

# What must be read first


@pytest.mark.parametrize(
    ("scene", "need"),
    [
        pytest.param(
            Scene(live=(X,), zone_read=False),
            Need(NAME, list_zones=frozenset({ZONE})),
            id="a zone that was not read is not an empty one",
        ),
        pytest.param(
            Scene(live=(Y,), records=(ours(X),)),
            Need(NAME, look_at=frozenset({X.id})),
            id="the incumbent, before a challenger hears anything",
        ),
        pytest.param(
            Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), listed=False),
            Need(NAME, list_scopes=frozenset({HUB, AWAY})),
            id="every known scope, before a name is vacant",
        ),
        pytest.param(
            Scene(live=(DROPPED, Y), about=(Y.id,), records=(ours(X),), listed=False),
            Need(NAME, list_scopes=frozenset({HUB})),
            id="every known scope, before a name that was let go is handed over",
        ),
    ],
)
def test_what_is_needed_is_asked_for_and_nothing_decided_meanwhile(scene: Scene, need: Need) -> None:
    plan = scene.plan()
    assert plan.needs == (need,)
    assert plan.decisions == ()


def test_an_incumbent_that_a_listing_shows_needs_no_look() -> None:
    assert told(Scene(live=(Y,), listed_only=(X,), records=(ours(X),)).plan()) == ["claimed-by 2", "in-sync 1"]


# Records that the settings no longer cover


@pytest.mark.parametrize(
    ("stray", "expected"),
    [
        pytest.param(ours(X, zone_id=OTHER_ZONE), ["create 1", "kept-not-allowed 1"], id="in another zone"),
        pytest.param(
            ours(X, name="cluster1.old.example.org"), ["create 1", "kept-not-allowed 1"], id="under another suffix"
        ),
    ],
)
def test_a_stray_record_of_ours_is_kept_and_reported(stray: Record, expected: list[str]) -> None:
    rules = replace(RULES, zones={"mesh.example.com": ZONE, "example.net": OTHER_ZONE})
    assert told(Scene(live=(X,), records=(stray,), rules=rules).plan()) == expected


@pytest.mark.parametrize(("stray", "right"), [("a", "b"), ("b", "a")], ids=["the stray first", "the right one first"])
def test_a_stray_record_hides_nothing_of_the_right_zone(stray: str, right: str) -> None:
    records = (ours(X, zone_id=OTHER_ZONE, id=stray), ours(X, id=right))
    rules = replace(RULES, zones={"mesh.example.com": ZONE, "example.net": OTHER_ZONE})
    assert told(Scene(live=(X,), records=records, rules=rules).plan()) == ["in-sync 1", "kept-not-allowed 1"]


@pytest.mark.parametrize("age", [0, 9999], ids=["first look", "ripe second look"])
def test_a_stray_record_is_kept_even_when_its_load_balancer_is_gone(age: float) -> None:
    stray = ours(X, name="cluster1.old.example.org")
    scene = Scene(gone=(X.id,), records=(stray,), second_looks=(second_look(stray, X.id, age=age),))
    assert told(scene.plan()) == ["kept-not-allowed 1"]


# Who hears of it


def test_refusals_are_only_for_those_in_question() -> None:
    everybody = Scene(live=(X, Y, Z), records=(ours(X),))
    assert told(everybody.plan()) == ["claimed-by 2", "claimed-by 3", "in-sync 1"]
    assert told(replace(everybody, about=(Y.id,)).plan()) == ["claimed-by 2", "in-sync 1"]


@pytest.mark.parametrize("name", ["cluster1.example.org", "*.mesh.example.com"], ids=["outside", "illegal"])
def test_a_bad_name_is_refused_only_to_those_in_question(name: str) -> None:
    scene = Scene(live=(make(1, name), make(2, name)), about=(make_id(2),))
    assert [d.load_balancer for d in scene.plan().decisions] == [make_id(2)]


def test_only_names_of_those_in_question_are_decided() -> None:
    scene = Scene(live=(X, make(2, OTHER)), records=(ours(make_id(9), "cluster9.mesh.example.com"),), about=(X.id,))
    assert {d.hostname for d in scene.plan().decisions} == {NAME}


def test_a_plan_says_whom_each_name_concerns() -> None:
    scene = Scene(live=(X, make(2, OTHER)), gone=(make_id(3),), records=(ours(make_id(3), OTHER),))
    assert scene.plan().concerns == {NAME: {X.id}, OTHER: {make_id(2), make_id(3)}}


def test_a_second_look_is_about_its_one_name_and_starts_nothing_for_others() -> None:
    both = (ours(X), ours(X, OTHER))
    scene = Scene(gone=(X.id,), records=both, about=(), second_looks=(second_look(both[0], X.id, age=10),))
    plan = scene.plan()
    assert {decision.hostname for decision in plan.decisions} == {NAME}
    assert plan.concerns == {NAME: {X.id}}


def test_a_second_look_hears_of_its_own_refusal_only() -> None:
    scene = Scene(live=(Y, Z), unreadable=(X.id,), records=(ours(X),), about=())
    assert told(replace(scene, second_looks=(second_look(ours(X), Y.id),)).plan()) == []
    two = replace(scene, records=(ours(X), ours(Y, OTHER)), second_looks=(second_look(ours(Y, OTHER), Y.id),))
    assert {decision.hostname for decision in two.plan().decisions} == {OTHER}


# An incumbent that cannot be read


@pytest.mark.parametrize(
    ("cause", "overdue", "retry"),
    [(Cause.UNANSWERED, (), True), (Cause.UNANSWERED, (HUB,), False), (Cause.ERROR, (), False)],
    ids=["throttled: it comes back", "throttled for three periods: a refusal", "denied: a refusal"],
)
def test_a_look_at_the_incumbent_that_failed(cause: Cause, overdue: tuple[object, ...], retry: bool) -> None:
    scene = Scene(live=(Y,), unreadable=(X.id,), cause=cause, records=(ours(X),), overdue=overdue)  # type: ignore[arg-type]
    decision = scene.only()
    assert (decision.reason, decision.retry) == (Reason.INCUMBENT_UNREADABLE, retry)


# Zones


TWO_ZONES = replace(RULES, zones={"mesh.example.com": ZONE, "mesh.example.net": OTHER_ZONE})
DENIED = {OTHER_ZONE: UnreadZone(Misconfigured("the token lacks Zone / DNS / Edit"), given_up=True)}
SLOW = {OTHER_ZONE: UnreadZone(Retryable("502"))}
ELSEWHERE = "cluster1.mesh.example.net"


def test_a_name_in_a_zone_that_denies_is_refused_with_its_words() -> None:
    decision = Scene(live=(make(1, ELSEWHERE),), rules=TWO_ZONES, unread=DENIED).only()
    assert (decision.reason, decision.retry) == (Reason.ZONE_DENIED, False)
    assert "lacks Zone / DNS / Edit" in decision.detail


def test_a_name_in_a_zone_that_does_not_answer_waits() -> None:
    plan = Scene(live=(make(1, ELSEWHERE),), rules=TWO_ZONES, unread=SLOW).plan()
    assert (plan.decisions, plan.needs) == ((), (Need(ELSEWHERE, list_zones=frozenset({OTHER_ZONE})),))


@pytest.mark.parametrize("look", [True, False], ids=["at the second look", "at the first look"])
def test_a_zone_that_does_not_answer_holds_up_deletes_elsewhere_and_one_that_denies_does_not(look: bool) -> None:
    scene = Scene(gone=(X.id,), records=(ours(X),), rules=TWO_ZONES)
    scene = replace(scene, second_looks=(second_look(ours(X), X.id),) if look else ())
    assert replace(scene, unread=SLOW).plan().needs == (Need(NAME, list_zones=frozenset({OTHER_ZONE})),)
    assert told(replace(scene, unread=DENIED).plan()) == ["delete 1" if look else "look-again 1"]


def test_a_zone_that_does_not_answer_holds_up_no_hand_over_elsewhere() -> None:
    scene = Scene(live=(make(1), Y), records=(ours(X),), rules=TWO_ZONES, unread=SLOW)
    assert told(scene.plan()) == ["hand-over 2"]


TWO_SUFFIXES = replace(RULES, zones={"mesh.example.com": ZONE, "eu.example.com": ZONE})


def test_two_suffixes_may_lie_in_one_zone() -> None:
    lb = make(1, NAME, "cluster1.eu.example.com", "cluster1.us.example.com")
    plan = Scene(live=(lb,), rules=TWO_SUFFIXES).plan()
    assert told(plan) == ["create 1", "create 1", "outside-zones 1"]
    assert {decision.change.zone_id for decision in plan.decisions if decision.change} == {ZONE}


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("mesh.example.com", "mesh.example.com is a zone's suffix itself; claim a name under it"),
        ("eu.mesh.example.com", "eu.mesh.example.com is a zone's suffix itself"),
        ("cluster1.example.org", "it lies under none of eu.mesh.example.com, mesh.example.com"),
    ],
    ids=["a suffix", "a suffix under another suffix", "outside"],
)
def test_what_is_said_of_a_name_that_no_zone_holds(name: str, detail: str) -> None:
    rules = replace(RULES, zones={"mesh.example.com": ZONE, "eu.mesh.example.com": OTHER_ZONE})
    decision = Scene(live=(make(1, name),), rules=rules).only()
    assert decision.reason is Reason.OUTSIDE_ZONES
    assert decision.detail.startswith(detail)


def test_the_longest_suffix_says_which_zone_holds_a_name() -> None:
    rules = replace(RULES, zones={"mesh.example.com": ZONE, "eu.mesh.example.com": OTHER_ZONE})
    change = Scene(live=(make(1, "a.eu.mesh.example.com"),), rules=rules).only().change
    assert change is not None
    assert change.zone_id == OTHER_ZONE


def test_a_foreign_record_in_another_zone_takes_no_name() -> None:
    record = replace(foreign("A"), zone_id=OTHER_ZONE)
    assert told(Scene(live=(X,), records=(record,), rules=TWO_ZONES).plan()) == ["create 1"]
