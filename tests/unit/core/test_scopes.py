"""Which scopes are overdue, and when a register is too young to be believed."""

from __future__ import annotations

import pytest

from mesh_dns.core.scopes import Entry, KnownScopes
from tests.unit.core.scene import AWAY, FAR, HUB, NOW

PERIOD = 900.0
OLD = Entry(0, NOW)


@pytest.mark.parametrize(
    ("entry", "overdue"),
    [
        (Entry(0, NOW), False),
        (Entry(0, NOW - 2700), False),
        (Entry(0, NOW - 2701), True),
        (Entry(NOW - 2700), False),
        (Entry(NOW - 2701), True),
        (Entry(NOW - 10, NOW - 9999), False),
        (Entry(NOW + 100, None), False),
    ],
    ids=[
        "read just now",
        "read three periods ago",
        "read longer ago",
        "never read, announced three periods ago",
        "never read, announced longer ago",
        "read long ago, and announced anew since",
        "announced in the future, by a clock that stepped back",
    ],
)
def test_when_a_scope_is_overdue(entry: Entry, overdue: bool) -> None:
    scopes = KnownScopes.of({HUB: OLD, AWAY: entry}, NOW, PERIOD, {})
    assert scopes.known == {HUB, AWAY}
    assert scopes.overdue == ({AWAY} if overdue else set())


@pytest.mark.parametrize(
    ("announced", "young"),
    [
        ([0, NOW], False),
        ([NOW - 2700], False),
        ([NOW - 2699], True),
        ([NOW - 2699, NOW], True),
        ([], True),
    ],
    ids=["one is old", "three periods old", "younger", "all are younger", "an empty register"],
)
def test_when_a_register_is_young(announced: list[float], young: bool) -> None:
    entries = {scope: Entry(at, NOW) for scope, at in zip((HUB, AWAY), announced, strict=False)}
    assert KnownScopes.of(entries, NOW, PERIOD, {}).young is young


def test_without_one_scope_the_others_stay_as_they_are() -> None:
    scopes = KnownScopes(frozenset({HUB, AWAY, FAR}), frozenset({AWAY, FAR}), young=True)
    assert scopes.without(AWAY) == KnownScopes(frozenset({HUB, FAR}), frozenset({FAR}), young=True)
