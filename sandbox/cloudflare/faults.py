"""What tests can switch on at the emulator, and what they can count."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum


class Call(Enum):
    """The kinds of calls, as far as their cost and their faults differ."""

    LIST = "list"
    READ = "read"
    CREATE = "create"
    PUT = "put"
    PATCH = "patch"
    DELETE = "delete"
    BATCH = "batch"
    OTHER = "other"


READS = frozenset({Call.LIST, Call.READ, Call.OTHER})
WRITES = frozenset(Call) - READS
EVERY_CALL = frozenset(Call)


class Calls:
    """How many requests arrived, by kind, refused ones included: all of them count for the rate limit."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count: Counter[Call] = Counter()

    def add(self, call: Call) -> None:
        """Count one request."""
        with self._lock:
            self._count[call] += 1

    def of(self, *kinds: Call) -> int:
        """The number of requests of these kinds."""
        with self._lock:
            return sum(self._count[kind] for kind in kinds)

    @property
    def reads(self) -> int:
        """Requests that change nothing."""
        return self.of(*READS)

    @property
    def writes(self) -> int:
        """Requests that would change something; a batch of any size is one."""
        return self.of(*WRITES)

    @property
    def total(self) -> int:
        """All requests."""
        return self.of(*EVERY_CALL)

    def reset(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._count.clear()

    def __repr__(self) -> str:
        with self._lock:
            kinds = ", ".join(f"{kind.value}={n}" for kind, n in self._count.items())
        return f"Calls({kinds})"


class FaultKind(Enum):
    """What can go wrong with a request that was right."""

    RATE_LIMITED = "429 with Retry-After"
    SERVER_ERROR = "5xx with the API's envelope"
    HTML = "5xx with an HTML body"
    TIMEOUT_BEFORE_COMMIT = "no answer, nothing done"
    TIMEOUT_AFTER_COMMIT = "no answer, but done"
    RESET_BEFORE_COMMIT = "connection reset, nothing done"
    RESET_AFTER_COMMIT = "connection reset, but done"
    DELAY = "an answer that comes late"


AFTER_COMMIT = frozenset({FaultKind.TIMEOUT_AFTER_COMMIT, FaultKind.RESET_AFTER_COMMIT})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: for which calls, how often (None: until cleared), its measure, and for which zone (None: any).

    `seconds` is the Retry-After of a 429, the wait of a delay, and the longest silence of a timeout.
    """

    kind: FaultKind
    calls: frozenset[Call] = EVERY_CALL
    times: int | None = 1
    seconds: float = 0
    status: int = 503
    zone: str | None = None

    def strikes(self, call: Call, zone: str) -> bool:
        """Whether a call to a zone meets it."""
        return call in self.calls and self.zone in (None, zone)


class Faults:
    """The faults that wait for their calls; the oldest that fits a call strikes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._rejected: set[str] = set()
        self._refuse_delegated = False

    def inject(
        self,
        kind: FaultKind,
        *calls: Call,
        times: int | None = 1,
        seconds: float | None = None,
        status: int = 503,
        zone: str | None = None,
    ) -> None:
        """Let the next `times` requests (None: all) of these kinds (none named: any), to this zone, meet a fault."""
        measure = seconds if seconds is not None else {FaultKind.RATE_LIMITED: 300}.get(kind, 30)
        with self._lock:
            self._waiting.append(Fault(kind, frozenset(calls) or EVERY_CALL, times, measure, status, zone))

    def reject_name(self, name: str) -> None:
        """Refuse every write of a record with this name, and so every batch that holds one."""
        with self._lock:
            self._rejected.add(name)

    def rejects(self, name: str) -> bool:
        """Whether writes of this name are refused."""
        with self._lock:
            return name in self._rejected

    def refuse_delegated(self) -> None:
        """Refuse records below an NS record with 89018, as the API did in 2021; now it takes them with success."""
        self._refuse_delegated = True

    def refuses_delegated(self) -> bool:
        """Whether records below an NS record are refused."""
        return self._refuse_delegated

    def clear(self) -> None:
        """Everything works again."""
        with self._lock:
            self._waiting.clear()
            self._rejected.clear()
            self._refuse_delegated = False

    def take(self, call: Call, zone: str = "") -> Fault | None:
        """The fault that this call meets, used up once."""
        with self._lock:
            for position, fault in enumerate(self._waiting):
                if fault.strikes(call, zone):
                    self._use_up(position, fault)
                    return fault
        return None

    def _use_up(self, position: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times <= 1:
            del self._waiting[position]
        else:
            self._waiting[position] = replace(fault, times=fault.times - 1)
