"""What may be concluded from reads that do not prove the same."""

from __future__ import annotations

import pytest

from mesh_dns.core.facts import ClaimState, Facts
from mesh_dns.core.values import Gone, Unreadable
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, NAME, NOW, OTHER, RULES

LB = make_id(1)
CLAIMS, SILENT = make(LB, NAME), make(LB, OTHER)
DENIED = Unreadable("AccessDenied")
KNOWN = frozenset({HUB})


def facts(**reads: object) -> Facts:
    return Facts(NOW, KNOWN, RULES, **reads)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "standing"),
    [
        pytest.param(facts(), ClaimState.UNKNOWN, id="nobody looked"),
        pytest.param(facts(looks={LB: CLAIMS}), ClaimState.CLAIMS, id="a look saw the claim"),
        pytest.param(facts(looks={LB: SILENT}), ClaimState.DROPPED, id="a look saw it without the claim"),
        pytest.param(facts(looks={LB: Gone()}), ClaimState.GONE, id="a look found it gone"),
        pytest.param(facts(looks={LB: DENIED}), ClaimState.UNREADABLE, id="a look was denied"),
        pytest.param(facts(listings={HUB: {LB: CLAIMS}}), ClaimState.CLAIMS, id="a listing shows the claim"),
        pytest.param(facts(listings={HUB: {LB: SILENT}}), ClaimState.DROPPED, id="a listing shows it without"),
        pytest.param(facts(listings={HUB: {}}), ClaimState.UNKNOWN, id="absent from a listing is not gone"),
        pytest.param(facts(listings={HUB: DENIED}), ClaimState.UNKNOWN, id="a listing was denied"),
        pytest.param(facts(tagged={LB: CLAIMS}), ClaimState.CLAIMS, id="the tagging API shows the claim"),
        pytest.param(facts(tagged={LB: SILENT}), ClaimState.UNKNOWN, id="the tagging API proves no release"),
        pytest.param(
            facts(looks={LB: Gone()}, tagged={LB: CLAIMS}), ClaimState.GONE, id="a look beats the tagging API, gone"
        ),
        pytest.param(
            facts(looks={LB: SILENT}, tagged={LB: CLAIMS}),
            ClaimState.DROPPED,
            id="a look beats that API, untagged",
        ),
        pytest.param(
            facts(looks={LB: Gone()}, listings={HUB: {LB: CLAIMS}}),
            ClaimState.CLAIMS,
            id="a later listing beats a look",
        ),
        pytest.param(
            facts(looks={LB: CLAIMS}, listings={HUB: {LB: SILENT}}),
            ClaimState.DROPPED,
            id="a later listing beats a look, untagged",
        ),
        pytest.param(
            facts(looks={LB: DENIED}, listings={HUB: {LB: SILENT}}), ClaimState.DROPPED, id="a listing beats a denial"
        ),
    ],
)
def test_how_a_load_balancer_stands_to_a_name(found: Facts, standing: ClaimState) -> None:
    assert found.standing(LB, NAME) is standing


def test_a_scope_that_is_not_known_cannot_be_read() -> None:
    far = make_id(1, AWAY)
    assert facts(looks={far: Gone()}).standing(far, NAME) is ClaimState.UNREADABLE


def test_claims_come_newest_first_then_by_id() -> None:
    lbs = [make(1, NAME, created=5), make(2, NAME, created=9), make(3, NAME, created=9), make(4, OTHER, created=99)]
    for order in (lbs, lbs[::-1]):
        found = facts(looks={lb.id: lb for lb in order})
        assert [lb.id for lb in found.claims[NAME]] == [make_id(2), make_id(3), make_id(1)]


def test_which_scopes_are_still_to_be_listed() -> None:
    both = Facts(NOW, frozenset({HUB, AWAY}), RULES, listings={AWAY: DENIED})
    assert both.unlisted() == {HUB}
    assert both.unlistable() == (AWAY,)
