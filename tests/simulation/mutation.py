"""A deliberate mistake: what it is called, where it is made, and the law that it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.simulation.law import Law

Place = tuple[object, str, Any]
"""Where the mistake is made: an object, the name of an attribute of it, and what stands there instead."""


@dataclass(frozen=True)
class Mutation:
    """A mistake. Where two defences cover the same hole, both are taken away.

    `law`: what it must be seen to break. `calm`: calm histories find it. `start`: most show within a few dozen
    histories of the first; for the others, the history (its seed) from which on a few dozen suffice.
    """

    name: str
    law: Law
    places: tuple[Place, ...]
    calm: bool = False
    start: int = 0

    @contextmanager
    def made(self) -> Iterator[None]:
        """While this context lasts, the code makes the mistake."""
        before = [(target, attribute, vars(target)[attribute]) for target, attribute, _ in self.places]
        try:
            for target, attribute, instead in self.places:
                setattr(target, attribute, instead)
            yield
        finally:
            for target, attribute, original in before:
                setattr(target, attribute, original)
