"""Reading AWS and the zones for one batch, and keeping what could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mesh_dns.core.scopes import PERIODS, KnownScopes
from mesh_dns.core.snapshot import Snapshot, UnreadZone
from mesh_dns.core.values import Cause, LoadBalancerId, LoadBalancers, Record, Scope, Sighting, Unreadable
from mesh_dns.dns.provider import Denied
from mesh_dns.errors import OutOfTime, Retryable
from mesh_dns.ports import Ports

# The part of an invocation's time in which AWS may be asked. The rest is for zones and writing, so that an invocation
# writes something even if AWS is slow.
TIME_FOR_AWS = 0.6
# Looks may use half of the time that is left for AWS; the other half is for listing scopes. While heirs cannot be
# listed, no vacancy is decided, and the next try would fail in the same way.
TIME_FOR_LOOKS = 0.5


class Reader:
    """The reads of one batch. Each is made once, except that zones can be listed anew.

    No read begins after `deadline` (clock seconds). Nothing here raises: what could not be read is in the snapshot.
    """

    def __init__(self, ports: Ports, scopes: KnownScopes, deadline: float) -> None:
        self._ports = ports
        self._rules = ports.rules
        self._scopes = scopes
        self._deadline = deadline
        self._aws_deadline = ports.clock() + TIME_FOR_AWS * (deadline - ports.clock())
        self._sightings: dict[LoadBalancerId, Sighting] = {}
        self._tagged: dict[Scope, LoadBalancers | Unreadable] = {}
        self._listings: dict[Scope, LoadBalancers | Unreadable] = {}
        self._zones: dict[str, Collection[Record]] = {}
        self._unread_zones: dict[str, UnreadZone] = {}

    def look(self, ids: Iterable[LoadBalancerId]) -> bool:
        """Look at load balancers directly; not at those of unknown scopes. Returns whether AWS was asked."""
        wanted = {load_balancer for load_balancer in ids if load_balancer not in self._sightings}
        outside = {load_balancer for load_balancer in wanted if load_balancer.scope not in self._scopes.known}
        self._sightings.update(dict.fromkeys(outside, Unreadable("its scope is not known")))
        if wanted - outside:
            now = self._ports.clock()
            deadline = now + TIME_FOR_LOOKS * (self._aws_deadline - now)
            found = self._ports.inventory.look(wanted - outside, deadline)
            unanswered = dict.fromkeys(
                wanted - outside, Unreadable("AWS said nothing about it", cause=Cause.UNANSWERED)
            )
            self._sightings.update(unanswered | dict(found))
        return bool(wanted - outside)

    def find_tagged(self, scopes: Iterable[Scope]) -> None:
        """Find every load balancer of these scopes that carries the tag."""
        wanted = frozenset(scopes) - self._tagged.keys()
        if wanted:
            self._tagged.update(self._ports.inventory.tagged(wanted, self._aws_deadline))
        # Each sweep tries again to list what could not be listed: so it is known since when that fails.
        unlistable_since = self._ports.memory.recall().unread
        self.list_scopes(scope for scope in wanted if str(scope) in unlistable_since)

    def list_scopes(self, scopes: Iterable[Scope]) -> bool:
        """List every load balancer of these scopes. Returns whether AWS was asked."""
        wanted = frozenset(scopes) - self._listings.keys()
        if wanted:
            found = self._ports.inventory.listings(wanted, self._aws_deadline)
            self._listings.update(found)
            failed = {str(scope) for scope, listing in found.items() if isinstance(listing, Unreadable)}
            self._ports.memory.remember(unread=failed, read=set(map(str, wanted)) - failed)
        return bool(wanted)

    def list_zones(self, zone_ids: Collection[str], hostnames: Collection[str]) -> None:
        """List zones, anew if they were listed before: decisions use the newest list only.

        `hostnames`: those in question; each zone is asked for its own. A zone that failed is not read again.
        """
        wanted = {zone_id: self._held(zone_id, hostnames) for zone_id in zone_ids if zone_id not in self._unread_zones}
        if not wanted:
            return
        for zone_id in wanted:
            self._zones.pop(zone_id, None)
        for zone_id, found in self._ports.provider.read(wanted, self._deadline).items():
            if not isinstance(found, Retryable):
                self._zones[zone_id] = found
            else:
                self._unread_zones[zone_id] = UnreadZone(found, given_up=self._gives_up(zone_id, found))
        self._ports.memory.remember(read=wanted.keys() & self._zones.keys())

    def snapshot(self) -> Snapshot:
        """Everything that was read so far."""
        return Snapshot(
            self._ports.clock(),
            self._rules,
            self._scopes,
            dict(self._sightings),
            dict(self._tagged),
            dict(self._listings),
            {zone_id: tuple(records) for zone_id, records in self._zones.items()},
            dict(self._unread_zones),
        )

    def _held(self, zone_id: str, hostnames: Collection[str]) -> list[str]:
        return sorted(name for name in hostnames if self._rules.zone_of(name) == zone_id)

    def _gives_up(self, zone_id: str, error: Retryable) -> bool:
        """Whether deletes do not wait for this zone: it denies, or has not answered for three sweep periods."""
        if isinstance(error, Denied | OutOfTime):
            return isinstance(error, Denied)
        self._ports.memory.remember(unread={zone_id})
        since = self._ports.memory.recall().unread.get(zone_id, self._ports.clock())
        return self._ports.clock() - since > PERIODS * self._rules.sweep_period
