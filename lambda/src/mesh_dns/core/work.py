"""What a message asks for, and what the function asks itself to do later."""

from __future__ import annotations

from dataclasses import dataclass

from mesh_dns.core.values import LoadBalancerId, Scope


@dataclass(frozen=True, slots=True)
class Check:
    """Look at these load balancers, all of one scope.

    `frees_nothing`: the event cannot have freed a name (a create, tags added), so that a load balancer which
    exists and claims nothing needs no look at the zone. Whatever freed one has an event of its own.
    """

    scope: Scope
    load_balancers: frozenset[LoadBalancerId]
    frees_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look at every tagged load balancer of a scope and at every record that serves the scope.

    A sweep that ran out of time goes on behind `after`; `hops` counts how often it did.
    `override_guard`: the mass-delete guard lets this one pass; only ever set by direct invocation.
    """

    scope: Scope
    after: LoadBalancerId | None = None
    hops: int = 0
    override_guard: bool = False


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Look again at a record whose load balancer was found gone or without the name.

    `first_look` (seconds since the epoch) is when that was found; `override_guard` holds for just this record.
    """

    load_balancer: LoadBalancerId
    hostname: str
    zone_id: str
    record_id: str
    first_look: float
    override_guard: bool = False

    @property
    def scope(self) -> Scope:
        """Where its load balancer lives."""
        return self.load_balancer.scope


@dataclass(frozen=True, slots=True)
class Release:
    """Forget a scope and what serves it. Only ever asked for by direct invocation; `confirmed`: and not just told."""

    scope: Scope
    confirmed: bool = False


Work = Check | Sweep | SecondLook
