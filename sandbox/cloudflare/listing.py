"""The list of a zone's records: filters, order and pages, as the API's parameters ask for them. Pure.

Several names in one request: `match=any&name=one&name=two` and no other filter, the form that
Cloudflare's API deprecations of 2025-02-21 name as the successor of comma-separated names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from sandbox.cloudflare.errors import api_error
from sandbox.cloudflare.records import Fields, StoredRecord

Query: TypeAlias = Mapping[str, Sequence[str]]
Test: TypeAlias = Callable[[StoredRecord], bool]

DEFAULT_PER_PAGE = 100
MOST_PER_PAGE = 5_000_000

_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "": str.__eq__,
    ".exact": str.__eq__,
    ".contains": str.__contains__,
    ".startswith": str.startswith,
    ".endswith": str.endswith,
}


def list_records(records: Iterable[StoredRecord], query: Query) -> tuple[list[Fields], dict[str, int]]:
    """One page of records as the API shows them, and its `result_info`."""
    tests = _tests(query)
    combine = any if query.get("match", ["all"])[-1] == "any" and tests else all
    found = [record for record in records if combine(test(record) for test in tests)]
    found.sort(key=lambda record: record.created_on, reverse=True)
    order = query.get("order", ["type"])[-1]
    descending = query.get("direction", ["asc"])[-1] == "desc"
    found.sort(key=lambda record: (_sort_key(record, order), record.name), reverse=descending)
    page, per_page = _number(query, "page", 1), _number(query, "per_page", DEFAULT_PER_PAGE)
    shown = found[(page - 1) * per_page : page * per_page]
    info = {
        "page": page,
        "per_page": per_page,
        "count": len(shown),
        "total_count": len(found),
        "total_pages": max(1, -(-len(found) // per_page)),
    }
    return [record.answer() for record in shown], info


def _tests(query: Query) -> list[Test]:
    tests: list[Test] = []
    for attribute in ("name", "content", "comment"):
        for suffix, compare in _COMPARISONS.items():
            tests += [_text_test(attribute, compare, value) for value in query.get(attribute + suffix, ())]
    tests += [_type_test(value) for value in query.get("type", ())]
    tests += [_proxied_test(value) for value in query.get("proxied", ())]
    if "comment.present" in query:
        tests.append(lambda record: record.comment is not None)
    if "comment.absent" in query:
        tests.append(lambda record: record.comment is None)
    return tests


def _text_test(attribute: str, compare: Callable[[str, str], bool], value: str) -> Test:
    # "Filters are case-insensitive", says the API's schema; a record without a comment matches none.
    wanted = value.lower()
    return lambda record: compare(str(getattr(record, attribute) or "").lower(), wanted)


def _type_test(value: str) -> Test:
    return lambda record: record.type == value


def _proxied_test(value: str) -> Test:
    return lambda record: record.proxied == (value == "true")


def _sort_key(record: StoredRecord, order: str) -> str:
    if order not in ("type", "name", "content", "ttl", "proxied"):
        raise api_error(9207)
    value = getattr(record, order)
    return f"{value:012d}" if isinstance(value, int) else str(value)


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, [str(default)])[-1]
    if not text.isdecimal() or not 1 <= int(text) <= MOST_PER_PAGE:
        raise api_error(9207)
    return int(text)
