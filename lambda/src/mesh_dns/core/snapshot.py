"""What one batch found out, and what may be concluded from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mesh_dns.core import mark
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import KnownScopes
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
from mesh_dns.errors import Retryable


@dataclass(frozen=True, slots=True)
class UnreadZone:
    """A zone that could not be read. `given_up`: it denies, or has not answered for long, so deletes do not wait."""

    error: Retryable
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Owned:
    """A record of ours, and the load balancer that its mark names."""

    record: Record
    serves: LoadBalancerId


@dataclass(frozen=True)
class Snapshot:
    """Everything that was read, by how it was read, because not every read proves the same.

    sightings  by id, read directly: only this proves that a load balancer is gone
    tagged     by scope, from the tagging API, which lags: proves that a name is claimed, never that it is not
    listings   by scope, every load balancer with its tags, read directly: proves that a name is claimed or dropped,
               never that a load balancer is gone
    zones      by zone id, the records that matter; a zone in neither `zones` nor `unread_zones` was not asked for
    now        seconds since the epoch
    """

    now: float
    rules: Rules
    scopes: KnownScopes
    sightings: Mapping[LoadBalancerId, Sighting] = field(default_factory=dict)
    tagged: Mapping[Scope, LoadBalancers | Unreadable] = field(default_factory=dict)
    listings: Mapping[Scope, LoadBalancers | Unreadable] = field(default_factory=dict)
    zones: Mapping[str, Sequence[Record]] = field(default_factory=dict)
    unread_zones: Mapping[str, UnreadZone] = field(default_factory=dict)

    # Load balancers

    @cached_property
    def live(self) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Every load balancer that was seen. Of two reads the stronger counts: listing, then direct, then tagged."""
        seen: dict[LoadBalancerId, LoadBalancer] = {}
        for listing in _read(self.tagged.values()):
            seen.update((key, lb) for key, lb in listing.items() if not isinstance(self.sightings.get(key), Gone))
        seen.update((key, lb) for key, lb in self.sightings.items() if isinstance(lb, LoadBalancer))
        for listing in _read(self.listings.values()):
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

    def allowed(self, hostname: str) -> Sequence[LoadBalancer]:
        """Those who claim a name and may have it, newest first."""
        return [lb for lb in self.claims.get(hostname, ()) if self.rules.objection_to(lb, hostname) is None]

    def claim_state(self, load_balancer: LoadBalancerId, hostname: str) -> ClaimState:
        """The claim state of a load balancer and a name, as far as the reads prove it."""
        seen = self.live.get(load_balancer)
        if seen is not None and hostname in self.rules.hostnames_of(seen):
            return ClaimState.CLAIMS
        if load_balancer.scope not in self.scopes.known:
            return ClaimState.UNREADABLE
        if self.is_listed(load_balancer):
            return ClaimState.DROPPED
        match self.sightings.get(load_balancer):
            case None:
                return ClaimState.UNKNOWN
            case Gone():
                return ClaimState.GONE
            case Unreadable():
                return ClaimState.UNREADABLE
            case _:
                return ClaimState.DROPPED

    def is_listed(self, load_balancer: LoadBalancerId) -> bool:
        """Whether it is in the listing of its scope."""
        listing = self.listings.get(load_balancer.scope)
        return listing is not None and not isinstance(listing, Unreadable) and load_balancer in listing

    def may_answer_soon(self, load_balancer: LoadBalancerId) -> bool:
        """Whether a look that failed is worth repeating: there was no time to ask, or AWS may yet answer."""
        match self.sightings.get(load_balancer):
            case Unreadable(cause=Cause.OUT_OF_TIME):
                return True
            case Unreadable(cause=Cause.UNANSWERED):
                return load_balancer.scope not in self.scopes.overdue
            case _:
                return False

    def tagged_in(self, scope: Scope) -> LoadBalancers | None:
        """The tagged load balancers of a scope; None where they could not be read, or were not asked for."""
        found = self.tagged.get(scope)
        return None if isinstance(found, Unreadable) else found

    def unlisted(self) -> frozenset[Scope]:
        """Known scopes that were not listed yet."""
        return self.scopes.known.difference(self.listings)

    def unlistable(self) -> tuple[Scope, ...]:
        """Known scopes whose listing was asked for and could not be read."""
        return tuple(sorted(s for s, listing in self.listings.items() if isinstance(listing, Unreadable)))

    def uncounted(self) -> frozenset[LoadBalancerId]:
        """Whom our records serve in overdue scopes that cannot be listed: without a look at each the guard is blind."""
        scopes = {scope for scope in self.unlistable() if scope in self.scopes.overdue}
        ours = (each for each in self.owned if each.record.type == "CNAME")
        serves = {each.serves for each in ours if each.serves.scope in scopes}
        return frozenset(serves - self.sightings.keys() - self.live.keys())

    def holding_up(self) -> tuple[Scope, ...]:
        """Unlistable scopes that deletes wait for."""
        return tuple(scope for scope in self.unlistable() if scope not in self.scopes.overdue)

    def faults(self) -> int:
        """How many reads met a fault of the function itself."""
        seen = (*self.sightings.values(), *self.tagged.values(), *self.listings.values())
        return sum(isinstance(each, Unreadable) and each.cause is Cause.FAULT for each in seen)

    # Records

    @cached_property
    def owned(self) -> Sequence[Owned]:
        """Every record that carries our mark, of any type."""
        marks = ((record, mark.served_by(self.rules.owner, record)) for record in self._records())
        return [Owned(record, serves) for record, serves in marks if serves is not None]

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[Record]]:
        """Name => everything there, in a fixed order."""
        found: dict[str, list[Record]] = defaultdict(list)
        for record in sorted(self._records(), key=lambda r: (r.name, r.type, r.id, r.zone_id)):
            found[record.name].append(record)
        return found

    def missing_zones(self) -> frozenset[str]:
        """Zones that deletes wait for: neither read nor given up."""
        given_up = {zone_id for zone_id, unread in self.unread_zones.items() if unread.given_up}
        return frozenset(self.rules.zones.values()).difference(self.zones, given_up)

    def _records(self) -> Iterator[Record]:
        for records in self.zones.values():
            yield from records


def _read(listings: Iterable[LoadBalancers | Unreadable]) -> Iterator[LoadBalancers]:
    return (listing for listing in listings if not isinstance(listing, Unreadable))
