"""Reading: what one batch found out so far, and what it could not find out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mesh_dns.core.facts import Facts
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Listing, LoadBalancer, LoadBalancerId, Record, Scope, Sighting, Unreadable
from mesh_dns.dns.provider import Provider, RateLimited
from mesh_dns.errors import Retryable
from mesh_dns.ports import Inventory


@dataclass
class Observation:
    """The reads of one batch. A read that failed is kept as such, and asked for once only."""

    inventory: Inventory
    provider: Provider
    rules: Rules
    known: frozenset[Scope]
    silent: frozenset[Scope]
    clock: Callable[[], float]
    looks: dict[LoadBalancerId, Sighting] = field(default_factory=dict)
    tagged: dict[LoadBalancerId, LoadBalancer] = field(default_factory=dict)
    swept: dict[Scope, Mapping[LoadBalancerId, LoadBalancer] | Retryable] = field(default_factory=dict)
    listings: dict[Scope, Listing | Unreadable] = field(default_factory=dict)
    zones: dict[str, Collection[Record]] = field(default_factory=dict)
    unread_zones: dict[str, Retryable] = field(default_factory=dict)
    rate_limit: RateLimited | None = None

    def look(self, ids: Iterable[LoadBalancerId]) -> None:
        """Look at load balancers directly; those of unknown scopes are not looked at."""
        wanted = {load_balancer for load_balancer in ids if load_balancer not in self.looks}
        outside = {load_balancer for load_balancer in wanted if load_balancer.scope not in self.known}
        self.looks.update(dict.fromkeys(outside, Unreadable("its scope is not known")))
        if wanted - outside:
            unanswered = dict.fromkeys(wanted - outside, Unreadable("AWS said nothing about it"))
            self.looks.update(unanswered | dict(self.inventory.look(wanted - outside)))

    def find_tagged(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        """Every load balancer of a scope that carries the tag; asked for once. Raises Retryable."""
        if scope not in self.swept:
            try:
                found = self.inventory.tagged(scope)
            except Retryable as error:
                self.swept[scope] = error
            else:
                self.swept[scope] = found
                self.tagged.update(found)
        known = self.swept[scope]
        if isinstance(known, Retryable):
            raise known
        return known

    def list_scopes(self, scopes: Iterable[Scope]) -> None:
        """List every load balancer of these scopes, each at most once."""
        unlisted = set(scopes) - self.listings.keys()
        if unlisted:
            self.listings.update(self.inventory.listings(unlisted))

    def read_zones(self, zone_ids: Iterable[str], names: Collection[str]) -> None:
        """List zones, anew if they were listed before: what is decided on is never older than this.

        `names`: the hostnames in question; each zone is asked for those that it holds.
        """
        for zone_id in sorted(zone_ids):
            if zone_id in self.unread_zones:
                continue
            self.zones.pop(zone_id, None)
            try:
                if self.rate_limit is not None:
                    raise self.rate_limit
                held = [name for name in names if self.rules.zone_of(name) == zone_id]
                self.zones[zone_id] = self.provider.records(zone_id, held)
            except RateLimited as error:
                self.rate_limit = error
                self.unread_zones[zone_id] = error
            except Retryable as error:
                self.unread_zones[zone_id] = error

    def facts(self) -> Facts:
        """What is known by now."""
        return Facts(
            self.clock(),
            self.known,
            self.rules,
            dict(self.looks),
            dict(self.tagged),
            dict(self.listings),
            self.silent,
        )
