"""What becomes of a record whose load balancer is gone or dropped the name, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.decision import Reason
from mesh_dns.core.values import ClaimState, LoadBalancer, Readiness
from mesh_dns.core.work import SecondLook, Stage
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import (
    AWAY,
    FAR,
    NAME,
    NOW,
    OTHER,
    OTHER_ZONE,
    Scene,
    ours,
    second_look,
    told,
    told_dropped,
    told_gone,
)

X, Y, Z = make(1, NAME, created=100), make(2, NAME, created=200), make(3, NAME, created=300)
RECORD = ours(X)
FRESH = make(2, NAME, created=NOW - 30)
UNTAGGED = make(1, created=100)
LOOK = second_look(RECORD, X.id)
NOTHING_TOLD = frozenset[Any]()


def gone(*heirs: LoadBalancer, **different: Any) -> Scene:
    """X, whose record is at the name, is gone; these others claim the name."""
    return replace(Scene(live=heirs, gone=(X.id,), records=(RECORD,)), **different)


def dropped(*heirs: LoadBalancer, **different: Any) -> Scene:
    """X, whose record is at the name, does not claim it any more; these others do."""
    return replace(Scene(live=(UNTAGGED, *heirs), records=(RECORD,)), **different)


def provisioning(load_balancer: LoadBalancer, **different: Any) -> LoadBalancer:
    return replace(load_balancer, readiness=Readiness.PROVISIONING, **different)


def confirming(*, age: float, state: ClaimState = ClaimState.GONE, **different: Any) -> SecondLook:
    return second_look(RECORD, X.id, age=age, stage=Stage.CONFIRMATION, state=state, **different)


# fmt: off
ROWS = {
    # nobody wants the name
    "gone, told by an event: look again": (gone(), ["look-again 1"]),
    "untagged, told by an event: look again": (dropped(), ["look-again 1"]),
    "gone, ripe second look: delete": (gone(second_looks=(LOOK,)), ["delete 1"]),
    "untagged, ripe second look: delete": (dropped(second_looks=(LOOK,)), ["delete 1"]),
    "failed, first look: look again":
        (Scene(live=(replace(X, readiness=Readiness.FAILED),), records=(RECORD,)), ["look-again 1"]),
    "still provisioned, it claims all the same: nothing":
        (Scene(live=(provisioning(X),), records=(RECORD,)), ["in-sync 1"]),
    # it dropped the name, and others want it
    "dropped, and an active heir of any age: at once": (dropped(Y), ["hand-over 2"]),
    "dropped, and two active heirs: the newest": (dropped(Y, Z), ["claimed-by 2", "hand-over 3"]),
    "dropped, and the newest heir is provisioned: the newest active one":
        (dropped(Y, provisioning(Z)), ["claimed-by 3", "hand-over 2"]),
    "dropped, and the only heir is provisioned: wait for it":
        (dropped(provisioning(FRESH)), ["provisioning 1"]),
    "dropped, and the heir is provisioned for 10 minutes: hand over anyway":
        (dropped(provisioning(FRESH, created=NOW - 600)), ["hand-over 2"]),
    # it is gone, and others want the name
    "gone, and an heir younger than the grace: at once": (gone(FRESH), ["hand-over 2"]),
    "gone, and a young heir that is provisioned: at once, for the old target is dead":
        (gone(provisioning(FRESH)), ["hand-over 2"]),
    "gone, and an heir as old as the grace: after the second look":
        (gone(replace(Y, created=NOW - 600)), ["look-again 1"]),
    "gone, and an old heir, ripe second look: hand over": (gone(Y, second_looks=(LOOK,)), ["hand-over 2"]),
    "gone, and an old heir, early second look: wait":
        (gone(Y, second_looks=(replace(LOOK, since=NOW - 599),)), ["look-again 1"]),
    "gone, and two heirs of the same age: the lower id inherits":
        (gone(Y, replace(Z, created=200), second_looks=(LOOK,)), ["claimed-by 3", "hand-over 2"]),
    "gone, and the newest of two heirs is provisioned: it inherits all the same":
        (gone(Y, provisioning(Z), second_looks=(LOOK,)), ["claimed-by 2", "hand-over 3"]),
    "an heir in another known scope":
        (gone(make(make_id(2, AWAY), NAME, created=NOW), known=(HUB, AWAY)), ["hand-over 2"]),
    "an heir that only a listing shows": (gone(listed_only=(FRESH,)), ["hand-over 2"]),
    "gone by its own look, but in the listing after it: it claims": (gone(listed_only=(X,)), ["in-sync 1"]),
    # an event told what AWS does not show yet
    "an event is ahead of AWS: nothing is taken": (dropped(Y, ahead=(X.id,)), ["event-ahead 1"]),
    "an event is ahead of AWS, ripe second look: nothing is deleted":
        (gone(ahead=(X.id,), second_looks=(LOOK,)), ["event-ahead 1"]),
    "an event of another one is ahead of AWS: no matter": (gone(FRESH, ahead=(FRESH.id,)), ["hand-over 2"]),
    "an event is ahead of AWS, and it claims: its record is right": (Scene(live=(X,), records=(RECORD,), ahead=(X.id,)),
                                                                     ["in-sync 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ROWS.values(), ids=ROWS.keys())
def test_a_vacancy(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


# Confirmation: what no event told


# fmt: off
CONFIRMED = {
    "gone, an event told it: the grace begins": (gone(), Stage.GRACE, 600),
    "gone, no event told it: look again after 45 s": (gone(told=NOTHING_TOLD), Stage.CONFIRMATION, 45),
    "gone, and only an untag event came: look again after 45 s":
        (gone(told=told_dropped(X.id)), Stage.CONFIRMATION, 45),
    "dropped, no event told it: look again after 45 s": (dropped(told=NOTHING_TOLD), Stage.CONFIRMATION, 45),
    "dropped, and only a delete event came: look again after 45 s":
        (dropped(told=told_gone(X.id)), Stage.CONFIRMATION, 45),
    "dropped, and an event told it of somebody else: look again after 45 s":
        (dropped(told=told_dropped(Y.id)), Stage.CONFIRMATION, 45),
    "gone, not told, and a young heir: nothing is handed over before 45 s":
        (gone(FRESH, told=NOTHING_TOLD), Stage.CONFIRMATION, 45),
    "dropped, not told, and an active heir: nothing is handed over before 45 s":
        (dropped(Y, told=NOTHING_TOLD), Stage.CONFIRMATION, 45),
    "dropped, not told, and a provisioned heir: confirmed before its wait begins":
        (dropped(provisioning(FRESH), told=NOTHING_TOLD), Stage.CONFIRMATION, 45),
    "seen again after 45 s: it was the first look": (gone(told=NOTHING_TOLD, second_looks=(confirming(age=45),)),
                                                     Stage.GRACE, 600),
    "seen again after 40 s: that is enough": (gone(told=NOTHING_TOLD, second_looks=(confirming(age=40),)),
                                              Stage.GRACE, 600),
    "seen again after 39 s: that was too early": (gone(told=NOTHING_TOLD, second_looks=(confirming(age=39),)),
                                                  Stage.CONFIRMATION, 45),
    "seen again after 39 s, and an event tells it by now": (gone(second_looks=(confirming(age=39),)),
                                                            Stage.GRACE, 600),
    "dropped, then gone: it got worse, confirm anew":
        (gone(told=NOTHING_TOLD, second_looks=(confirming(age=45, state=ClaimState.DROPPED),)),
         Stage.CONFIRMATION, 45),
    "gone, then there without the name: it got better, and counts":
        (dropped(told=NOTHING_TOLD, second_looks=(confirming(age=45),)), Stage.GRACE, 600),
    "dropped, then gone when the grace is over: confirm anew":
        (gone(told=NOTHING_TOLD, second_looks=(replace(LOOK, state=ClaimState.DROPPED),)), Stage.CONFIRMATION, 45),
    "dropped, then gone and told, when the grace is over: a new grace":
        (gone(second_looks=(replace(LOOK, state=ClaimState.DROPPED),)), Stage.GRACE, 600),
}
# fmt: on


@pytest.mark.parametrize(("scene", "stage", "wait"), CONFIRMED.values(), ids=CONFIRMED.keys())
def test_when_a_first_look_counts(scene: Scene, stage: Stage, wait: float) -> None:
    decision = scene.decision()
    assert decision.change is None
    assert decision.look_again is not None
    assert (decision.look_again.stage, decision.look_again.since) == (stage, NOW)
    assert decision.wait == wait


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (gone(FRESH, told=NOTHING_TOLD, second_looks=(confirming(age=45),)), Reason.HAND_OVER),
        (dropped(Y, told=NOTHING_TOLD, second_looks=(confirming(age=45, state=ClaimState.DROPPED),)), Reason.HAND_OVER),
        (gone(Y, told=NOTHING_TOLD, second_looks=(confirming(age=45),)), Reason.LOOK_AGAIN),
        (gone(told=NOTHING_TOLD, second_looks=(confirming(age=9999),)), Reason.LOOK_AGAIN),
    ],
    ids=[
        "gone, and a young heir: hand over",
        "dropped, and an active heir: hand over",
        "gone, and an old heir: wait for the grace",
        "nobody wants it: a confirmation is never the second look, however late it comes",
    ],
)
def test_what_a_confirmation_leads_to(scene: Scene, reason: Reason) -> None:
    assert scene.decision().reason is reason


def test_with_a_grace_of_nothing_a_delete_still_takes_a_confirmation_and_two_looks() -> None:
    at_once = replace(gone().rules, grace=0)
    first = gone(told=NOTHING_TOLD, rules=at_once).decision()
    assert (first.look_again and first.look_again.stage, first.wait) == (Stage.CONFIRMATION, 45)
    second = gone(told=NOTHING_TOLD, rules=at_once, second_looks=(confirming(age=45),)).decision()
    assert (second.look_again and second.look_again.stage, second.wait, second.change) == (Stage.GRACE, 0, None)
    assert second.look_again is not None
    third = gone(told=NOTHING_TOLD, rules=at_once, second_looks=(second.look_again,)).decision()
    assert third.reason is Reason.DELETE


# The second look is at just this record, and nothing may have happened since the first


NOT_THIS_RECORD = {
    "another record id (it was made anew since)": {"record_id": "another"},
    "another load balancer": {"load_balancer": make_id(9)},
    "another name": {"hostname": OTHER},
    "another zone": {"zone_id": OTHER_ZONE},
    "a grace that is not over": {"since": NOW - 599},
    "a first look in the future": {"since": NOW + 600},
}


@pytest.mark.parametrize("different", NOT_THIS_RECORD.values(), ids=NOT_THIS_RECORD.keys())
def test_a_second_look_with_something_else_in_it_deletes_nothing(different: dict[str, Any]) -> None:
    decisions = gone(second_looks=(replace(LOOK, **different),)).plan().decisions
    assert [d.reason for d in decisions] == [Reason.LOOK_AGAIN]


def test_a_clock_that_stepped_back_far_asks_the_queue_for_no_more_than_it_takes() -> None:
    assert gone(second_looks=(replace(LOOK, since=NOW + 3600),)).only().wait == 900


def test_a_first_look_is_remembered_in_the_second() -> None:
    first = gone().only().look_again
    assert first == SecondLook(X.id, NAME, ZONE, RECORD.id, NOW, Stage.GRACE, ClaimState.GONE)
    early = replace(LOOK, since=NOW - 100)
    decision = gone(second_looks=(early,)).only()
    assert (decision.look_again, decision.wait) == (replace(early, hops=1), 500)


def test_of_several_second_looks_at_a_record_the_oldest_counts() -> None:
    looks = tuple(second_look(RECORD, X.id, age=age) for age in (10, 600, 300))
    assert told(gone(second_looks=looks).plan()) == ["delete 1"]


def test_an_older_confirmation_does_not_beat_a_ripe_second_look() -> None:
    assert told(gone(second_looks=(LOOK, confirming(age=9999))).plan()) == ["delete 1"]


@pytest.mark.parametrize(
    ("edited", "reason"),
    [(NOW - 601, Reason.DELETE), (NOW - 600, Reason.DELETE), (NOW - 599, Reason.LOOK_AGAIN), (None, Reason.DELETE)],
    ids=["edited before", "edited at the first look", "edited since", "the provider does not say"],
)
def test_a_record_that_was_edited_since_the_first_look_starts_over(edited: float | None, reason: Reason) -> None:
    decision = gone(records=(replace(RECORD, edited=edited),), second_looks=(LOOK,)).only()
    assert decision.reason is reason
    if reason is Reason.LOOK_AGAIN:
        assert decision.look_again is not None
        assert (decision.look_again.since, decision.wait) == (NOW, 600)


def test_an_edited_record_is_not_handed_to_an_old_heir_either() -> None:
    scene = gone(Y, records=(replace(RECORD, edited=NOW - 10),), second_looks=(LOOK,))
    assert told(scene.plan()) == ["look-again 1"]


def test_a_second_look_that_finds_no_heir_where_the_first_saw_one_starts_over() -> None:
    saw = replace(LOOK, heir=Y.id)
    decision = gone(second_looks=(saw,)).only()
    assert decision.reason is Reason.LOOK_AGAIN
    assert str(Y.id) in decision.detail
    assert decision.look_again == replace(LOOK, since=NOW, hops=1)
    assert told(gone(Z, second_looks=(saw,)).plan()) == ["hand-over 3"]


def test_an_heir_that_only_a_confirmation_saw_starts_nothing_over() -> None:
    decision = gone(told=NOTHING_TOLD, second_looks=(confirming(age=45, heir=Y.id),)).only()
    assert decision.look_again == replace(LOOK, since=NOW, hops=1)


# Scopes that cannot be listed for heirs, a young register, zones that do not answer


TWO = (HUB, AWAY)
# fmt: off
HELD_UP = {
    "its own scope unlistable: neither delete nor look again, but retry":
        (gone(known=TWO, unlistable=(HUB,), second_looks=(replace(LOOK, since=1),)), ["scope-unlistable 1"]),
    "its own scope unlistable, and a claimant elsewhere: no hand-over either":
        (gone(make(make_id(2, AWAY), NAME, created=NOW), known=TWO, unlistable=(HUB,)), ["scope-unlistable 1"]),
    "its own scope unlistable, and it merely dropped the name: no hand-over either":
        (dropped(Y, unlistable=(HUB,)), ["scope-unlistable 1"]),
    "its own scope unlistable and overdue: like any other":
        (gone(known=TWO, unlistable=(HUB,), overdue=(HUB,), second_looks=(LOOK,)), ["delete 1"]),
    "another scope unlistable, first look: look again all the same":
        (gone(known=TWO, unlistable=(AWAY,)), ["look-again 1"]),
    "another scope unlistable, however ripe: the delete waits, and this look ends":
        (gone(known=TWO, unlistable=(AWAY,), second_looks=(replace(LOOK, since=1),)), ["delete-waits 1"]),
    "another scope unlistable and overdue: delete":
        (gone(known=TWO, unlistable=(AWAY,), overdue=(AWAY,), second_looks=(LOOK,)), ["delete 1"]),
    "two unlistable scopes of which one is overdue: wait for the other":
        (gone(known=(*TWO, FAR), unlistable=(AWAY, FAR), overdue=(AWAY,), second_looks=(LOOK,)), ["delete-waits 1"]),
    "another scope unlistable, and an heir in one that can be listed: hand over":
        (gone(FRESH, known=TWO, unlistable=(AWAY,)), ["hand-over 2"]),
    "an overdue scope that can be listed holds nothing up":
        (gone(known=TWO, overdue=(AWAY,), second_looks=(LOOK,)), ["delete 1"]),
    "a young register, ripe: the delete waits": (gone(young=True, second_looks=(LOOK,)), ["delete-waits 1"]),
    "a young register, first look: look again all the same": (gone(young=True), ["look-again 1"]),
    "a young register, and an old heir, ripe: hand over": (gone(Y, young=True, second_looks=(LOOK,)), ["hand-over 2"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), HELD_UP.values(), ids=HELD_UP.keys())
def test_what_holds_a_delete_up(scene: Scene, expected: list[str]) -> None:
    plan = scene.plan()
    assert told(plan) == expected
    assert [d.retry for d in plan.decisions] == [d.reason is Reason.SCOPE_UNLISTABLE for d in plan.decisions]
    assert all(d.look_again is None for d in plan.decisions if d.reason is not Reason.LOOK_AGAIN)
