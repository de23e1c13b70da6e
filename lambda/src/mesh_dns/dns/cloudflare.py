"""DNS records at Cloudflare, by its API v4: one list and one batch call at a time, nothing retried here.

Facts that this rests on, from Cloudflare's API schema, its documentation and recorded exchanges:

- The batch endpoint runs deletes, patches, puts, posts in that order in one transaction, at most 200 items on a
  free plan, and its error does not say which item failed.
- PATCH keeps what it does not name. There is no idempotency key: after an unclear failure, list again.
- Several names in one list: `match=any&name=one&name=two` and no other filter (API deprecations, 2025-02-21).
- A token made for a zone needs Zone / DNS / Edit there, and nothing that reads the zone itself.
- A name outside the zone silently becomes `<name>.<zone>`.

Import this module on first use only: `requests` is a good part of a cold start.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode, urlsplit

import requests

from mesh_dns.core.model import Action, Change, Record
from mesh_dns.core.ownership import served_by
from mesh_dns.dns.provider import BatchRejected, Denied, QuotaReached, RateLimited, Unavailable
from mesh_dns.errors import Misconfigured, MeshDnsError

BASE_URL = "https://api.cloudflare.com/client/v4"
BATCH_SIZE = 200
PAGE_SIZE = 5000
# Seconds. Connecting: slightly more than the 3 s after which TCP sends its first packet again.
CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 10.0
# Seconds that Cloudflare blocks a token which made more than 1,200 requests in 5 minutes.
RATE_LIMIT_PAUSE = 300.0
# Cloudflare's edge takes URLs of 16 KB; what is left is for the path and for whoever stands between.
LONGEST_QUERY = 12_000

_RECORD_MISSING = 81044
_QUOTA_REACHED = 81045
_NO_ROUTE = 7003
_RATE_LIMITED = frozenset({971, 10100})
# No header, one of the wrong form, an unknown token, no access to the zone; with 400 as well as with 401 and 403.
_TOKEN_REFUSED = frozenset({6003, 9106, 9109, 10000})
_TOKEN = re.compile(r"[!-~]+")


class Token(Protocol):
    """The token for a zone, cached by whoever supplies it."""

    name: str
    """Where it lives, for messages: a secret's ARN, a Vault path. Not secret."""

    def __call__(self, *, refresh: bool = False) -> str:
        """The token; read anew when `refresh` says that the last one was refused. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer, decided on its status and `success`, then on the code of its first error."""

    status: int
    body: Mapping[str, object] | None
    retry_after: str | None

    @property
    def ok(self) -> bool:
        return self.status == 200 and self.body is not None and self.body.get("success") is True

    @property
    def code(self) -> int | None:
        code = self._first_error().get("code")
        return code if isinstance(code, int) else None

    @property
    def token_refused(self) -> bool:
        return self.status in (401, 403) or self.code in _TOKEN_REFUSED

    def __str__(self) -> str:
        if self.body is None:
            return f"HTTP {self.status} with a body that is not JSON"
        message = str(self._first_error().get("message", "no reason given"))[:200]
        return f"HTTP {self.status}, {self.code}: {message}"

    def _first_error(self) -> Mapping[str, object]:
        errors = self.body.get("errors") if self.body is not None else None
        first = errors[0] if isinstance(errors, list) and errors else None
        return first if isinstance(first, dict) else {}


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
        self._token = token
        self._zone_tokens = zone_tokens or {}
        self._base_url = base_url.rstrip("/")
        self._page_size = page_size
        self._timeout = (CONNECT_TIMEOUT, read_timeout)
        self._large: set[str] = set()
        self._misplaced: dict[str, str] = {}
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "terraform-aws-cilium-mesh-dns"
        if not _is_https(base_url):
            # A proxy taken from the environment would see the token of a request that is not encrypted.
            self._session.trust_env = False

    def __repr__(self) -> str:
        return f"Cloudflare({self._base_url}, owner={self._owner})"

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
        reply = self._call("POST", zone_id, "/batch", json=_batch(changes))
        if not reply.ok:
            raise self._write_error(zone_id, reply)
        self._check_names(zone_id, changes, reply)

    def _delete(self, zone_id: str, record_id: str) -> None:
        reply = self._call("DELETE", zone_id, f"/{record_id}")
        if not reply.ok and reply.code != _RECORD_MISSING:
            raise self._write_error(zone_id, reply)

    def _check_names(self, zone_id: str, changes: Sequence[Change], reply: _Reply) -> None:
        """Undo what landed under a wrong name because the zone id belongs to another zone than was said.

        The token may not read the zone, so there is no way to know before the first write.
        """
        result = reply.body.get("result") if reply.body is not None else None
        posts = result.get("posts") if isinstance(result, dict) else None
        wanted = {change.hostname for change in changes if change.action is Action.CREATE}
        wrong = [post for post in posts or [] if post["name"].lower().rstrip(".") not in wanted]
        if not wrong:
            return
        self._misplaced[zone_id] = (
            f"zone {zone_id} at Cloudflare made {wrong[0]['name']} of a name that does not belong to it. The "
            "record was removed. Correct the zone id of this suffix in the setting `zones`."
        )
        undo = self._call("POST", zone_id, "/batch", json={"deletes": [{"id": post["id"]} for post in wrong]})
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
        reply = self._call("GET", zone_id, f"?{urlencode(list(query))}")
        if not reply.ok:
            raise self._read_error(zone_id, reply)
        try:
            return _records(zone_id, reply.body or {})
        except (AttributeError, KeyError, TypeError, ValueError):
            pass
        raise Unavailable(f"Cloudflare listed zone {zone_id} in a form that this version does not know")

    def _call(self, method: str, zone_id: str, path: str, json: object = None) -> _Reply:
        """One call; one more with a fresh token when the first was refused and there is another one now."""
        supply = self._token_of(zone_id)
        token = supply()
        reply = self._send(method, zone_id, path, json, token)
        if reply.token_refused:
            fresh = supply(refresh=True)
            if fresh != token:
                reply = self._send(method, zone_id, path, json, fresh)
        return reply

    def _send(self, method: str, zone_id: str, path: str, json: object, token: str) -> _Reply:
        if not _TOKEN.fullmatch(token):
            name = self._token_of(zone_id).name
            raise Denied(f"what {name} holds is no Cloudflare token: it is empty or has white space or the like")
        url = f"{self._base_url}/zones/{zone_id}/dns_records{path}"
        # Errors are raised outside the except block: those of requests carry the request and so the token.
        for attempt in range(2):
            try:
                response = self._session.request(
                    method, url, json=json, auth=_bearer(token), timeout=self._timeout, allow_redirects=False
                )
                return _Reply(response.status_code, _body(response), response.headers.get("Retry-After"))
            except requests.RequestException as error:
                failure = type(error).__name__
                # A connection kept over a pause of the function may be dead. Reading again is harmless.
                again = method == "GET" and failure == "ConnectionError"
            if attempt or not again:
                break
        raise Unavailable(f"no answer from {urlsplit(url).hostname} to {method} in zone {zone_id}: {failure}")

    def _token_of(self, zone_id: str) -> Token:
        return self._zone_tokens.get(zone_id, self._token)

    def _read_error(self, zone_id: str, reply: _Reply) -> MeshDnsError:
        if reply.status == 429 or reply.code in _RATE_LIMITED:
            pause = _seconds(reply.retry_after)
            return RateLimited(f"Cloudflare asks for a pause of {pause:.0f} s ({reply})", after=pause)
        if reply.body is not None and reply.token_refused:
            return Denied(
                f"Cloudflare refuses the token for zone {zone_id} ({reply}). It must be valid and have the permission "
                f"Zone / DNS / Edit on that zone; put one that does into {self._token_of(zone_id).name}."
            )
        if reply.code == _NO_ROUTE:
            return Denied(f"Cloudflare has no zone {zone_id} ({reply}). Correct the id in the setting `zones`.")
        return Unavailable(f"Cloudflare did not do its part for zone {zone_id} ({reply})")

    def _write_error(self, zone_id: str, reply: _Reply) -> MeshDnsError:
        error = self._read_error(zone_id, reply)
        if not isinstance(error, Unavailable) or reply.body is None or not 400 <= reply.status < 500:
            return error
        if reply.code == _QUOTA_REACHED:
            return QuotaReached(
                f"zone {zone_id} at Cloudflare is full ({reply}). Delete records or change to a plan with more."
            )
        return BatchRejected(f"Cloudflare refused the changes in zone {zone_id} ({reply})")


def _bearer(token: str):
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize
