"""The Cloudflare API v4 for DNS records, as far as a client that is given zone ids can see it.

Follows the recorded exchanges: envelope, list with filters and pages, create, read, PUT, PATCH, DELETE,
batch, error codes, tokens per zone, the rate limit of 1,200 requests in 5 minutes per token. Paths below
`/client/v4/zones/{zone_id}/dns_records` only.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox.cloudflare.answers import broken_answer, error_answer, html_answer, json_answer
from sandbox.cloudflare.errors import ApiError, api_error, malformed_token, no_route, rate_limited
from sandbox.cloudflare.faults import AFTER_COMMIT, Call, Calls, FaultKind, Faults
from sandbox.cloudflare.http import Answer, LoopbackServer, Request, Reset, Silence
from sandbox.cloudflare.routes import PREFIX, Question, perform, take_apart
from sandbox.cloudflare.zones import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.cloudflare.records import StoredRecord

# The longest URL that Cloudflare's edge takes.
LONGEST_URL = 16 * 1024

_BEARER = re.compile(r"Bearer ([A-Za-z0-9_.-]+)")


@dataclass(slots=True)
class _Token:
    zones: set[str]
    used: int = 0
    window_ends: float = 0.0


class CloudflareEmulator:
    """Zones, tokens, `faults` to switch on and `calls` to count. Nothing runs before `start()`.

    `rate_limit` is the number of requests that a token may make in `rate_window` seconds of `clock`;
    None: no limit.
    """

    def __init__(
        self,
        *,
        rate_limit: int | None = 1200,
        rate_window: float = 300,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.faults = Faults()
        self.calls = Calls()
        self._rate_limit = rate_limit
        self._rate_window = rate_window
        self._lock = threading.RLock()
        self._zones: dict[str, Zone] = {}
        self._tokens: dict[str, _Token] = {}
        self._server = LoopbackServer(self._respond)

    def start(self) -> None:
        """Listen on a free loopback port."""
        self._server.start()

    def stop(self) -> None:
        """Stop listening; the records stay."""
        self._server.stop()

    def __enter__(self) -> CloudflareEmulator:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """What stands in for `https://api.cloudflare.com/client/v4`."""
        return f"http://127.0.0.1:{self._server.port}{PREFIX}"

    @property
    def connections(self) -> int:
        """How many TCP connections clients have opened so far."""
        return self._server.connections

    def add_zone(self, name: str, zone_id: str | None = None, quota: int = 200, batch_limit: int = 200) -> str:
        """A zone, empty; its id (32 hex digits) is made from the name unless given. Limits: free plan."""
        zone_id = zone_id or hashlib.sha256(name.encode()).hexdigest()[:32]
        if not re.fullmatch(r"[0-9a-f]{32}", zone_id):
            raise ValueError(f"a zone id is 32 hex digits, not {zone_id!r}")
        with self._lock:
            self._zones[zone_id] = Zone(
                zone_id, name.lower(), quota, batch_limit, self.faults.rejects, self.faults.refuses_delegated
            )
        return zone_id

    def set_quota(self, zone_id: str, quota: int) -> None:
        """How many records the zone may hold from now on; those it has stay."""
        with self._lock:
            self._zones[zone_id].quota = quota

    def add_token(self, token: str, zones: Iterable[str]) -> None:
        """A token with Zone / DNS / Edit on these zone ids (in place of what it had)."""
        with self._lock:
            self._tokens[token] = _Token(set(zones))

    def revoke(self, token: str) -> None:
        """The token is unknown from now on."""
        with self._lock:
            self._tokens.pop(token, None)

    def zone_names(self) -> dict[str, str]:
        """Zone id by zone name."""
        with self._lock:
            return {zone.name: zone.id for zone in self._zones.values()}

    def records(self, zone_id: str) -> list[StoredRecord]:
        """All records of the zone, by name and type, as they are now."""
        with self._lock:
            kept = list(self._zones[zone_id].records.values())
        return sorted(kept, key=lambda record: (record.name, record.type, record.content))

    def delegation(self, zone_id: str, name: str) -> list[StoredRecord]:
        """The NS records that name servers answer with instead of what the zone holds at a name, or below it.

        Those nearest to the apex, at one name; none where the zone answers for itself.
        """
        with self._lock:
            shadowing = self._zones[zone_id].shadowing(name)
        return [record for record in shadowing if record.name == shadowing[0].name]

    def add_record(self, zone_id: str, **fields: object) -> StoredRecord:
        """A foreign hand: create a record under the API's rules, without a call; ApiError when refused."""
        with self._lock:
            return self._zones[zone_id].create(fields)

    def edit_record(self, zone_id: str, record_id: str, **fields: object) -> StoredRecord:
        """A foreign hand: change some fields of a record, without a call."""
        with self._lock:
            return self._zones[zone_id].patch(record_id, fields)

    def delete_record(self, zone_id: str, record_id: str) -> None:
        """A foreign hand: delete a record, without a call."""
        with self._lock:
            self._zones[zone_id].delete(record_id)

    def _respond(self, request: Request) -> Answer | Silence | Reset:
        question = take_apart(request)
        self.calls.add(question.call)
        fault = self.faults.take(question.call, question.zone)
        if fault is None:
            return self._answer(question)
        if fault.kind is FaultKind.DELAY:
            time.sleep(fault.seconds)
            return self._answer(question)
        if fault.kind in AFTER_COMMIT:
            self._answer(question)
        return broken_answer(fault)

    def _answer(self, question: Question) -> Answer:
        if len(question.request.target) > LONGEST_URL:
            return html_answer(414, "URI Too Long")
        try:
            with self._lock:
                token = self._token(question)
                limits = self._count(token)
                zone = self._zone(question, token)
                return json_answer(200, perform(zone, question), limits)
        except ApiError as error:
            return error_answer(error)

    def _token(self, question: Question) -> _Token:
        header = question.request.headers.get("authorization")
        if header is None:
            raise api_error(9106)
        match = _BEARER.fullmatch(header)
        if match is None:
            raise malformed_token()
        token = self._tokens.get(match[1])
        if token is None:
            raise api_error(9109)
        return token

    def _count(self, token: _Token) -> dict[str, str]:
        if self._rate_limit is None:
            return {}
        now = self._clock()
        if now >= token.window_ends:
            token.used, token.window_ends = 0, now + self._rate_window
        token.used += 1
        left, seconds = self._rate_limit - token.used, max(1, round(token.window_ends - now))
        if left < 0:
            raise rate_limited(seconds, self._rate_limit, self._rate_window)
        return {
            "Ratelimit": f'"default";r={left};t={seconds}',
            "Ratelimit-Policy": f'"default";q={self._rate_limit};w={round(self._rate_window)}',
        }

    def _zone(self, question: Question, token: _Token) -> Zone:
        if question.call is Call.OTHER:
            raise no_route(question.path)
        zone = self._zones.get(question.zone)
        if zone is None or zone.id not in token.zones:
            raise api_error(10000)
        return zone
