"""Back-off: who did not answer, or asked for a pause, is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

# Seconds in which one that did not answer is not asked again, doubled each time it does not: dead regions and zones
# must not use up the function's time.
SHORTEST = 30.0
LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class _Pause:
    since: float
    seconds: float
    reason: str

    def left(self, now: float) -> float:
        """Seconds that are left; 0 when the clock was set back to before the pause."""
        passed = now - self.since
        return self.seconds - passed if 0 <= passed < self.seconds else 0.0


class BackOff:
    """Pauses by key, as long as the process lives. `clock` is in seconds.

    Threads need no lock: every method is one step on a dict, and two that lengthen a pause at once agree on it.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pauses: dict[Hashable, _Pause] = {}

    def left(self, key: Hashable) -> tuple[float, str]:
        """Seconds that are left of a key's pause, 0 for none, and its reason."""
        pause = self._pauses.get(key)
        return (pause.left(self._clock()), pause.reason) if pause is not None else (0.0, "")

    def begin(self, key: Hashable, seconds: float, reason: str) -> None:
        """Leave a key alone for so many seconds."""
        self._pauses[key] = _Pause(self._clock(), seconds, reason)

    def lengthen(self, key: Hashable, reason: str) -> None:
        """A key did not answer: the shortest pause, or double the last one. Side by side, only the first counts."""
        before = self._pauses.get(key)
        if before is None:
            self.begin(key, SHORTEST, reason)
        elif before.left(self._clock()) == 0:
            self.begin(key, min(2 * before.seconds, LONGEST), reason)

    def end(self, key: Hashable) -> None:
        """A key answered, perhaps with an error."""
        self._pauses.pop(key, None)

    def failed_last(self, key: Hashable) -> bool:
        """Whether a key did not answer when it was last asked."""
        return key in self._pauses
