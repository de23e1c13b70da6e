"""What an answer of Cloudflare's means: done, or which of the provider's errors."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from mesh_dns.dns.provider import Denied, QuotaReached, TransactionRejected, Unavailable
from mesh_dns.errors import Retryable

RECORD_MISSING = 81044
# Seconds that Cloudflare blocks a token which made more than 1,200 requests in 5 minutes.
RATE_LIMIT_PAUSE = 300.0
# Longer pauses are cut to this. SQS would take up to 12 hours.
LONGEST_RETRY_AFTER = 900.0

_QUOTA_REACHED = 81045
_NO_ROUTE = 7003
_RATE_LIMITED = frozenset({971, 10100})
# No header, one of the wrong form, an unknown token, no access to the zone; with 400 as well as with 401 and 403.
_TOKEN_REFUSED = frozenset({6003, 9106, 9109, 10000})


class NotUnderstood(Unavailable):
    """Cloudflare answered 400 to a list: it does not take the question."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, decided on its status and `success`, then on the code of its first error."""

    status: int
    body: Mapping[str, object] | None
    retry_after: str | None

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done."""
        return self.status == 200 and self.body is not None and self.body.get("success") is True

    @property
    def code(self) -> int | None:
        """The code of the first error; None when there is none."""
        return _code(self._first_error())

    @property
    def token_denied(self) -> bool:
        """Whether another token might do better."""
        return self.status in (401, 403) or self.code in _TOKEN_REFUSED

    @property
    def rate_limited(self) -> bool:
        """Whether the token is to pause."""
        return self.status == 429 or self.code in _RATE_LIMITED

    def says(self, code: int) -> bool:
        """Whether the first error has this code, itself or, as in older answers, in the chain behind it."""
        chain = self._first_error().get("error_chain")
        links = chain if isinstance(chain, list) else []
        return self.code == code or any(_code(link) == code for link in links if isinstance(link, dict))

    def __str__(self) -> str:
        if self.body is None:
            return f"HTTP {self.status} with a body that is not JSON"
        message = str(self._first_error().get("message", "no reason given"))[:200]
        return f"HTTP {self.status}, {self.code}: {message}"

    def _first_error(self) -> Mapping[str, object]:
        errors = self.body.get("errors") if self.body is not None else None
        first = errors[0] if isinstance(errors, list) and errors else None
        return first if isinstance(first, dict) else {}


def parse(content: bytes) -> Mapping[str, object] | None:
    """The JSON object in a body; None for anything else, be it compressed, cut off or nested without end."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def pause(retry_after: str | None, now: float) -> float:
    """A Retry-After in seconds from `now` (epoch): a number or a date, at most `LONGEST_RETRY_AFTER`.

    Without one, or with one that makes no sense: `RATE_LIMIT_PAUSE`. 0 and a date that has passed are 0.
    """
    try:
        seconds = float(retry_after or "")
    except ValueError:
        seconds = _until(retry_after or "", now)
    sensible = math.isfinite(seconds) and seconds >= 0
    return min(seconds, LONGEST_RETRY_AFTER) if sensible else RATE_LIMIT_PAUSE


def read_error(zone_id: str, token_name: str, reply: Reply) -> Retryable:
    """What an answer that is not ok means for a list."""
    if reply.body is not None and reply.token_denied:
        return Denied(
            f"Cloudflare denies the token for zone {zone_id} ({reply}). It must be valid and have the permission "
            f"Zone / DNS / Edit on that zone; put one that does into {token_name}."
        )
    if reply.code == _NO_ROUTE:
        return Denied(f"Cloudflare has no zone {zone_id} ({reply}). Correct the id in the setting `zones`.")
    error = NotUnderstood if reply.status == 400 and reply.body is not None else Unavailable
    return error(f"Cloudflare failed for zone {zone_id} ({reply})")


def write_error(zone_id: str, token_name: str, reply: Reply) -> Retryable:
    """What an answer that is not ok means for a write."""
    error = read_error(zone_id, token_name, reply)
    if isinstance(error, Denied) or reply.body is None or not 400 <= reply.status < 500:
        return error
    if reply.says(_QUOTA_REACHED):
        return QuotaReached(
            f"zone {zone_id} at Cloudflare is full ({reply}). Delete records or change to a plan with more."
        )
    return TransactionRejected(f"Cloudflare rejected the changes in zone {zone_id} ({reply})")


def _until(date: str, now: float) -> float:
    """Seconds until a date in the form of HTTP; NaN when it is none."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return math.nan


def _code(error: Mapping[str, object]) -> int | None:
    code = error.get("code")
    return code if isinstance(code, int) else None
