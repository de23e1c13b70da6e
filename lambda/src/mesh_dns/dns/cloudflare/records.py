"""Records and changes in Cloudflare's terms: what a list's items say, and what a batch is to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mesh_dns.core.hostnames import normalize
from mesh_dns.core.values import Action, Change, Record


def records(zone_id: str, items: Iterable[Mapping[str, Any]]) -> list[Record]:
    """The records of a list. One without a usable name is left out."""
    found = (record(zone_id, item) for item in items)
    return [made for made in found if made is not None]


def record(zone_id: str, item: Mapping[str, Any]) -> Record | None:
    """A list's item. What is odd about it becomes empty or 0: it is still something at its name."""
    record_id, name = _text(item.get("id")), _text(item.get("name"))
    if not name:
        return None
    return Record(
        id=record_id,
        zone_id=zone_id,
        name=normalize(name),
        type=_text(item.get("type")).upper(),
        content=normalize(_text(item.get("content"))),
        ttl=_seconds(item.get("ttl")),
        proxied=item.get("proxied") is True,
        # A record without an id cannot be changed, so it must not pass for ours.
        comment=_text(item.get("comment")) if record_id else "",
        edited=_time(item.get("modified_on")),
        made=_time(item.get("created_on")),
    )


def batch(changes: Sequence[Change]) -> dict[str, list[dict[str, object]]]:
    """The body of a batch."""
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


def created(body: Mapping[str, Any]) -> dict[str, str]:
    """Id => normalized name of what a batch created, as far as its answer tells."""
    result = body.get("result")
    posts = result.get("posts") if isinstance(result, dict) else None
    made = [post for post in posts if isinstance(post, dict)] if isinstance(posts, list) else []
    names = {_text(post.get("id")): normalize(_text(post.get("name"))) for post in made}
    return {record_id: name for record_id, name in names.items() if record_id and name}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _seconds(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _time(value: object) -> float | None:
    """Seconds since the epoch of a time in ISO 8601; None for anything else, and for one without its zone."""
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
