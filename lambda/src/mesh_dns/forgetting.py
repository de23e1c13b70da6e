"""Forgetting a scope or a name by hand: a preview or, confirmed, the writes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from mesh_dns.core.decision import REFUSALS, Decision
from mesh_dns.core.forget import plan_forgetting
from mesh_dns.core.history import states
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Owned, Snapshot
from mesh_dns.core.values import Unreadable
from mesh_dns.core.work import ForgetName, ForgetScope
from mesh_dns.errors import Rejected, Retryable
from mesh_dns.ports import Ports
from mesh_dns.reading import Reader
from mesh_dns.writing import Writer


def forget(ports: Ports, command: ForgetScope | ForgetName, scopes: KnownScopes, deadline: float) -> Sequence[Decision]:
    """Decide the records that serve a scope, or the record at a name; write if the command is confirmed.

    `scopes`: those that may still claim. Raises Retryable when something that matters cannot be read or written, and
    Rejected for a name that lies in no zone.
    """
    reader = Reader(ports, scopes, deadline)
    reader.list_scopes(scopes.known)
    names = [command.hostname] if isinstance(command, ForgetName) else []
    reader.list_zones(_zones(ports, command), names)
    decisions = _decide(command, reader)
    if command.confirmed:

        def replan(zone_id: str, hostnames: frozenset[str]) -> Sequence[Decision]:
            reader.list_zones([zone_id], names)
            return [each for each in _decide(command, reader) if each.hostname in hostnames]

        _write(ports, decisions, Writer(ports.provider, replan, lambda: ports.clock() > deadline))
    return decisions


def _decide(command: ForgetScope | ForgetName, reader: Reader) -> Sequence[Decision]:
    snapshot = reader.snapshot()
    _demand_all(snapshot)
    return list(plan_forgetting(snapshot, lambda owned: _serves(command, owned)))


def _zones(ports: Ports, command: ForgetScope | ForgetName) -> Collection[str]:
    if isinstance(command, ForgetScope):
        return frozenset(ports.rules.zones.values())
    zone_id = ports.rules.zone_of(command.hostname)
    if zone_id is None:
        raise Rejected(f"{command.hostname} lies under none of {', '.join(sorted(ports.rules.zones))}")
    return [zone_id]


def _serves(command: ForgetScope | ForgetName, owned: Owned) -> bool:
    if isinstance(command, ForgetScope):
        return owned.serves.scope == command.scope
    return owned.record.name == command.hostname


def _demand_all(snapshot: Snapshot) -> None:
    for scope in snapshot.holding_up():
        listing = snapshot.listings[scope]
        if isinstance(listing, Unreadable):
            raise Retryable(f"{scope} cannot be asked who claims these names: {listing.reason}")
    for unread in snapshot.unread_zones.values():
        raise unread.error


def _write(ports: Ports, decisions: Sequence[Decision], writer: Writer) -> None:
    failures, outcomes = [], []
    for written in writer.write(decisions).values():
        outcome = "done" if written.failure is None else f"failed: {written.failure}"
        outcomes.append((written.decision, outcome if written.decision.change else ""))
        if written.failure is not None:
            failures.append(written.failure)
        elif written.decision.reason in REFUSALS:
            failures.append(Retryable(f"{written.decision.hostname}: {written.decision.detail}"))
    for decision, outcome in outcomes:
        ports.reporter.decided(decision, outcome=outcome)
    ports.memory.note(states(outcomes, ports.clock()))
    if failures:
        raise failures[0]
