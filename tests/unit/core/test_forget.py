"""What forgetting a scope or a name comes to, for each record that served it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.forget import plan_forgetting
from mesh_dns.core.values import Action, Readiness
from tests.doubles.inventory import make
from tests.unit.core.scene import NAME, NOW, OTHER, OWNER, RULES, Scene, foreign, ours, told

X = make(1, NAME, created=100)
Y, Z = make(2, NAME, created=200), make(3, NAME, created=300)
RECORD = ours(X)
ONLY_TAGGED = replace(RULES, required_tags={"mesh": "yes"})
ALLOWED = make(2, NAME, created=200, tags={"mesh": "yes"})

# fmt: off
ROWS = {
    "nobody else may have it: delete": (Scene(records=(RECORD,)), ["delete 1"]),
    "somebody else may have it: hand over": (Scene(live=(Y,), records=(RECORD,)), ["hand-over 2"]),
    "several may have it: the newest": (Scene(live=(Y, Z), records=(RECORD,)), ["hand-over 3"]),
    "the newest is provisioned: the newest active one":
        (Scene(live=(Y, replace(Z, readiness=Readiness.PROVISIONING)), records=(RECORD,)), ["hand-over 2"]),
    "all are provisioned: the newest all the same":
        (Scene(live=(replace(Y, readiness=Readiness.PROVISIONING),), records=(RECORD,)), ["hand-over 2"]),
    "its load balancer claims it and may have it: it stays": (Scene(live=(X, Y), records=(RECORD,)), ["in-sync 1"]),
    "its load balancer claims it and may not have it: the name is freed":
        (Scene(live=(X,), records=(RECORD,), rules=ONLY_TAGGED), ["delete 1"]),
    "its load balancer may not have it, and somebody else may: hand over":
        (Scene(live=(X, ALLOWED), records=(RECORD,), rules=ONLY_TAGGED), ["hand-over 2"]),
    "somebody who may not have it either is no heir":
        (Scene(live=(Z,), records=(RECORD,), rules=ONLY_TAGGED), ["delete 1"]),
    "a name that the settings do not put into its zone stays":
        (Scene(live=(Y,), records=(RECORD,), rules=replace(RULES, zones={"elsewhere.example.com": "z"})),
         ["kept-not-allowed 1"]),
    "foreign records stay": (Scene(records=(foreign(),)), []),
    "another installation's records stay": (Scene(records=(replace(RECORD, comment=f"other {X.id}"),)), []),
    "our mark on another type stays": (Scene(records=(replace(RECORD, type="TXT"),)), []),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ROWS.values(), ids=ROWS.keys())
def test_what_is_forgotten(scene: Scene, expected: list[str]) -> None:
    assert told(tuple(plan_forgetting(scene.snapshot(), lambda owned: True))) == expected


@pytest.mark.parametrize(
    ("scene", "detail"),
    [
        (Scene(records=(RECORD,)), "forgotten, and nobody else may have it"),
        (Scene(live=(Y,), records=(RECORD,)), f"{X.id} is forgotten"),
        (Scene(live=(X,), records=(RECORD,)), "its load balancer claims it and may have it"),
        (
            Scene(records=(RECORD,), rules=replace(RULES, zones={"elsewhere.example.com": "z"})),
            "the settings do not put this name into this zone; the record stays as it is",
        ),
    ],
    ids=["deleted", "handed over", "kept", "in a zone that does not hold the name"],
)
def test_it_says_why(scene: Scene, detail: str) -> None:
    (decision,) = plan_forgetting(scene.snapshot(), lambda owned: True)
    assert decision.detail == detail


def test_only_what_is_meant_is_forgotten_in_a_fixed_order() -> None:
    records = tuple(ours(make(n), f"c{n}.mesh.example.com") for n in (3, 1, 2))
    decisions = tuple(plan_forgetting(Scene(records=records).snapshot(), lambda owned: owned.serves != make(2).id))
    assert [decision.hostname for decision in decisions] == ["c1.mesh.example.com", "c3.mesh.example.com"]


def test_a_hand_over_is_a_whole_edit_in_place() -> None:
    (decision,) = plan_forgetting(Scene(live=(Y,), records=(RECORD,)).snapshot(), lambda owned: True)
    change = decision.change
    assert change is not None
    assert (change.action, change.record_id) == (Action.UPDATE, RECORD.id)
    assert (change.content, change.comment) == (Y.dns_name, f"{OWNER} {Y.id}")


def test_a_delete_is_of_this_record() -> None:
    record = ours(make(1, OTHER, created=NOW), OTHER)
    (decision,) = plan_forgetting(Scene(records=(record,)).snapshot(), lambda owned: True)
    assert decision.change is not None
    assert (decision.change.action, decision.change.record_id) == (Action.DELETE, record.id)
