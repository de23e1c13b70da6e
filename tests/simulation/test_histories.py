"""A few hundred random histories on each run; `make simulate N=10000` runs as many as you like."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mesh_dns.core.decision import Decision, Reason
from mesh_dns.errors import Retryable
from mesh_dns.writing import Writer
from tests.simulation.__main__ import MUTATION_SEEDS
from tests.simulation.calm import calm
from tests.simulation.draw import generate
from tests.simulation.law import Law
from tests.simulation.mutations import MUTATIONS, Mutation
from tests.simulation.shrink import broken, broken_law, first_found, shrink, story
from tests.simulation.steps import Create, History, Refuse, Token, Wait

HISTORIES = 200
CALM_HISTORIES = 60
BLOCK = 20
# Each mistake shows within so many. `python -m tests.simulation` looks from the first history on, ten times as long.
SOON = 30


@pytest.mark.parametrize("block", range(HISTORIES // BLOCK))
def test_no_history_breaks_a_law(block: int) -> None:
    for seed in range(block * BLOCK, block * BLOCK + BLOCK):
        history = generate(seed)
        if broken_law(history) is not None:
            short = shrink(history)
            pytest.fail(f"seed {seed}: {broken_law(short)}\n{story(short)}")


@pytest.mark.parametrize("block", range(CALM_HISTORIES // BLOCK))
def test_at_no_moment_of_a_calm_history_a_claimed_name_is_empty(block: int) -> None:
    for seed in range(block * BLOCK, block * BLOCK + BLOCK):
        history = calm(generate(seed))
        assert broken_law(history, calm=True) is None, f"seed {seed}\n{story(history)}"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mistake_is_found(mutation: Mutation) -> None:
    assert mutation.start + SOON <= MUTATION_SEEDS
    assert first_found(mutation, SOON, start=mutation.start) is not None


def test_the_same_seed_draws_the_same_history() -> None:
    assert generate(7) == generate(7) != generate(8)


def test_shrinking_keeps_only_what_breaks_the_law() -> None:
    history: History = tuple(Wait(seconds) for seconds in (1, 20, 5, 300, 1))
    assert shrink(history, lambda steps: Wait(20) in steps and Wait(300) in steps) == (Wait(20), Wait(300))


def test_a_message_that_dies_where_nothing_that_it_needs_was_ill_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(writer: Writer, decisions: Sequence[Decision], reason: Reason, detail: str) -> None:
        writer.note(decisions, Retryable(detail))

    history: History = (Refuse((0,)), Token(1, "broken"), Create(1, 0, (0,), (2,)), Wait(40_000))
    assert broken(history) is None
    monkeypatch.setattr(Writer, "refuse", fail)
    violation = broken(history)
    assert violation is not None
    assert violation.law is Law.NOT_DEAD
