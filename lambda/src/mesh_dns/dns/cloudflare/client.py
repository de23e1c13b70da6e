"""What a zone holds and what is to change in it, in Cloudflare's terms."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from mesh_dns.core.mark import served_by
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.dns.cloudflare.http import BASE_URL, READ_TIMEOUT, Api, Reply, Token
from mesh_dns.dns.provider import BatchRejected, Denied, QuotaReached, RateLimited, Unavailable
from mesh_dns.errors import MeshDnsError

BATCH_SIZE = 200
PAGE_SIZE = 5000
# Seconds that Cloudflare blocks a token which made more than 1,200 requests in 5 minutes.
RATE_LIMIT_PAUSE = 300.0
# Cloudflare's edge takes URLs of 16 KB; what is left is for the path and for whoever stands between.
LONGEST_QUERY = 12_000

_RECORD_MISSING = 81044
_QUOTA_REACHED = 81045
_NO_ROUTE = 7003
_RATE_LIMITED = frozenset({971, 10100})


class Cloudflare:
    """A `Provider`. Remembers, for as long as it lives, which zones do not fit in one page.

    `zone_tokens` has the tokens of zones (by id) that do not use the common one. Raises Misconfigured when
    `base_url` would carry the token in clear.
    """

    batch_size = BATCH_SIZE

    def __init__(
        self,
        owner: str,
        token: Token,
        *,
        zone_tokens: Mapping[str, Token] | None = None,
        base_url: str = BASE_URL,
        page_size: int = PAGE_SIZE,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self._owner = owner
        self._page_size = page_size
        self._api = Api(token, zone_tokens or {}, base_url, read_timeout)
        self._large: set[str] = set()
        self._misplaced: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Cloudflare({self._api}, owner={self._owner})"

    def records(self, zone_id: str, names: Collection[str]) -> Sequence[Record]:
        """Read a zone: all of it in one call, or in a large zone what is ours and what is at `names`.

        In a large zone, names at which our own CNAME stands are not looked up again: what else may be beside
        it (a TXT, say) changes nothing for the record.
        """
        if zone_id not in self._large:
            found, pages = self._page(zone_id, [("per_page", self._page_size)])
            if pages <= 1:
                return found
            self._large.add(zone_id)
        owned = list(self._pages(zone_id, [("comment.startswith", f"{self._owner} ")]))
        settled = {record.name for record in owned if self._is_our_cname(record)}
        every = {record.id: record for record in owned}
        for chunk in _chunks(sorted(set(names) - settled)):
            query = [("match", "any"), *(("name", name) for name in chunk)]
            every.update((record.id, record) for record in self._pages(zone_id, query))
        return list(every.values())

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Write up to 200 changes in one transaction and one call."""
        if not changes:
            return
        if len(changes) > self.batch_size:
            raise ValueError(f"{len(changes)} changes in one batch; at most {self.batch_size} fit")
        if zone_id in self._misplaced:
            raise Denied(self._misplaced[zone_id])
        if len(changes) == 1 and changes[0].action is Action.DELETE:
            self._delete(zone_id, changes[0].record_id)
            return
        reply = self._api.call("POST", zone_id, "/batch", json=_batch(changes))
        if not reply.ok:
            raise self._write_error(zone_id, reply)
        self._check_names(zone_id, changes, reply)

    def _delete(self, zone_id: str, record_id: str) -> None:
        reply = self._api.call("DELETE", zone_id, f"/{record_id}")
        if not reply.ok and reply.code != _RECORD_MISSING:
            raise self._write_error(zone_id, reply)

    def _check_names(self, zone_id: str, changes: Sequence[Change], reply: Reply) -> None:
        """Undo what landed under a wrong name because the zone id belongs to another zone than was said.

        The token may not read the zone, so there is no way to know before the first write.
        """
        wanted = {change.hostname for change in changes if change.action is Action.CREATE}
        wrong = {key: name for key, name in _created(reply.body or {}).items() if name not in wanted}
        if not wrong:
            return
        self._misplaced[zone_id] = (
            f"zone {zone_id} at Cloudflare made {min(wrong.values())} of a name that does not belong to it. The "
            "record was removed. Correct the zone id of this suffix in the setting `zones`."
        )
        undo = self._api.call("POST", zone_id, "/batch", json={"deletes": [{"id": key} for key in wrong]})
        if not undo.ok:
            raise self._write_error(zone_id, undo)
        raise Denied(self._misplaced[zone_id])

    def _is_our_cname(self, record: Record) -> bool:
        return record.type == "CNAME" and served_by(self._owner, record) is not None

    def _pages(self, zone_id: str, query: Iterable[tuple[str, object]]) -> Iterator[Record]:
        fixed = [*query, ("per_page", self._page_size)]
        found, pages = self._page(zone_id, fixed)
        yield from found
        for page in range(2, pages + 1):
            found, _ = self._page(zone_id, [*fixed, ("page", page)])
            yield from found

    def _page(self, zone_id: str, query: Iterable[tuple[str, object]]) -> tuple[list[Record], int]:
        reply = self._api.call("GET", zone_id, f"?{urlencode(list(query))}")
        if not reply.ok:
            raise self._read_error(zone_id, reply)
        try:
            return _records(zone_id, reply.body or {})
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        raise Unavailable(f"Cloudflare listed zone {zone_id} in a form that this version does not know")

    def _read_error(self, zone_id: str, reply: Reply) -> MeshDnsError:
        if reply.status == 429 or reply.code in _RATE_LIMITED:
            pause = _seconds(reply.retry_after)
            return RateLimited(f"Cloudflare asks for a pause of {pause:.0f} s ({reply})", after=pause)
        if reply.body is not None and reply.token_refused:
            return Denied(
                f"Cloudflare refuses the token for zone {zone_id} ({reply}). It must be valid and have the permission "
                f"Zone / DNS / Edit on that zone; put one that does into {self._api.token_of(zone_id).name}."
            )
        if reply.code == _NO_ROUTE:
            return Denied(f"Cloudflare has no zone {zone_id} ({reply}). Correct the id in the setting `zones`.")
        return Unavailable(f"Cloudflare did not do its part for zone {zone_id} ({reply})")

    def _write_error(self, zone_id: str, reply: Reply) -> MeshDnsError:
        error = self._read_error(zone_id, reply)
        if not isinstance(error, Unavailable) or reply.body is None or not 400 <= reply.status < 500:
            return error
        if reply.code == _QUOTA_REACHED:
            return QuotaReached(
                f"zone {zone_id} at Cloudflare is full ({reply}). Delete records or change to a plan with more."
            )
        return BatchRejected(f"Cloudflare refused the changes in zone {zone_id} ({reply})")


def _records(zone_id: str, body: Mapping[str, Any]) -> tuple[list[Record], int]:
    """The records of a list's page, and how many pages there are."""
    info = body["result_info"]
    pages = info.get("total_pages") or -(-info["total_count"] // info["per_page"])
    return [_record(zone_id, item) for item in body["result"]], pages


def _record(zone_id: str, item: Mapping[str, Any]) -> Record:
    return Record(
        id=item["id"],
        zone_id=zone_id,
        name=item["name"].lower().rstrip("."),
        type=item["type"],
        content=(item.get("content") or "").lower().rstrip("."),
        ttl=int(item["ttl"]),
        proxied=bool(item.get("proxied")),
        comment=item.get("comment") or "",
    )


def _batch(changes: Sequence[Change]) -> dict[str, list[dict[str, object]]]:
    body: dict[str, list[dict[str, object]]] = {}
    for change in changes:
        wanted = {"content": change.content, "ttl": change.ttl, "proxied": False, "comment": change.comment}
        match change.action:
            case Action.CREATE:
                body.setdefault("posts", []).append({"type": "CNAME", "name": change.hostname, **wanted})
            case Action.UPDATE:
                body.setdefault("patches", []).append({"id": change.record_id, **wanted})
            case Action.DELETE:
                body.setdefault("deletes", []).append({"id": change.record_id})
    return body


def _created(body: Mapping[str, Any]) -> dict[str, str]:
    """Id => name of what a batch created, as far as its answer tells."""
    result = body.get("result")
    posts = result.get("posts") if isinstance(result, dict) else None
    return {post["id"]: post["name"].lower() for post in posts or [] if "id" in post and "name" in post}


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


def _seconds(retry_after: str | None) -> float:
    """Retry-After in seconds; its other form, a date, and anything else count as a full pause."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else RATE_LIMIT_PAUSE
