"""Forgetting a scope or a name: told first, done when confirmed."""

from __future__ import annotations

import pytest

from mesh_dns.core.values import Scope
from mesh_dns.core.work import ForgetName, ForgetScope, Sweep
from mesh_dns.dns.provider import Unavailable
from mesh_dns.errors import Rejected, Retryable
from tests.doubles.hub import SUFFIX_2, ZONE_2, Hub, raises
from tests.doubles.inventory import HUB, make, make_id

LEAVING = Scope("444455556666", "us-east-1")
OVERDUE = Scope("444455556666", "eu-central-1")
NAMES = [f"c{number}.mesh.example.com" for number in range(20)]


@pytest.fixture
def hub() -> Hub:
    """The leaving scope holds 20 names, one of which somebody else wants, and cannot be read any more."""
    hub = Hub()
    hub.know(LEAVING)
    for number, name in enumerate(NAMES):
        hub.put(make(make_id(number, LEAVING), name))
    hub.run(Sweep(LEAVING))
    hub.inventory.unreadable.add(LEAVING)
    hub.put(make(99, NAMES[0], created=5))
    hub.told.decisions.clear()
    return hub


def forget(hub: Hub, *, confirmed: bool) -> dict[str, str]:
    decisions = hub.forget(ForgetScope(LEAVING, confirmed), without=LEAVING)
    return {decision.hostname: decision.reason.value for decision in decisions}


def test_it_tells_first_what_it_would_do(hub: Hub) -> None:
    before = dict(hub.provider.records_by_id)
    assert forget(hub, confirmed=False) == dict.fromkeys(NAMES, "delete") | {NAMES[0]: "hand-over"}
    assert hub.provider.records_by_id == before
    assert hub.told.decisions == []


def test_confirmed_it_hands_over_what_others_claim_and_deletes_the_rest(hub: Hub) -> None:
    kept = hub.record(NAMES[0])
    forget(hub, confirmed=True)
    (record,) = hub.provider.records_by_id.values()
    assert (record.id, record.content) == (kept.id, hub.target(make_id(99)))
    assert hub.told.outcomes() == {"hand-over": "done", "delete": "done"}


def test_a_zone_that_cannot_be_read_stops_it(hub: Hub) -> None:
    hub.provider.before = raises(Unavailable("502"))
    with pytest.raises(Unavailable):
        forget(hub, confirmed=True)


def test_a_zone_that_cannot_be_written_is_told(hub: Hub) -> None:
    hub.provider.before = raises(Unavailable("502"), "apply")
    with pytest.raises(Unavailable):
        forget(hub, confirmed=True)
    assert set(hub.told.outcomes().values()) == {"failed: 502"}
    assert len(hub.provider.records_by_id) == 20


def test_another_scope_that_cannot_be_read_stops_it_unless_it_is_overdue(hub: Hub) -> None:
    hub.know(OVERDUE, read_ago=2701)
    hub.inventory.unreadable.add(OVERDUE)
    assert len(forget(hub, confirmed=False)) == len(NAMES)
    hub.inventory.unreadable.add(HUB)
    with pytest.raises(Retryable, match=f"{HUB} cannot be asked who claims these names: listing in {HUB}: denied"):
        forget(hub, confirmed=True)
    assert len(hub.provider.records_by_id) == len(NAMES)


def test_foreign_records_stay(hub: Hub) -> None:
    foreign = hub.provider.add("hand.mesh.example.com", "A", "192.0.2.1")
    forget(hub, confirmed=True)
    assert foreign in hub.provider.records_by_id.values()


def test_one_name_that_cannot_be_written_costs_the_others_nothing_and_is_told(hub: Hub) -> None:
    hub.provider.poison.add(NAMES[7])
    with pytest.raises(Retryable, match=f"{NAMES[7]}: 1004"):
        forget(hub, confirmed=True)
    assert {record.name for record in hub.provider.records_by_id.values()} == {NAMES[0], NAMES[7]}
    assert hub.told.outcomes() == {"hand-over": "done", "delete": "done", "provider-refuses": ""}


def test_what_is_gone_already_when_it_is_written_is_decided_anew(hub: Hub) -> None:
    lost = hub.record(NAMES[3])

    def somebody_deletes_it(call: str) -> None:
        if call == "apply":
            hub.provider.records_by_id.pop(lost.id, None)

    hub.provider.before = somebody_deletes_it
    with pytest.raises(Retryable, match="decided anew"):
        forget(hub, confirmed=True)
    assert {record.name for record in hub.provider.records_by_id.values()} == {NAMES[0]}
    forget(hub, confirmed=True)


def test_at_the_deadline_itself_it_still_writes(hub: Hub) -> None:
    deadline = hub.clock() + 100

    def slow(call: str) -> None:
        hub.clock.now = deadline

    hub.provider.after = slow
    forget(hub, confirmed=True)
    assert len(hub.provider.records_by_id) == 1


def test_the_deadline_stops_it_aloud(hub: Hub) -> None:
    def slow(call: str) -> None:
        hub.clock.now += 101

    hub.provider.after = slow
    with pytest.raises(Retryable, match="time was up"):
        forget(hub, confirmed=True)


# One name


def test_a_scope_that_cannot_be_listed_stops_it_for_a_name_too(hub: Hub) -> None:
    with pytest.raises(Retryable, match="cannot be asked who claims"):
        hub.forget(ForgetName(NAMES[5]))


def test_a_name_that_is_forgotten_leaves_all_others_alone(hub: Hub) -> None:
    hub.inventory.unreadable.clear()
    hub.inventory.retag(make_id(5, LEAVING))
    hub.forget(ForgetName(NAMES[5], confirmed=True))
    assert {record.name for record in hub.provider.records_by_id.values()} == {*NAMES} - {NAMES[5]}


def test_a_name_whose_load_balancer_claims_it_and_may_have_it_stays(hub: Hub) -> None:
    hub.inventory.unreadable.clear()
    before = dict(hub.provider.records_by_id)
    (decision,) = hub.forget(ForgetName(NAMES[5], confirmed=True))
    assert decision.reason.value == "in-sync"
    assert hub.provider.records_by_id == before


def test_a_name_needs_its_own_zone_only(hub: Hub) -> None:
    hub.inventory.unreadable.clear()
    hub.tighten(zones={**hub.rules.zones, SUFFIX_2: ZONE_2})
    hub.provider.before = lambda call: raises(Unavailable("502"))(call) if hub.provider.zone == ZONE_2 else None
    assert len(hub.forget(ForgetName(NAMES[5]))) == 1


def test_a_name_that_no_record_of_ours_holds_is_nothing(hub: Hub) -> None:
    hub.inventory.unreadable.clear()
    hub.provider.add("hand.mesh.example.com", "A", "192.0.2.1")
    assert hub.forget(ForgetName("hand.mesh.example.com", confirmed=True)) == []
    assert hub.forget(ForgetName("nobody.mesh.example.com", confirmed=True)) == []


def test_a_name_in_no_zone_is_rejected(hub: Hub) -> None:
    with pytest.raises(Rejected, match=r"cluster1.example.org lies under none of mesh.example.com"):
        hub.forget(ForgetName("cluster1.example.org"))
