"""Forgetting a scope or a name by hand: each of its records goes to an heir, or is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mesh_dns.core.decision import Decision, Question, Reason
from mesh_dns.core.planning import Planning
from mesh_dns.core.snapshot import Owned, Snapshot
from mesh_dns.core.values import Action, Change, LoadBalancer, Readiness


def plan_forgetting(snapshot: Snapshot, forgotten: Callable[[Owned], bool]) -> Iterator[Decision]:
    """One decision for each of our CNAMEs that is `forgotten`; needs the listings of all known scopes.

    A load balancer that claims its name and may have it keeps it: the next sweep would only create the record again.
    """
    planning = Planning(Question(), snapshot)
    for owned in sorted(snapshot.owned, key=lambda each: (each.record.name, each.record.id)):
        if owned.record.type == "CNAME" and forgotten(owned):
            yield _decide(planning, owned)


def _decide(planning: Planning, owned: Owned) -> Decision:
    record = owned.record
    if planning.snapshot.rules.zone_of(record.name) != record.zone_id:
        detail = "the settings do not put this name into this zone; the record stays as it is"
        return Decision(record.name, Reason.KEPT_NOT_ALLOWED, owned.serves, detail)
    heirs = planning.snapshot.allowed(record.name)
    if any(heir.id == owned.serves for heir in heirs):
        return Decision(record.name, Reason.IN_SYNC, owned.serves, "its load balancer claims it and may have it")
    if heirs:
        heir = next(filter(_is_active, heirs), heirs[0])
        change = planning.change(Action.UPDATE, record.zone_id, record.name, heir, record.id)
        return Decision(record.name, Reason.HAND_OVER, heir.id, f"{owned.serves} is forgotten", change)
    change = Change(Action.DELETE, record.zone_id, record.name, owned.serves, record.id)
    return Decision(record.name, Reason.DELETE, owned.serves, "forgotten, and nobody else may have it", change)


def _is_active(load_balancer: LoadBalancer) -> bool:
    return load_balancer.readiness is Readiness.ACTIVE
