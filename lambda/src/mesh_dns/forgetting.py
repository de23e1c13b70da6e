"""Releasing a scope by hand: its load balancers count as gone, once, and nobody waits for them any more."""

from __future__ import annotations

from collections.abc import Sequence

from mesh_dns.converge import Converge
from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Question
from mesh_dns.core.plan import plan
from mesh_dns.core.values import Gone, Scope, Unreadable
from mesh_dns.core.work import SecondLook
from mesh_dns.errors import Retryable
from mesh_dns.ports import KnownScopes
from mesh_dns.reading import Observation
from mesh_dns.writing import Writer


def release(
    ports: Converge,
    scope: Scope,
    others: KnownScopes,
    deadline: float,
    *,
    confirmed: bool,
) -> Sequence[Decision]:
    """What becomes of every record that serves a scope; with `confirmed`, it is done as well.

    A name that a load balancer elsewhere claims goes to it, in place; every other record is deleted. Nothing is asked
    of the scope itself, the guard is overridden, and no grace is waited for: whoever releases a scope has looked.
    The `others` are asked for heirs; those of them that have been silent for long may fail to answer.

    Raises Retryable when a zone or another scope cannot be read, or a write fails; calling again is harmless.
    """
    rules = ports.rules
    seen = Observation(ports.inventory, ports.provider, rules, others.known | {scope}, others.silent, ports.clock)
    seen.listings[scope] = {}
    seen.list_scopes(others.known)
    for other in sorted(others.known - others.silent):
        listing = seen.listings[other]
        if isinstance(listing, Unreadable):
            raise Retryable(f"{other} cannot be asked who claims these names: {listing.reason}")
    seen.read_zones(frozenset(rules.zones.values()), ())
    for error in seen.unread_zones.values():
        raise error
    second_looks = frozenset(
        SecondLook(serves, record.name, zone_id, record.id, first_look=0, override_guard=True)
        for zone_id, records in seen.zones.items()
        for record in records
        if (serves := mark.served_by(rules.owner, record)) is not None and serves.scope == scope
    )
    question = Question(frozenset(look.load_balancer for look in second_looks), second_looks)
    seen.looks.update({load_balancer: Gone() for load_balancer in question.load_balancers})
    decisions = [d for d in plan(question, seen.facts(), seen.zones).decisions if d.change is not None]
    if confirmed:
        _write(ports, decisions, deadline)
    return decisions


def _write(ports: Converge, decisions: Sequence[Decision], deadline: float) -> None:
    def refuse_to_replan(zone_id: str, names: frozenset[str]) -> Sequence[Decision]:
        raise Retryable(f"{', '.join(sorted(names))}: changed while the scope was released; release it again")

    writer = Writer(ports.provider, refuse_to_replan, lambda: ports.clock() > deadline)
    for zone_id in sorted({d.change.zone_id for d in decisions if d.change}):
        writer.apply(zone_id, [d for d in decisions if d.change and d.change.zone_id == zone_id])
    failures = []
    for decision, error in writer.settled.values():
        ports.observer.decided(decision, outcome="done" if error is None else f"failed: {error}")
        failures += [] if error is None else [error]
    if failures:
        raise failures[0]
