"""Describes, in a few words, what a batch found out, and plans on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Plan, Question
from mesh_dns.core.plan import plan
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot, UnreadZone
from mesh_dns.core.values import (
    Cause,
    ClaimState,
    Gone,
    LoadBalancer,
    LoadBalancerId,
    LoadBalancers,
    Record,
    Scope,
    Sighting,
    Unreadable,
)
from mesh_dns.core.work import SecondLook
from tests.doubles.hub import AWAY, FAR, NAME, OTHER, OWNER, RULES
from tests.doubles.hub import ZONE_2 as OTHER_ZONE
from tests.doubles.inventory import HUB, make
from tests.doubles.provider import ZONE

__all__ = ["AWAY", "FAR", "HUB", "NAME", "NOW", "OTHER", "OTHER_ZONE", "OWNER", "RULES", "ZONE", "Scene"]

NOW = 1_000_000.0


def ours(serves: LoadBalancer | LoadBalancerId, name: str = NAME, **different: Any) -> Record:
    """Our record for a load balancer, right in everything but what is said to be different."""
    lb = make(serves) if isinstance(serves, LoadBalancerId) else serves
    right = Record(
        f"record-of-{name}", ZONE, name, "CNAME", lb.dns_name, RULES.ttl, False, mark.comment_for(OWNER, lb.id)
    )
    return replace(right, **different)


def foreign(
    type_: str = "CNAME", content: str = "elsewhere.example.net", name: str = NAME, comment: str = ""
) -> Record:
    """A record that somebody else made."""
    return Record(f"foreign-{type_}-of-{name}", ZONE, name, type_, content, 300, False, comment)


def second_look(record: Record, serves: LoadBalancerId, *, age: float = 600, **different: Any) -> SecondLook:
    """The second look at a record that was first looked at `age` seconds ago."""
    right = SecondLook(serves, record.name, record.zone_id, record.id, NOW - age)
    return replace(right, **different)


def told_gone(*ids: LoadBalancerId) -> frozenset[tuple[LoadBalancerId, ClaimState]]:
    """Delete events of these came with the batch."""
    return frozenset((lb, ClaimState.GONE) for lb in ids)


def told_dropped(*ids: LoadBalancerId) -> frozenset[tuple[LoadBalancerId, ClaimState]]:
    """Untag events of these came with the batch."""
    return frozenset((lb, ClaimState.DROPPED) for lb in ids)


@dataclass(frozen=True)
class Scene:
    """What was found: `live` by a direct look and in the listing of its scope, `listed_only` in the listing only.

    `about`: the load balancers in question, by default all that were looked at. `told`: what events told; by default
    everything that was found, so that nothing has to be confirmed. `unread`: zone id => whether it was given up.
    """

    live: tuple[LoadBalancer, ...] = ()
    listed_only: tuple[LoadBalancer, ...] = ()
    tagged_only: tuple[LoadBalancer, ...] = ()
    gone: tuple[LoadBalancerId, ...] = ()
    unreadable: tuple[LoadBalancerId, ...] = ()
    cause: Cause = Cause.ERROR
    records: tuple[Record, ...] = ()
    about: tuple[LoadBalancerId, ...] | None = None
    second_looks: tuple[SecondLook, ...] = ()
    told: frozenset[tuple[LoadBalancerId, ClaimState]] | None = None
    ahead: tuple[LoadBalancerId, ...] = ()
    swept: tuple[Scope, ...] = ()
    override: tuple[Scope | LoadBalancerId, ...] = ()
    known: tuple[Scope, ...] = (HUB,)
    unlistable: tuple[Scope, ...] = ()
    unlisted: tuple[Scope, ...] = ()
    overdue: tuple[Scope, ...] = ()
    young: bool = False
    listed: bool = True
    zone_read: bool = True
    unread: Mapping[str, UnreadZone] = field(default_factory=dict)
    rules: Rules = RULES

    def snapshot(self) -> Snapshot:
        """All of it, as it was read."""
        looks: dict[LoadBalancerId, Sighting] = {lb.id: lb for lb in self.live}
        looks |= dict.fromkeys(self.gone, Gone())
        looks |= dict.fromkeys(self.unreadable, Unreadable("no answer", cause=self.cause))
        listings: dict[Scope, LoadBalancers | Unreadable] = {}
        for scope in self.known if self.listed else ():
            if scope in self.unlistable:
                listings[scope] = Unreadable("AccessDenied")
            elif scope not in self.unlisted:
                listings[scope] = {lb.id: lb for lb in (*self.live, *self.listed_only) if lb.id.scope == scope}
        tagged = {scope: {lb.id: lb for lb in self.tagged_only if lb.id.scope == scope} for scope in self.swept}
        scopes = KnownScopes(frozenset(self.known), frozenset(self.overdue), self.young)
        return Snapshot(NOW, self.rules, scopes, looks, tagged, listings, self.zones(), self.unread)

    def zones(self) -> dict[str, Sequence[Record]]:
        """The zones that were read."""
        wanted = self.rules.zones.values() if self.zone_read else ()
        zones: dict[str, list[Record]] = {zone: [] for zone in wanted if zone not in self.unread}
        for record in self.records:
            if record.zone_id not in self.unread:
                zones.setdefault(record.zone_id, []).append(record)
        return dict(zones)

    def question(self) -> Question:
        """What the batch asks."""
        named = (*(lb.id for lb in self.live), *self.gone)
        about = named if self.about is None else self.about
        told = told_gone(*self.gone) | told_dropped(*(lb.id for lb in self.live)) if self.told is None else self.told
        return Question(
            frozenset(about),
            frozenset(self.second_looks),
            frozenset(self.swept),
            told,
            frozenset(self.ahead),
            frozenset(self.override),
        )

    def plan(self) -> Plan:
        """What comes of it."""
        return plan(self.question(), self.snapshot())

    def only(self) -> Decision:
        """The one decision that comes of it."""
        (decision,) = self.plan().decisions
        return decision

    def decision(self) -> Decision:
        """The one decision that is no refusal of somebody else."""
        (decision,) = (d for d in self.plan().decisions if d.change is not None or d.look_again is not None)
        return decision


def told(decisions: Plan | tuple[Decision, ...]) -> list[str]:
    """Decisions as `reason number`, where load balancers made by `make(number)` go by their numbers."""
    if isinstance(decisions, Plan):
        assert decisions.needs == ()
        decisions = decisions.decisions
    return sorted(f"{d.reason.value} {int(d.load_balancer.id, 16)}" for d in decisions)
