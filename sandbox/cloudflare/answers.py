"""The forms that an answer takes on the wire, broken ones included."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from sandbox.cloudflare.errors import ApiError, rate_limited
from sandbox.cloudflare.faults import Fault, FaultKind
from sandbox.cloudflare.http import Answer, Reset, Silence

if TYPE_CHECKING:
    from collections.abc import Mapping


def json_answer(status: int, body: Mapping[str, object], headers: Mapping[str, str]) -> Answer:
    """An answer in the API's envelope."""
    fixed = {"Content-Type": "application/json", "cf-auditlog-id": str(uuid.uuid4())}
    return Answer(status, json.dumps(body).encode(), fixed | dict(headers))


def error_answer(error: ApiError) -> Answer:
    """A refusal."""
    return json_answer(error.status, error.envelope(), error.headers)


def html_answer(status: int, title: str) -> Answer:
    """What Cloudflare's edge says when the API behind it does not."""
    page = f"<html><head><title>{status} {title}</title></head><body>cloudflare</body></html>"
    return Answer(status, page.encode(), {"Content-Type": "text/html; charset=UTF-8"})


def broken_answer(fault: Fault) -> Answer | Silence | Reset:
    """What a client gets instead of the answer."""
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return error_answer(rate_limited(fault.seconds, 1200, 300))
        case FaultKind.SERVER_ERROR:
            return error_answer(ApiError(fault.status, 10001, "Internal Server Error"))
        case FaultKind.HTML:
            return html_answer(fault.status, "Bad Gateway")
        case FaultKind.TIMEOUT_BEFORE_COMMIT | FaultKind.TIMEOUT_AFTER_COMMIT:
            return Silence(fault.seconds)
        case _:
            return Reset()
