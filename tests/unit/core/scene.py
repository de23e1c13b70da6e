"""Describes, in a few words, what a batch found out, and plans on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Plan, Question
from mesh_dns.core.facts import Facts
from mesh_dns.core.plan import plan
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import (
    Gone,
    Listing,
    LoadBalancer,
    LoadBalancerId,
    Record,
    Scope,
    Sighting,
    Unreadable,
)
from mesh_dns.core.work import SecondLook
from tests.doubles.inventory import HUB, make
from tests.doubles.provider import ZONE

OWNER = "mesh-dns/1f0c9a3e"
NAME = "cluster1.mesh.example.com"
OTHER = "cluster2.mesh.example.com"
AWAY = Scope("111122223333", "us-east-1")
FAR = Scope("444455556666", "eu-west-1")
OTHER_ZONE = "fedcba9876543210fedcba9876543210"
NOW = 1_000_000.0
RULES = Rules(owner=OWNER, zones={"mesh.example.com": ZONE}, accounts={HUB.account: ("*",), FAR.account: ("*",)})


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


@dataclass(frozen=True)
class Scene:
    """What was found: `live` by a direct look and in the listing of its scope, `listed_only` in the listing only.

    `about`: the load balancers in question, by default all that were looked at.
    """

    live: tuple[LoadBalancer, ...] = ()
    listed_only: tuple[LoadBalancer, ...] = ()
    gone: tuple[LoadBalancerId, ...] = ()
    unreadable: tuple[LoadBalancerId, ...] = ()
    records: tuple[Record, ...] = ()
    about: tuple[LoadBalancerId, ...] | None = None
    second_looks: tuple[SecondLook, ...] = ()
    known: tuple[Scope, ...] = (HUB,)
    unlistable: tuple[Scope, ...] = ()
    silent: tuple[Scope, ...] = ()
    listed: bool = True
    zone_read: bool = True
    override_guard: bool = False
    rules: Rules = RULES

    def facts(self) -> Facts:
        """All of it, as it was read."""
        looks: dict[LoadBalancerId, Sighting] = {lb.id: lb for lb in self.live}
        looks |= dict.fromkeys(self.gone, Gone())
        looks |= dict.fromkeys(self.unreadable, Unreadable("AccessDenied"))
        listings: dict[Scope, Listing | Unreadable] = {}
        for scope in self.known if self.listed else ():
            if scope in self.unlistable:
                listings[scope] = Unreadable("AccessDenied")
            else:
                listings[scope] = {lb.id: lb for lb in (*self.live, *self.listed_only) if lb.id.scope == scope}
        return Facts(NOW, frozenset(self.known), self.rules, looks, {}, listings, frozenset(self.silent))

    def question(self) -> Question:
        """What the batch asks."""
        named = (*(lb.id for lb in self.live), *self.gone)
        about = named if self.about is None else self.about
        return Question(frozenset(about), frozenset(self.second_looks), self.override_guard)

    def plan(self) -> Plan:
        """What comes of it."""
        zones: dict[str, list[Record]] = {zone: [] for zone in self.rules.zones.values()} if self.zone_read else {}
        for record in self.records:
            zones.setdefault(record.zone_id, []).append(record)
        return plan(self.question(), self.facts(), zones)


def told(decisions: Plan | tuple[Decision, ...]) -> list[str]:
    """Decisions as `reason number`, where load balancers made by `make(number)` go by their numbers."""
    if isinstance(decisions, Plan):
        assert decisions.needs == ()
        decisions = decisions.decisions
    return sorted(f"{d.reason.value} {int(d.load_balancer.id, 16)}" for d in decisions)
