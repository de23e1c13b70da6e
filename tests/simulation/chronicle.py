"""The truth: what there is at AWS, since when, and what the rules make of it. Told without the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Kind, LoadBalancer, LoadBalancerId, Readiness, Record, Scope
from tests.doubles.inventory import InMemoryInventory
from tests.simulation.places import fits, normal

ALWAYS = float("inf")
NEVER = float("-inf")


def claims_of(lb: LoadBalancer, tag: str) -> list[str]:
    """The names in a tag of it, odd ones among them."""
    if lb.readiness is Readiness.FAILED:
        return []
    return list(dict.fromkeys(map(normal, lb.tags.get(tag, "").split())))


def may_have(rules: Rules, lb: LoadBalancer, name: str) -> bool:
    """Whether the settings let a load balancer have a name."""
    patterns = rules.accounts.get(lb.id.account, ())
    tagged = all(lb.tags.get(key) == value for key, value in rules.required_tags.items())
    return tagged and (lb.internal or not rules.internal_only) and any(fits(name, pattern) for pattern in patterns)


def served_by(rules: Rules, record: Record) -> LoadBalancerId | None:
    """Whom a CNAME of ours serves."""
    prefix = f"{rules.owner} "
    if record.type != "CNAME" or not record.comment.startswith(prefix):
        return None
    region, account, kind, name, *number = record.comment.removeprefix(prefix).split("/")
    return LoadBalancerId(region, account, Kind(kind), name, *number)


@dataclass
class Chronicle:
    """When each claim held, when each load balancer was there and each scope readable. Times are the world's own."""

    inventory: InMemoryInventory
    hanging: set[Scope]
    claimed_since: dict[tuple[LoadBalancerId, str], float] = field(default_factory=dict)
    claimed_until: dict[tuple[LoadBalancerId, str], float] = field(default_factory=dict)
    gone_since: dict[LoadBalancerId, float] = field(default_factory=dict)
    unreadable_since: dict[Scope, float] = field(default_factory=dict)
    readable_since: dict[Scope, float] = field(default_factory=dict)
    listable_since: dict[Scope, float] = field(default_factory=dict)
    active_since: dict[LoadBalancerId, float] = field(default_factory=dict)
    _seen: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    _gone: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    _tag: str = ""

    def note(self, now: float) -> None:
        """Take note of the world after something happened in it."""
        there = self.inventory.load_balancers
        current = {(lb.id, name) for lb in there.values() for name in self.claims_of(lb)}
        for claim in current - self.claimed_since.keys():
            self.claimed_since[claim] = now
        for claim in self.claimed_since.keys() - current:
            del self.claimed_since[claim]
            self.claimed_until[claim] = now
        for lb in self._seen.keys() - there.keys():
            self.gone_since[lb], self._gone[lb] = now, self._seen[lb]
        for lb in there.keys() & self.gone_since.keys():
            del self.gone_since[lb], self._gone[lb]  # a classic one was made anew
        if self._tag != self.inventory.tag:
            # AWS shows the gone ones for a while yet, and so what they claim by another tag.
            self._tag = self.inventory.tag
            for lb, last in self._gone.items():
                for name in self.claims_of(last):
                    self.claimed_until[lb, name] = self.gone_since[lb]
        active = {lb for lb, each in there.items() if each.readiness is Readiness.ACTIVE}
        self.active_since = {lb: self.active_since.get(lb, now) for lb in active}
        self._seen = dict(there)
        for scope in self.inventory.scopes:
            if scope in self.inventory.unreadable | self.inventory.unlistable | self.hanging:
                self.unreadable_since.setdefault(scope, now)
                self.readable_since.pop(scope, None)
            else:
                self.unreadable_since.pop(scope, None)
                self.readable_since.setdefault(scope, now)
            if scope in self.unreadable_since or scope in self.inventory.never_listed:
                self.listable_since.pop(scope, None)
            else:
                self.listable_since.setdefault(scope, now)

    def claims_throughout(self, lb: LoadBalancerId, name: str, since: float) -> bool:
        """Whether a claim held without a break from before `since` until now."""
        return self.claimed_since.get((lb, name), ALWAYS) < since

    def claimed_lately(self, lb: LoadBalancerId, name: str, since: float) -> bool:
        """Whether a claim held at any time since then."""
        return (lb, name) in self.claimed_since or self.claimed_until.get((lb, name), NEVER) >= since

    def claims_of(self, lb: LoadBalancer) -> list[str]:
        """The names that it claims now."""
        return claims_of(lb, self.inventory.tag)

    def claims_ever(self) -> Iterator[tuple[LoadBalancerId, str]]:
        """Every claim that holds or held."""
        yield from self.claimed_since.keys() | self.claimed_until.keys()

    def claimants(self, rules: Rules, name: str) -> Iterator[LoadBalancer]:
        """Those who claim a name now and may have it."""
        for lb, claimed in self.claimed_since:
            if claimed == name and may_have(rules, self.inventory.load_balancers[lb], name):
                yield self.inventory.load_balancers[lb]

    def is_readable_since(self, scope: Scope, moment: float) -> bool:
        """Whether what is tagged, and each load balancer, could be read in a scope all the time since then."""
        return self.readable_since.get(scope, ALWAYS) <= moment

    def is_listable_since(self, scope: Scope, moment: float) -> bool:
        """Whether everything there could be listed as well."""
        return self.listable_since.get(scope, ALWAYS) <= moment
