"""Which scopes are known, which are overdue, and whether the register is too young for deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesh_dns.core.values import Scope

# Sweep periods. Deletes do not wait for a scope or a zone that was unreadable for longer. A younger register may have
# lost a scope.
PERIODS = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """What the register knows of a scope, in seconds since the epoch.

    `announced`: when it became known. `read`: when everything that a delete needs could last be read; None for never.
    """

    announced: float
    read: float | None = None


@dataclass(frozen=True, slots=True)
class KnownScopes:
    """The scopes that may be looked at.

    overdue    what a delete needs could not be read there for three sweep periods: deletes do not wait for them
    young      even the oldest has been known for less than three sweep periods: the register may have lost others, so
               nothing is deleted
    """

    known: frozenset[Scope]
    overdue: frozenset[Scope] = frozenset()
    young: bool = False

    @classmethod
    def of(
        cls, entries: Mapping[Scope, Entry], now: float, sweep_period: float, unlistable_since: Mapping[str, float]
    ) -> KnownScopes:
        """From the register's entries. `unlistable_since`: scope => since when every try to list it failed.

        A sweep that reads the tagged load balancers says nothing of that: one odd load balancer, or too many, may keep
        a scope from being listed.
        """
        before = now - PERIODS * sweep_period
        overdue = (
            scope
            for scope, entry in entries.items()
            if _last_read(entry) < before or max(unlistable_since.get(str(scope), now), entry.announced) < before
        )
        young = min((entry.announced for entry in entries.values()), default=now) > before
        return cls(frozenset(entries), frozenset(overdue), young)

    def without(self, scope: Scope) -> KnownScopes:
        """The same without one scope."""
        return KnownScopes(self.known - {scope}, self.overdue - {scope}, self.young)


def _last_read(entry: Entry) -> float:
    return entry.announced if entry.read is None else max(entry.read, entry.announced)
