"""Lists of a zone's records: whole ones, as far as Cloudflare's own counts tell, or none.

Pages have no cursor, and a zone may change between two of them: a record that is deleted lets its successors slip
forward by one place. So pages are asked for in one order, and the number of records that came is held against
`total_count`, which must be the same on all of them. (A record deleted and another one made between two pages leave
the count alone; only a zone of several pages that somebody else writes to could show that.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard, TypeVar
from urllib.parse import urlencode

from mesh_dns.dns.cloudflare.answers import read_error
from mesh_dns.dns.cloudflare.http import Api, NoAnswer
from mesh_dns.dns.provider import Unavailable

PAGE_SIZE = 5000
# A page that does not come in time is asked for with a tenth of the records, but never fewer than the API's default.
SMALLER = 10
SMALLEST_PAGE = 100
# Seconds until a page of full size is tried again in a zone that once was too slow for it.
SIZE_KEPT = 3600.0

Item: TypeAlias = Mapping[str, Any]
Query: TypeAlias = Iterable[tuple[str, object]]
_T = TypeVar("_T")


class _DoesNotAddUp(Exception):
    """The pages of a list do not hold what they say there is."""


@dataclass(frozen=True, slots=True)
class _Page:
    """`total`: how many records there are in all; `more`: whether there are said to be other pages.

    Items may be anything.
    """

    items: list[object]
    total: int
    more: bool


class Lists:
    """Reads lists. Remembers the size of page that a zone can answer in time. `clock` is in seconds."""

    def __init__(self, api: Api, page_size: int, clock: Callable[[], float]) -> None:
        self._api = api
        self._full = page_size
        self._clock = clock
        self._sizes: dict[str, tuple[int, float]] = {}

    def whole(self, zone_id: str, deadline: float) -> list[Item] | None:
        """Every record of a zone, in one call; None if the zone does not fit in one page.

        Raises NoAnswer, Unavailable, RateLimited, Denied, OutOfTime.
        """
        return self._retry(zone_id, lambda: self._only_page(zone_id, deadline))

    def matching(self, zone_id: str, query: Query, deadline: float) -> list[Item]:
        """Every record that a query finds, page by page. Raises as `whole`, and NotUnderstood."""
        fixed = list(query)
        return self._retry(zone_id, lambda: self._all_pages(zone_id, fixed, deadline))

    def _retry(self, zone_id: str, read: Callable[[], _T]) -> _T:
        """Read; once more if the list did not add up, or, in smaller pages, if a page did not come in time."""
        try:
            return read()
        except _DoesNotAddUp:
            pass
        except NoAnswer as error:
            if not error.slow or not self._shrink(zone_id):
                raise
        try:
            return read()
        except _DoesNotAddUp as mismatch:
            problem = str(mismatch)
        raise Unavailable(f"Cloudflare's list of zone {zone_id} is not whole: {problem}")

    def _only_page(self, zone_id: str, deadline: float) -> list[Item] | None:
        page = self._page(zone_id, [], 1, deadline)
        if page.more:
            return None
        return _whole(page.items, page.total)

    def _all_pages(self, zone_id: str, query: Query, deadline: float) -> list[Item]:
        page = self._page(zone_id, query, 1, deadline)
        items, total, number = list(page.items), page.total, 1
        while page.items and len(items) < total:
            number += 1
            page = self._page(zone_id, query, number, deadline)
            items += page.items
            if page.total != total:
                raise _DoesNotAddUp(f"it had {total} records, then {page.total}")
        return _whole(items, total)

    def _page(self, zone_id: str, query: Query, number: int, deadline: float) -> _Page:
        size = self._size(zone_id)
        asked = [*query, ("order", "name"), ("per_page", size), ("page", number)]
        reply = self._api.call("GET", zone_id, f"?{urlencode(asked)}", deadline=deadline)
        if not reply.ok or reply.body is None:
            raise read_error(zone_id, self._api.token_name(zone_id), reply)
        items, info = reply.body.get("result"), reply.body.get("result_info")
        total = info.get("total_count") if isinstance(info, dict) else None
        if not isinstance(items, list) or not isinstance(info, dict) or not _is_count(total):
            raise Unavailable(f"Cloudflare listed zone {zone_id} in a form that this version does not know")
        pages, given = info.get("total_pages"), info.get("per_page")
        capped = _is_count(given) and 0 < given < size
        more = total > size or capped or (_is_count(pages) and pages > 1)
        return _Page(items, total, more=more and len(items) < total)

    def _size(self, zone_id: str) -> int:
        size, since = self._sizes.get(zone_id, (self._full, 0.0))
        return size if 0 <= self._clock() - since < SIZE_KEPT else self._full

    def _shrink(self, zone_id: str) -> bool:
        """Ask for smaller pages from now on; False if they are as small as can be."""
        size = self._size(zone_id)
        smaller = max(size // SMALLER, SMALLEST_PAGE)
        if smaller >= size:
            return False
        self._sizes[zone_id] = smaller, self._clock()
        return True


def _whole(items: Iterable[object], total: int) -> list[Item]:
    """The objects among the items, each record once. Raises _DoesNotAddUp when fewer than `total` came."""
    # What has no id counts for itself.
    distinct = {
        item["id"] if isinstance(item, dict) and isinstance(item.get("id"), str) else number: item
        for number, item in enumerate(items)
    }
    if len(distinct) < total:
        raise _DoesNotAddUp(f"{len(distinct)} of {total} records came")
    return [item for item in distinct.values() if isinstance(item, dict)]


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
