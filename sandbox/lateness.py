"""AWS as late as it is: what was just called is not yet what is shown, and not every call is answered.

| | AWS | here |
|---|---|---|
| a load balancer just made | not found for seconds | `appears` |
| the tags that it was made with | there with it, see below | `tags_appear` |
| a classic one just made | there at once: cloud-provider-aws reads it then and crashes without it | `classic_appears` |
| a load balancer just deleted | shown a moment longer | `leaves` |
| tags added and removed | shown by `DescribeTags` a little later | `tags_change` |
| the same in `GetResources` | later than in `DescribeTags` | `listed` |
| a network load balancer | `provisioning` for 2 to 3 minutes, and its own name NXDOMAIN | `active`: 1/20 of it |
| events of CloudTrail | seconds later, in any order, sometimes twice | `event`, `event_again` |
| `Describe*` | 40 calls, 10 more a second, per account, region and API generation; then `Throttling` | `throttles` |
| a region in trouble | answers late or never | `LateCloud.hang` |
| a load balancer that does not get ready | `provisioning` for ever, or `failed` | `LateCloud.hold` |

Writes work on what is there, not on what is shown: AddTags, listeners and attributes find a load balancer at once.
Only `DescribeLoadBalancers` and `DescribeTags` of load balancers are late, and `GetResources`. AWS Load Balancer
Controller shows which of this is so at AWS: it reads the attributes right after it created, and does not try again; it
keeps the first tags that it sees of any load balancer in its VPC for 20 minutes, and knows its own by them, so it would
lose every one that is shown before its tags. (Others saw that happen: tests of the function set `tags_appear`.)
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

VARIABLE = "SANDBOX_LATENESS"
"""`instant`, or a number: another seed."""
ALLOWANCE, REFILL = 40, 10.0
_LATE_SERVICES = frozenset({"elasticloadbalancing", "tagging"})

Span = tuple[float, float]
_NONE: Span = (0.0, 0.0)
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Lateness:
    """How late: each span gives the least and the most seconds, and whatever is late draws its own from it.

    The same seed draws the same for the same load balancer (by name, account and region) and its n-th change.
    `tags_appear` counts from the moment in which the load balancer appears, `listed` from the one in which
    `DescribeTags` shows the same. `event_again`: the share of events that come twice.
    """

    seed: int = 1
    appears: Span = (1.0, 4.0)
    classic_appears: Span = _NONE
    tags_appear: Span = _NONE
    tags_change: Span = (0.5, 3.0)
    listed: Span = (0.5, 3.0)
    leaves: Span = (0.5, 2.0)
    active: Span = (6.0, 9.0)
    event: Span = (0.5, 5.0)
    event_again: float = 0.1
    throttles: bool = True

    @classmethod
    def from_environment(cls) -> Lateness:
        """The default, or what `SANDBOX_LATENESS` asks for. Raises ValueError for what is neither word nor number."""
        wanted = os.environ.get(VARIABLE, "")
        if wanted == "instant":
            return INSTANT
        return cls(seed=int(wanted)) if wanted else cls()


INSTANT = Lateness(
    appears=_NONE, tags_change=_NONE, listed=_NONE, leaves=_NONE, active=_NONE, event=_NONE,
    event_again=0.0, throttles=False,
)  # fmt: skip
"""Everything is shown at once, and everybody is answered."""


class LateCloud:
    """The lateness of one sandbox, and the trouble that tests make. A service of the gateway."""

    def __init__(self, lateness: Lateness) -> None:
        self.lateness = lateness
        self._lock = threading.Lock()
        self._drawn: Counter[str] = Counter()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._held: dict[str, str] = {}
        self._hanging: dict[tuple[str | None, str], float] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End the waiting of the calls that hang."""
        self._stopped.set()

    def draw(self, what: str, subject: str) -> float:
        """Seconds for `subject`, from the span called `what`; or a number from 0 to 1 for `event_again`."""
        span = getattr(self.lateness, what)
        with self._lock:
            key = f"{self.lateness.seed}/{what}/{subject}"
            self._drawn[key] += 1
            chance = random.Random(f"{key}/{self._drawn[key]}").random()
        return span[0] + (span[1] - span[0]) * chance if isinstance(span, tuple) else chance

    def hang(self, region: str, seconds: float, account: str | None = None) -> None:
        """From now on ELB and the tagging API of a region answer `seconds` late (0: at once), in one account or all."""
        self._hanging[account, region] = seconds

    def hold(self, name: str, state: str) -> None:
        """A v2 load balancer of this name stays in this state, for example `provisioning` or `failed`."""
        self._held[name] = state

    def let_go(self, name: str) -> None:
        """End `hold`."""
        self._held.pop(name, None)

    def state(self, name: str, *, active: bool) -> str:
        """The state code of a v2 load balancer."""
        return self._held.get(name, "active" if active else "provisioning")

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """`Throttling` for a call beyond the allowance; everything else goes on, late if its region hangs."""
        if call.service not in _LATE_SERVICES:
            return None
        hanging = self._hanging.get((caller.account, call.region)) or self._hanging.get((None, call.region), 0.0)
        if hanging:
            self._stopped.wait(hanging)
        if call.service != "elasticloadbalancing" or not call.action.startswith("Describe"):
            return None
        generation = call.form().get("Version", "")
        if not self.lateness.throttles or self._take(caller.account, call.region, generation):
            return None
        return query_error("Throttling", "Rate exceeded")

    def _take(self, account: str, region: str, generation: str) -> bool:
        """Whether the bucket had a call left."""
        now = time.monotonic()
        with self._lock:
            left, since = self._buckets.get((account, region, generation), (float(ALLOWANCE), now))
            left = min(float(ALLOWANCE), left + (now - since) * REFILL)
            allowed = left >= 1
            self._buckets[account, region, generation] = (left - allowed, now)
        return allowed


class _Changes:
    """Tags whose changes are shown later than they are made, in their order."""

    def __init__(self) -> None:
        self._changes: list[tuple[float, dict[str, str]]] = []

    @property
    def last(self) -> dict[str, str]:
        """The tags as they are."""
        return self._changes[-1][1] if self._changes else {}

    def add(self, tags: dict[str, str], at: float) -> None:
        """They are these from now on, and shown at that time, or when the change before is, if that is later."""
        self._changes.append((max([at, *(before for before, _ in self._changes[-1:])]), dict(tags)))

    def shown(self, now: float) -> dict[str, str] | None:
        """The tags as readers see them; None before the first ones."""
        return next((tags for at, tags in reversed(self._changes) if at <= now), None)


class _Entry(Generic[B]):
    """One load balancer, with the times (of `time.monotonic`) at which readers see what became of it."""

    def __init__(self, balancer: B, subject: str, late: LateCloud, appears: str) -> None:
        now = time.monotonic()
        self.balancer = balancer
        self.subject = subject
        self.late = late
        self.appears = now + late.draw(appears, subject)
        self.tags_appear = self.appears + late.draw("tags_appear", subject)
        self.active = now + late.draw("active", subject)
        self.leaves = self.leaves_lists = float("inf")
        self.tags, self.listed = _Changes(), _Changes()

    def tagged(self, tags: dict[str, str], *, at_create: bool) -> None:
        change = 0.0 if at_create else self.late.draw("tags_change", self.subject)
        at = max(self.tags_appear, time.monotonic() + change)
        self.tags.add(tags, at)
        self.listed.add(tags, at + self.late.draw("listed", self.subject))

    def deleted(self) -> None:
        self.leaves = time.monotonic() + self.late.draw("leaves", self.subject)
        self.leaves_lists = self.leaves + self.late.draw("listed", self.subject)


class Shown(Generic[B]):
    """The load balancers of one backend as readers see them. Keys are ARNs, or names of classic ones.

    appears: the span of `Lateness` after which a new one is there.
    """

    def __init__(self, late: LateCloud, scope: str, appears: str = "appears") -> None:
        self._late = late
        self._scope = scope
        self._appears = appears
        self._entries: list[tuple[str, _Entry[B]]] = []
        self._lock = threading.RLock()

    def created(self, key: str, name: str, balancer: B, tags: dict[str, str]) -> None:
        """It was made; no tags means none yet."""
        entry = _Entry(balancer, f"{self._scope}/{name}", self._late, self._appears)
        if tags:
            entry.tagged(tags, at_create=True)
        with self._lock:
            self._entries.append((key, entry))

    def tagged(self, key: str, tags: dict[str, str], *, at_create: bool = False) -> None:
        """Its tags are these now. at_create: it was made with them, by the call that made it."""
        entry = self._entry(key)
        if entry is not None and tags != entry.tags.last:
            entry.tagged(tags, at_create=at_create)

    def deleted(self, key: str) -> None:
        """It was deleted; one that is not there stays not there."""
        entry = self._entry(key)
        if entry is not None and entry.leaves == float("inf"):
            entry.deleted()

    def visible(self) -> dict[str, B]:
        """Key => load balancer, of those that `Describe*` shows."""
        now = time.monotonic()
        with self._lock:
            self._entries = [(key, entry) for key, entry in self._entries if now < entry.leaves_lists]
            return {key: entry.balancer for key, entry in self._entries if entry.appears <= now < entry.leaves}

    def tags(self, key: str) -> dict[str, str]:
        """The tags that `DescribeTags` shows. Raises KeyError for one that it does not show."""
        now = time.monotonic()
        with self._lock:
            seen = [e for k, e in self._entries if k == key and e.appears <= now < e.leaves]
        if not seen:
            raise KeyError(key)
        return seen[-1].tags.shown(now) or {}

    def listed(self) -> Iterator[tuple[str, B, dict[str, str]]]:
        """Key, load balancer and tags of those that `GetResources` shows: tagged now, or once."""
        now = time.monotonic()
        with self._lock:
            entries = {
                k: (e, t) for k, e in self._entries if now < e.leaves_lists and (t := e.listed.shown(now)) is not None
            }
        for key, (entry, tags) in entries.items():
            yield key, entry.balancer, tags

    def active(self, key: str) -> bool:
        """Whether it has been there long enough to work."""
        entry = self._entry(key)
        return entry is not None and entry.active <= time.monotonic()

    def _entry(self, key: str) -> _Entry[B] | None:
        with self._lock:
            return next((entry for k, entry in reversed(self._entries) if k == key), None)


def query_error(code: str, message: str, status: int = 400) -> Response:
    """An error in the query protocol, as ELB and STS use it."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(f"<ErrorResponse>{error}</ErrorResponse>", status=status, content_type="text/xml")
