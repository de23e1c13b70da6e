"""How often AWS is asked: a bucket of our own that is smaller than AWS's."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mesh_dns.errors import OutOfTime

# Elastic Load Balancing lets an account make 40 `Describe*` calls at once in a region and 10 more a second, for each of
# its two APIs, and shares that among all that runs there. Half of the burst and a fifth of the rest are left to the
# clusters' own controllers. The tagging API, which AWS documents no bucket for, is asked no faster.
BURST = 20
PER_SECOND = 8.0
# Seconds without any call after a throttle: others use more of the allowance than assumed.
THROTTLE_PAUSE = 1.0
# Seconds that AWS may ask us to wait in the middle of a batch; more is for the queue.
LONGEST_PAUSE = 10.0

Clock = Callable[[], float]
Sleep = Callable[[float], None]


class Bucket:
    """Calls of one API in one scope, for all threads: `BURST` at once, and `PER_SECOND` after them."""

    def __init__(self, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        # When the bucket would be full again (clock seconds). It holds a call for each 1 / PER_SECOND before that.
        self._full_at = float("-inf")

    def take(self, deadline: float) -> None:
        """Wait for the next call's turn. Raises OutOfTime, and takes nothing, if that comes behind the deadline."""
        with self._lock:
            now = self._clock()
            # No wait is longer than a full burst and the longest pause: a clock that was set back must not make one.
            self._full_at = min(self._full_at, now + BURST / PER_SECOND + LONGEST_PAUSE)
            wait = max(0.0, self._full_at - now - (BURST - 1) / PER_SECOND)
            if now + wait >= deadline:
                raise OutOfTime("not asked: the function's time was up")
            self._full_at = max(self._full_at, now) + 1 / PER_SECOND
        if wait > 0:
            self._sleep(wait)

    def throttled(self, after: float | None) -> None:
        """AWS's own bucket is empty: nothing for a while, or for the seconds that it asked for, and no burst then."""
        pause = min(max(after or 0.0, THROTTLE_PAUSE), LONGEST_PAUSE)
        with self._lock:
            self._full_at = max(self._full_at, self._clock() + pause + (BURST - 1) / PER_SECOND)
