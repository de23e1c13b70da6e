"""Which scopes are known, since when, and when everything that a delete needs could last be read there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mesh_dns.aws.table import Numbers, Table
from mesh_dns.core.scopes import Entry
from mesh_dns.core.values import Scope

KIND = "scope"
# Seconds for which what was read is good enough: a batch and those right behind it.
MAX_AGE = 60
# A read is written down when the last one is older than this part of a sweep period.
WORTH_WRITING = 1 / 3

_NAME = re.compile(r"([0-9]{12})/([a-z0-9-]+)")


class HubOnly:
    """The `Register` of a hub without spokes: only its own scope is known, since always; its reads are not noted.

    Where the hub's scope cannot be read, nothing of it is deleted anyway. `clock` in seconds since the epoch.
    """

    open = False

    def __init__(self, hub: Scope, clock: Callable[[], float]) -> None:
        self._hub = hub
        self._clock = clock

    def entries(self) -> Mapping[Scope, Entry]:
        """The hub's own, as if it had been read just now."""
        return {self._hub: Entry(announced=0, read=self._clock())}

    def announce(self, scope: Scope) -> None:
        """Nothing to remember."""

    def note_read(self, scope: Scope) -> None:
        """Nothing to remember."""

    def forget(self, scope: Scope) -> None:
        """Nothing to forget."""


class TableRegister:
    """A `Register` of items `scope`, `<account>/<region>` with the numbers `announced` and `read`, each written alone.

    If they are lost, the next sweeps write them again. `sweep_period` in seconds, `clock` in seconds since the epoch.
    """

    open = True

    def __init__(self, table: Table, hub: Scope, sweep_period: float, clock: Callable[[], float]) -> None:
        self._table = table
        self._hub = hub
        self._sweep_period = sweep_period
        self._clock = clock
        self._entries: dict[Scope, Entry] = {}
        self._read_at: float | None = None

    def entries(self) -> Mapping[Scope, Entry]:
        """What the table holds, at most a minute old. The hub's own, while it is not there, was announced just now."""
        return {self._hub: Entry(self._clock()), **self._known()}

    def announce(self, scope: Scope) -> None:
        """Write the item, unless it is there: a scope stays known since when it first was."""
        if scope in self._known():
            return
        now = float(int(self._clock()))
        if self._table.put_new(KIND, str(scope), {"announced": now}):
            self._entries[scope] = Entry(now)
        else:
            self._read_at = None  # another one wrote it meanwhile

    def note_read(self, scope: Scope) -> None:
        """Write the time, unless that was done a short while ago. What is not known stays so."""
        entry = self._known().get(scope)
        now = float(int(self._clock()))
        if entry is None or not worth_writing(entry.read, now, self._sweep_period * WORTH_WRITING):
            return
        if self._table.set(KIND, str(scope), "read", now):
            self._entries[scope] = Entry(entry.announced, now)
        else:
            self._read_at = None  # it was forgotten, or lost, meanwhile

    def forget(self, scope: Scope) -> None:
        """Delete the item."""
        self._table.delete(KIND, str(scope))
        self._entries.pop(scope, None)

    def _known(self) -> Mapping[Scope, Entry]:
        now = self._clock()
        if self._read_at is None or not 0 <= now - self._read_at <= MAX_AGE:
            items = self._table.query(KIND)
            matches = ((_NAME.fullmatch(key), numbers) for key, numbers in items.items())
            self._entries = {Scope(match[1], match[2]): _entry(numbers) for match, numbers in matches if match}
            self._read_at = now
        return self._entries


def worth_writing(written: float | None, now: float, age: float) -> bool:
    """Whether something should be written again: never written, older than `age`, or dated in the future."""
    return written is None or not 0 <= now - written < age


def _entry(numbers: Numbers) -> Entry:
    """An item that we did not write counts as never read: the scope is known, and overdue."""
    if "announced" not in numbers:
        return Entry(0)
    return Entry(numbers["announced"], numbers.get("read"))
