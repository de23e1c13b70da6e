"""What one batch found out about load balancers, and what may be concluded from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Gone, Listing, LoadBalancer, LoadBalancerId, Scope, Sighting, Unreadable


class ClaimState(Enum):
    """How a load balancer stands to a name that its record serves."""

    CLAIMS = "claims it"
    DROPPED = "exists and does not claim it"
    GONE = "is gone"
    UNREADABLE = "cannot be read"
    UNKNOWN = "was not looked at"


@dataclass(frozen=True)
class Facts:
    """Everything that was read, by how it was read, because not every read proves the same.

    looks      direct: AWS was asked for this very id. Alone proves that something is gone.
    tagged     from the tagging API, which lags: proves that a claim was made, never that none is.
    listings   every load balancer of a scope with its tags, read directly: proves claims and releases,
               not that one is gone. None is in it that `known` does not name.
    silent     known scopes that could not be swept for three periods: nobody waits for them
    now        seconds since the epoch
    """

    now: float
    known: frozenset[Scope]
    rules: Rules
    looks: Mapping[LoadBalancerId, Sighting] = field(default_factory=dict)
    tagged: Mapping[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    listings: Mapping[Scope, Listing | Unreadable] = field(default_factory=dict)
    silent: frozenset[Scope] = frozenset()

    @cached_property
    def live(self) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Every load balancer that was seen; where two reads saw it, the later and stronger one counts."""
        seen = {key: value for key, value in self.tagged.items() if not isinstance(self.looks.get(key), Gone)}
        seen.update({key: value for key, value in self.looks.items() if isinstance(value, LoadBalancer)})
        for listing in self.listings.values():
            if not isinstance(listing, Unreadable):
                seen.update(listing)
        return seen

    @cached_property
    def claims(self) -> Mapping[str, Sequence[LoadBalancer]]:
        """Hostname => those who claim it, newest first, then by id."""
        found: dict[str, list[LoadBalancer]] = defaultdict(list)
        for load_balancer in sorted(self.live.values(), key=lambda lb: (-lb.created, lb.id)):
            for hostname in self.rules.hostnames_of(load_balancer):
                found[hostname].append(load_balancer)
        return found

    def standing(self, load_balancer: LoadBalancerId, hostname: str) -> ClaimState:
        """How a load balancer stands to a name, as far as the reads prove it."""
        seen = self.live.get(load_balancer)
        if seen is not None and hostname in self.rules.hostnames_of(seen):
            return ClaimState.CLAIMS
        if load_balancer.scope not in self.known:
            return ClaimState.UNREADABLE
        listing = self.listings.get(load_balancer.scope)
        if listing is not None and not isinstance(listing, Unreadable) and load_balancer in listing:
            return ClaimState.DROPPED
        match self.looks.get(load_balancer):
            case None:
                return ClaimState.UNKNOWN
            case Gone():
                return ClaimState.GONE
            case Unreadable():
                return ClaimState.UNREADABLE
            case _:
                return ClaimState.DROPPED

    def unlisted(self) -> frozenset[Scope]:
        """Known scopes whose listing nobody asked for yet."""
        return self.known - self.listings.keys()

    def unlistable(self) -> tuple[Scope, ...]:
        """Known scopes whose listing was asked for and could not be read."""
        return tuple(sorted(s for s, listing in self.listings.items() if isinstance(listing, Unreadable)))
