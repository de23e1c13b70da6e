"""The error answers of the Cloudflare API that the emulator gives.

Codes, texts and statuses are those of recorded or reported exchanges, but for two kinds: 9000, 9005-9007 and 9041
were never seen and may read differently, and 9207 stands in for the unknown codes of a batch of too many items, of a
changed type and of a `shadowing_name` that is not below the apex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME_NAME = (
    " For more details, refer to "
    "<https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>."
)

_KNOWN: dict[int, tuple[int, str]] = {
    9000: (400, "DNS name is invalid."),
    9005: (400, "Content for A record must be a valid IPv4 address."),
    9006: (400, "Content for AAAA record must be a valid IPv6 address."),
    9007: (400, "Content for CNAME record is invalid."),
    9021: (400, "TTL must be between 60 and 86400 seconds, or 1 for Automatic."),
    9022: (400, "TTL must be a number, not a string."),
    9039: (400, "CNAME content cannot reference itself."),
    9041: (400, "This DNS record cannot be proxied."),
    9106: (400, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"),
    9109: (403, "Invalid access token"),
    9207: (400, "Request body is invalid."),
    9300: (400, "DNS record has {count} tags, exceeding the quota of 0."),
    9313: (400, "DNS record comment exceeds the maximum length of 100 characters."),
    10000: (403, "Authentication error"),
    81044: (404, "Record does not exist."),
    81045: (400, "Record quota exceeded."),
    81053: (400, "An A, AAAA, or CNAME record with that host already exists." + _SAME_NAME),
    81054: (400, "A CNAME record with that host already exists." + _SAME_NAME),
    81056: (400, "NS records with that host already exist."),
    81058: (400, "An identical record already exists."),
    89018: (400, "Cannot create a non-glue record that is beneath a delegated child zone."),
}


class ApiError(Exception):
    """A refusal in the API's own envelope: HTTP status, first error's code and message."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        chain: tuple[tuple[int, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}, {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.chain = chain
        self.headers = headers or {}

    def envelope(self) -> dict[str, object]:
        """The answer's body."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.chain:
            error["error_chain"] = [{"code": code, "message": text} for code, text in self.chain]
        return {"result": None, "success": False, "errors": [error], "messages": []}


def api_error(code: int, message: str | None = None, **values: object) -> ApiError:
    """The error that the API gives for `code`, with its status and its usual text."""
    status, text = _KNOWN[code]
    return ApiError(status, code, message or text.format(**values))


def no_route(path: str) -> ApiError:
    """A path that leads nowhere, such as one with a zone name where the zone id belongs."""
    text = f"Could not route to {path}, perhaps your object identifier is invalid?"
    return ApiError(404, 7003, text)


def malformed_token() -> ApiError:
    """An Authorization header that is not `Bearer <token>`."""
    chain = ((6111, "Invalid format for Authorization header"),)
    return ApiError(400, 6003, "Invalid request headers", chain=chain)


def rate_limited(seconds: float, quota: int, window: float) -> ApiError:
    """Too many requests: come back in so many seconds."""
    headers = {
        "Retry-After": str(round(seconds)),
        "Ratelimit": f'"default";r=0;t={round(seconds)}',
        "Ratelimit-Policy": f'"default";q={quota};w={round(window)}',
    }
    return ApiError(429, 971, "Please wait and consider throttling your request speed", headers=headers)
