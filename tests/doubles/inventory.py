"""Load balancers in memory: the promises of `Inventory`, without threads, so that a seed repeats a history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mesh_dns.core.values import (
    Cause,
    Gone,
    Kind,
    LoadBalancer,
    LoadBalancerId,
    LoadBalancers,
    Readiness,
    Scope,
    Sighting,
    Unreadable,
)
from mesh_dns.errors import Retryable

HUB = Scope("111122223333", "eu-west-1")
TAG = "hostname"
IDS_PER_CALL = 20


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
class Allowance:
    """AWS's bucket of `Describe*` in each scope: `size` calls at once, and `per_second` more."""

    size: float = 40
    per_second: float = 10
    left: dict[Scope, tuple[float, float]] = field(default_factory=dict)

    def take(self, scope: Scope, calls: int, now: float) -> bool:
        """Whether so many calls are allowed now; if not, none is counted."""
        at, left = self.left.get(scope, (now, self.size))
        left = min(self.size, left + max(0.0, now - at) * self.per_second)
        enough = left >= calls
        self.left[scope] = (now, left - calls if enough else left)
        return enough


@dataclass
class InMemoryInventory:
    """AWS as it is now. `before(call)` runs before each read (`look`, `tagged`, `listing`); it may raise Retryable,
    change the world, or let the clock run.

    `load_balancers`: what exists. `late`: what AWS still shows of one instead (None: not there), each until a time.
    `lagging`: what the tagging API still shows of one (None: not there yet).
    `tag`: the key of the tag that names stand in.
    `unreadable`: scopes that cannot be read, with `causes` (DENIED where nothing else is said).
    `unlistable`: scopes that can only be looked at by id. `never_listed`: those in which only the listing of all fails.
    """

    scopes: set[Scope] = field(default_factory=lambda: {HUB})
    clock: Callable[[], float] = lambda: 0.0
    load_balancers: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    late: dict[LoadBalancerId, list[tuple[float, LoadBalancer | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    lagging: dict[LoadBalancerId, LoadBalancer | None] = field(default_factory=dict)
    unreadable: set[Scope] = field(default_factory=set)
    unlistable: set[Scope] = field(default_factory=set)
    never_listed: set[Scope] = field(default_factory=set)
    causes: dict[Scope, Cause] = field(default_factory=dict)
    allowance: Allowance | None = None
    before: Callable[[str], None] = nothing_happens
    calls: list[str] = field(default_factory=list)
    tag: str = TAG

    def put(self, load_balancer: LoadBalancer, *, shown_from: float | None = None) -> LoadBalancerId:
        """Create it, or change it; AWS shows that at once, or from a time on."""
        return self._becomes(load_balancer.id, load_balancer, shown_from)

    def retag(self, load_balancer: LoadBalancerId, *hostnames: str, shown_from: float | None = None) -> None:
        """Replace its hostname tag; no hostnames: remove it."""
        old = self.load_balancers[load_balancer]
        tags = {key: value for key, value in old.tags.items() if key != self.tag}
        if hostnames:
            tags[self.tag] = " ".join(hostnames)
        self.put(replace(old, tags=tags), shown_from=shown_from)

    def delete(self, load_balancer: LoadBalancerId, *, shown_from: float | None = None) -> None:
        """It is gone."""
        self._becomes(load_balancer, None, shown_from)

    def shown(self) -> Mapping[LoadBalancerId, LoadBalancer]:
        """What AWS shows now."""
        every = {lb: self._shown(lb) for lb in self.load_balancers.keys() | self.late.keys()}
        return {lb: every[lb] for lb in sorted(every) if every[lb] is not None}  # type: ignore[misc]

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        """Direct looks, one call each."""
        return {lb: self._read("look", lb.scope, 1, deadline) or self._shown(lb) or Gone() for lb in sorted(set(ids))}

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """What the tagging API shows, which may be old, of load balancers that AWS shows."""
        found: dict[Scope, LoadBalancers | Unreadable] = {}
        for scope in sorted(set(scopes)):
            found[scope] = self._read("tagged", scope, 2, deadline) or self._tagged(scope)
        return found

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """Everything in each of these scopes."""
        found: dict[Scope, LoadBalancers | Unreadable] = {}
        for scope in sorted(set(scopes)):
            calls = 1 + -(-sum(lb.scope == scope for lb in self.load_balancers) // IDS_PER_CALL)
            failure = self._read("listing", scope, calls, deadline)
            found[scope] = failure or {lb: now for lb, now in self.shown().items() if lb.scope == scope}
        return found

    def _becomes(self, lb: LoadBalancerId, now: LoadBalancer | None, shown_from: float | None) -> LoadBalancerId:
        if shown_from is not None:
            self.late[lb].append((shown_from, self.load_balancers.get(lb)))
        if now is None:
            del self.load_balancers[lb]
        else:
            self.load_balancers[lb] = now
        return lb

    def _shown(self, lb: LoadBalancerId) -> LoadBalancer | None:
        for until, still in self.late.get(lb, ()):
            if self.clock() < until:
                return still
        return self.load_balancers.get(lb)

    def _tagged(self, scope: Scope) -> LoadBalancers:
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for lb, now in self.shown().items():
            seen = self.lagging.get(lb, now)
            if lb.scope == scope and seen is not None and self.tag in seen.tags:
                found[lb] = replace(now, tags=seen.tags)
        return found

    def _read(self, call: str, scope: Scope, calls: int, deadline: float) -> Unreadable | None:
        """Why it cannot be read, or None."""
        if self.clock() >= deadline:
            return Unreadable("not asked: the function's time was up", cause=Cause.OUT_OF_TIME)
        self.calls.append(call)
        try:
            self.before(call)
        except Retryable as error:
            return Unreadable(str(error), error.after, self.causes.get(scope, Cause.ERROR))
        unlisted = (scope in self.unlistable and call != "look") or (scope in self.never_listed and call == "listing")
        if scope in self.unreadable or unlisted:
            cause = self.causes.get(scope, Cause.ERROR)
            return Unreadable(f"{call} in {scope}: denied", cause=cause)
        if self.allowance is not None and not self.allowance.take(scope, calls, self.clock()):
            return Unreadable(f"{call} in {scope}: Throttling: Rate exceeded", cause=Cause.UNANSWERED)
        return None
