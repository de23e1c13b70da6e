"""The mass-delete guard: an empty listing, a wrong credential or a mistyped tag must not empty a zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mesh_dns.core import mark
from mesh_dns.core.facts import Facts
from mesh_dns.core.values import Record, Scope, Unreadable

# It trips over this share of the owned records, and over this many: both.
PERCENT = 30
FLOOR = 10


@dataclass(frozen=True, slots=True)
class Guard:
    """How many owned records lost their load balancer, per scope.

    It looks at the world, not at a batch, so deletes that arrive one by one are caught like those of one sweep.
    A trickle slow enough that the share never builds up is not caught.
    """

    owned: Mapping[Scope, int]
    vacant: Mapping[Scope, int]

    @classmethod
    def count(cls, facts: Facts, records: Iterable[Record]) -> Guard:
        """Count over the owned records of all known scopes; needs their listings."""
        owned: dict[Scope, int] = defaultdict(int)
        vacant: dict[Scope, int] = defaultdict(int)
        for record in records:
            serves = mark.served_by(facts.rules.owner, record)
            if serves is None or record.type != "CNAME" or serves.scope not in facts.known:
                continue
            owned[serves.scope] += 1
            listing = facts.listings.get(serves.scope)
            if listing is None or isinstance(listing, Unreadable):
                continue
            seen = facts.live.get(serves)
            if seen is None or record.name not in facts.rules.hostnames_of(seen):
                vacant[serves.scope] += 1
        return cls(owned, vacant)

    def objection_to_delete_in(self, scope: Scope) -> str | None:
        """Why nothing may be deleted for this scope now, or None when it may."""
        if self._trips(self.vacant.get(scope, 0), self.owned.get(scope, 0)):
            return f"{self.vacant[scope]} of {self.owned[scope]} records of {scope} lost their load balancer"
        vacant, owned = sum(self.vacant.values()), sum(self.owned.values())
        if self._trips(vacant, owned):
            return f"{vacant} of all {owned} records lost their load balancer"
        return None

    def _trips(self, vacant: int, owned: int) -> bool:
        return vacant > FLOOR and vacant * 100 > PERCENT * owned
