"""Load balancers in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mesh_dns.core.values import Gone, Kind, Listing, LoadBalancer, LoadBalancerId, Scope, Sighting, Unreadable
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
    failed: bool = False,
    tags: Mapping[str, str] | None = None,
) -> LoadBalancer:
    """A load balancer that claims these hostnames; its DNS name follows from its id."""
    lb = make_id(load_balancer) if isinstance(load_balancer, int) else load_balancer
    every = dict(tags or {})
    if hostnames:
        every[TAG] = " ".join(hostnames)
    dns_name = f"{lb.name}-{lb.id or 'classic'}.elb.{lb.region}.amazonaws.com"
    return LoadBalancer(lb, dns_name, created, internal, every, failed)


@dataclass
class InMemoryInventory:
    """AWS as it is now. `before(call)` runs before each read and may raise, or change the world.

    `lagging`: what the tagging API still shows of a load balancer (None: not there yet).
    """

    scopes: set[Scope] = field(default_factory=lambda: {HUB})
    load_balancers: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    unreadable: set[Scope] = field(default_factory=set)
    lagging: dict[LoadBalancerId, LoadBalancer | None] = field(default_factory=dict)
    before: Callable[[str], None] = nothing_happens
    calls: list[str] = field(default_factory=list)
    failed_listings: list[Scope] = field(default_factory=list)

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

    def look(self, ids: Collection[LoadBalancerId]) -> Mapping[LoadBalancerId, Sighting]:
        """Direct looks."""
        found: dict[LoadBalancerId, Sighting] = {}
        for lb in sorted(ids):
            try:
                self._read("look", lb.scope)
                found[lb] = self.load_balancers.get(lb, Gone())
            except Retryable as error:
                found[lb] = Unreadable(str(error))
        return found

    def tagged(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        """What the tagging API shows, which may be old, of load balancers that exist."""
        self._read("tagged", scope)
        shown: dict[LoadBalancerId, LoadBalancer] = {}
        for lb, now in self.load_balancers.items():
            seen = self.lagging.get(lb, now)
            if lb.scope == scope and seen is not None and TAG in seen.tags:
                shown[lb] = replace(now, tags=seen.tags)
        return shown

    def listings(self, scopes: Collection[Scope]) -> Mapping[Scope, Listing | Unreadable]:
        """Everything in each of these scopes."""
        found: dict[Scope, Listing | Unreadable] = {}
        for scope in sorted(scopes):
            try:
                found[scope] = self.listing(scope)
            except Retryable as error:
                found[scope] = Unreadable(str(error), error.after)
        return found

    def listing(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Everything in a scope."""
        try:
            self._read("listing", scope)
        except Retryable:
            self.failed_listings.append(scope)
            raise
        return {lb: now for lb, now in self.load_balancers.items() if lb.scope == scope}

    def _read(self, call: str, scope: Scope) -> None:
        self.calls.append(call)
        self.before(call)
        if scope in self.unreadable:
            raise Retryable(f"{call} in {scope}: AccessDenied")
