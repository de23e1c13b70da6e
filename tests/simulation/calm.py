"""Histories in which nothing fails."""

from __future__ import annotations

from dataclasses import replace

from tests.simulation.steps import Begin, Create, Delete, DeleteAll, History, Retag, Step, Wait


def calm(history: History) -> History:
    """The same history without faults, lost messages, foreign hands and changes of rules: names have to be there."""
    steps: list[Step] = []
    for step in history:
        if isinstance(step, Begin):
            steps.append(replace(step, latency=0.05, bucket=False))
        elif isinstance(step, Wait | Create | Delete | Retag | DeleteAll):
            steps.append(step if isinstance(step, Wait) or step.delivery else replace(step, delivery=(15,)))
    return tuple(steps)
