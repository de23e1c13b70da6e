"""Makes a failing history short enough to read."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.calm import calm as calmed
from tests.simulation.draw import generate
from tests.simulation.law import Violation
from tests.simulation.mutation import Mutation
from tests.simulation.simulator import Simulation
from tests.simulation.steps import History


def broken(history: History, *, calm: bool = False) -> Violation | None:
    """Run a history in a new world; the law that it breaks, or None."""
    try:
        Simulation(calm=calm).run(history)
    except Violation as violation:
        return violation
    return None


def broken_law(history: History, *, calm: bool = False) -> str | None:
    """The same in words."""
    violation = broken(history, calm=calm)
    return None if violation is None else f"{violation.law}: {violation}"


def shrink(
    history: History, fails: Callable[[History], bool] = lambda history: broken_law(history) is not None
) -> History:
    """Leave out steps, many at first and then one by one, as long as it still fails."""
    size = max(1, len(history) // 2)
    while True:
        position = 0
        while position < len(history):
            shorter = history[:position] + history[position + size :]
            if fails(shorter):
                history = shorter
            else:
                position += size
        if size == 1:
            return history
        size //= 2


def first_found(mutation: Mutation, histories: int, *, start: int = 0) -> int | None:
    """How many histories it takes until a mistake breaks its law; None when it does in none of so many."""
    with mutation.made():
        for seed in range(start, start + histories):
            history = calmed(generate(seed)) if mutation.calm else generate(seed)
            violation = broken(history, calm=mutation.calm)
            if violation is not None and violation.law is mutation.law:
                return seed - start + 1
    return None


def story(history: History) -> str:
    """A history to read."""
    return "\n".join(f"  {step}" for step in history)
