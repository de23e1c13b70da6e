"""What happens in a history. Steps are data, so that a failing history can be shortened and printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mesh_dns.core.values import Kind, Readiness
from tests.simulation.places import OTHER_TAG

Delivery = tuple[float, ...]
"""Seconds until each copy of the event's message arrives; empty: the event is lost."""


@dataclass(frozen=True)
class Step:
    """Base of all steps."""


@dataclass(frozen=True)
class Begin(Step):
    """What kind of world it is. The first step of a drawn history.

    `luck`: seed of what the queue does. `batch`: messages in a batch at most; `pollers`: batches that one moment's
    messages are dealt out to. `latency`: seconds that each call takes. `bucket`: whether AWS's allowance holds.
    `tie`: creation times are multiples of this many seconds. `changes`: how many the provider takes in one write.
    """

    luck: int = 0
    batch: int = 10
    pollers: int = 1
    latency: float = 0.05
    bucket: bool = False
    tie: float = 0
    changes: int = 200


@dataclass(frozen=True)
class Create(Step):
    """Somebody creates load balancer `number` in a scope, with a hostname tag.

    `late`: seconds until AWS shows it. `provisioning`: seconds until it is active; then it is, or it is `failed`.
    `other`: the names in another tag, which counts while the settings say so.
    """

    number: int
    scope: int
    names: tuple[int, ...]
    delivery: Delivery
    internal: bool = True
    kind: Kind = Kind.NETWORK
    late: float = 0
    provisioning: float = 0
    ends: Readiness = Readiness.ACTIVE
    team: bool = True
    other: tuple[int, ...] = ()


@dataclass(frozen=True)
class Delete(Step):
    """Somebody deletes it. `late`: seconds for which AWS still shows it."""

    number: int
    delivery: Delivery
    late: float = 0


@dataclass(frozen=True)
class Retag(Step):
    """Its hostname tag changes; no names: it is removed.

    `late`: seconds until AWS shows it; `lag`: until the tagging API does.
    """

    number: int
    names: tuple[int, ...]
    delivery: Delivery
    late: float = 0
    lag: float = 0


@dataclass(frozen=True)
class Flicker(Step):
    """For some seconds AWS answers "not found" for a load balancer that is there."""

    number: int
    seconds: float


@dataclass(frozen=True)
class DeleteAll(Step):
    """A scope loses all its load balancers at once."""

    scope: int
    delivery: Delivery


@dataclass(frozen=True)
class Outsider(Step):
    """Somebody else edits a zone by hand.

    `what`: txt, cname, same (a CNAME to where the newest claimant is), other-owner, odd (our mark on a TXT), delegate,
    delegate-suffix, delete, edit, unmark or twin (a second record of ours).
    """

    what: str
    name: int


@dataclass(frozen=True)
class Region(Step):
    """From now on a scope is `ok`, `denied`, `unlistable`, or `hangs`.

    `listing-denied`, `listing-throttled`: what is tagged can be read there, and only the listing of all fails.
    """

    scope: int
    state: str


@dataclass(frozen=True)
class Token(Step):
    """From now on a token is `ok`, `denied`, `busy` (429), `broken` (5xx), or its zones hang (`hangs`).

    `read-only` and `busy-writes`: it may list, and gets 403 or 429 for writes.
    """

    token: int
    state: str


@dataclass(frozen=True)
class Zone(Step):
    """From now on one zone is `ok`, `denied`, `read-only`, `broken` or `hangs`, whatever its token may do elsewhere."""

    zone: int
    state: str


@dataclass(frozen=True)
class Refuse(Step):
    """The provider refuses to write these names, for reasons of its own, from now on."""

    names: tuple[int, ...]


@dataclass(frozen=True)
class Quota(Step):
    """A zone holds so many records more than it has now; None: any number."""

    room: int | None


@dataclass(frozen=True)
class Setting(Step):
    """A setting changes: policy, adopt, dry_run, internal_only, required, ttl, grace, sweep, tag or suffixes."""

    what: str
    value: str


@dataclass(frozen=True)
class Allow(Step):
    """The patterns for the account of a scope."""

    scope: int
    patterns: str


@dataclass(frozen=True)
class Register(Step):
    """The register is `lost` (everything in it), `broken`, `read-only` or `ok`."""

    state: str


@dataclass(frozen=True)
class Forget(Step):
    """By hand: forget a scope, or a name; first told or at once done."""

    scope: int | None
    name: int
    confirmed: bool


@dataclass(frozen=True)
class Override(Step):
    """By hand: sweep a scope past the mass-delete guard."""

    scope: int


@dataclass(frozen=True)
class ClockBack(Step):
    """The function's clock is set back."""

    seconds: float


@dataclass(frozen=True)
class Garbage(Step):
    """Something arrives that is no event."""

    body: str


@dataclass(frozen=True)
class Wait(Step):
    """Time passes; what is due arrives."""

    seconds: float


@dataclass(frozen=True)
class LoseSweep(Step):
    """The next sweep of a scope does not arrive."""

    scope: int


@dataclass(frozen=True)
class Disturb(Step):
    """At its n-th call to a port, the next batch meets this.

    `what`: fail, throttle (429), slow (little time is left then), crash, after-commit (it works, and then
    fails), or unsent (whatever it is, the next message to itself is not taken);
    `step`: what happens in the world just before the call; `writer`: another copy of the function sweeps a scope then.
    """

    call: int
    what: str = ""
    step: Step | None = None
    writer: int | None = None


History = tuple[Step, ...]

# What histories are drawn from.
SETTINGS: Sequence[tuple[str, Sequence[str]]] = (
    ("policy", ("sync", "sync", "upsert-only", "create-only")),
    ("adopt", ("none", "matching")),
    ("dry_run", ("no", "no", "no", "no", "yes")),
    ("internal_only", ("yes", "no")),
    ("required", ("none", "none", "team")),
    ("ttl", ("60", "300")),
    ("suffixes", ("all", "all", "two")),
    ("grace", ("0", "60", "600", "900")),
    ("sweep", ("300", "900", "1800")),
    ("tag", ("hostname", "hostname", "hostname", OTHER_TAG)),
)
UNLISTED = ("unlistable", "listing-denied", "listing-throttled")
MEDDLING = (
    "txt", "cname", "same", "other-owner", "odd", "delegate", "delegate-suffix", "delete", "delete", "edit", "unmark",
    "twin",
)  # fmt: skip
