"""What outlives an invocation and may be lost: in the process, and in the table for the processes after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping

from mesh_dns.aws.register import MAX_AGE
from mesh_dns.aws.table import EXPIRES, Table
from mesh_dns.core.history import NameState
from mesh_dns.errors import Retryable
from mesh_dns.ports import Remembered

REFUSED, UNANSWERED, NAME = "refused", "unanswered", "name"
# Seconds: what was refused longer ago does not count; a name's refusal is written at most once an hour.
REFUSED_FOR = 2 * 86_400
REFUSED_ANEW = 3_600
# Writes in one call: a few seconds. The rest waits in the process for the next refusal.
MOST_WRITES = 100
# The attributes of a name's state whose change is worth writing down.
_COUNTS = ("reason", "load_balancer", "outcome")

_log = logging.getLogger(__name__)


class TableMemory:
    """A `Memory` of items `refused`, `<hostname>` (`at`, `expires`), `unanswered`, `<zone id>` (`since`) and `name`.

    `clock` in seconds since the epoch.
    """

    def __init__(self, table: Table, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._unanswered: dict[str, float] = {}
        # What the table holds, as far as we know.
        self._stored: dict[str, dict[str, float]] = {REFUSED: {}, UNANSWERED: {}}
        self._read_at: float | None = None
        # Hostname => what counts of its last state; read when it is first needed.
        self._names: dict[str, tuple[str, ...]] | None = None

    def recall(self) -> Remembered:
        """What the table holds, at most a minute old, and what this process came to know."""
        self._read()
        oldest = self._clock() - REFUSED_FOR
        # DynamoDB deletes what expired some days later.
        self._refused = {name: at for name, at in self._refused.items() if at > oldest}
        return Remembered(dict(self._refused), dict(self._unanswered))

    def remember(
        self,
        *,
        refused: Collection[str] = (),
        written: Collection[str] = (),
        answered: Collection[str] = (),
        unanswered: Collection[str] = (),
    ) -> None:
        """In the process always; in the table what is new there, or so old that it matters."""
        self._read()
        now = float(int(self._clock()))
        self._refused.update(dict.fromkeys(refused, now))
        for name in set(written) - set(refused):
            self._refused.pop(name, None)
        for zone_id in unanswered:
            self._unanswered.setdefault(zone_id, now)
        for zone_id in answered:
            self._unanswered.pop(zone_id, None)
        try:
            self._write()
        except Retryable as error:
            _log.warning("not written down: %s", error)

    def note(self, names: Mapping[str, NameState]) -> None:
        """In the table, what became different, with the time since when: items `name`, `<hostname>`."""
        now = self._clock()
        self._names = self._noted() if self._names is None else self._names
        new = {name: state for name, state in names.items() if self._names.get(name) != _counts(state)}
        if not new:
            return
        try:
            self._table.put_texts(NAME, {name: _texts(state, now) for name, state in new.items()})
        except Retryable as error:
            _log.warning("not written down: %s", error)
        else:
            self._names.update((name, _counts(state)) for name, state in new.items())

    def _noted(self) -> dict[str, tuple[str, ...]]:
        try:
            items = self._table.query_texts(NAME)
        except Retryable as error:
            _log.warning("what was written down cannot be read: %s", error)
            return {}
        return {name: _what_counts(*(item.get(what, "") for what in _COUNTS)) for name, item in items.items()}

    def _write(self) -> None:
        for kind, known in ((REFUSED, self._refused), (UNANSWERED, self._unanswered)):
            stored = self._stored[kind]
            for key in sorted(stored.keys() - known.keys()):
                self._table.delete(kind, key)
                del stored[key]
        for zone_id in sorted(self._unanswered.keys() - self._stored[UNANSWERED].keys()):
            self._put(UNANSWERED, zone_id, "since", self._unanswered[zone_id])
        stored = self._stored[REFUSED]
        new = [name for name, at in sorted(self._refused.items()) if at - stored.get(name, 0.0) >= REFUSED_ANEW]
        for name in new[:MOST_WRITES]:
            self._put(REFUSED, name, "at", self._refused[name])

    def _put(self, kind: str, key: str, what: str, at: float) -> None:
        self._table.put(kind, key, {what: at, EXPIRES: at + REFUSED_FOR} if kind == REFUSED else {what: at})
        self._stored[kind][key] = at

    def _read(self) -> None:
        now = self._clock()
        if self._read_at is not None and 0 <= now - self._read_at <= MAX_AGE:
            return
        self._read_at = now  # also when it fails: once a minute is enough
        try:
            items = {kind: self._table.query(kind) for kind in (REFUSED, UNANSWERED)}
        except Retryable as error:
            _log.warning("what was written down cannot be read: %s", error)
            return
        self._stored = {
            REFUSED: {key: numbers["at"] for key, numbers in items[REFUSED].items() if "at" in numbers},
            UNANSWERED: {key: numbers["since"] for key, numbers in items[UNANSWERED].items() if "since" in numbers},
        }
        self._refused = self._stored[REFUSED] | self._refused
        self._unanswered = self._stored[UNANSWERED] | self._unanswered


def _what_counts(reason: str, load_balancer: str, outcome: str) -> tuple[str, ...]:
    return reason, load_balancer, outcome.partition(":")[0]


def _counts(state: NameState) -> tuple[str, ...]:
    return _what_counts(state.reason.value, state.load_balancer, state.outcome)


def _texts(state: NameState, now: float) -> dict[str, str | float]:
    values: dict[str, str | float | None] = {
        "reason": state.reason.value,
        "load_balancer": state.load_balancer,
        "outcome": state.outcome,
        "detail": state.detail,
        "since": now,
        "waits_until": state.waits_until,
    }
    return {name: value for name, value in values.items() if value is not None and value != ""}
