"""What converge needs of the world besides DNS (see dns/provider.py): AWS to look at, a queue, somebody to tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from mesh_dns.core.decision import Decision
from mesh_dns.core.values import Listing, LoadBalancer, LoadBalancerId, Scope, Sighting, Unreadable
from mesh_dns.core.work import SecondLook, Sweep


@dataclass(frozen=True, slots=True)
class KnownScopes:
    """The scopes that may be looked at, and which of them, never the hub's own, were not swept for three periods."""

    known: frozenset[Scope]
    silent: frozenset[Scope] = frozenset()


class Inventory(Protocol):
    """Load balancers, read from AWS. "Could not read" and "not there" never look alike."""

    def look(self, ids: Collection[LoadBalancerId]) -> Mapping[LoadBalancerId, Sighting]:
        """Look at each directly, with its tags. Every id that was asked for is in the answer; never raises.

        `Gone` only from a call that asked for that one id, with a session of that scope's account.
        """
        ...

    def tagged(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Every load balancer with the hostname tag, by the tagging API, which lags. Raises Retryable."""
        ...

    def listings(self, scopes: Collection[Scope]) -> Mapping[Scope, Listing | Unreadable]:
        """Every load balancer of each scope with its tags, read directly. Each scope is in the answer; never raises."""
        ...


class Register(Protocol):
    """The scopes that may be looked at: the hub's own, and those that announced themselves and were not released."""

    open: bool
    """Whether scopes other than the hub's own may announce themselves."""

    def known(self) -> frozenset[Scope]:
        """All of them. Raises Retryable."""
        ...

    def silent(self) -> frozenset[Scope]:
        """Those of them, never the hub's own, that could not be swept for three periods. Raises Retryable."""
        ...

    def announce(self, scope: Scope) -> None:
        """A scope was swept just now. Raises Retryable."""
        ...

    def release(self, scope: Scope) -> None:
        """Forget a scope, until it announces itself again. Raises Retryable."""
        ...


class Outbox(Protocol):
    """The function's own queue, for what it asks itself to do later."""

    def send_second_looks(self, looks: Mapping[SecondLook, float]) -> None:
        """Send each after its delay in seconds (0-900). Raises Retryable; sending twice is harmless."""
        ...

    def send_continuation(self, sweep: Sweep) -> None:
        """Send the rest of a sweep. Raises Retryable."""
        ...


class Reporter(Protocol):
    """Who is told what was decided and what came of it: logs and metrics, or a test."""

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """One decision. `outcome`: `done`, `held-by-policy`, `dry-run`, `failed: <why>`, or empty for no write."""
        ...

    def swept(self, sweep: Sweep, *, load_balancers: int) -> None:
        """A sweep reached its end."""
        ...
