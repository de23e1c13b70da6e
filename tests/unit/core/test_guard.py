"""The mass-delete guard counts the world, per scope and over all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.guard import Guard
from mesh_dns.core.values import LoadBalancer, Record, Scope
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, FAR, OWNER, Scene, foreign, ours


def _scope(scope: Scope, owned: int, left: int, start: int = 0) -> tuple[list[LoadBalancer], list[Record]]:
    ids = [make_id(start + number, scope) for number in range(owned)]
    records = [ours(lb, f"c{int(lb.id, 16)}.mesh.example.com") for lb in ids]
    live = [make(lb, f"c{int(lb.id, 16)}.mesh.example.com") for lb in ids[:left]]
    return live, records


def counted(*scopes: tuple[Scope, int, int], **different: object) -> Guard:
    """A guard over scopes with so many owned records, of which so many still have their load balancer."""
    live: list[LoadBalancer] = []
    records: list[Record] = []
    for number, (scope, owned, left) in enumerate(scopes):
        of_scope = _scope(scope, owned, left, 1000 * number)
        live += of_scope[0]
        records += of_scope[1]
    scene = Scene(live=tuple(live), known=tuple(scope for scope, _, _ in scopes))
    return Guard.count(replace(scene, **different).facts(), records)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scopes", "stopped"),
    [
        pytest.param([(HUB, 10, 0)], set(), id="10 of 10: not over 10"),
        pytest.param([(HUB, 11, 0)], {HUB}, id="11 of 11"),
        pytest.param([(HUB, 100, 70)], set(), id="30 of 100: exactly 30 percent"),
        pytest.param([(HUB, 100, 69)], {HUB}, id="31 of 100"),
        pytest.param([(HUB, 1000, 980)], set(), id="20 of 1000"),
        pytest.param([(HUB, 11, 0), (AWAY, 100, 99)], {HUB}, id="one scope gone: its own deletes only"),
        pytest.param([(HUB, 5, 0), (AWAY, 5, 0), (FAR, 5, 0)], {HUB, AWAY, FAR}, id="5 of 5 in three scopes: all"),
        pytest.param([(HUB, 5, 0), (AWAY, 5, 0)], set(), id="5 of 5 in two scopes: not over 10"),
        pytest.param([(HUB, 15, 12), (AWAY, 8, 0)], {HUB, AWAY}, id="together over both"),
    ],
)
def test_when_it_trips(scopes: list[tuple[Scope, int, int]], stopped: set[Scope]) -> None:
    guard = counted(*scopes)
    assert {scope for scope, _, _ in scopes if guard.objection_to_delete_in(scope)} == stopped


def test_it_says_what_it_counted() -> None:
    assert counted((HUB, 40, 10)).objection_to_delete_in(HUB) == (f"30 of 40 records of {HUB} lost their load balancer")
    three = counted((HUB, 5, 0), (AWAY, 5, 0), (FAR, 5, 0))
    assert three.objection_to_delete_in(HUB) == "15 of all 15 records lost their load balancer"


def test_a_scope_that_cannot_be_listed_has_lost_nothing() -> None:
    guard = counted((HUB, 30, 0), unlistable=(HUB,))
    assert (dict(guard.owned), dict(guard.vacant)) == ({HUB: 30}, {})


def test_an_untagged_load_balancer_counts_like_a_gone_one() -> None:
    live, records = _scope(HUB, 11, 11)
    untagged = tuple(replace(lb, tags={}) for lb in live)
    assert Guard.count(Scene(live=untagged).facts(), records).objection_to_delete_in(HUB) is not None


def test_only_our_cnames_of_known_scopes_count() -> None:
    _, records = _scope(HUB, 30, 0)
    others = [
        *(replace(record, type="TXT") for record in records),
        *(replace(record, comment=record.comment.replace(OWNER, "other")) for record in records),
        *(ours(make_id(n, FAR)) for n in range(30)),
        *(foreign() for _ in range(30)),
    ]
    guard = Guard.count(Scene().facts(), others)
    assert (dict(guard.owned), dict(guard.vacant)) == ({}, {})
