"""Which scopes are known, which are overdue, and whether the register is too young for deletes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesh_dns.core.values import Scope

# Sweep periods: what could not be read for this long holds nothing up any more, and a register that is younger may have
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

    overdue    those in which what a delete needs could not be read for three sweep periods: deletes do not wait for
               them
    young      whether the oldest is known for less than three periods: others may have been lost, so nothing is
               deleted
    """

    known: frozenset[Scope]
    overdue: frozenset[Scope] = frozenset()
    young: bool = False

    @classmethod
    def of(cls, entries: Mapping[Scope, Entry], now: float, sweep_period: float) -> KnownScopes:
        """From the register's entries."""
        before = now - PERIODS * sweep_period
        overdue = (scope for scope, entry in entries.items() if _last_read(entry) < before)
        young = min((entry.announced for entry in entries.values()), default=now) > before
        return cls(frozenset(entries), frozenset(overdue), young)

    def without(self, scope: Scope) -> KnownScopes:
        """The same without one scope."""
        return KnownScopes(self.known - {scope}, self.overdue - {scope}, self.young)


def _last_read(entry: Entry) -> float:
    return entry.announced if entry.read is None else max(entry.read, entry.announced)
