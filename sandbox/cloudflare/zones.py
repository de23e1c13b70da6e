"""One emulated zone: its records, what may stand beside what, the quota, and the batch transaction."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox.cloudflare.errors import api_error
from sandbox.cloudflare.records import (
    Fields,
    StoredRecord,
    new_record,
    patched_record,
    replaced_record,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS_TYPES = frozenset({"A", "AAAA"})
ONE_OF_A_KIND = ADDRESS_TYPES | {"CNAME"}
BATCH_KEYS = ("deletes", "patches", "puts", "posts")


@dataclass(slots=True)
class Zone:
    """A zone with its records by id. Not thread-safe: the emulator holds its lock around every call.

    `quota` is the number of records that the zone may hold (200 on a free plan), `batch_limit` the number
    of items in one batch (200 on a free plan, 3,500 else). `veto` says which names a test wants refused,
    `refuses_delegated` whether a record that a delegation shadows is.
    """

    id: str
    name: str
    quota: int
    batch_limit: int
    veto: Callable[[str], bool]
    refuses_delegated: Callable[[], bool]
    records: dict[str, StoredRecord] = field(default_factory=dict)
    _ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def create(self, body: Fields) -> StoredRecord:
        """POST: 81053/81054/81056/81058 when the name is taken, 81045 when the zone is full."""
        record = new_record(uuid.uuid4().hex, self.name, body, _now())
        self._place(record)
        if len(self.records) > self.quota:
            self._remove(record)
            raise api_error(81045)
        return record

    def shadowing(self, name: str) -> list[StoredRecord]:
        """The NS records at a name and above it, but for the apex, whose own delegate nothing; nearest to it first."""
        labels = name.removesuffix(f".{self.name}").split(".")
        holders = [".".join([*labels[start:], self.name]) for start in reversed(range(len(labels)))]
        at = [self.records[key] for holder in holders for key in self._ids.get(holder, ())]
        return [record for record in at if record.type == "NS" and name != self.name]

    def read(self, record_id: str) -> StoredRecord:
        """The record with this id, or 81044."""
        try:
            return self.records[record_id]
        except KeyError:
            raise api_error(81044) from None

    def replace(self, record_id: str, body: Fields) -> StoredRecord:
        """PUT: what the body does not name is reset."""
        return self._place(replaced_record(self.read(record_id), self.name, body, _now()))

    def patch(self, record_id: str, body: Fields) -> StoredRecord:
        """PATCH: what the body does not name stays."""
        return self._place(patched_record(self.read(record_id), self.name, body, _now()))

    def delete(self, record_id: str) -> StoredRecord:
        """DELETE, or 81044."""
        record = self.read(record_id)
        if self.veto(record.name):
            raise api_error(9207)
        self._remove(record)
        return record

    def batch(self, body: Fields) -> dict[str, list[Fields] | None]:
        """Deletes, patches, puts, posts in that order, all or nothing; the first error is the answer."""
        items = {key: _items(body, key) for key in BATCH_KEYS}
        if sum(len(of_kind) for of_kind in items.values()) > self.batch_limit:
            raise api_error(9207, f"A batch may hold at most {self.batch_limit} records.")
        before = dict(self.records)
        try:
            done = {
                "deletes": [self.delete(_id(item)) for item in items["deletes"]],
                "patches": [self.patch(_id(item), item) for item in items["patches"]],
                "puts": [self.replace(_id(item), item) for item in items["puts"]],
                "posts": [self.create(item) for item in items["posts"]],
            }
        except Exception:
            self.records = before
            self._ids = defaultdict(set)
            for record in before.values():
                self._ids[record.name].add(record.id)
            raise
        return {key: [record.answer() for record in done[key]] if key in body else None for key in BATCH_KEYS}

    def _place(self, record: StoredRecord) -> StoredRecord:
        if self.veto(record.name):
            raise api_error(9207)
        if self.refuses_delegated() and self._is_shadowed(record):
            raise api_error(89018)
        for other in self._others_at(record):
            _refuse_neighbour(record, other)
        old = self.records.get(record.id)
        if old is not None:
            self._remove(old)
        self.records[record.id] = record
        self._ids[record.name].add(record.id)
        return record

    def _is_shadowed(self, record: StoredRecord) -> bool:
        """Below a delegation, and not the address of one of its name servers."""
        above = [other for other in self.shadowing(record.name) if other.name != record.name]
        glue = record.type in ADDRESS_TYPES and record.name in {other.content for other in above}
        return bool(above) and not glue

    def _remove(self, record: StoredRecord) -> None:
        del self.records[record.id]
        self._ids[record.name].discard(record.id)

    def _others_at(self, record: StoredRecord) -> list[StoredRecord]:
        return [self.records[key] for key in self._ids[record.name] if key != record.id]


def _refuse_neighbour(record: StoredRecord, other: StoredRecord) -> None:
    """What Cloudflare refuses beside another record; a TXT or MX beside a CNAME it lets pass."""
    if record.type == "CNAME" and other.type in ONE_OF_A_KIND:
        raise api_error(81053)
    if record.type in ADDRESS_TYPES and other.type == "CNAME":
        raise api_error(81054)
    if record.type in ONE_OF_A_KIND and other.type == "NS":
        raise api_error(81056)
    if record.type == "NS" and other.type in ONE_OF_A_KIND:
        raise api_error(81053)
    if (record.type, record.content) == (other.type, other.content):
        raise api_error(81058)


def _items(body: Fields, key: str) -> list[Fields]:
    items = body.get(key)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise api_error(9207)
    return items


def _id(item: Fields) -> str:
    record_id = item.get("id")
    if not isinstance(record_id, str):
        raise api_error(9207)
    return record_id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
