"""Time that passes only while everybody waits, and an AWS and a Cloudflare that take theirs."""

from __future__ import annotations

import heapq
import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from botocore.exceptions import ReadTimeoutError

from mesh_dns.aws.clients import READ_TIMEOUT
from mesh_dns.core.values import Change, Record, Scope
from mesh_dns.dns.provider import Provider
from mesh_dns.errors import Retryable
from sandbox.cloudflare.faults import Calls
from tests.unit.aws.fake_table import AwsError, Call

# A function of 256 MB has a seventh of a processor: what our own work takes here takes so many times as long there.
PROCESSING = 7
# AWS's allowance of `Describe*` per account, region and generation: at once, and a second after that.
BURST, PER_SECOND = 40, 10
# Seconds of processor time that are none, as exactly as it is measured.
NOTHING = 2e-5
# Seconds that a call to DynamoDB or SQS takes: they are in the hub's region.
NEAR = 0.02
# Seconds that a call to Cloudflare takes.
CLOUDFLARE_CALL = 0.3

T = TypeVar("T")


class Clock:
    """Seconds since the epoch, for several threads: who sleeps sleeps in this clock's time.

    When all threads of the process are blocked, the clock goes on to the next one's time to wake: other programs on
    this machine do not make it slower. While `working()`, processor time counts too, `PROCESSING` times. Needs Linux,
    whose /proc says which threads run or want to.
    """

    def __init__(self, now: float) -> None:
        self._now = now
        self._counted = 0.0
        self._began: float | None = None
        self._waking = 0.0
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int, threading.Event]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._wake, daemon=True).start()

    def __call__(self) -> float:
        """The time."""
        return self._now + PROCESSING * (self._counted + self._work_so_far())

    def sleep(self, seconds: float) -> None:
        """Wait for so long, in this clock's time."""
        woken = threading.Event()
        with self._changed:
            heapq.heappush(self._sleepers, (self() + seconds, next(self._numbers), woken))
            self._changed.notify()
        woken.wait()

    def pass_until(self, moment: float) -> None:
        """Nothing happens until a moment."""
        self._now += max(0.0, moment - self())

    @contextmanager
    def working(self) -> Iterator[None]:
        """What is done meanwhile takes time."""
        self._began = time.process_time() - self._waking
        try:
            yield
        finally:
            self._counted += self._work_so_far()
            self._began = None

    def _work_so_far(self) -> float:
        return 0.0 if self._began is None else max(0.0, time.process_time() - self._waking - self._began)

    def _wake(self) -> None:
        myself = str(threading.get_native_id())
        while True:
            with self._changed:
                while not self._sleepers:
                    self._changed.wait()
            before = _work_of_others()
            time.sleep(0.0002)
            # Who worked meanwhile is seen at once; to ask for each thread takes as long as the work itself.
            if _work_of_others() - before < NOTHING and _all_blocked(but=myself):
                with self._changed:
                    moment, _, woken = heapq.heappop(self._sleepers)
                    self.pass_until(moment)
                woken.set()
            self._waking = time.thread_time()


def _all_blocked(*, but: str) -> bool:
    """Whether no thread of this process runs, or could run if a processor were free, one excepted."""
    before = _work_of_others()
    threads = [thread.name for thread in os.scandir("/proc/self/task") if thread.name != but]
    # Who waits for the interpreter's lock looks blocked, too; then whoever has it works meanwhile.
    return all(map(_is_blocked, threads)) and _work_of_others() - before < NOTHING


def _is_blocked(thread: str) -> bool:
    try:
        with open(f"/proc/self/task/{thread}/stat", "rb") as stat:  # noqa: PTH123 - a tenth of a Path's time
            return stat.read().rpartition(b")")[2].split()[0] == b"S"
    except OSError:
        return True  # it has just ended


def _work_of_others() -> float:
    return time.process_time() - time.thread_time()


@dataclass
class SlowAws:
    """What happens before AWS answers a call: time passes, and the allowance may be used up.

    `latency`: seconds of a call to another service than DynamoDB and SQS. `hanging`: scopes in which nobody answers.
    `throttled`: how often that was the answer, by operation.
    """

    clock: Clock
    latency: float
    hanging: set[Scope] = field(default_factory=set)
    throttled: Counter[str] = field(default_factory=Counter)
    _full_at: dict[tuple[Scope, str], float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> None:
        """Wait, and raise what AWS says to a call too many."""
        service, _, operation = call.action.partition(":")
        if call.scope in self.hanging:
            self.clock.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url="the bench's")
        self.clock.sleep(NEAR if service in ("dynamodb", "sqs") else self.latency)
        if service in ("elb", "elbv2") and not self._allowed(call.scope, service):
            self.throttled[operation] += 1
            raise AwsError("Throttling", "Rate exceeded")

    def _allowed(self, scope: Scope, service: str) -> bool:
        with self._lock:
            now = self.clock()
            full_at = max(now, self._full_at.get((scope, service), now)) + 1 / PER_SECOND
            if full_at - now > BURST / PER_SECOND:
                return False
            self._full_at[scope, service] = full_at
            return True


class SlowProvider:
    """A provider whose every call takes as long as Cloudflare. `calls`: those that were counted."""

    def __init__(self, provider: Provider, calls: Calls, clock: Clock) -> None:
        self.transaction_size = provider.transaction_size
        self.token_name = provider.token_name
        self._provider, self._calls, self._clock = provider, calls, clock

    def read(
        self, wanted: Mapping[str, Collection[str]], deadline: float
    ) -> Mapping[str, Sequence[Record] | Retryable]:
        """Zones, slowly."""
        return self._slowly(lambda: self._provider.read(wanted, deadline))

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Changes, slowly."""
        self._slowly(lambda: self._provider.apply(zone_id, changes))

    def _slowly(self, call: Callable[[], T]) -> T:
        before = self._calls.total
        try:
            return call()
        finally:
            self._clock.sleep(CLOUDFLARE_CALL * (self._calls.total - before))
