"""Waiting for an heir that AWS still provisions, records beside ours, and the end of our own messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.decision import Need, Reason
from mesh_dns.core.values import Action, ClaimState, LoadBalancer, LoadBalancerId, Readiness
from mesh_dns.core.work import MOST_HOPS, SecondLook, Stage
from tests.doubles.inventory import HUB, make
from tests.unit.core.scene import NAME, NOW, Scene, ours, second_look, told

X, Y, Z = make(1, NAME, created=100), make(2, NAME, created=200), make(3, NAME, created=300)
UNTAGGED = make(1, created=100)
RECORD = ours(X)


def heir(age: float = 30, *, active: bool = False) -> LoadBalancer:
    readiness = Readiness.ACTIVE if active else Readiness.PROVISIONING
    return replace(make(2, NAME, created=NOW - age), readiness=readiness)


def dropped(*heirs: LoadBalancer, **different: Any) -> Scene:
    return replace(Scene(live=(UNTAGGED, *heirs), records=(RECORD,)), **different)


def waiting(**different: Any) -> SecondLook:
    """The look that waits for the heir."""
    right = second_look(RECORD, X.id, age=30, stage=Stage.HEIR, state=ClaimState.DROPPED, heir=Y.id)
    return replace(right, **different)


@pytest.mark.parametrize(
    ("age", "wait"),
    [(0, 30), (30, 30), (59, 30), (60, 60), (119, 60), (120, 120), (239, 120), (240, 180), (420, 180), (590, 10)],
    ids=str,
)
def test_it_waits_longer_and_longer_and_never_beyond_10_minutes(age: float, wait: float) -> None:
    decision = dropped(heir(age)).decision()
    assert decision.reason is Reason.PROVISIONING
    assert (decision.change, decision.wait) == (None, wait)
    assert decision.look_again == SecondLook(
        X.id, NAME, RECORD.zone_id, RECORD.id, NOW, Stage.HEIR, ClaimState.DROPPED, heir=Y.id
    )


def test_the_waits_add_up_to_30_30_60_120_180_180() -> None:
    waits, age = [], 0.0
    while (decision := dropped(heir(age), told=frozenset(), second_looks=(waiting(),)).decision()).change is None:
        waits.append(decision.wait)
        age += decision.wait
    assert waits == [30, 30, 60, 120, 180, 180]
    assert decision.reason is Reason.HAND_OVER


@pytest.mark.parametrize(
    ("heirs", "remembered"), [((), None), ((Y,), Y.id), ((Z, Y), Z.id)], ids=["nobody", "an heir", "the newest of two"]
)
def test_a_confirmation_remembers_who_would_inherit(
    heirs: tuple[LoadBalancer, ...], remembered: LoadBalancerId | None
) -> None:
    look = Scene(live=heirs, gone=(X.id,), records=(RECORD,), told=frozenset()).decision().look_again
    assert look is not None
    assert (look.stage, look.heir) == (Stage.CONFIRMATION, remembered)


# fmt: off
WAITED = {
    "the heir is active: hand over": (dropped(heir(active=True)), ["hand-over 2"]),
    "the heir is provisioned: wait on": (dropped(heir()), ["provisioning 1"]),
    "the heir is provisioned for 10 minutes: hand over": (dropped(heir(600)), ["hand-over 2"]),
    "the old one claims again: it keeps the name":
        (Scene(live=(X, heir(active=True)), records=(RECORD,)), ["claimed-by 2", "in-sync 1"]),
    "the heir dropped the name, and another one is there: that one":
        (dropped(replace(heir(active=True), tags={}), make(3, NAME, created=300)), ["hand-over 3"]),
    "the heir failed, and nobody else is there: the grace begins":
        (dropped(replace(heir(), readiness=Readiness.FAILED)), ["look-again 1"]),
    "the old one is gone by now: that is worse, and is confirmed":
        (Scene(live=(heir(active=True),), gone=(X.id,), records=(RECORD,)), ["look-again 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), WAITED.values(), ids=WAITED.keys())
def test_what_the_look_at_an_heir_finds(scene: Scene, expected: list[str]) -> None:
    assert told(replace(scene, second_looks=(waiting(),), told=frozenset()).plan()) == expected


def test_the_look_at_an_heir_looks_for_nobody_else_and_lists_nothing() -> None:
    scene = dropped(heir(), listed=False, second_looks=(waiting(),), about=(), told=frozenset())
    assert told(scene.plan()) == ["provisioning 1"]
    without = dropped(listed=False, second_looks=(waiting(),), about=(), told=frozenset())
    assert without.plan().needs == (Need(NAME, list_scopes=frozenset({HUB})),)


def test_an_heir_that_is_not_there_any_more_starts_the_grace_over() -> None:
    decision = dropped(second_looks=(waiting(since=1.0),)).only()
    assert decision.reason is Reason.LOOK_AGAIN
    assert decision.look_again is not None
    assert (decision.look_again.stage, decision.look_again.since, decision.wait) == (Stage.GRACE, NOW, 600)


def test_two_chains_about_one_record_go_on_as_one() -> None:
    scene = dropped(heir(), second_looks=(waiting(hops=2), waiting(hops=1, since=NOW - 60)), told=frozenset())
    assert scene.decision().look_again == waiting(hops=2, since=NOW - 60)


# Nothing of ours is sent for ever


# fmt: off
STAGES = {
    "while a look is confirmed":
        (Scene(gone=(X.id,), records=(RECORD,), told=frozenset()), second_look(RECORD, X.id, age=10,
                                                                               stage=Stage.CONFIRMATION)),
    "while the grace runs": (Scene(gone=(X.id,), records=(RECORD,)), second_look(RECORD, X.id, age=10)),
    "when the grace starts over":
        (Scene(gone=(X.id,), records=(replace(RECORD, edited=NOW),)), second_look(RECORD, X.id)),
    "when it got worse":
        (Scene(gone=(X.id,), records=(RECORD,)), second_look(RECORD, X.id, state=ClaimState.DROPPED)),
    "when an heir vanished": (Scene(gone=(X.id,), records=(RECORD,)), second_look(RECORD, X.id, heir=Y.id)),
    "while an old heir waits":
        (Scene(live=(Y,), gone=(X.id,), records=(RECORD,)), second_look(RECORD, X.id, age=10, heir=Y.id)),
    "while an heir is provisioned": (dropped(heir()), waiting()),
    "beside a second record of ours":
        (Scene(live=(X,), gone=(Y.id,), records=(RECORD, ours(Y, id="b"))), second_look(ours(Y, id="b"), Y.id, age=10)),
}
# fmt: on


@pytest.mark.parametrize(("scene", "look"), STAGES.values(), ids=STAGES.keys())
def test_every_stage_carries_the_override_and_counts_its_hops(scene: Scene, look: SecondLook) -> None:
    sent = replace(scene, second_looks=(replace(look, override_guard=True, hops=3),)).decision().look_again
    assert sent is not None
    assert (sent.override_guard, sent.hops) == (True, 4)
    sent = replace(scene, second_looks=(look,)).decision().look_again
    assert sent is not None
    assert (sent.override_guard, sent.hops) == (False, 1)


def test_of_two_looks_at_one_record_one_override_is_enough() -> None:
    looks = (second_look(RECORD, X.id, age=10, override_guard=True), second_look(RECORD, X.id, age=100))
    sent = Scene(gone=(X.id,), records=(RECORD,), second_looks=looks).decision().look_again
    assert sent is not None
    assert (sent.override_guard, sent.since) == (True, NOW - 100)


@pytest.mark.parametrize(("scene", "look"), STAGES.values(), ids=STAGES.keys())
def test_every_stage_ends_at_the_limit_and_says_so(scene: Scene, look: SecondLook) -> None:
    last = replace(scene, second_looks=(replace(look, hops=MOST_HOPS - 1),)).decision()
    assert last.look_again is not None
    over = replace(scene, second_looks=(replace(look, hops=MOST_HOPS),)).plan().decisions
    assert all(decision.look_again is None and decision.change is None for decision in over)
    assert any("the next sweep starts over" in decision.detail for decision in over)


@pytest.mark.parametrize("scene", [scene for scene, _ in STAGES.values()], ids=STAGES.keys())
def test_an_overridden_sweep_gives_the_override_to_what_it_sends(scene: Scene) -> None:
    sent = replace(scene, override=(HUB,)).decision().look_again
    assert sent is not None
    assert sent.override_guard


# Two records of ours at one name


B = ours(Y, id="b")
RIPE = second_look(B, Y.id)
# fmt: off
SHARED = {
    "the one whose load balancer claims stays, the other is looked at again":
        (Scene(live=(X,), gone=(Y.id,), records=(RECORD, B)), ["in-sync 1", "name-shared 2"]),
    "the other way round":
        (Scene(live=(Y,), gone=(X.id,), records=(RECORD, B)), ["in-sync 2", "name-shared 1"]),
    "both claim: the older record stays":
        (Scene(live=(X, Y), records=(replace(RECORD, made=20.0), replace(B, made=10.0))),
         ["claimed-by 1", "in-sync 2", "name-shared 1"]),
    "both claim, and the provider does not say which is older: by id":
        (Scene(live=(X, Y), records=(RECORD, B)), ["claimed-by 1", "in-sync 2", "name-shared 1"]),
    "neither claims: one is a vacancy like any other":
        (Scene(gone=(X.id, Y.id), records=(RECORD, B)), ["look-again 2", "name-shared 1"]),
    "the other one's load balancer cannot be read: only reported":
        (Scene(live=(X,), unreadable=(Y.id,), records=(RECORD, B)), ["in-sync 1", "name-shared 2"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), SHARED.values(), ids=SHARED.keys())
def test_two_records_of_ours_at_one_name(scene: Scene, expected: list[str]) -> None:
    plan = scene.plan()
    assert told(plan) == expected
    assert all(decision.change is None for decision in plan.decisions)


def test_the_surplus_record_is_deleted_at_its_second_look_whoever_may_want_the_name() -> None:
    scene = Scene(live=(X, make(3, NAME)), gone=(Y.id,), records=(RECORD, B), second_looks=(RIPE,))
    (decision,) = (d for d in scene.plan().decisions if d.change is not None)
    assert decision.change is not None
    assert (decision.reason, decision.change.action, decision.change.record_id) == (
        Reason.NAME_SHARED,
        Action.DELETE,
        "b",
    )


@pytest.mark.parametrize(
    "look",
    [replace(RIPE, since=NOW - 599), replace(RIPE, record_id=RECORD.id), replace(RIPE, stage=Stage.CONFIRMATION)],
    ids=["too early", "of another record", "a confirmation"],
)
def test_the_surplus_record_stays_until_its_own_second_look_is_ripe(look: SecondLook) -> None:
    scene = Scene(live=(X,), gone=(Y.id,), records=(RECORD, B), second_looks=(look,))
    assert [d.change for d in scene.plan().decisions] == [None, None]


@pytest.mark.parametrize("told_by_event", [None, frozenset[Any]()], ids=["told by an event", "not told"])
@pytest.mark.parametrize(
    ("scene", "state"),
    [
        (Scene(live=(X,), gone=(Y.id,), records=(RECORD, B)), ClaimState.GONE),
        (Scene(live=(X, Y), records=(replace(RECORD, made=1.0), replace(B, made=2.0))), ClaimState.DROPPED),
    ],
    ids=["its load balancer is gone", "its load balancer claims the name, too"],
)
def test_the_first_look_at_a_surplus_record_is_remembered(scene: Scene, state: ClaimState, told_by_event: Any) -> None:
    first = replace(scene, told=told_by_event).decision()
    assert first.look_again == replace(RIPE, since=NOW, state=state)
    early = replace(RIPE, since=NOW - 100, state=state)
    second = replace(scene, told=told_by_event, second_looks=(early,)).decision()
    assert (second.look_again, second.wait) == (replace(early, hops=1), 500)


def test_a_surplus_record_whose_load_balancer_nobody_looked_at_is_looked_at() -> None:
    scene = Scene(live=(X,), records=(RECORD, B), listed=False)
    assert scene.plan().needs == (Need(NAME, look_at=frozenset({Y.id})),)


def test_an_unreadable_surplus_sends_nothing() -> None:
    scene = Scene(live=(X,), unreadable=(Y.id,), records=(RECORD, B))
    assert all(decision.look_again is None for decision in scene.plan().decisions)
