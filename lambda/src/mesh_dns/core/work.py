"""What a message asks for, and what the function sends itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mesh_dns.core.values import ClaimState, LoadBalancerId, Scope

# A message of our own is sent on this often at most; then it ends, and the next sweep starts over.
MOST_HOPS = 20
# Seconds for which the queue can hold a message back at most.
LONGEST_DELAY = 900


class EventKind(StrEnum):
    """What happened to the load balancers that an event names."""

    CREATED = "created"
    DELETED = "deleted"
    TAGGED = "tagged"
    UNTAGGED = "untagged"


@dataclass(frozen=True, slots=True)
class Event:
    """What an event tells, and when it happened. Decides when to look again, never what is written.

    `at`: seconds since the epoch. `tag`: the value of the hostname tag that was set; None where the event sets none.
    `untags`: whether it removed the hostname tag.
    """

    kind: EventKind
    at: float
    tag: str | None = None
    untags: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """Look at these load balancers, all of one scope.

    `event`: the event that asks for it. None for a message of our own, which a sweep sends when its time runs out; only
    then `override_guard` (that of the sweep) and `hops` (how often it was sent on) are set.
    """

    scope: Scope
    load_balancers: frozenset[LoadBalancerId]
    event: Event | None = None
    override_guard: bool = False
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look at every tagged load balancer of a scope and at every record that serves the scope.

    `override_guard`: lifts the mass-delete guard for this scope; only a direct invocation can set it.
    """

    scope: Scope
    override_guard: bool = False


class Stage(StrEnum):
    """What a second look waited for."""

    CONFIRMATION = "confirmation"  # that AWS still shows a claim state which no event told
    GRACE = "grace"  # the time between the two looks that a delete needs
    HEIR = "heir"  # that an heir, which AWS still provisions, becomes active


@dataclass(frozen=True, slots=True)
class SecondLook:
    """Look again at one record whose load balancer was found gone or without the name.

    `state`: how it was found, DROPPED or GONE. `since`: when the grace began, or when the look was made that is to be
    confirmed, in seconds since the epoch. `heir`: who would have inherited the name then. `override_guard` holds for
    just this record. `hops`: how often it was sent on.
    """

    load_balancer: LoadBalancerId
    hostname: str
    zone_id: str
    record_id: str
    since: float
    stage: Stage = Stage.GRACE
    state: ClaimState = ClaimState.GONE
    heir: LoadBalancerId | None = None
    override_guard: bool = False
    hops: int = 0

    @property
    def scope(self) -> Scope:
        """Where its load balancer is."""
        return self.load_balancer.scope


@dataclass(frozen=True, slots=True)
class ForgetScope:
    """Forget a scope and what serves it. Only by direct invocation; `confirmed`: false only previews."""

    scope: Scope
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class ForgetName:
    """Free one name from the load balancer that its record serves. As `ForgetScope`."""

    hostname: str
    confirmed: bool = False


Work = Check | Sweep | SecondLook
OwnMessage = Check | SecondLook
Command = Sweep | ForgetScope | ForgetName
