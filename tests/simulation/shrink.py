"""Makes a failing history short enough to read."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.calm import calm as calmed
from tests.simulation.draw import generate
from tests.simulation.laws import Violation
from tests.simulation.simulator import Simulation
from tests.simulation.steps import History


def broken_law(history: History, *, calm: bool = False) -> str | None:
    """Run a history in a new world; the law that it breaks, or None."""
    try:
        Simulation(calm=calm).run(history)
    except Violation as violation:
        return str(violation)
    return None


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


def first_broken(histories: int, *, calmly: bool = False, start: int = 0) -> int | None:
    """How many histories it takes to break a law; None when so many break none."""
    for seed in range(start, start + histories):
        history = calmed(generate(seed)) if calmly else generate(seed)
        if broken_law(history, calm=calmly) is not None:
            return seed - start + 1
    return None


def story(history: History) -> str:
    """A history to read."""
    return "\n".join(f"  {step}" for step in history)
