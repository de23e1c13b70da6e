"""The mass-delete guard: an empty listing, a wrong credential or a mistyped tag must not empty a zone."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mesh_dns.core.snapshot import Owned, Snapshot
from mesh_dns.core.values import Cause, Scope, Unreadable

# It trips over this share of the owned records, and over this many: both.
PERCENT = 30
FLOOR = 10


@dataclass(frozen=True, slots=True)
class Guard:
    """How many owned records would be left without anybody who may have the name, per scope.

    It counts over all records, not over a batch, so it sees deletes that arrive one by one like those of one sweep. It
    misses deletes so slow that the losses never add up.
    """

    owned: Counter[Scope]
    lost: Counter[Scope]

    @classmethod
    def count(cls, snapshot: Snapshot) -> Guard:
        """Count over the owned records of all known scopes, in the zones that were read; needs their listings.

        A name with an heir is no loss. Where a scope could not be listed, looks at its load balancers count: one that
        there was no time for is a loss, since nobody knows; one that could not be read is none.
        """
        owned: Counter[Scope] = Counter()
        lost: Counter[Scope] = Counter()
        for each in snapshot.owned:
            scope = each.serves.scope
            if each.record.type != "CNAME" or scope not in snapshot.scopes.known:
                continue
            owned[scope] += 1
            lost[scope] += _is_lost(each, snapshot)
        return cls(owned, +lost)

    def objection_to_delete_in(self, scope: Scope) -> str | None:
        """Why nothing may be deleted for this scope now, or None when it may."""
        if _trips(self.lost[scope], self.owned[scope]):
            return f"{self.lost[scope]} of {self.owned[scope]} records of {scope} lost their load balancer"
        lost, owned = sum(self.lost.values()), sum(self.owned.values())
        if _trips(lost, owned):
            return f"{lost} of all {owned} records lost their load balancer"
        return None


def _is_lost(owned: Owned, snapshot: Snapshot) -> bool:
    seen = snapshot.live.get(owned.serves)
    if seen is not None and owned.record.name in snapshot.rules.hostnames_of(seen):
        return False
    listing = snapshot.listings.get(owned.serves.scope)
    if listing is None or isinstance(listing, Unreadable):
        match snapshot.sightings.get(owned.serves):
            case None:
                return False
            case Unreadable(cause=cause) if cause is not Cause.OUT_OF_TIME:
                return False
    return not snapshot.allowed(owned.record.name)


def _trips(lost: int, owned: int) -> bool:
    return lost > FLOOR and lost * 100 > PERCENT * owned
