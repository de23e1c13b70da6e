"""What outlives an invocation and may be lost: in the process, and in the table for the processes after it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from mesh_dns.aws.register import MAX_AGE
from mesh_dns.aws.table import EXPIRES, Table
from mesh_dns.core.history import NameState
from mesh_dns.errors import Retryable
from mesh_dns.ports import Remembered

REFUSED, UNREAD, NAME = "provider-refuses", "unread", "name"
# Seconds: what was refused longer ago does not count; a name's refusal is written at most once an hour.
REFUSED_FOR = 2 * 86_400
REFUSED_ANEW = 3_600
# Items written in one invocation: a few seconds. The rest waits for the next one.
MOST_WRITES = 100
# Seconds that a name's state is kept after what may be its last decision. While decisions go on, that is renewed once a
# day.
KEPT_FOR = 7 * 86_400
KEPT_ANEW = 86_400
# Seconds after which the states are read again: somebody may have lost the table, or restored an old one.
NAMES_AGE = 3_600
# Seconds by which the time of a second look moves without being written anew.
NEAR = 5

_log = logging.getLogger(__name__)


class TableMemory:
    """A `Memory` of three kinds of items: `provider-refuses` by hostname, with `at` and `expires`; `unread` by zone id
    or scope, with `since`; and `name` by hostname.

    `clock` in seconds since the epoch.
    """

    def __init__(self, table: Table, clock: Callable[[], float]) -> None:
        self._table = table
        self._clock = clock
        self._refused: dict[str, float] = {}
        self._unread: dict[str, float] = {}
        # Those that could be read and may still be in the table as unread.
        self._readable: set[str] = set()
        # What the table holds, as far as we know; None until it was read once. Nothing is written before that: what
        # could not be read is not empty, and a time that is written anew is lost.
        self._stored: dict[str, dict[str, float]] | None = None
        self._read_at: float | None = None
        # Hostname => its last state in the table, and when that was read.
        self._names: dict[str, _Noted] | None = None
        self._names_read_at: float | None = None

    def recall(self) -> Remembered:
        """What the table holds, at most a minute old, and what this process came to know."""
        self._read()
        oldest = self._clock() - REFUSED_FOR
        # DynamoDB deletes what expired some days later.
        self._refused = {name: at for name, at in self._refused.items() if at > oldest}
        return Remembered(dict(self._refused), dict(self._unread))

    def remember(
        self,
        *,
        refused: Collection[str] = (),
        written: Collection[str] = (),
        read: Collection[str] = (),
        unread: Collection[str] = (),
    ) -> None:
        """In the process always; in the table what is new there, or so old that it matters."""
        self._read()
        now = float(int(self._clock()))
        self._refused.update(dict.fromkeys(refused, now))
        for name in set(written) - set(refused):
            self._refused.pop(name, None)
        for place in unread:
            self._unread.setdefault(place, now)
        for place in read:
            self._unread.pop(place, None)
        self._readable |= set(read)
        if self._stored is None:
            return
        try:
            self._write(self._stored[REFUSED], self._stored[UNREAD])
        except Retryable as error:
            _log.warning("not written down: %s", error)

    def note(self, names: Mapping[str, NameState]) -> None:
        """In the table, what became different, with the time since when: items `name`, `<hostname>`."""
        now = self._clock()
        stored = self._noted(now)
        if stored is None:
            return  # written over what could not be read, every name would count from now
        new = {name: noted for name, state in names.items() if (noted := _follow(stored.get(name), state, now))}
        if not new:
            return
        try:
            written = self._table.put_texts(NAME, {name: _texts(names[name], noted) for name, noted in new.items()})
        except Retryable as error:
            _log.warning("not written down: %s", error)
        else:
            stored.update((name, new[name]) for name in written)

    def _noted(self, now: float) -> dict[str, _Noted] | None:
        """The states in the table, at most `NAMES_AGE` old unless it cannot be read; None if it never could be."""
        if self._names_read_at is not None and 0 <= now - self._names_read_at <= NAMES_AGE:
            return self._names
        try:
            items = self._table.query_texts(NAME)
        except Retryable as error:
            _log.warning("what was written down cannot be read: %s", error)
            return self._names
        self._names_read_at = now
        self._names = {name: _read_noted(item) for name, item in items.items()}
        return self._names

    def _write(self, refused: dict[str, float], unread: dict[str, float]) -> None:
        for kind, stored, current in (
            (REFUSED, refused, self._refused),
            (UNREAD, unread, self._unread),
        ):
            for key in sorted(stored.keys() - current.keys()):
                self._table.delete(kind, key)
                del stored[key]
        for place, since in sorted(self._unread.items()):
            if unread.get(place) != since:
                self._table.put(UNREAD, place, {"since": since})
                unread[place] = since
        self._readable.clear()
        new = [name for name, at in sorted(self._refused.items()) if at - refused.get(name, 0.0) >= REFUSED_ANEW]
        for name in new[:MOST_WRITES]:
            at = self._refused[name]
            self._table.put(REFUSED, name, {"at": at, EXPIRES: at + REFUSED_FOR})
            refused[name] = at

    def _read(self) -> None:
        now = self._clock()
        if self._read_at is not None and 0 <= now - self._read_at <= MAX_AGE:
            return
        self._read_at = now  # also when it fails: once a minute is enough
        try:
            items = {kind: self._table.query(kind) for kind in (REFUSED, UNREAD)}
        except Retryable as error:
            _log.warning("what was written down cannot be read: %s", error)
            return
        refused = {key: numbers["at"] for key, numbers in items[REFUSED].items() if "at" in numbers}
        unread = {key: numbers["since"] for key, numbers in items[UNREAD].items() if "since" in numbers}
        if self._stored is not None:
            # Another process could read it meanwhile: counted from the old time, one more failure would be a long one.
            for key in self._stored[UNREAD].keys() - unread.keys():
                self._unread.pop(key, None)
        self._stored = {REFUSED: refused, UNREAD: unread}
        self._refused = refused | self._refused
        for place in unread.keys() - self._readable:
            self._unread[place] = min(unread[place], self._unread.get(place, now))


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the table says of a name, without the words. Times in seconds since the epoch, 0 for none.

    `what`: reason, load balancer and outcome, whose change is a new state.
    """

    what: tuple[str, str, str]
    since: float
    waits_until: float
    expires: float


def _follow(stored: _Noted | None, state: NameState, now: float) -> _Noted | None:
    """What to write down of a state; None when the table says so already."""
    what = _what(state.reason.value, state.load_balancer, state.outcome)
    same = stored is not None and stored.what == what
    since = stored.since if stored is not None and same else now
    noted = _Noted(what, since, state.waits_until or 0.0, now + KEPT_FOR if state.may_be_last else 0.0)
    if stored is not None and same and abs(noted.waits_until - stored.waits_until) <= NEAR:
        kept = stored.expires == 0.0 if noted.expires == 0.0 else noted.expires - stored.expires < KEPT_ANEW
        return None if kept else noted
    return noted


def _read_noted(item: Mapping[str, str]) -> _Noted:
    what = _what(item.get("reason", ""), item.get("load_balancer", ""), item.get("outcome", ""))
    return _Noted(what, *(_seconds(item.get(name, "")) for name in ("since", "waits_until", EXPIRES)))


def _seconds(text: str) -> float:
    """A time in the table, in seconds since the epoch. A malformed one counts as 0."""
    return float(text) if text.isdecimal() else 0.0


def _what(reason: str, load_balancer: str, outcome: str) -> tuple[str, str, str]:
    return reason, load_balancer, outcome.partition(":")[0]


def _texts(state: NameState, noted: _Noted) -> dict[str, str | float]:
    values: dict[str, str | float] = {
        "reason": state.reason.value,
        "load_balancer": state.load_balancer,
        "outcome": state.outcome,
        "detail": state.detail,
        "since": noted.since,
        "waits_until": noted.waits_until,
        EXPIRES: noted.expires,
    }
    return {name: value for name, value in values.items() if value}
