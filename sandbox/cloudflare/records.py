"""What Cloudflare makes of the fields of one DNS record: checks, defaults, normal forms. Pure."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from typing import TypeAlias

from sandbox.cloudflare.errors import api_error

Fields: TypeAlias = dict[str, object]

AUTOMATIC_TTL = 1
COMMENT_LIMIT = 100
HOST_TYPES = frozenset({"CNAME", "MX", "NS", "PTR"})
PROXIABLE_TYPES = frozenset({"A", "AAAA", "CNAME"})
TYPES = PROXIABLE_TYPES | HOST_TYPES | {"CAA", "HTTPS", "SRV", "SVCB", "TXT"}

_NOT_PUBLIC = [
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
]
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)$|^\*$")


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the zone keeps it. `name` is complete and, like host contents, in lower case."""

    id: str
    type: str
    name: str
    content: str
    ttl: int = AUTOMATIC_TTL
    proxied: bool = False
    comment: str | None = None
    created_on: str = ""
    modified_on: str = ""
    comment_modified_on: str | None = None
    priority: int | None = None

    def answer(self) -> Fields:
        """The record as the API shows it."""
        shown: Fields = {
            "id": self.id,
            "name": self.name,
            "type": self.type,
            "content": self.content,
            "proxiable": proxiable(self.type, self.content),
            "proxied": self.proxied,
            "ttl": self.ttl,
            "settings": {"flatten_cname": False} if self.type == "CNAME" else {},
            "meta": {},
            "comment": self.comment,
            "tags": [],
            "created_on": self.created_on,
            "modified_on": self.modified_on,
        }
        if self.comment_modified_on is not None:
            shown["comment_modified_on"] = self.comment_modified_on
        if self.priority is not None:
            shown["priority"] = self.priority
        return shown


def new_record(record_id: str, zone: str, body: Fields, now: str) -> StoredRecord:
    """The record that a POST makes; also what a PUT leaves, since it resets what it does not name."""
    return _checked(StoredRecord(record_id, "", "", "", created_on=now), zone, body, now)


def replaced_record(old: StoredRecord, zone: str, body: Fields, now: str) -> StoredRecord:
    """PUT: every field that the body does not name takes its default."""
    _same_type(old, body)
    blank = StoredRecord(old.id, old.type, "", "", created_on=old.created_on)
    return _checked(blank, zone, body, now)


def patched_record(old: StoredRecord, zone: str, body: Fields, now: str) -> StoredRecord:
    """PATCH: every field that the body does not name keeps its value."""
    _same_type(old, body)
    return _checked(old, zone, body, now)


def complete_name(name: str, zone: str) -> str:
    """Cloudflare takes any name outside the zone for one relative to it: `x.other.org.example.com`."""
    plain = name.lower().rstrip(".")
    if plain in ("@", zone):
        return zone
    return plain if plain.endswith(f".{zone}") else f"{plain}.{zone}"


def proxiable(record_type: str, content: str) -> bool:
    """Whether Cloudflare's proxy could stand before the record (private addresses cannot)."""
    if record_type in ("A", "AAAA"):
        return not any(ipaddress.ip_address(content) in network for network in _NOT_PUBLIC)
    return record_type in PROXIABLE_TYPES


def _same_type(old: StoredRecord, body: Fields) -> None:
    if body.get("type", old.type) != old.type:
        raise api_error(9207, "The type of a DNS record cannot be changed.")


def _checked(base: StoredRecord, zone: str, body: Fields, now: str) -> StoredRecord:
    record_type = _text(body.get("type", base.type))
    if record_type not in TYPES:
        raise api_error(9207)
    content = _content(record_type, _text(body.get("content", base.content)))
    name = _name(_text(body.get("name", base.name)), zone)
    if record_type == "CNAME" and content == name:
        raise api_error(9039)
    proxied = body.get("proxied", base.proxied)
    if not isinstance(proxied, bool):
        raise api_error(9207)
    if proxied and not proxiable(record_type, content):
        raise api_error(9041)
    comment = _comment(body.get("comment", base.comment))
    ttl = _ttl(body.get("ttl", base.ttl))
    _no_tags(body)
    return replace(
        base,
        type=record_type,
        name=name,
        content=content,
        ttl=AUTOMATIC_TTL if proxied else ttl,
        proxied=proxied,
        comment=comment,
        modified_on=now,
        comment_modified_on=_comment_time(base, comment, now),
        priority=_priority(body, base),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise api_error(9207)
    return value


def _name(name: str, zone: str) -> str:
    full = complete_name(name, zone)
    if len(full) > 253 or not all(_LABEL.match(label) for label in full.split(".")):
        raise api_error(9000)
    return full


def _content(record_type: str, content: str) -> str:
    if record_type in ("A", "AAAA"):
        version = ipaddress.IPv4Address if record_type == "A" else ipaddress.IPv6Address
        try:
            return str(version(content))
        except ValueError:
            raise api_error(9005 if record_type == "A" else 9006) from None
    if record_type not in HOST_TYPES:
        return content
    host = content.lower().rstrip(".")
    if len(host) > 253 or not all(_LABEL.match(label) for label in host.split(".")):
        raise api_error(9007, f"Content for {record_type} record is invalid.")
    return host


def _ttl(ttl: object) -> int:
    if isinstance(ttl, str):
        raise api_error(9022)
    if not isinstance(ttl, int) or isinstance(ttl, bool):
        raise api_error(9207)
    if ttl != AUTOMATIC_TTL and not 60 <= ttl <= 86400:
        raise api_error(9021)
    return ttl


def _comment(comment: object) -> str | None:
    if comment is None or comment == "":
        return None
    if not isinstance(comment, str):
        raise api_error(9207)
    if len(comment) > COMMENT_LIMIT:
        raise api_error(9313)
    return comment


def _comment_time(base: StoredRecord, comment: str | None, now: str) -> str | None:
    if comment is None:
        return None
    return base.comment_modified_on if comment == base.comment else now


def _no_tags(body: Fields) -> None:
    tags = body.get("tags")
    if isinstance(tags, list) and tags:
        raise api_error(9300, count=len(tags))


def _priority(body: Fields, base: StoredRecord) -> int | None:
    priority = body.get("priority", base.priority)
    return priority if isinstance(priority, int) else None
