"""The decision table, row by row, and the details between its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.decision import Decision, Need, Reason, permitted
from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.core.work import SecondLook
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import (
    AWAY,
    FAR,
    NAME,
    NOW,
    OTHER,
    OTHER_ZONE,
    OWNER,
    RULES,
    Scene,
    foreign,
    ours,
    second_look,
    told,
)

X, Y, Z = make(1, NAME, created=100), make(2, NAME, created=200), make(3, NAME, created=300)
ONLY_Y = replace(RULES, required_tags={"mesh": "yes"})
Y_ALLOWED = make(2, NAME, created=200, tags={"mesh": "yes"})
ADOPTS = replace(RULES, adopt_matching=True)
FRESH = make(2, NAME, created=NOW - 30)
RELEASED = make(1, OTHER, created=100)

# fmt: off
ROWS = {
    # winner
    "a claim, and nothing at the name: create":
        (Scene(live=(X,)), ["create 1"]),
    "a claim, and our right record: nothing to write":
        (Scene(live=(X,), records=(ours(X),)), ["in-sync 1"]),
    "our record with the wrong content: update":
        (Scene(live=(X,), records=(ours(X, content="old.example.net"),)), ["update 1"]),
    "our record with the wrong TTL: update":
        (Scene(live=(X,), records=(ours(X, ttl=300),)), ["update 1"]),
    "our record, proxied: update":
        (Scene(live=(X,), records=(ours(X, proxied=True),)), ["update 1"]),
    "an unmarked CNAME with the wanted content, and we adopt: adopt":
        (Scene(live=(X,), records=(foreign(content=X.dns_name),), rules=ADOPTS), ["adopt 1"]),
    "an unmarked CNAME with the wanted content, and we do not adopt: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name),)), ["name-taken 1"]),
    **{
        f"a foreign {type_} at the name: refused":
            (Scene(live=(X,), records=(foreign(type_),)), ["name-taken 1"])
        for type_ in ("CNAME", "A", "AAAA", "TXT", "MX", "NS", "CAA")
    },
    # loser
    "two claims, and nothing at the name: the newest gets it":
        (Scene(live=(X, Y)), ["claimed-by 1", "create 2"]),
    "two claims of the same age: the lower id gets it":
        (Scene(live=(X, replace(Y, created=100))), ["claimed-by 2", "create 1"]),
    "the incumbent keeps the name against a newer claimant":
        (Scene(live=(X, Y), records=(ours(X),)), ["claimed-by 2", "in-sync 1"]),
    "the incumbent keeps the name against an older claimant":
        (Scene(live=(X, Y), records=(ours(Y),)), ["claimed-by 1", "in-sync 2"]),
    "an incumbent whose record is wrong keeps the name too":
        (Scene(live=(X, Y), records=(ours(X, content="old.example.net"),)), ["claimed-by 2", "update 1"]),
    # incumbent cannot be read
    "the incumbent cannot be read: the challenger is refused, and nothing is written":
        (Scene(live=(Y,), unreadable=(X.id,), records=(ours(X),)), ["incumbent-unreadable 2"]),
    "the incumbent lives in a scope that is not known: the challenger is refused":
        (Scene(live=(Y,), records=(ours(make_id(1, FAR)),)), ["incumbent-unreadable 2"]),
    # not allowed
    "not allowed, and nothing at the name: refused":
        (Scene(live=(X,), rules=ONLY_Y), ["not-allowed 1"]),
    "not allowed, and the record serves somebody else: refused":
        (Scene(live=(X, Y_ALLOWED), records=(ours(Y_ALLOWED),), rules=ONLY_Y), ["in-sync 2", "not-allowed 1"]),
    "not allowed, and a foreign record at the name: refused":
        (Scene(live=(X,), records=(foreign(),), rules=ONLY_Y), ["not-allowed 1"]),
    "not allowed, and our record serves it: kept":
        (Scene(live=(X,), records=(ours(X),), rules=ONLY_Y), ["kept-not-allowed 1"]),
    "not allowed, our record serves it and is wrong: kept as it is":
        (Scene(live=(X,), records=(ours(X, ttl=300),), rules=ONLY_Y), ["kept-not-allowed 1"]),
    "a not allowed incumbent keeps the name against an allowed challenger":
        (Scene(live=(X, Y_ALLOWED), records=(ours(X),), rules=ONLY_Y), ["claimed-by 2", "kept-not-allowed 1"]),
    "a not allowed claimant is no heir":
        (Scene(live=(Z,), gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),), rules=ONLY_Y),
         ["delete 1", "not-allowed 3"]),
    # nobody
    "gone, first look: look again":
        (Scene(gone=(X.id,), records=(ours(X),)), ["look-again 1"]),
    "untagged, first look: look again":
        (Scene(live=(make(1),), records=(ours(X),)), ["look-again 1"]),
    "failed, first look: look again":
        (Scene(live=(replace(X, failed=True),), records=(ours(X),)), ["look-again 1"]),
    "gone, ripe second look: delete":
        (Scene(gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)), ["delete 1"]),
    "untagged, ripe second look: delete":
        (Scene(live=(make(1),), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)), ["delete 1"]),
    "gone, and a foreign record at the name: nothing":
        (Scene(gone=(X.id,), records=(foreign(),)), []),
    "gone, and nothing at the name: nothing":
        (Scene(gone=(X.id,)), []),
    "another installation's record of the same load balancer: nothing":
        (Scene(gone=(X.id,), records=(ours(X, comment=f"mesh-dns/other {X.id}"),)), []),
    # our record is decided by its own rows, whatever is beside it
    "our right record with a TXT beside it: nothing to write":
        (Scene(live=(X,), records=(ours(X), foreign("TXT"))), ["in-sync 1"]),
    "our wrong record with a TXT beside it: update":
        (Scene(live=(X,), records=(ours(X, ttl=300), foreign("TXT"))), ["update 1"]),
    "the replacement of a load balancer with a TXT beside its record: hand over":
        (Scene(live=(FRESH,), gone=(X.id,), records=(ours(X), foreign("TXT"))), ["hand-over 2"]),
    "gone with a TXT beside the record, ripe: delete":
        (Scene(gone=(X.id,), records=(ours(X), foreign("TXT")), second_looks=(second_look(ours(X), X.id),)),
         ["delete 1"]),
    "a TXT that carries our mark is reported and left alone":
        (Scene(gone=(X.id,), records=(ours(X, type="TXT"),)), ["not-a-cname 1"]),
    "an A that carries our mark takes the name, and is reported":
        (Scene(live=(X,), records=(ours(X, type="A", content="192.0.2.1"),)), ["name-taken 1", "not-a-cname 1"]),
    # vacancies
    "let go, and a claimant of any age: at once":
        (Scene(live=(RELEASED, Y), records=(ours(X),), about=(X.id, Y.id)), ["create 1", "hand-over 2"]),
    "gone, and a claimant younger than the grace: at once":
        (Scene(live=(FRESH,), gone=(X.id,), records=(ours(X),)), ["hand-over 2"]),
    "gone, and a claimant as old as the grace: after the second look":
        (Scene(live=(replace(Y, created=NOW - 600),), gone=(X.id,), records=(ours(X),)), ["look-again 1"]),
    "gone, and an old claimant, ripe second look: hand over":
        (Scene(live=(Y,), gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)),
         ["hand-over 2"]),
    "gone, and an old claimant, early second look: wait":
        (Scene(live=(Y,), gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id, age=599),)),
         ["look-again 1"]),
    "gone, and two claimants: the newest inherits":
        (Scene(live=(Y, Z), gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)),
         ["claimed-by 2", "hand-over 3"]),
    "gone, and two claimants of the same age: the lower id inherits":
        (Scene(live=(Y, replace(Z, created=200)), gone=(X.id,), records=(ours(X),),
               second_looks=(second_look(ours(X), X.id),)),
         ["claimed-by 3", "hand-over 2"]),
    "an heir in another known scope":
        (Scene(live=(make(make_id(2, AWAY), NAME, created=NOW),), gone=(X.id,), records=(ours(X),), known=(HUB, AWAY)),
         ["hand-over 2"]),
    "gone by its own look, but in the listing after it: it claims":
        (Scene(gone=(X.id,), listed_only=(X,), records=(ours(X),)), ["in-sync 1"]),
    "an heir that only a listing shows":
        (Scene(gone=(X.id,), listed_only=(FRESH,), records=(ours(X),)), ["hand-over 2"]),
    # names
    "a name outside the zones: refused":
        (Scene(live=(make(1, "cluster1.example.org"),)), ["outside-zones 1"]),
    "the apex of a zone: refused":
        (Scene(live=(make(1, "mesh.example.com"),)), ["outside-zones 1"]),
    "an illegal name: refused":
        (Scene(live=(make(1, "*.mesh.example.com"),)), ["invalid-hostname 1"]),
    "several names on one load balancer, each on its own":
        (Scene(live=(make(1, NAME, OTHER, "bad_.mesh.example.com"),)), ["create 1", "create 1", "invalid-hostname 1"]),
    "one of several names goes: only its record":
        (Scene(live=(make(1, NAME),), records=(ours(X), ours(X, OTHER))), ["in-sync 1", "look-again 1"]),
    "a tag in upper case with a trailing dot: the same name":
        (Scene(live=(make(1, "CLUSTER1.Mesh.Example.com."),), records=(ours(X),)), ["in-sync 1"]),
    "the same name twice in one tag: once":
        (Scene(live=(make(1, NAME, NAME.upper() + "."),)), ["create 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ROWS.values(), ids=ROWS.keys())
def test_the_decision_table(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


def _only(scene: Scene) -> Decision:
    (decision,) = scene.plan().decisions
    return decision


def test_a_create_is_a_marked_cname() -> None:
    assert _only(Scene(live=(X,))).change == Change(
        Action.CREATE, ZONE, NAME, X.id, "", X.dns_name, 60, f"{OWNER} {X.id}"
    )


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(live=(FRESH,), gone=(X.id,), records=(ours(X),)), id="of a replacement"),
        pytest.param(Scene(live=(FRESH,), records=(ours(FRESH, content="old.example.net"),)), id="of a wrong content"),
        pytest.param(Scene(live=(FRESH,), records=(ours(FRESH, ttl=1, proxied=True),)), id="of TTL and proxied"),
    ],
)
def test_an_edit_is_in_place_and_complete(scene: Scene) -> None:
    assert _only(scene).change == Change(
        Action.UPDATE, ZONE, NAME, FRESH.id, ours(X).id, FRESH.dns_name, 60, f"{OWNER} {FRESH.id}"
    )


def test_a_delete_names_the_record_and_whom_it_served() -> None:
    decision = _only(Scene(gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)))
    assert decision.change == Change(Action.DELETE, ZONE, NAME, X.id, ours(X).id)


@pytest.mark.parametrize(
    ("different", "wrong"),
    [
        ({"content": "old.example.net"}, "wrong content"),
        ({"ttl": 300, "proxied": True}, "wrong ttl, proxied"),
    ],
    ids=["content", "TTL and proxied"],
)
def test_an_update_says_what_was_wrong(different: dict[str, Any], wrong: str) -> None:
    assert _only(Scene(live=(X,), records=(ours(X, **different),))).detail == wrong


# fmt: off
ADOPTIONS = {
    "two claimants: the one it already points to gets it":
        (Scene(live=(X, Y), records=(foreign(content=X.dns_name),), rules=ADOPTS), ["adopt 1", "claimed-by 2"]),
    "another content: refused":
        (Scene(live=(X,), records=(foreign(),), rules=ADOPTS), ["name-taken 1"]),
    "a comment that is no mark: adopted":
        (Scene(live=(X,), records=(foreign(content=X.dns_name, comment="made by Kim"),), rules=ADOPTS), ["adopt 1"]),
    "the mark of another installation: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name, comment=f"other {X.id}"),), rules=ADOPTS),
         ["name-taken 1"]),
    "a TXT beside it: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name), foreign("TXT")), rules=ADOPTS), ["name-taken 1"]),
    "a TXT with the wanted content: refused":
        (Scene(live=(X,), records=(foreign("TXT", content=X.dns_name),), rules=ADOPTS), ["name-taken 1"]),
    "not allowed: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name),), rules=replace(ONLY_Y, adopt_matching=True)),
         ["not-allowed 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ADOPTIONS.values(), ids=ADOPTIONS.keys())
def test_adoption(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


def test_an_adoption_writes_the_mark_into_the_record_that_is_there() -> None:
    record = foreign(content=X.dns_name)
    change = _only(Scene(live=(X,), records=(record,), rules=ADOPTS)).change
    assert change is not None
    assert (change.action, change.record_id, change.comment) == (Action.UPDATE, record.id, f"{OWNER} {X.id}")


# fmt: off
NOT_THIS_RECORD = {
    "another record id (it was made anew since)": {"record_id": "another"},
    "another load balancer": {"load_balancer": make_id(9)},
    "another name": {"hostname": OTHER},
    "another zone": {"zone_id": OTHER_ZONE},
    "a grace that is not over": {"first_look": NOW - 599},
    "a first look in the future": {"first_look": NOW + 600},
}
# fmt: on


@pytest.mark.parametrize("different", NOT_THIS_RECORD.values(), ids=NOT_THIS_RECORD.keys())
def test_a_second_look_with_something_else_in_it_deletes_nothing(different: dict[str, Any]) -> None:
    look = second_look(ours(X), X.id, **different)
    decisions = Scene(gone=(X.id,), records=(ours(X),), second_looks=(look,)).plan().decisions
    assert [d.reason for d in decisions] == [Reason.LOOK_AGAIN]


def test_a_first_look_is_remembered_in_the_second() -> None:
    record = ours(X)
    first = _only(Scene(gone=(X.id,), records=(record,))).look_again
    assert first == SecondLook(X.id, NAME, ZONE, record.id, NOW)
    early = second_look(record, X.id, age=100)
    assert _only(Scene(gone=(X.id,), records=(record,), second_looks=(early,))).look_again == early


def test_of_several_second_looks_at_a_record_the_oldest_counts() -> None:
    record = ours(X)
    looks = tuple(second_look(record, X.id, age=age) for age in (10, 600, 300))
    assert told(Scene(gone=(X.id,), records=(record,), second_looks=looks).plan()) == ["delete 1"]


# fmt: off
UNLISTABLE = {
    "its own scope: neither delete nor look again, but retry":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(HUB,),
               second_looks=(second_look(ours(X), X.id, age=9999),)),
         ["scope-unlistable 1"]),
    "its own scope, and a claimant elsewhere: no hand-over either":
        (Scene(live=(make(make_id(2, AWAY), NAME, created=NOW),), gone=(X.id,), records=(ours(X),),
               known=(HUB, AWAY), unlistable=(HUB,)),
         ["scope-unlistable 1"]),
    "its own scope, and it merely let go: no hand-over either":
        (Scene(live=(make(1), Y), records=(ours(X),), unlistable=(HUB,)), ["scope-unlistable 1"]),
    "another scope, ripe: wait":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(AWAY,),
               second_looks=(second_look(ours(X), X.id),)),
         ["look-again 1"]),
    "another scope that was swept within three periods, however long ago the first look was: wait":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(AWAY,),
               second_looks=(second_look(ours(X), X.id, age=9999),)),
         ["look-again 1"]),
    "another scope that has been silent for three periods: delete":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(AWAY,), silent=(AWAY,),
               second_looks=(second_look(ours(X), X.id),)),
         ["delete 1"]),
    "another scope that has been silent, first look: look again all the same":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(AWAY,), silent=(AWAY,)),
         ["look-again 1"]),
    "two scopes, of which one is silent: wait for the other":
        (Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY, FAR), unlistable=(AWAY, FAR), silent=(AWAY,),
               second_looks=(second_look(ours(X), X.id),)),
         ["look-again 1"]),
    "another scope, and an heir in one that can be listed: hand over":
        (Scene(live=(FRESH,), gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), unlistable=(AWAY,)),
         ["hand-over 2"]),
    "a scope that is not known holds nothing up":
        (Scene(gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)), ["delete 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), UNLISTABLE.values(), ids=UNLISTABLE.keys())
def test_a_scope_that_cannot_be_listed(scene: Scene, expected: list[str]) -> None:
    plan = scene.plan()
    assert told(plan) == expected
    assert [d.retry for d in plan.decisions] == [d.reason is Reason.SCOPE_UNLISTABLE for d in plan.decisions]


# What must be read first


@pytest.mark.parametrize(
    ("scene", "need"),
    [
        pytest.param(
            Scene(live=(X,), zone_read=False),
            Need(NAME, zones=frozenset({ZONE})),
            id="a zone that was not read is not an empty one",
        ),
        pytest.param(
            Scene(live=(Y,), records=(ours(X),)),
            Need(NAME, looks=frozenset({X.id})),
            id="the incumbent, before a challenger hears anything",
        ),
        pytest.param(
            Scene(gone=(X.id,), records=(ours(X),), known=(HUB, AWAY), listed=False),
            Need(NAME, listings=frozenset({HUB, AWAY})),
            id="every known scope, before a name is vacant",
        ),
        pytest.param(
            Scene(live=(RELEASED, Y), about=(Y.id,), records=(ours(X),), listed=False),
            Need(NAME, listings=frozenset({HUB})),
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


# The mass-delete guard


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
    assert told(replace(scene, about=(make_id(1),)).plan()) == ["mass-delete-guard 1"]


def test_a_name_that_somebody_else_claims_passes_the_guard() -> None:
    scene = _teardown(30, 0)
    heir = make(99, "c1.mesh.example.com", created=NOW)
    reasons = {d.hostname: d.reason for d in replace(scene, live=(heir,)).plan().decisions}
    assert reasons.pop("c1.mesh.example.com") is Reason.HAND_OVER
    assert set(reasons.values()) == {Reason.MASS_DELETE_GUARD}


def test_an_override_rides_in_the_second_looks_of_just_this_question() -> None:
    scene = replace(_teardown(30, 0), second_looks=())
    assert not any(d.look_again for d in scene.plan().decisions)
    looks = [d.look_again for d in replace(scene, override_guard=True).plan().decisions]
    assert len(looks) == 30
    assert all(look is not None and look.override_guard for look in looks)


def test_an_override_in_a_second_look_holds_for_just_its_record() -> None:
    scene = _teardown(30, 0)
    looks = (replace(scene.second_looks[4], override_guard=True), *scene.second_looks[5:])
    reasons = {d.hostname: d.reason for d in replace(scene, second_looks=looks).plan().decisions}
    assert reasons.pop("c5.mesh.example.com") is Reason.DELETE
    assert set(reasons.values()) == {Reason.MASS_DELETE_GUARD}


def test_an_override_does_not_skip_the_second_look() -> None:
    scene = replace(_teardown(1, 0), second_looks=(), override_guard=True)
    assert told(scene.plan()) == ["look-again 1"]


# Policies over the plan


@pytest.mark.parametrize(
    ("writes", "carried_out"),
    [
        (Policy.SYNC, {"create", "update", "delete"}),
        (Policy.UPSERT_ONLY, {"create", "update"}),
        (Policy.CREATE_ONLY, {"create"}),
    ],
    ids=str,
)
def test_a_policy_is_a_filter_over_the_plan(writes: Policy, carried_out: set[str]) -> None:
    decisions = [
        _only(Scene(live=(X,))),
        _only(Scene(live=(X,), records=(ours(X, ttl=300),))),
        _only(Scene(gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),))),
    ]
    assert {d.reason.value for d in decisions if permitted(d, writes)} == carried_out
    assert permitted(_only(Scene(live=(X,), records=(foreign(),))), writes)
