"""Load balancers in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mesh_dns.core.values import (
    Cause,
    Gone,
    Kind,
    Listing,
    LoadBalancer,
    LoadBalancerId,
    Readiness,
    Scope,
    Sighting,
    Unreadable,
)
from mesh_dns.errors import Retryable

HUB = Scope("111122223333", "eu-west-1")
TAG = "hostname"


def nothing_happens(call: str) -> None:
    """The hook of a world in which calls just work."""


def make_id(number: int, scope: Scope = HUB, kind: Kind = Kind.NETWORK, name: str = "mesh") -> LoadBalancerId:
    """The id of the n-th load balancer; a classic one has its number in its name."""
    if kind is Kind.CLASSIC:
        return LoadBalancerId(scope.region, scope.account, kind, f"{name}-{number}")
    return LoadBalancerId(scope.region, scope.account, kind, name, f"{number:016x}")


def make(
    load_balancer: LoadBalancerId | int,
    *hostnames: str,
    created: float = 0,
    internal: bool = True,
    readiness: Readiness = Readiness.ACTIVE,
    tags: Mapping[str, str] | None = None,
) -> LoadBalancer:
    """A load balancer that claims these hostnames; its DNS name follows from its id."""
    lb = make_id(load_balancer) if isinstance(load_balancer, int) else load_balancer
    every = dict(tags or {})
    if hostnames:
        every[TAG] = " ".join(hostnames)
    dns_name = f"{lb.name}-{lb.id or 'classic'}.elb.{lb.region}.amazonaws.com"
    return LoadBalancer(lb, dns_name, created, internal, every, readiness)


@dataclass
class InMemoryInventory:
    """AWS as it is now. `before(call)` runs before each read and may raise, or change the world.

    `lagging`: what the tagging API still shows of a load balancer (None: not there yet).
    """

    load_balancers: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    unreadable: set[Scope] = field(default_factory=set)
    lagging: dict[LoadBalancerId, LoadBalancer | None] = field(default_factory=dict)
    before: Callable[[str], None] = nothing_happens
    calls: list[str] = field(default_factory=list)
    clock: Callable[[], float] = lambda: 0.0

    def put(self, load_balancer: LoadBalancer) -> LoadBalancerId:
        """Create it, or change it."""
        self.load_balancers[load_balancer.id] = load_balancer
        return load_balancer.id

    def retag(self, load_balancer: LoadBalancerId, *hostnames: str) -> None:
        """Replace its hostname tag; no hostnames: remove it."""
        old = self.load_balancers[load_balancer]
        tags = {key: value for key, value in old.tags.items() if key != TAG}
        if hostnames:
            tags[TAG] = " ".join(hostnames)
        self.put(replace(old, tags=tags))

    def delete(self, load_balancer: LoadBalancerId) -> None:
        """It is gone."""
        del self.load_balancers[load_balancer]

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        """Direct looks."""
        found: dict[LoadBalancerId, Sighting] = {}
        for lb in sorted(ids):
            unreadable = self._read("look", lb.scope, deadline)
            found[lb] = unreadable if unreadable is not None else self.load_balancers.get(lb, Gone())
        return found

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, Listing | Unreadable]:
        """What the tagging API shows, which may be old, of load balancers that exist."""
        return {scope: self._read("tagged", scope, deadline) or self._tagged(scope) for scope in sorted(scopes)}

    def _tagged(self, scope: Scope) -> Listing:
        shown: dict[LoadBalancerId, LoadBalancer] = {}
        for lb, now in self.load_balancers.items():
            seen = self.lagging.get(lb, now)
            if lb.scope == scope and seen is not None and TAG in seen.tags:
                shown[lb] = replace(now, tags=seen.tags)
        return shown

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, Listing | Unreadable]:
        """Everything in each of these scopes."""
        found: dict[Scope, Listing | Unreadable] = {}
        for scope in sorted(scopes):
            unreadable = self._read("listing", scope, deadline)
            found[scope] = unreadable or {lb: now for lb, now in self.load_balancers.items() if lb.scope == scope}
        return found

    def _read(self, call: str, scope: Scope, deadline: float) -> Unreadable | None:
        if self.clock() > deadline:
            return Unreadable("not asked in time", cause=Cause.OUT_OF_TIME)
        self.calls.append(call)
        try:
            self.before(call)
        except Retryable as error:
            return Unreadable(str(error), error.after, Cause.UNANSWERED)
        return Unreadable(f"{call} in {scope}: AccessDenied") if scope in self.unreadable else None
