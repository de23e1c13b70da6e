"""The decision table, row by row, and the details between its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.values import Action, Change, Readiness
from tests.doubles.inventory import make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import (
    FAR,
    NAME,
    NOW,
    OTHER,
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
        for type_ in ("CNAME", "A", "AAAA", "TXT", "MX", "CAA")
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
        (Scene(live=(replace(X, readiness=Readiness.FAILED),), records=(ours(X),)), ["look-again 1"]),
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
    "our right record with an A beside it, which only another provider than Cloudflare takes: reported":
        (Scene(live=(X,), records=(ours(X), foreign("A"))), ["in-sync 1", "name-shared 1"]),
    "our right record with a foreign CNAME beside it: reported":
        (Scene(live=(X,), records=(ours(X), foreign())), ["in-sync 1", "name-shared 1"]),
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
    "another name instead, and somebody else claims the old one: both at once":
        (Scene(live=(make(1, OTHER), Y), records=(ours(X),)), ["create 1", "hand-over 2"]),
    "a tag in upper case with a trailing dot: the same name":
        (Scene(live=(make(1, "CLUSTER1.Mesh.Example.com."),), records=(ours(X),)), ["in-sync 1"]),
    "the same name twice in one tag: once":
        (Scene(live=(make(1, NAME, NAME.upper() + "."),)), ["create 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ROWS.values(), ids=ROWS.keys())
def test_the_decision_table(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


def test_a_create_is_a_marked_cname() -> None:
    assert Scene(live=(X,)).only().change == Change(
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
    assert scene.only().change == Change(
        Action.UPDATE, ZONE, NAME, FRESH.id, ours(X).id, FRESH.dns_name, 60, f"{OWNER} {FRESH.id}"
    )


def test_a_delete_names_the_record_and_whom_it_served() -> None:
    decision = Scene(gone=(X.id,), records=(ours(X),), second_looks=(second_look(ours(X), X.id),)).only()
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
    assert Scene(live=(X,), records=(ours(X, **different),)).only().detail == wrong
