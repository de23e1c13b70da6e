"""Which call a request is, and what it does to a zone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sandbox.cloudflare.errors import api_error
from sandbox.cloudflare.faults import Call
from sandbox.cloudflare.listing import list_records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.cloudflare.http import Request
    from sandbox.cloudflare.records import Fields, StoredRecord
    from sandbox.cloudflare.zones import Zone

PREFIX = "/client/v4"

_ROUTE = re.compile(PREFIX + r"/zones/(?P<zone>[0-9a-f]{32})/dns_records(?:/(?P<item>batch|[0-9a-f]{32}))?")
_ZONE_CALLS = {"GET": Call.LIST, "POST": Call.CREATE}
_RECORD_CALLS = {"GET": Call.READ, "PUT": Call.PUT, "PATCH": Call.PATCH, "DELETE": Call.DELETE}


@dataclass(frozen=True, slots=True)
class Question:
    """A request, taken apart. `zone` and `item` are empty where the path leads nowhere."""

    call: Call
    request: Request
    path: str
    query: dict[str, list[str]] = field(default_factory=dict)
    zone: str = ""
    item: str = ""

    def body(self) -> Fields:
        """The JSON object that was sent, or 9207."""
        if not self.request.headers.get("content-type", "").startswith("application/json"):
            raise api_error(9207, "Content-type must be application/json.")
        try:
            body = json.loads(self.request.body)
        except ValueError:
            raise api_error(9207) from None
        if not isinstance(body, dict):
            raise api_error(9207)
        return body


def take_apart(request: Request) -> Question:
    """The call that a request is; `Call.OTHER` when there is none for it."""
    url = urlsplit(request.target)
    route = _ROUTE.fullmatch(url.path)
    if route is None:
        return Question(Call.OTHER, request, url.path)
    item = route["item"] or ""
    if item == "batch":
        call = Call.BATCH if request.method == "POST" else Call.OTHER
    else:
        call = (_RECORD_CALLS if item else _ZONE_CALLS).get(request.method, Call.OTHER)
    query = parse_qs(url.query, keep_blank_values=True)
    return Question(call, request, url.path, query, route["zone"], item)


def perform(zone: Zone, question: Question) -> dict[str, object]:
    """Do what was asked; the body of the answer. ApiError when it is refused."""
    if question.call is Call.LIST:
        page, info = list_records(_listed(zone, question.query), question.query)
        return _success(page) | {"result_info": info}
    return _success(_ACTIONS[question.call](zone, question))


def _listed(zone: Zone, query: dict[str, list[str]]) -> Iterable[StoredRecord]:
    """`shadowing_name`: the NS records at and above a name. "The zone apex is not accepted", nor any name outside."""
    if "shadowing_name" not in query:
        return zone.records.values()
    name = query["shadowing_name"][-1].lower().removesuffix(".")
    if not name.endswith(f".{zone.name}"):
        raise api_error(9207, "shadowing_name must be a subdomain of the zone.")
    return zone.shadowing(name)


def _success(result: object) -> dict[str, object]:
    return {"result": result, "success": True, "errors": [], "messages": []}


_ACTIONS: dict[Call, Callable[[Zone, Question], object]] = {
    Call.CREATE: lambda zone, question: zone.create(question.body()).answer(),
    Call.READ: lambda zone, question: zone.read(question.item).answer(),
    Call.PUT: lambda zone, question: zone.replace(question.item, question.body()).answer(),
    Call.PATCH: lambda zone, question: zone.patch(question.item, question.body()).answer(),
    Call.DELETE: lambda zone, question: {"id": zone.delete(question.item).id},
    Call.BATCH: lambda zone, question: zone.batch(question.body()),
}
