"""What outlives an invocation and may be lost: in the process, and in the table for the processes after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from mesh_dns.aws.register import MAX_AGE, WORTH_WRITING
from mesh_dns.aws.table import EXPIRES, Table
from mesh_dns.errors import Retryable
from mesh_dns.ports import Remembered

REFUSED, ZONE = "refused", "zone"
# Seconds: what was refused longer ago says nothing any more; one refusal of a name is written down in an hour.
REFUSED_FOR = 2 * 86_400
REFUSED_ANEW = 3_600
# Writes in one call: a few seconds. The rest waits in the process for the next refusal.
MOST_WRITES = 100

_log = logging.getLogger(__name__)


class TableMemory:
    """A `Memory` of items `refused`, `<hostname>` (`at`, `expires`) and `zone`, `<zone id>` (`answered`).

    `sweep_period` in seconds, `clock` in seconds since the epoch.
    """

    def __init__(self, table: Table, sweep_period: float, clock: Callable[[], float]) -> None:
        self._table = table
        self._sweep_period = sweep_period
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._answered: dict[str, float] = {}
        # What the table holds, as far as we know.
        self._stored_refused: dict[str, float] = {}
        self._stored_answered: dict[str, float] = {}
        self._read_at: float | None = None

    def recall(self) -> Remembered:
        """What the table holds, at most a minute old, and what this process came to know."""
        self._read()
        oldest = self._clock() - REFUSED_FOR
        refused = _latest(self._stored_refused, self._refused)
        # DynamoDB deletes what expired some days later.
        self._refused = {name: at for name, at in self._refused.items() if at > oldest}
        return Remembered(
            {name: at for name, at in refused.items() if at > oldest}, _latest(self._stored_answered, self._answered)
        )

    def remember(
        self, *, refused: Collection[str] = (), written: Collection[str] = (), answered: Collection[str] = ()
    ) -> None:
        """In the process always; in the table what is new there, or so old that it matters."""
        now = float(int(self._clock()))
        self._refused.update(dict.fromkeys(refused, now))
        for name in written:
            self._refused.pop(name, None)
        self._answered.update(dict.fromkeys(answered, now))
        try:
            self._write(now, set(written) - set(refused))
        except Retryable as error:
            _log.warning("not written down: %s", error)

    def _write(self, now: float, written: Collection[str]) -> None:
        for name in sorted(written & self._stored_refused.keys()):
            self._table.delete(REFUSED, name)
            del self._stored_refused[name]
        period = self._sweep_period * WORTH_WRITING
        for zone, at in _worth_writing(self._answered, self._stored_answered, period):
            self._table.put(ZONE, zone, {"answered": at})
            self._stored_answered[zone] = at
        for name, at in _worth_writing(self._refused, self._stored_refused, REFUSED_ANEW)[:MOST_WRITES]:
            self._table.put(REFUSED, name, {"at": at, EXPIRES: at + REFUSED_FOR})
            self._stored_refused[name] = at

    def _read(self) -> None:
        now = self._clock()
        if self._read_at is not None and 0 <= now - self._read_at <= MAX_AGE:
            return
        self._read_at = now  # also when it fails: once a minute is enough
        try:
            refused, zones = self._table.query(REFUSED), self._table.query(ZONE)
        except Retryable as error:
            _log.warning("what was written down cannot be read: %s", error)
            return
        self._stored_refused = {name: numbers["at"] for name, numbers in refused.items() if "at" in numbers}
        self._stored_answered = {zone: numbers["answered"] for zone, numbers in zones.items() if "answered" in numbers}


def _worth_writing(known: dict[str, float], stored: dict[str, float], age: float) -> list[tuple[str, float]]:
    """What the table does not hold, or only as it was that long before."""
    return [(key, at) for key, at in sorted(known.items()) if key not in stored or at - stored[key] >= age]


def _latest(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return one | {key: max(at, one.get(key, at)) for key, at in other.items()}
