"""The mass-delete guard counts the world, per scope and over all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Need, Reason
from mesh_dns.core.guard import Guard
from mesh_dns.core.rules import Policy
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import LoadBalancer, Readiness, Record, Scope
from mesh_dns.errors import Retryable
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, FAR, NOW, OTHER_ZONE, OWNER, RULES, Scene, foreign, ours, second_look, told


def _scope(scope: Scope, owned: int, left: int, start: int = 0) -> tuple[list[LoadBalancer], list[Record]]:
    ids = [make_id(start + number, scope) for number in range(owned)]
    records = [ours(lb, f"c{int(lb.id, 16)}.mesh.example.com") for lb in ids]
    live = [make(lb, f"c{int(lb.id, 16)}.mesh.example.com") for lb in ids[:left]]
    return live, records


def counted(*scopes: tuple[Scope, int, int], **different: object) -> Guard:
    """A guard over scopes with so many owned records, of which so many still have their load balancer."""
    live: list[LoadBalancer] = []
    records: list[Record] = []
    for number, (scope, owned, left) in enumerate(scopes):
        of_scope = _scope(scope, owned, left, 1000 * number)
        live += of_scope[0]
        records += of_scope[1]
    scene = Scene(live=tuple(live), known=tuple(scope for scope, _, _ in scopes))
    return Guard.count(replace(scene, records=tuple(records), **different).snapshot())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scopes", "stopped"),
    [
        pytest.param([(HUB, 10, 0)], set(), id="10 of 10: not over 10"),
        pytest.param([(HUB, 11, 0)], {HUB}, id="11 of 11"),
        pytest.param([(HUB, 100, 70)], set(), id="30 of 100: exactly 30 percent"),
        pytest.param([(HUB, 100, 69)], {HUB}, id="31 of 100"),
        pytest.param([(HUB, 1000, 980)], set(), id="20 of 1000"),
        pytest.param([(HUB, 11, 0), (AWAY, 100, 99)], {HUB}, id="one scope gone: its own deletes only"),
        pytest.param([(HUB, 5, 0), (AWAY, 5, 0), (FAR, 5, 0)], {HUB, AWAY, FAR}, id="5 of 5 in three scopes: all"),
        pytest.param([(HUB, 5, 0), (AWAY, 5, 0)], set(), id="5 of 5 in two scopes: not over 10"),
        pytest.param([(HUB, 15, 12), (AWAY, 8, 0)], {HUB, AWAY}, id="together over both"),
    ],
)
def test_when_it_trips(scopes: list[tuple[Scope, int, int]], stopped: set[Scope]) -> None:
    guard = counted(*scopes)
    assert {scope for scope, _, _ in scopes if guard.objection_to_delete_in(scope)} == stopped


def test_it_says_what_it_counted() -> None:
    assert counted((HUB, 40, 10)).objection_to_delete_in(HUB) == (f"30 of 40 records of {HUB} lost their load balancer")
    three = counted((HUB, 5, 0), (AWAY, 5, 0), (FAR, 5, 0))
    assert three.objection_to_delete_in(HUB) == "15 of all 15 records lost their load balancer"


def test_a_scope_that_cannot_be_listed_has_lost_nothing() -> None:
    guard = counted((HUB, 30, 0), unlistable=(HUB,))
    assert (dict(guard.owned), dict(guard.lost)) == ({HUB: 30}, {})


def test_a_scope_that_cannot_be_listed_hides_no_other_ones_losses() -> None:
    guard = counted((HUB, 30, 0), (AWAY, 30, 0), unlistable=(HUB,))
    assert (dict(guard.owned), dict(guard.lost)) == ({HUB: 30, AWAY: 30}, {AWAY: 30})


def test_what_does_not_count_hides_nothing_that_does() -> None:
    _, records = _scope(HUB, 11, 0)
    text = replace(records[0], id="text", type="TXT")
    assert Guard.count(Scene(records=(text, *records)).snapshot()).lost[HUB] == 11


def test_an_untagged_load_balancer_counts_like_a_gone_one() -> None:
    live, records = _scope(HUB, 11, 11)
    untagged = tuple(replace(lb, tags={}) for lb in live)
    assert Guard.count(Scene(live=untagged, records=tuple(records)).snapshot()).objection_to_delete_in(HUB) is not None


def test_only_our_cnames_of_known_scopes_count() -> None:
    _, records = _scope(HUB, 30, 0)
    others = [
        *(replace(record, type="TXT") for record in records),
        *(replace(record, comment=record.comment.replace(OWNER, "other")) for record in records),
        *(ours(make_id(n, FAR)) for n in range(30)),
        *(foreign() for _ in range(30)),
    ]
    guard = Guard.count(Scene(records=tuple(others)).snapshot())
    assert (dict(guard.owned), dict(guard.lost)) == ({}, {})


@pytest.mark.parametrize(
    ("heir", "lost"),
    [
        (make(9, "c0.mesh.example.com"), 10),
        (make(make_id(9, FAR), "c0.mesh.example.com"), 10),
        (replace(make(9, "c0.mesh.example.com"), readiness=Readiness.PROVISIONING), 10),
        (replace(make(9, "c0.mesh.example.com"), readiness=Readiness.FAILED), 11),
        (make(9, "c99.mesh.example.com"), 11),
        (make(9, "c0.mesh.example.com", internal=False), 11),
    ],
    ids=[
        "an heir is no loss",
        "an heir in another scope",
        "an heir that is provisioned: it must claim",
        "a failed one claims nothing",
        "somebody with another name",
        "somebody who may not have it",
    ],
)
def test_a_name_with_an_heir_is_no_loss(heir: LoadBalancer, lost: int) -> None:
    _, records = _scope(HUB, 11, 0)
    scene = Scene(live=(heir,), records=tuple(records), known=(HUB, FAR))
    guard = Guard.count(scene.snapshot())
    assert guard.lost.get(HUB) == lost
    assert bool(guard.objection_to_delete_in(HUB)) == (lost == 11)


def test_thirty_tags_that_moved_from_blue_to_green_and_one_teardown_are_one_loss() -> None:
    _, records = _scope(HUB, 31, 0)
    green = tuple(make(100 + n, f"c{n}.mesh.example.com") for n in range(30))
    guard = Guard.count(Scene(live=green, records=tuple(records)).snapshot())
    assert (dict(guard.lost), guard.objection_to_delete_in(HUB)) == ({HUB: 1}, None)


def test_who_keeps_a_name_that_he_may_not_have_any_more_has_not_lost_it() -> None:
    live, records = _scope(HUB, 30, 30)
    rules = replace(RULES, accounts={HUB.account: ("other.mesh.example.com",)})
    assert Guard.count(Scene(live=tuple(live), records=tuple(records), rules=rules).snapshot()).lost == {}


def test_what_is_in_a_zone_that_was_given_up_does_not_count() -> None:
    _, records = _scope(HUB, 11, 0)
    rules = replace(RULES, zones={**RULES.zones, "mesh.example.net": OTHER_ZONE})
    away = tuple(replace(record, zone_id=OTHER_ZONE) for record in records[:2])
    unread = {OTHER_ZONE: UnreadZone(Retryable("403"), given_up=True)}
    scene = Scene(records=(*records[2:], *away), rules=rules, unread=unread)
    assert Guard.count(scene.snapshot()).owned == {HUB: 9}


# In a plan


def _teardown(gone: int, left: int) -> Scene:
    every = [make(n, f"c{n}.mesh.example.com") for n in range(1, gone + left + 1)]
    records = tuple(ours(lb, f"c{n}.mesh.example.com") for n, lb in enumerate(every, start=1))
    looks = tuple(second_look(r, lb.id) for r, lb in zip(records[:gone], every, strict=False))
    return Scene(
        live=tuple(every[gone:]), gone=tuple(lb.id for lb in every[:gone]), records=records, second_looks=looks
    )


@pytest.mark.parametrize(
    ("gone", "left", "reason"),
    [
        pytest.param(10, 0, Reason.DELETE, id="10 of 10 is not over 10"),
        pytest.param(11, 0, Reason.MASS_DELETE_GUARD, id="11 of 11 is over both"),
        pytest.param(11, 25, Reason.MASS_DELETE_GUARD, id="11 of 36 is over 30 percent"),
        pytest.param(11, 26, Reason.DELETE, id="11 of 37 is under 30 percent"),
        pytest.param(12, 28, Reason.DELETE, id="12 of 40 is exactly 30 percent"),
        pytest.param(13, 28, Reason.MASS_DELETE_GUARD, id="13 of 41 is over both again"),
    ],
)
def test_the_guard(gone: int, left: int, reason: Reason) -> None:
    decisions = [d for d in _teardown(gone, left).plan().decisions if d.reason is not Reason.IN_SYNC]
    assert [d.reason for d in decisions] == [reason] * gone
    assert all((d.change is None) == (reason is not Reason.DELETE) and d.look_again is None for d in decisions)


def test_the_guard_counts_what_is_not_in_question_too() -> None:
    scene = _teardown(30, 0)
    scene = replace(scene, about=(make_id(1),), second_looks=())
    assert told(scene.plan()) == ["mass-delete-guard 1"]


def test_a_name_that_somebody_else_claims_passes_the_guard() -> None:
    scene = _teardown(30, 0)
    heir = make(99, "c1.mesh.example.com", created=NOW)
    reasons = {d.hostname: d.reason for d in replace(scene, live=(heir,)).plan().decisions}
    assert reasons.pop("c1.mesh.example.com") is Reason.HAND_OVER
    assert set(reasons.values()) == {Reason.MASS_DELETE_GUARD}


def test_an_override_rides_in_the_second_looks_of_just_this_question() -> None:
    scene = replace(_teardown(30, 0), second_looks=())
    assert not any(d.look_again for d in scene.plan().decisions)
    looks = [d.look_again for d in replace(scene, override=(HUB,)).plan().decisions]
    assert len(looks) == 30
    assert all(look is not None and look.override_guard for look in looks)


def test_an_override_in_a_second_look_holds_for_just_its_record() -> None:
    scene = _teardown(30, 0)
    looks = (replace(scene.second_looks[4], override_guard=True), *scene.second_looks[5:])
    reasons = {d.hostname: d.reason for d in replace(scene, second_looks=looks).plan().decisions}
    assert reasons.pop("c5.mesh.example.com") is Reason.DELETE
    assert set(reasons.values()) == {Reason.MASS_DELETE_GUARD}


def test_an_override_does_not_skip_the_second_look() -> None:
    scene = replace(_teardown(1, 0), second_looks=(), override=(HUB,))
    assert told(scene.plan()) == ["look-again 1"]


def test_an_override_is_for_the_scope_that_it_names_and_no_other() -> None:
    both = [lb for scope in (HUB, AWAY) for lb in [make_id(100 * (scope == AWAY) + n, scope) for n in range(1, 21)]]
    records = tuple(ours(lb, f"c{int(lb.id, 16)}.mesh.example.com") for lb in both)
    scene = Scene(gone=tuple(both), records=records, known=(HUB, AWAY), override=(HUB,))
    reasons = {(d.load_balancer.scope, d.reason) for d in scene.plan().decisions}
    assert reasons == {(HUB, Reason.LOOK_AGAIN), (AWAY, Reason.MASS_DELETE_GUARD)}


@pytest.mark.parametrize("policy", [Policy.UPSERT_ONLY, Policy.CREATE_ONLY])
def test_a_policy_that_deletes_nothing_never_trips_it(policy: Policy) -> None:
    scene = replace(_teardown(30, 0), rules=replace(RULES, policy=policy), second_looks=())
    assert {d.reason for d in scene.plan().decisions} == {Reason.LOOK_AGAIN}


# What a sweep asks singly


def _swept(gone: int, left: int, **different: object) -> Scene:
    """A sweep of a scope whose list lacks some; nobody looked at them yet."""
    scene = replace(_teardown(gone, left), gone=(), second_looks=(), about=(), swept=(HUB,))
    return replace(scene, **different)  # type: ignore[arg-type]


def test_a_sweep_lists_before_it_asks_singly() -> None:
    needs = _swept(2, 0, listed=False).plan().needs
    assert {need.list_scopes for need in needs} == {frozenset({HUB})}
    assert all(not need.look_at for need in needs)


def test_a_sweep_asks_for_what_the_list_lacks_while_the_guard_is_quiet() -> None:
    plan = _swept(2, 1).plan()
    assert {lb for need in plan.needs for lb in need.look_at} == {make_id(1), make_id(2)}


def test_a_sweep_does_not_ask_while_the_guard_objects_except_where_an_heir_waits() -> None:
    heir = make(99, "c1.mesh.example.com", created=NOW)
    plan = _swept(30, 0, live=(heir,)).plan()
    assert plan.needs == (Need("c1.mesh.example.com", look_at=frozenset({make_id(1)})),)
    assert {d.reason for d in plan.decisions} == {Reason.MASS_DELETE_GUARD}
    assert len(plan.decisions) == 29


def test_an_overridden_sweep_asks_for_all() -> None:
    assert len(_swept(30, 0, override=(HUB,)).plan().needs) == 30


@pytest.mark.parametrize("policy", [Policy.UPSERT_ONLY, Policy.CREATE_ONLY])
def test_a_sweep_that_may_not_delete_asks_only_where_an_heir_waits(policy: Policy) -> None:
    heir = make(99, "c1.mesh.example.com", created=NOW)
    plan = _swept(3, 0, live=(heir,), rules=replace(RULES, policy=policy)).plan()
    assert plan.needs == (Need("c1.mesh.example.com", look_at=frozenset({make_id(1)})),)
    assert [(d.reason, d.look_again) for d in plan.decisions] == [(Reason.NOT_LISTED, None)] * 2


def test_a_sweep_whose_scope_cannot_be_listed_asks_singly() -> None:
    plan = _swept(2, 0, unlistable=(HUB,)).plan()
    assert {lb for need in plan.needs for lb in need.look_at} == {make_id(1), make_id(2)}
