"""AWS in virtual time: what happens to load balancers, what it tells of that, and how long its answers take."""

from __future__ import annotations

import heapq
import itertools
import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh_dns.core.values import (
    Cause,
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
from tests.doubles.inventory import InMemoryInventory, make, make_id
from tests.simulation.places import OTHER_TAG, OWNER, name_of
from tests.simulation.steps import Create

# Seconds for which a hanging region or zone holds a call; then nobody asks it again in the same read.
HANG = 16.0


@dataclass
class Time:
    """The world's time, and the function's clock, which may be behind. `pending`: what the read under way took yet."""

    now: float = 1_000_000.0
    behind: float = 0.0
    pending: float = 0.0
    later: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def __call__(self) -> float:
        """What the function's clock says."""
        return self.now + self.pending - self.behind

    def true(self) -> float:
        """What everybody else's clock says."""
        return self.now + self.pending

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Something will happen."""
        heapq.heappush(self.later, (moment, next(self._numbers), happens))

    def run_to(self, moment: float) -> None:
        """Time passes, and what had to happen by then happens."""
        while self.later and self.later[0][0] <= moment:
            due, _, happens = heapq.heappop(self.later)
            self.now = max(self.now, due)
            happens()
        self.now = max(self.now, moment)


@dataclass
class Cloud:
    """Implements `Inventory` over load balancers in memory. `meets(call)` may raise or change the world."""

    time: Time
    meets: Callable[[str], None]
    inventory: InMemoryInventory
    hanging: set[Scope] = field(default_factory=set)
    denied_listings: set[Scope] = field(default_factory=set)
    latency: float = 0.0
    calls: int = 0
    _asked: Scope | None = None
    _hung: bool = False

    def __post_init__(self) -> None:
        self.inventory.clock = self.time.true
        self.inventory.before = self._before

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        """Each directly; scopes side by side."""
        by_scope: dict[Scope, list[LoadBalancerId]] = {}
        for lb in ids:
            by_scope.setdefault(lb.scope, []).append(lb)
        end = deadline + self.time.behind
        found: dict[LoadBalancerId, Sighting] = {}
        for seen in self._side_by_side(by_scope, lambda scope: self.inventory.look(by_scope[scope], end)):
            found.update(seen)
        return found

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """By the tagging API; scopes side by side."""
        return self._each(scopes, lambda scope: self.inventory.tagged([scope], deadline + self.time.behind))

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """Everything; scopes side by side."""
        return self._each(scopes, lambda scope: self.inventory.listings([scope], deadline + self.time.behind))

    def _each(
        self, scopes: Collection[Scope], read: Callable[[Scope], Mapping[Scope, LoadBalancers | Unreadable]]
    ) -> Mapping[Scope, LoadBalancers | Unreadable]:
        found: dict[Scope, LoadBalancers | Unreadable] = {}
        for seen in self._side_by_side(scopes, read):
            found.update(seen)
        return found

    def _side_by_side(self, scopes: Collection[Scope], read: Callable[[Scope], Any]) -> Sequence[Any]:
        found, longest = [], 0.0
        for scope in sorted(scopes):
            self._asked, self._hung, self.time.pending = scope, False, 0.0
            found.append(read(scope))
            longest = max(longest, self.time.pending)
        self._asked, self.time.pending = None, 0.0
        self.time.run_to(self.time.now + longest)
        return found

    def _before(self, call: str) -> None:
        scope = self._asked
        assert scope is not None
        self.calls += 1
        self.time.pending += 0 if self._hung else self.latency
        self.inventory.causes[scope] = Cause.UNANSWERED
        self.meets(call)
        self._asked = scope  # a second writer may have asked for another one meanwhile
        if scope in self.hanging:
            self.time.pending += 0 if self._hung else HANG
            self._hung = True
            raise Retryable(f"{call} in {scope}: no answer")
        if scope in self.inventory.unreadable | self.inventory.unlistable | self.denied_listings:
            self.inventory.causes[scope] = Cause.ERROR

    def set_region(self, scope: Scope, state: str) -> None:
        """A scope is as a step says (see `steps.Region`)."""
        groups = (
            (self.inventory.unreadable, ("denied",)),
            (self.inventory.unlistable, ("unlistable",)),
            (self.inventory.never_listed, ("listing-denied", "listing-throttled")),
            (self.denied_listings, ("listing-denied",)),
            (self.hanging, ("hangs",)),
        )
        for group, names in groups:
            (group.add if state in names else group.discard)(scope)


def id_of(number: int, scope: Scope, kind: Kind) -> LoadBalancerId:
    """The id of the n-th load balancer. A classic one may stand beside one of the other generation with its name."""
    return make_id(number, scope, kind, name="mesh" if kind is Kind.CLASSIC else f"mesh-{number - 1}")


def made_by(step: Create, scope: Scope, now: float, tie: float, again: int) -> LoadBalancer:
    """The load balancer that a step creates. One that is made again under its name points elsewhere."""
    created = now - now % tie if tie else now
    tags = {"team": "mesh"} if step.team else {}
    tags |= {OTHER_TAG: " ".join(map(name_of, step.other))} if step.other else {}
    readiness = Readiness.PROVISIONING if step.provisioning else step.ends
    lb = make(
        id_of(step.number, scope, step.kind),
        *map(name_of, step.names),
        created=created,
        internal=step.internal,
        tags=tags,
        readiness=Readiness.ACTIVE if step.kind is Kind.CLASSIC else readiness,
    )
    return replace(lb, dns_name=f"{again}-{lb.dns_name}")


# What CloudTrail tells


def event(call: str, lb: LoadBalancerId, moment: float, tags: Mapping[str, str] | None = None) -> str:
    """The body of the message about a call, as EventBridge and SNS bring it."""
    classic = lb.kind is Kind.CLASSIC
    arn = f"arn:aws:elasticloadbalancing:{lb.region}:{lb.account}:loadbalancer/{lb.arn_path}"
    parameters: dict[str, Any] = {"loadBalancerName": lb.name} if classic else {"loadBalancerArn": arn}
    detail: dict[str, Any] = {"eventSource": "elasticloadbalancing.amazonaws.com", "eventName": call}
    if call.endswith("Tags"):
        parameters = {"loadBalancerNames": [lb.name]} if classic else {"resourceArns": [arn]}
    elif call == "CreateLoadBalancer" and not classic:
        parameters = {"name": lb.name}
        detail["responseElements"] = {"loadBalancers": [{"loadBalancerArn": arn}]}
    if tags is not None:
        listed = [{"key": key, "value": value} for key, value in tags.items()]
        v2_removes = call == "RemoveTags" and not classic
        parameters |= {"tagKeys": list(tags)} if v2_removes else {"tags": listed}
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    detail |= {"requestParameters": parameters, "eventTime": stamp}
    envelope = {"source": "aws.elasticloadbalancing", "detail-type": "AWS API Call via CloudTrail", "detail": detail}
    return json.dumps(envelope | {"account": lb.account, "region": lb.region})


def sweep(scope: Scope) -> str:
    """The body of the message that a schedule sends."""
    envelope = {"source": "mesh-dns", "detail-type": "Mesh DNS Sweep", "detail": {"owner": OWNER}}
    return json.dumps(envelope | {"account": scope.account, "region": scope.region})
