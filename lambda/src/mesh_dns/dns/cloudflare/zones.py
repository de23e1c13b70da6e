"""What a zone holds: all of a small one, and of a large one what is ours and what is at the names in question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from urllib.parse import urlencode

from mesh_dns.back_off import BackOff
from mesh_dns.core.mark import served_by
from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare.answers import NotUnderstood
from mesh_dns.dns.cloudflare.http import NoAnswer
from mesh_dns.dns.cloudflare.lists import Lists
from mesh_dns.dns.cloudflare.records import records
from mesh_dns.dns.provider import Unavailable
from mesh_dns.errors import OutOfTime

# Cloudflare's edge takes URLs of 16 KB; the rest is for the path and for proxies that take less.
LONGEST_QUERY = 12_000
# Seconds after which no call begins any more for a zone that answers slowly.
ZONE_TIME = 12.0


class Zones:
    """Reads zones, each in one thread at a time. Remembers which do not fit in a page, and which did not answer.

    `clock` is in seconds since the epoch.
    """

    def __init__(self, owner: str, lists: Lists, clock: Callable[[], float]) -> None:
        self._owner = owner
        self._lists = lists
        self._clock = clock
        self._large: set[str] = set()
        self._unanswered = BackOff(clock)
        self._apexes: dict[tuple[str, str], bool] = {}

    def was_unanswered(self, zone_id: str) -> bool:
        """Whether a zone did not answer when it was last read."""
        return self._unanswered.failed_last(zone_id)

    def read(self, zone_id: str, names: Collection[str], deadline: float) -> list[Record]:
        """As `Provider.read`, for one zone. Raises RateLimited, Unavailable, Denied, OutOfTime."""
        rest, reason = self._unanswered.left(zone_id)
        if rest:
            raise Unavailable(f"{reason}; the zone is left alone for {rest:.0f} s more")
        begun = self._clock()
        try:
            found = self._read(zone_id, names, min(deadline, begun + ZONE_TIME))
        except NoAnswer as error:
            self._unanswered.lengthen(zone_id, str(error))
            raise
        except OutOfTime:
            if self._clock() > deadline:
                raise
            slow = f"zone {zone_id} at Cloudflare could not be read within {ZONE_TIME:.0f} s"
            self._unanswered.lengthen(zone_id, slow)
            raise Unavailable(slow) from None
        self._unanswered.end(zone_id)
        return found

    def _read(self, zone_id: str, names: Collection[str], deadline: float) -> list[Record]:
        found = None
        if zone_id not in self._large:
            items = self._lists.whole(zone_id, deadline)
            found = records(zone_id, items) if items is not None else None
        if found is None:
            self._large.add(zone_id)
            found = self._of_large(zone_id, names, deadline)
        return self._without_apex(zone_id, names, found, deadline)

    def _of_large(self, zone_id: str, names: Collection[str], deadline: float) -> list[Record]:
        """Names that have a CNAME of ours are not looked up again, nor the names above them.

        What else may be beside it (a TXT, say) changes nothing for the record.
        """
        query = [("comment.startswith", f"{self._owner} ")]
        owned = records(zone_id, self._lists.matching(zone_id, query, deadline))
        ours = {record.name for record in owned if self._is_our_cname(record)}
        open_names = set(names) - ours
        looked_up = open_names | {above for name in open_names for above in _above(name)}
        every = {record.id: record for record in owned}
        for chunk in _chunks(sorted(looked_up)):
            query = [("match", "any"), *(("name", name) for name in chunk)]
            found = records(zone_id, self._lists.matching(zone_id, query, deadline))
            every.update((record.id or f"{record.type} {record.name}", record) for record in found)
        return list(every.values())

    def _is_our_cname(self, record: Record) -> bool:
        return record.type == "CNAME" and served_by(self._owner, record) is not None

    def _without_apex(self, zone_id: str, names: Collection[str], found: list[Record], deadline: float) -> list[Record]:
        """Leave out NS records at the zone's apex: they delegate nothing.

        The token may not read the zone, and records do not tell its name (any more). But an NS record with a record
        that is not at or below it is a delegation for sure, and Cloudflare can be asked about the remaining one.
        """
        seen = {record.name for record in found}
        for top in {record.name for record in found if record.type == "NS"}:
            if not all(_is_at_or_below(name, top) for name in seen):
                continue
            asked_for = any(_is_at_or_below(name, top) for name in names)
            if not asked_for or self._is_apex(zone_id, top, deadline):
                return [record for record in found if (record.type, record.name) != ("NS", top)]
        return found

    def _is_apex(self, zone_id: str, name: str, deadline: float) -> bool:
        """Whether a name with NS records is the zone's apex. Neither answer ever changes, so each is asked for once.

        `shadowing_name` finds the NS records at and above a name, "excluding the zone apex", which it does not take.
        """
        if (zone_id, name) not in self._apexes:
            try:
                items = self._lists.matching(zone_id, [("shadowing_name", name)], deadline)
            except NotUnderstood:
                items = []
            found = records(zone_id, items)
            delegation = bool(found) and all((record.type, record.name) == ("NS", name) for record in found)
            self._apexes[zone_id, name] = not delegation
        return self._apexes[zone_id, name]


def _is_at_or_below(name: str, top: str) -> bool:
    return name == top or name.endswith(f".{top}")


def _above(name: str) -> Iterator[str]:
    """The names above a name, down to two labels: no zone has fewer."""
    labels = name.split(".")
    for start in range(1, len(labels) - 1):
        yield ".".join(labels[start:])


def _chunks(names: Iterable[str]) -> Iterator[list[str]]:
    """The names in groups whose query string stays below `LONGEST_QUERY`."""
    chunk: list[str] = []
    length = 0
    for name in names:
        cost = len(urlencode([("name", name)])) + 1
        if chunk and length + cost > LONGEST_QUERY:
            yield chunk
            chunk, length = [], 0
        chunk.append(name)
        length += cost
    if chunk:
        yield chunk
