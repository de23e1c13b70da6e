"""A DNS provider in memory, with the rules of Cloudflare that decisions depend on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mesh_dns.core.hostnames import normalize
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.dns.provider import QuotaReached, RateLimited, TransactionRejected
from mesh_dns.errors import OutOfTime, Retryable
from tests.doubles.inventory import nothing_happens

ZONE = "0123456789abcdef0123456789abcdef"
_ORDER = (Action.DELETE, Action.UPDATE, Action.CREATE)


def no_time_passes() -> float:
    """The clock of a world in which it is always the same moment."""
    return 0.0


@dataclass
class InMemoryProvider:
    """Zones of records. `before(call)` and `after(call)` run around each call and may raise; `zone` is the call's zone.

    `quota`: how many records each zone holds. `poison`: hostnames that are not written, for reasons of the provider's.
    `tokens`: zone id => name of its token, where it is not the common one. `apexes`: zone id => name of the zone, whose
    own NS records delegate nothing. `clock` is in seconds since the epoch.
    """

    transaction_size: int = 200
    quota: int | None = None
    poison: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    apexes: dict[str, str] = field(default_factory=dict)
    clock: Callable[[], float] = no_time_passes
    records_by_id: dict[str, Record] = field(default_factory=dict)
    before: Callable[[str], None] = nothing_happens
    after: Callable[[str], None] = nothing_happens
    zone: str = ""
    calls: list[str] = field(default_factory=list)
    written: list[Change] = field(default_factory=list)
    _made: int = 0

    def add(self, name: str, type_: str, content: str, *, comment: str = "", zone_id: str = ZONE) -> Record:
        """Somebody else makes a record."""
        record = Record(
            self._new_id(), zone_id, normalize(name), type_, normalize(content), 300, False, comment, self.clock()
        )
        self.records_by_id[record.id] = record
        return record

    def at(self, name: str) -> list[Record]:
        """Everything at a name."""
        return [record for record in self.records_by_id.values() if record.name == name]

    def token_name(self, zone_id: str) -> str:
        """The name of the zone's token."""
        return self.tokens.get(zone_id, "token")

    def read(
        self, wanted: Mapping[str, Collection[str]], deadline: float
    ) -> Mapping[str, Sequence[Record] | Retryable]:
        """Whole zones, one after the other. A token that was told to pause calls no more."""
        answers: dict[str, Sequence[Record] | Retryable] = {}
        paused: dict[str, RateLimited] = {}
        for zone_id in wanted:
            token = self.token_name(zone_id)
            if self.clock() > deadline:
                answers[zone_id] = OutOfTime("not begun")
            elif token in paused:
                answers[zone_id] = paused[token]
            else:
                answers[zone_id] = answer = self._read(zone_id)
                if isinstance(answer, RateLimited):
                    paused[token] = answer
        return answers

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """All or nothing: deletes, then updates, then creates."""
        if not changes:
            return
        if len(changes) > self.transaction_size:
            raise AssertionError(f"{len(changes)} changes in a batch")
        self._call("apply", zone_id)
        others = {key: record for key, record in self.records_by_id.items() if record.zone_id != zone_id}
        state = {key: record for key, record in self.records_by_id.items() if record.zone_id == zone_id}
        for change in sorted(changes, key=lambda change: _ORDER.index(change.action)):
            self._apply_one(state, change, alone=len(changes) == 1)
        self.records_by_id = others | state
        self.written += changes
        self.after("apply")

    def _read(self, zone_id: str) -> Sequence[Record] | Retryable:
        try:
            self._call("list", zone_id)
            apex = ("NS", self.apexes.get(zone_id))
            found = [record for record in self.records_by_id.values() if record.zone_id == zone_id]
            self.after("list")
        except Retryable as error:
            return error
        return [record for record in found if (record.type, record.name) != apex]

    def _apply_one(self, state: dict[str, Record], change: Change, *, alone: bool) -> None:
        if change.hostname in self.poison:
            raise TransactionRejected("1004: DNS validation error")
        if change.action is Action.DELETE:
            if state.pop(change.record_id, None) is None and not alone:
                raise TransactionRejected("81044: record does not exist")
        elif change.action is Action.UPDATE:
            if change.record_id not in state:
                raise TransactionRejected("81044: record does not exist")
            state[change.record_id] = self._as_wanted(state[change.record_id], change)
        else:
            if any(r.name == change.hostname and r.type in ("A", "AAAA", "CNAME", "NS") for r in state.values()):
                raise TransactionRejected("81053: a record with that host already exists")
            if self.quota is not None and len(state) >= self.quota:
                raise QuotaReached("81045: record quota exceeded")
            made = Record(self._new_id(), change.zone_id, change.hostname, "CNAME", "", 0, False, made=self.clock())
            state[made.id] = self._as_wanted(made, change)

    def _as_wanted(self, record: Record, change: Change) -> Record:
        return replace(
            record,
            content=change.content,
            ttl=change.ttl,
            proxied=False,
            comment=change.comment,
            edited=self.clock(),
        )

    def _call(self, call: str, zone_id: str) -> None:
        self.zone = zone_id
        self.calls.append(call)
        self.before(call)

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._made:032x}"
