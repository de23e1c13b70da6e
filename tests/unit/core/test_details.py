"""What a decision tells the people who read it: each that needs an explanation has the facts in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Reason
from mesh_dns.core.rules import Policy
from mesh_dns.core.values import LoadBalancer, Readiness
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, NAME, NOW, OTHER_ZONE, RULES, Scene, foreign, ours, second_look

X, Y = make(1, NAME, created=100), make(2, NAME, created=200)
UNTAGGED = make(1, created=100)
RECORD = ours(X)
LOOK = second_look(RECORD, X.id)
LOST = tuple(ours(make_id(number), f"c{number}.mesh.example.com") for number in range(11, 30))


def gone(*heirs: LoadBalancer) -> Scene:
    """X, whose record is at the name, is gone; these others claim the name."""
    return Scene(live=heirs, gone=(X.id,), records=(RECORD,))


LACKED = Scene(records=(RECORD,), swept=(HUB,))


# fmt: off
DETAILS = {
    "its scope cannot be listed": (
        replace(gone(), unlistable=(HUB,)), Reason.SCOPE_UNLISTABLE,
        f"its load balancer is gone, and {HUB} cannot be listed for heirs"),
    "a second record of ours": (
        Scene(live=(X,), records=(RECORD, ours(make_id(3), id="second")), gone=(make_id(3),)), Reason.NAME_SHARED,
        "a second record of ours is at this name"),
    "an heir that does not work yet": (
        Scene(live=(UNTAGGED, replace(Y, created=NOW, readiness=Readiness.PROVISIONING)), records=(RECORD,)),
        Reason.PROVISIONING,
        f"its load balancer exists and does not claim it; {Y.id} is not active yet"),
    "an heir that may not be the replacement": (
        gone(Y), Reason.LOOK_AGAIN, f"its load balancer is gone; {Y.id} is old, and a replacement may come"),
    "an heir of what was not confirmed": (
        replace(gone(Y), told=frozenset()), Reason.LOOK_AGAIN,
        f"its load balancer is gone; {Y.id} would inherit; to be confirmed"),
    "nobody wants it, not confirmed": (
        replace(gone(), told=frozenset()), Reason.LOOK_AGAIN, "its load balancer is gone; to be confirmed"),
    "nobody wants it, first look": (gone(), Reason.LOOK_AGAIN, "its load balancer is gone"),
    "nobody wants it, second look": (
        replace(gone(), second_looks=(LOOK,)), Reason.DELETE, "its load balancer is gone"),
    "a delete that waits for two scopes": (
        replace(gone(), second_looks=(LOOK,), known=(HUB, AWAY, replace(AWAY, region="us-west-2")),
                unlistable=(AWAY, replace(AWAY, region="us-west-2"))), Reason.DELETE_WAITS,
        "its load balancer is gone; 111122223333/us-east-1, 111122223333/us-west-2 cannot be listed for heirs"),
    "a delete that waits for the register": (
        replace(gone(), second_looks=(LOOK,), young=True), Reason.DELETE_WAITS,
        "its load balancer is gone; the register of scopes is younger than three sweep periods: "
        "it may have lost one with an heir"),
    "a load balancer that a sweep's listing lacks, under a policy that deletes nothing": (
        replace(LACKED, rules=replace(RULES, policy=Policy.UPSERT_ONLY)), Reason.NOT_LISTED,
        "its load balancer is not listed; the policy deletes nothing, so it was not looked at"),
    "a load balancer that a sweep's listing lacks, while the guard objects": (
        replace(LACKED, records=(RECORD, *LOST)), Reason.MASS_DELETE_GUARD,
        f"20 of 20 records of {HUB} lost their load balancer"),
    "what an event told is not shown yet": (
        replace(gone(), ahead=(X.id,)), Reason.EVENT_AHEAD,
        "its load balancer is gone, but AWS does not show yet what an event told of it"),
    "a live name that the rules do not give it any more": (
        Scene(live=(X,), records=(RECORD,), rules=replace(RULES, required_tags={"mesh": "yes"})),
        Reason.KEPT_NOT_ALLOWED, "the load balancer lacks the required tag mesh=yes"),
    "a name that the rules do not give": (
        Scene(live=(X,), rules=replace(RULES, required_tags={"mesh": "yes"})),
        Reason.NOT_ALLOWED, "the load balancer lacks the required tag mesh=yes"),
    "a name that somebody else has": (
        Scene(live=(X, Y), records=(RECORD,)), Reason.CLAIMED_BY, str(X.id)),
    "a name whose load balancer cannot be read": (
        Scene(live=(Y,), unreadable=(X.id,), records=(RECORD,)), Reason.INCUMBENT_UNREADABLE,
        f"{X.id} has the name and cannot be read"),
    "a record in a zone that the settings no longer give the name": (
        Scene(live=(X,), records=(ours(X, zone_id=OTHER_ZONE),)), Reason.KEPT_NOT_ALLOWED,
        "the settings no longer put this name into this zone; the record stays as it is"),
    "our mark on a TXT": (
        Scene(live=(X,), records=(ours(X, type="TXT"),)), Reason.NOT_A_CNAME,
        "a TXT record carries our mark; it is left alone"),
    "a foreign A beside ours": (
        Scene(live=(X,), records=(RECORD, foreign("A"))), Reason.NAME_SHARED,
        "somebody else's A record is at this name, too; it is left alone"),
    "foreign records in the way": (
        Scene(live=(X,), records=(foreign("TXT"), foreign("A"))), Reason.NAME_TAKEN, "A, TXT there, not made by us"),
    "a delegation above": (
        Scene(live=(X,), records=(foreign("NS"),)), Reason.DELEGATED,
        f"{NAME} is delegated by NS records: no resolver would see a record below it in this zone"),
    "a record that is wrong in everything": (
        Scene(live=(X,), records=(ours(X, content="old.example.net", ttl=300, proxied=True),)), Reason.UPDATE,
        "wrong content, ttl, proxied"),
    "a name outside the zones": (
        Scene(live=(make(1, "cluster1.example.org"),)), Reason.OUTSIDE_ZONES, "it lies under none of mesh.example.com"),
    "a name that is none": (
        Scene(live=(make(1, "*.mesh.example.com"),)), Reason.INVALID_HOSTNAME,
        "the name has the label '*': a label holds 1-63 letters, digits and inner hyphens, no wildcard, no underscore"),
    "the guard": (
        replace(gone(), records=(RECORD, *LOST)), Reason.MASS_DELETE_GUARD,
        f"20 of 20 records of {HUB} lost their load balancer"),
}
# fmt: on


@pytest.mark.parametrize(("scene", "reason", "detail"), DETAILS.values(), ids=DETAILS.keys())
def test_what_a_decision_tells(scene: Scene, reason: Reason, detail: str) -> None:
    assert {each.detail for each in scene.plan().decisions if each.reason is reason} == {detail}
