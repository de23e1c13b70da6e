"""A few thousand mutated events on each run; `make fuzz` runs a hundred thousand."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from mesh_dns.core import own_messages, validation
from mesh_dns.core.rules import Rules
from mesh_dns.intake import Intake
from tests.simulation import fuzz
from tests.simulation.mutate import mutated

BLOCKS = 30


def test_no_message_crashes_or_causes_a_write_that_the_laws_forbid() -> None:
    counts: Counter[str] = Counter()
    for seed in range(BLOCKS):
        counted, reports = fuzz.block(seed)
        assert reports == []
        counts += counted
    # The fuzz reaches what it is about: work is done, and refused.
    assert counts["messages"] == BLOCKS * fuzz.BLOCK
    assert min(counts[f"records {what}d"] for what in ("create", "update", "delete")) > 0
    assert counts["messages"] / 4 < counts["messages rejected"] < counts["messages"] * 3 / 4


def test_the_same_seed_makes_the_same_messages() -> None:
    one, two = (mutated(random.Random(7), fuzz.TEMPLATES) for _ in range(2))
    assert one == two


def _found() -> bool:
    return any(fuzz.block(seed)[1] for seed in range(BLOCKS))


def test_it_finds_a_believed_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(self: Intake, record: dict[str, Any]) -> object:
        return read(self, record | {"attributes": {"SenderId": f"{self.role_id}:x"}})

    read = Intake._work_in
    monkeypatch.setattr(Intake, "_work_in", believe)
    assert _found()


def test_it_finds_an_uncaught_recursion(monkeypatch: pytest.MonkeyPatch) -> None:
    from mesh_dns.core import events

    monkeypatch.setattr(events, "complaint_about", validation._complaint)
    monkeypatch.setattr(own_messages, "complaint_about", validation._complaint)
    assert _found()


def test_it_finds_a_policy_that_lets_everybody_have_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rules, "objection_to", lambda self, load_balancer, hostname: None)
    assert _found()
