"""A few hundred random histories on each run; `make simulate N=10000` runs as many as you like."""

from __future__ import annotations

import pytest

from mesh_dns import converge
from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.shrink import broken_law, shrink, story
from tests.simulation.steps import calm, generate

HISTORIES = 300


@pytest.mark.parametrize("block", range(HISTORIES // 50))
def test_no_history_breaks_a_law(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        history = generate(seed)
        if broken_law(history) is not None:
            short = shrink(history)
            pytest.fail(f"seed {seed}: {broken_law(short)}\n{story(short)}")


@pytest.mark.parametrize("block", range(HISTORIES // 50))
def test_at_no_moment_of_a_calm_history_a_claimed_name_is_empty(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        history = calm(generate(seed))
        assert broken_law(history, calm=True) is None, f"seed {seed}\n{story(history)}"


def test_a_function_that_ignores_events_is_found_by_calm_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converge, "_asked_for", lambda work: frozenset())
    assert any(broken_law(calm(generate(seed)), calm=True) for seed in range(HISTORIES))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mistake_is_found(mutation: Mutation) -> None:
    with mutation.made():
        assert any(broken_law(generate(seed)) for seed in range(HISTORIES))
