"""A few hundred random histories on each run; `make simulate N=10000` runs as many as you like."""

from __future__ import annotations

import pytest

from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.shrink import broken_law, shrink, story
from tests.simulation.steps import generate

HISTORIES = 300


@pytest.mark.parametrize("block", range(HISTORIES // 50))
def test_no_history_breaks_a_law(block: int) -> None:
    for seed in range(block * 50, block * 50 + 50):
        history = generate(seed)
        if broken_law(history) is not None:
            short = shrink(history)
            pytest.fail(f"seed {seed}: {broken_law(short)}\n{story(short)}")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_every_mistake_is_found(mutation: Mutation) -> None:
    with mutation.made():
        assert any(broken_law(generate(seed)) for seed in range(HISTORIES))
