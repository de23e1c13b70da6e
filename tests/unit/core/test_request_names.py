"""Which names are in question, so that a zone too large to be listed whole is asked for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.request import Request
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.work import Check, SecondLook, Sweep, Work
from tests.doubles.inventory import HUB, make, make_id
from tests.unit.core.scene import AWAY, NAME, NOW, OTHER, RULES

NEAR, FAR_AWAY = make(1, "a.mesh.example.com", "b.mesh.example.com"), make(make_id(2, AWAY), "c.mesh.example.com")
SNAPSHOT = Snapshot(
    NOW, RULES, KnownScopes(frozenset({HUB, AWAY})), sightings={lb.id: lb for lb in (NEAR, FAR_AWAY, make(3))}
)

NAMES = {
    "a check: what its load balancers claim": (
        Check(HUB, frozenset({NEAR.id})),
        {"a.mesh.example.com", "b.mesh.example.com"},
    ),
    "a check of a load balancer without names": (Check(HUB, frozenset({make_id(3)})), set()),
    "a check of a load balancer that was not seen": (Check(HUB, frozenset({make_id(9)})), set()),
    "a sweep: what is claimed in its scope": (Sweep(AWAY), {"c.mesh.example.com"}),
    "a second look: its one name, whatever else is claimed": (SecondLook(NEAR.id, NAME, "z", "r", NOW), {NAME}),
}


@pytest.mark.parametrize(("work", "names"), NAMES.values(), ids=NAMES.keys())
def test_the_names_in_question_are_those_of(work: Work, names: set[str]) -> None:
    request = Request({"m": work})
    assert request.hostnames(SNAPSHOT) == names
    assert request.returned_hostnames(SNAPSHOT) == set()
    assert replace(request, returned=frozenset({"m"})).returned_hostnames(SNAPSHOT) == names


def test_only_what_came_back_counts_as_returned() -> None:
    messages: dict[str, Work] = {
        "1": SecondLook(NEAR.id, NAME, "z", "r", NOW),
        "2": SecondLook(NEAR.id, OTHER, "z", "r", NOW),
    }
    request = Request(messages, frozenset({"2"}))
    assert request.hostnames(SNAPSHOT) == {NAME, OTHER}
    assert request.returned_hostnames(SNAPSHOT) == {OTHER}
