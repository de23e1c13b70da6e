"""What is adopted, and what is refused because a delegation hides it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Reason
from mesh_dns.core.values import Action, Record
from tests.doubles.inventory import make
from tests.unit.core.scene import NAME, NOW, OTHER_ZONE, OWNER, RULES, Scene, foreign, ours, second_look, told

X, Y = make(1, NAME, created=100), make(2, NAME, created=200)
ADOPTS = replace(RULES, adopt_matching=True)
TAGS_NEEDED = replace(ADOPTS, required_tags={"mesh": "yes"})

# fmt: off
ADOPTIONS = {
    "two claimants: the one it already points to gets it":
        (Scene(live=(X, Y), records=(foreign(content=X.dns_name),), rules=ADOPTS), ["adopt 1", "claimed-by 2"]),
    "another content: refused":
        (Scene(live=(X,), records=(foreign(),), rules=ADOPTS), ["name-taken 1"]),
    "a CNAME to the dualstack name of the same load balancer: adopted":
        (Scene(live=(X,), records=(foreign(content=f"dualstack.{X.dns_name}"),), rules=ADOPTS), ["adopt 1"]),
    "a CNAME to the dualstack name of another one: refused":
        (Scene(live=(X,), records=(foreign(content=f"dualstack.{Y.dns_name}"),), rules=ADOPTS), ["name-taken 1"]),
    "another word in front of the wanted content: refused":
        (Scene(live=(X,), records=(foreign(content=f"ipv6.{X.dns_name}"),), rules=ADOPTS), ["name-taken 1"]),
    "a comment that is no mark: adopted":
        (Scene(live=(X,), records=(foreign(content=X.dns_name, comment="made by Kim"),), rules=ADOPTS), ["adopt 1"]),
    "proxied, with such a comment: adopted":
        (Scene(live=(X,), records=(replace(foreign(content=X.dns_name, comment="made by Kim"), proxied=True),),
               rules=ADOPTS), ["adopt 1"]),
    "the mark of another installation: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name, comment=f"other {X.id}"),), rules=ADOPTS),
         ["name-taken 1"]),
    "a TXT beside it: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name), foreign("TXT")), rules=ADOPTS), ["name-taken 1"]),
    "a TXT with the wanted content: refused":
        (Scene(live=(X,), records=(foreign("TXT", content=X.dns_name),), rules=ADOPTS), ["name-taken 1"]),
    "not allowed: refused":
        (Scene(live=(X,), records=(foreign(content=X.dns_name),), rules=TAGS_NEEDED),
         ["not-allowed 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), ADOPTIONS.values(), ids=ADOPTIONS.keys())
def test_adoption(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


def test_an_adoption_writes_the_mark_into_the_record_that_is_there() -> None:
    record = foreign(content=X.dns_name)
    change = Scene(live=(X,), records=(record,), rules=ADOPTS).only().change
    assert change is not None
    assert (change.action, change.record_id, change.comment) == (Action.UPDATE, record.id, f"{OWNER} {X.id}")


def test_an_adopted_record_points_to_the_plain_name_afterwards() -> None:
    record = foreign(content=f"dualstack.{X.dns_name}")
    change = Scene(live=(X,), records=(record,), rules=ADOPTS).only().change
    assert change is not None
    assert change.content == X.dns_name


# Delegations


def ns(name: str, zone_id: str = ours(X).zone_id) -> Record:
    return replace(foreign("NS", name=name), zone_id=zone_id)


DEEP = "a.eu.mesh.example.com"
EU = make(1, DEEP)
# fmt: off
DELEGATIONS = {
    "NS records at the name itself":
        (Scene(live=(X,), records=(ns(NAME),)), ["delegated 1"]),
    "NS records above the name":
        (Scene(live=(EU,), records=(ns("eu.mesh.example.com"),)), ["delegated 1"]),
    "NS records above the name, and a foreign record at it":
        (Scene(live=(EU,), records=(ns("eu.mesh.example.com"), foreign(name=DEEP))), ["delegated 1"]),
    "NS records above the name, and a CNAME that would be adopted":
        (Scene(live=(EU,), records=(ns("eu.mesh.example.com"), foreign(name=DEEP, content=EU.dns_name)), rules=ADOPTS),
         ["delegated 1"]),
    "every claimant in question hears of it":
        (Scene(live=(X, Y), records=(ns(NAME),)), ["delegated 1", "delegated 2"]),
    "NS records below the name hide nothing":
        (Scene(live=(X,), records=(ns(f"deeper.{NAME}"),)), ["create 1"]),
    "NS records beside the name hide nothing":
        (Scene(live=(EU,), records=(ns("us.mesh.example.com"), ns("u.mesh.example.com"))), ["create 1"]),
    "NS records in another zone hide nothing":
        (Scene(live=(X,), records=(ns(NAME, OTHER_ZONE),)), ["create 1"]),
    "a record of ours below them stays":
        (Scene(live=(EU,), records=(ns("eu.mesh.example.com"), ours(EU, DEEP))), ["in-sync 1"]),
    "a record of ours below them is corrected":
        (Scene(live=(EU,), records=(ns("eu.mesh.example.com"), ours(EU, DEEP, ttl=300))), ["update 1"]),
    "a record of ours below them is deleted when its time has come":
        (Scene(gone=(EU.id,), records=(ns("eu.mesh.example.com"), ours(EU, DEEP)),
               second_looks=(second_look(ours(EU, DEEP), EU.id),)),
         ["delete 1"]),
}
# fmt: on


@pytest.mark.parametrize(("scene", "expected"), DELEGATIONS.values(), ids=DELEGATIONS.keys())
def test_delegations(scene: Scene, expected: list[str]) -> None:
    assert told(scene.plan()) == expected


def test_a_delegated_name_is_told_where_the_delegation_is() -> None:
    decision = Scene(live=(EU,), records=(ns("eu.mesh.example.com"),)).only()
    assert decision.reason is Reason.DELEGATED
    assert decision.detail.startswith("eu.mesh.example.com is delegated")


def test_a_name_may_be_handed_over_below_a_delegation() -> None:
    heir = make(2, DEEP, created=NOW)
    scene = Scene(live=(heir,), gone=(EU.id,), records=(ns("eu.mesh.example.com"), ours(EU, DEEP)))
    assert told(scene.plan()) == ["hand-over 2"]
