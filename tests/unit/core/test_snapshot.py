"""What may be concluded from reads that do not prove the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot, UnreadZone
from mesh_dns.core.values import Cause, ClaimState, Gone, Unreadable
from mesh_dns.errors import Retryable
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, FAR, NAME, NOW, OTHER, OTHER_ZONE, RULES, foreign, ours

LB = make_id(1)
CLAIMS, WITHOUT = make(LB, NAME), make(LB, OTHER)
DENIED = Unreadable("AccessDenied")
KNOWN = KnownScopes(frozenset({HUB}))


def snapshot(**reads: object) -> Snapshot:
    return Snapshot(NOW, RULES, KNOWN, **reads)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "state"),
    [
        pytest.param(snapshot(), ClaimState.UNKNOWN, id="nobody looked"),
        pytest.param(snapshot(sightings={LB: CLAIMS}), ClaimState.CLAIMS, id="a look saw the claim"),
        pytest.param(snapshot(sightings={LB: WITHOUT}), ClaimState.DROPPED, id="a look saw it without the claim"),
        pytest.param(snapshot(sightings={LB: Gone()}), ClaimState.GONE, id="a look found it gone"),
        pytest.param(snapshot(sightings={LB: DENIED}), ClaimState.UNREADABLE, id="a look was denied"),
        pytest.param(snapshot(listings={HUB: {LB: CLAIMS}}), ClaimState.CLAIMS, id="a listing shows the claim"),
        pytest.param(snapshot(listings={HUB: {LB: WITHOUT}}), ClaimState.DROPPED, id="a listing shows it without"),
        pytest.param(snapshot(listings={HUB: {}}), ClaimState.UNKNOWN, id="absent from a listing is not gone"),
        pytest.param(snapshot(listings={HUB: DENIED}), ClaimState.UNKNOWN, id="a listing was denied"),
        pytest.param(snapshot(tagged={HUB: {LB: CLAIMS}}), ClaimState.CLAIMS, id="the tagging API shows the claim"),
        pytest.param(
            snapshot(tagged={HUB: {LB: WITHOUT}}),
            ClaimState.UNKNOWN,
            id="the tagging API proves no drop",
        ),
        pytest.param(
            snapshot(sightings={LB: Gone()}, tagged={HUB: {LB: CLAIMS}}),
            ClaimState.GONE,
            id="a look beats that API, gone",
        ),
        pytest.param(
            snapshot(sightings={LB: WITHOUT}, tagged={HUB: {LB: CLAIMS}}),
            ClaimState.DROPPED,
            id="a look beats that API, untagged",
        ),
        pytest.param(
            snapshot(sightings={LB: Gone()}, listings={HUB: {LB: CLAIMS}}),
            ClaimState.CLAIMS,
            id="a later listing beats a look",
        ),
        pytest.param(
            snapshot(sightings={LB: CLAIMS}, listings={HUB: {LB: WITHOUT}}),
            ClaimState.DROPPED,
            id="a later listing beats a look, untagged",
        ),
        pytest.param(
            snapshot(sightings={LB: DENIED}, listings={HUB: {LB: WITHOUT}}),
            ClaimState.DROPPED,
            id="it beats a denial",
        ),
    ],
)
def test_how_a_load_balancer_stands_to_a_name(found: Snapshot, state: ClaimState) -> None:
    assert found.claim_state(LB, NAME) is state


def test_a_scope_that_is_not_known_cannot_be_read() -> None:
    far = make_id(1, AWAY)
    assert snapshot(sightings={far: Gone()}).claim_state(far, NAME) is ClaimState.UNREADABLE


def test_claims_come_newest_first_then_by_id() -> None:
    lbs = [make(1, NAME, created=5), make(2, NAME, created=9), make(3, NAME, created=9), make(4, OTHER, created=99)]
    for order in (lbs, lbs[::-1]):
        found = snapshot(sightings={lb.id: lb for lb in order})
        assert [lb.id for lb in found.claims[NAME]] == [make_id(2), make_id(3), make_id(1)]


def test_which_scopes_are_still_to_be_listed_and_which_are_waited_for() -> None:
    scopes = KnownScopes(frozenset({HUB, AWAY, FAR}), overdue=frozenset({FAR}))
    found = Snapshot(NOW, RULES, scopes, listings={AWAY: DENIED, FAR: DENIED})
    assert found.unlisted() == {HUB}
    assert found.unlistable() == (AWAY, FAR)
    assert found.holding_up() == (AWAY,)


@pytest.mark.parametrize(
    ("cause", "overdue", "worth_it"),
    [
        (Cause.UNANSWERED, False, True),
        (Cause.UNANSWERED, True, False),
        (Cause.OUT_OF_TIME, False, True),
        (Cause.OUT_OF_TIME, True, True),
        (Cause.ERROR, False, False),
        (Cause.ERROR, True, False),
    ],
    ids=[
        "AWS did not answer",
        "AWS has not answered for three periods",
        "nobody asked, for lack of time",
        "nobody asked, for lack of time, in a scope that is overdue",
        "AWS denied it",
        "AWS denied it in a scope that is overdue",
    ],
)
def test_when_a_look_that_failed_is_worth_repeating(cause: Cause, overdue: bool, worth_it: bool) -> None:
    scopes = KnownScopes(frozenset({HUB}), frozenset({HUB} if overdue else ()))
    found = Snapshot(NOW, RULES, scopes, sightings={LB: Unreadable("?", cause=cause)})
    assert found.may_answer_soon(LB) is worth_it


@pytest.mark.parametrize("sightings", [{}, {LB: CLAIMS}, {LB: Gone()}], ids=["not looked at", "seen", "gone"])
def test_only_a_failed_look_is_worth_repeating(sightings: dict[object, object]) -> None:
    assert not snapshot(sightings=sightings).may_answer_soon(LB)


def test_faults_are_only_what_a_fault_of_our_own_kept_from_being_read_in_whichever_way() -> None:
    fault, throttled = Unreadable("KeyError", cause=Cause.FAULT), Unreadable("Throttling", cause=Cause.UNANSWERED)
    others: dict[object, object] = {make_id(2): throttled, make_id(3): DENIED, make_id(4): CLAIMS, make_id(5): Gone()}
    assert snapshot(sightings=others, tagged={HUB: throttled}, listings={HUB: {}}).faults() == 0
    assert snapshot(sightings={LB: fault, **others}).faults() == 1
    assert snapshot(sightings={LB: fault}, tagged={HUB: fault, AWAY: {}}, listings={AWAY: fault}).faults() == 3


def test_a_load_balancer_that_the_tagging_api_still_shows_is_not_live_once_a_look_found_it_gone() -> None:
    assert LB not in snapshot(tagged={HUB: {LB: CLAIMS}}, sightings={LB: Gone()}).live
    assert LB in snapshot(tagged={HUB: {LB: CLAIMS}}).live


def test_deletes_wait_for_zones_that_do_not_answer_and_not_for_those_that_are_given_up() -> None:
    rules = replace(RULES, zones={"a.example.com": "a", "b.example.com": "b", "c.example.com": "c"})
    unread = {"b": UnreadZone(Retryable("502")), "c": UnreadZone(Retryable("403"), given_up=True)}
    assert Snapshot(NOW, rules, KNOWN, zones={"a": ()}, unread_zones=unread).missing_zones() == {"b"}
    assert Snapshot(NOW, rules, KNOWN, unread_zones=unread).missing_zones() == {"a", "b"}


def test_owned_is_what_carries_our_mark_whatever_its_type() -> None:
    records = [ours(LB), ours(LB, type="TXT", id="t"), foreign(), ours(LB, comment=f"other {LB}", id="o")]
    found = snapshot(zones={OTHER_ZONE: records})
    assert [(each.record.id, each.serves) for each in found.owned] == [(records[0].id, LB), ("t", LB)]


def test_what_is_at_a_name_comes_from_all_zones_in_a_fixed_order() -> None:
    one, two, three = ours(LB), foreign("A"), ours(LB, zone_id=OTHER_ZONE)
    zones = {OTHER_ZONE: [three], one.zone_id: [one, two]}
    reordered = {zone_id: records[::-1] for zone_id, records in reversed(zones.items())}
    assert snapshot(zones=zones).by_name[NAME] == snapshot(zones=reordered).by_name[NAME] == [two, one, three]
