"""What a decision tells the people who read it: each that needs an explanation has the facts in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Reason
from mesh_dns.core.values import LoadBalancer, Readiness
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, NAME, NOW, Scene, ours, second_look

X, Y = make(1, NAME, created=100), make(2, NAME, created=200)
UNTAGGED = make(1, created=100)
RECORD = ours(X)
LOOK = second_look(RECORD, X.id)
LOST = tuple(ours(make_id(number), f"c{number}.mesh.example.com") for number in range(11, 30))


def gone(*heirs: LoadBalancer) -> Scene:
    """X, whose record is at the name, is gone; these others claim the name."""
    return Scene(live=heirs, gone=(X.id,), records=(RECORD,))


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
    "the guard": (
        replace(gone(), records=(RECORD, *LOST)), Reason.MASS_DELETE_GUARD,
        f"20 of 20 records of {HUB} lost their load balancer"),
}
# fmt: on


@pytest.mark.parametrize(("scene", "reason", "detail"), DETAILS.values(), ids=DETAILS.keys())
def test_what_a_decision_tells(scene: Scene, reason: Reason, detail: str) -> None:
    (decision,) = (each for each in scene.plan().decisions if each.reason is reason)
    assert decision.detail == detail
