"""The provider: zones side by side, writes one transaction at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from mesh_dns import faults
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.dns.cloudflare.answers import RECORD_MISSING, Reply, write_error
from mesh_dns.dns.cloudflare.http import BASE_URL, READ_TIMEOUT, WRITE_TIMEOUT, Api, Token
from mesh_dns.dns.cloudflare.lists import PAGE_SIZE, Lists
from mesh_dns.dns.cloudflare.records import batch, created
from mesh_dns.dns.cloudflare.zones import Zones
from mesh_dns.dns.provider import Denied, Fault
from mesh_dns.errors import Retryable

TRANSACTION_SIZE = 200
# Zones that are read at the same time: a full page takes some 15 MB while it is read.
SIDE_BY_SIDE = 8


@dataclass(slots=True)
class _Misplaced:
    """Records (id => name) that a zone created under wrong names, until they are deleted."""

    example: str
    left: dict[str, str]

    def text(self, zone_id: str) -> str:
        """What is wrong, and what to do about it."""
        state = f"Delete there: {', '.join(self.left.values())}" if self.left else "The record was removed"
        return (
            f"zone {zone_id} at Cloudflare made {self.example} of a name that does not belong to it. {state}. "
            "Correct the zone id of this suffix in the setting `zones`."
        )


class Cloudflare:
    """A `Provider`. Remembers in the process which zones are large, and which did not answer.

    `zone_tokens` has the tokens of zones (by id) that do not use the common one; `clock` is in seconds since the
    epoch. Raises Misconfigured when `base_url` would carry the token in clear.
    """

    transaction_size = TRANSACTION_SIZE

    def __init__(
        self,
        owner: str,
        token: Token,
        *,
        zone_tokens: Mapping[str, Token] | None = None,
        base_url: str = BASE_URL,
        page_size: int = PAGE_SIZE,
        read_timeout: float = READ_TIMEOUT,
        write_timeout: float = WRITE_TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._owner = owner
        self._api = Api(
            token, zone_tokens or {}, base_url, read_timeout=read_timeout, write_timeout=write_timeout, clock=clock
        )
        self._zones = Zones(owner, Lists(self._api, page_size, clock), clock)
        self._misplaced: dict[str, _Misplaced] = {}

    def __repr__(self) -> str:
        return f"Cloudflare({self._api}, owner={self._owner})"

    def token_name(self, zone_id: str) -> str:
        """The name of the token that is used for a zone."""
        return self._api.token_name(zone_id)

    def read(
        self, wanted: Mapping[str, Collection[str]], deadline: float
    ) -> Mapping[str, Sequence[Record] | Retryable]:
        """Read zones: a small one in one call, of a large one what is ours and what is at the names in question.

        Zones that did not answer the last time come last.
        """
        zones = sorted(wanted, key=self._zones.was_unanswered)
        with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="zones") as threads:
            found = threads.map(lambda zone_id: self._read(zone_id, wanted[zone_id], deadline), zones)
            return dict(zip(zones, found, strict=True))

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Write up to 200 changes in one transaction and one call."""
        if not changes:
            return
        if len(changes) > self.transaction_size:
            raise ValueError(f"{len(changes)} changes in one transaction; at most {self.transaction_size} fit")
        self._undo(zone_id)
        if zone_id in self._misplaced:
            raise Denied(self._misplaced[zone_id].text(zone_id))
        if len(changes) == 1 and changes[0].action is Action.DELETE:
            self._delete(zone_id, changes[0].record_id)
            return
        reply = self._api.call("POST", zone_id, "/batch", json=batch(changes))
        if not reply.ok:
            raise self._write_error(zone_id, reply)
        self._check_names(zone_id, changes, reply)

    def _read(self, zone_id: str, names: Collection[str], deadline: float) -> Sequence[Record] | Retryable:
        try:
            self._undo(zone_id, deadline)
            return self._zones.read(zone_id, names, deadline)
        except Retryable as error:
            return error.with_traceback(None)
        except Exception as error:
            # One zone's odd answer must not cost the others theirs. The text stays here: it could hold anything.
            return Fault(f"a fault of this function's own in reading zone {zone_id}: {_named(error)}")

    def _delete(self, zone_id: str, record_id: str, deadline: float | None = None) -> None:
        reply = self._api.call("DELETE", zone_id, f"/{record_id}", deadline=deadline)
        if not reply.ok and not reply.says(RECORD_MISSING):
            raise self._write_error(zone_id, reply)

    def _check_names(self, zone_id: str, changes: Sequence[Change], reply: Reply) -> None:
        """Undo what was created under a wrong name, because the zone id is that of another zone than the settings say.

        The token may not read the zone, so there is no way to know before the first write.
        """
        wanted = {change.hostname for change in changes if change.action is Action.CREATE}
        wrong = {key: name for key, name in created(reply.body or {}).items() if name not in wanted}
        if wrong:
            self._misplaced[zone_id] = _Misplaced(min(wrong.values()), wrong)
            self._undo(zone_id)
            raise Denied(self._misplaced[zone_id].text(zone_id))

    def _undo(self, zone_id: str, deadline: float | None = None) -> None:
        """Delete what was created under a wrong name, if that was not done yet. Raises Denied until it is done."""
        misplaced = self._misplaced.get(zone_id)
        if misplaced is None or not misplaced.left:
            return
        try:
            body = {"deletes": [{"id": record_id} for record_id in misplaced.left]}
            reply = self._api.call("POST", zone_id, "/batch", json=body, deadline=deadline)
            if reply.says(RECORD_MISSING):
                # Some are gone already, and so a batch of all can never be done.
                for record_id in list(misplaced.left):
                    self._delete(zone_id, record_id, deadline)
                    del misplaced.left[record_id]
            elif not reply.ok:
                raise self._write_error(zone_id, reply)
        except Retryable as error:
            raise Denied(f"{misplaced.text(zone_id)} It could not be deleted from here: {error}") from None
        misplaced.left.clear()

    def _write_error(self, zone_id: str, reply: Reply) -> Retryable:
        return write_error(zone_id, self.token_name(zone_id), reply)


def _named(fault: Exception) -> str:
    return f"{type(fault).__name__} at {faults.steps(fault)[-1]}"
