"""Releasing a scope: told first, done when confirmed."""

from __future__ import annotations

import pytest

from mesh_dns.converge import Converge
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Sweep
from mesh_dns.errors import Retryable
from mesh_dns.forgetting import release
from mesh_dns.ports import KnownScopes
from tests.doubles.inventory import HUB, InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryOutbox, Told, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider

LEAVING = Scope("444455556666", "us-east-1")
SILENT = Scope("777788889999", "eu-west-1")
NAMES = [f"c{number}.mesh.example.com" for number in range(20)]


@pytest.fixture
def ports() -> Converge:
    inventory = InMemoryInventory(scopes={HUB, LEAVING})
    for number, name in enumerate(NAMES):
        inventory.put(make(make_id(number, LEAVING), name))
    rules = Rules(
        "mesh-dns/1f0c9a3e", {"mesh.example.com": ZONE}, dict.fromkeys((HUB.account, LEAVING.account), ("*",))
    )
    ports = Converge(inventory, InMemoryProvider(), InMemoryOutbox(), Told(), rules, VirtualClock())
    ports({"sweep": Sweep(LEAVING)}, KnownScopes(frozenset({HUB, LEAVING})), ports.clock() + 100)
    inventory.unreadable.add(LEAVING)
    inventory.put(make(99, NAMES[0], created=5))
    return ports


def released(ports: Converge, *, confirmed: bool) -> dict[str, str]:
    known = frozenset(ports.inventory.scopes) - {LEAVING}
    decisions = release(
        ports, LEAVING, KnownScopes(known, frozenset({SILENT})), ports.clock() + 100, confirmed=confirmed
    )
    return {decision.hostname: decision.reason.value for decision in decisions}


def test_it_tells_first_what_it_would_do(ports: Converge) -> None:
    before = dict(ports.provider.records_by_id)
    assert released(ports, confirmed=False) == dict.fromkeys(NAMES, "delete") | {NAMES[0]: "hand-over"}
    assert ports.provider.records_by_id == before


def test_confirmed_it_hands_over_what_others_claim_and_deletes_the_rest(ports: Converge) -> None:
    (kept,) = ports.provider.at(NAMES[0])
    released(ports, confirmed=True)
    (record,) = ports.provider.records_by_id.values()
    assert (record.id, record.content) == (kept.id, ports.inventory.load_balancers[make_id(99)].dns_name)


def test_a_zone_that_cannot_be_read_stops_it(ports: Converge) -> None:
    def fail(call: str) -> None:
        raise Retryable(call)

    ports.provider.before = fail
    with pytest.raises(Retryable):
        released(ports, confirmed=True)


def test_another_scope_that_cannot_be_read_stops_it_unless_it_has_been_silent_for_long(ports: Converge) -> None:
    ports.inventory.scopes.add(SILENT)
    ports.inventory.unreadable.add(SILENT)
    assert len(released(ports, confirmed=False)) == len(NAMES)
    ports.inventory.unreadable.add(HUB)
    with pytest.raises(Retryable, match="cannot be asked who claims"):
        released(ports, confirmed=True)
    assert len(ports.provider.records_by_id) == len(NAMES)


def test_foreign_records_stay(ports: Converge) -> None:
    foreign = ports.provider.add("hand.mesh.example.com", "A", "192.0.2.1")
    released(ports, confirmed=True)
    assert foreign in ports.provider.records_by_id.values()
