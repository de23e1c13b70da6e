"""A DNS provider in memory, with the rules of Cloudflare that decisions depend on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from mesh_dns.core.hostnames import normalize
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.dns.provider import BatchRejected, QuotaReached
from tests.doubles.inventory import nothing_happens

ZONE = "0123456789abcdef0123456789abcdef"


@dataclass
class InMemoryProvider:
    """Zones of records. `before(call)` and `after(call)` run around each call and may raise.

    `poison`: hostnames that this provider refuses to write, for reasons of its own.
    """

    batch_size: int = 200
    quota: int | None = None
    poison: set[str] = field(default_factory=set)
    records_by_id: dict[str, Record] = field(default_factory=dict)
    before: Callable[[str], None] = nothing_happens
    after: Callable[[str], None] = nothing_happens
    calls: list[str] = field(default_factory=list)
    written: list[Change] = field(default_factory=list)
    _made: int = 0

    def add(self, name: str, type_: str, content: str, *, comment: str = "", zone_id: str = ZONE) -> Record:
        """Somebody else makes a record."""
        record = Record(self._new_id(), zone_id, normalize(name), type_, normalize(content), 300, False, comment)
        self.records_by_id[record.id] = record
        return record

    def at(self, name: str) -> list[Record]:
        """Everything at a name."""
        return [record for record in self.records_by_id.values() if record.name == name]

    def records(self, zone_id: str, names: Collection[str]) -> Sequence[Record]:
        """The whole zone."""
        self._call("list", self.before)
        found = [record for record in self.records_by_id.values() if record.zone_id == zone_id]
        self._call("list", self.after, count=False)
        return found

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """All or nothing: deletes, then updates, then creates."""
        self._call("apply", self.before)
        if not 0 < len(changes) <= self.batch_size:
            raise AssertionError(f"{len(changes)} changes in a batch")
        state = dict(self.records_by_id)
        order = (Action.DELETE, Action.UPDATE, Action.CREATE)
        for change in sorted(changes, key=lambda c: order.index(c.action)):
            self._apply_one(state, zone_id, change, alone=len(changes) == 1)
        self.records_by_id = state
        self.written += changes
        self._call("apply", self.after, count=False)

    def _apply_one(self, state: dict[str, Record], zone_id: str, change: Change, *, alone: bool) -> None:
        if change.hostname in self.poison:
            raise BatchRejected("1004: DNS validation error")
        if change.action is Action.DELETE:
            if state.pop(change.record_id, None) is None and not alone:
                raise BatchRejected("81044: record does not exist")
            return
        if change.action is Action.UPDATE:
            if change.record_id not in state:
                raise BatchRejected("81044: record does not exist")
            old = state[change.record_id]
            state[old.id] = Record(
                old.id, zone_id, old.name, old.type, change.content, change.ttl, False, change.comment
            )
            return
        if any(record.name == change.hostname and record.type in ("A", "AAAA", "CNAME") for record in state.values()):
            raise BatchRejected("81053: a record with that host already exists")
        if self.quota is not None and len(state) >= self.quota:
            raise QuotaReached("81045: record quota exceeded")
        made = Record(
            self._new_id(), zone_id, change.hostname, "CNAME", change.content, change.ttl, False, change.comment
        )
        state[made.id] = made

    def _call(self, call: str, hook: Callable[[str], None], *, count: bool = True) -> None:
        if count:
            self.calls.append(call)
        hook(call)

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._made:032x}"
