"""Pauses: zones and hosts that did not answer are not called, and tokens that were told to wait are not used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# Seconds in which one that did not answer is not asked again, doubled each time it does not: dead zones must not use
# up the function's time.
SHORTEST_PAUSE = 30.0
LONGEST_PAUSE = 300.0


@dataclass(frozen=True, slots=True)
class _Pause:
    since: float
    seconds: float
    reason: str

    def left(self, now: float) -> float:
        """Seconds that are left; 0 when the clock was set back to before the pause."""
        passed = now - self.since
        return self.seconds - passed if 0 <= passed < self.seconds else 0.0


class Pauses:
    """Pauses by key. Every method is one step on a dict, so threads need no lock. `clock` is in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pauses: dict[str, _Pause] = {}

    def left(self, key: str) -> tuple[float, str]:
        """Seconds that are left of a key's pause, 0 for none, and its reason."""
        pause = self._pauses.get(key)
        return (pause.left(self._clock()), pause.reason) if pause is not None else (0.0, "")

    def begin(self, key: str, seconds: float, reason: str) -> None:
        """Leave a key alone for so many seconds."""
        self._pauses[key] = _Pause(self._clock(), seconds, reason)

    def lengthen(self, key: str, reason: str) -> None:
        """A key did not answer: the shortest pause, or double the last one. Side by side, only the first counts."""
        before = self._pauses.get(key)
        if before is None:
            self.begin(key, SHORTEST_PAUSE, reason)
        elif before.left(self._clock()) == 0:
            self.begin(key, min(2 * before.seconds, LONGEST_PAUSE), reason)

    def end(self, key: str) -> None:
        """A key answered."""
        self._pauses.pop(key, None)

    def known(self, key: str) -> bool:
        """Whether a key did not answer when it was last asked."""
        return key in self._pauses
