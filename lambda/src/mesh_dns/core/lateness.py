"""AWS shows changes late: what events told, what AWS does not show yet, and when to look again.

While AWS does not show the effect of an event, its message comes back, until the event is `PATIENCE` seconds old.
Until then the load balancer that it names keeps its names. What the event says is never written. An event that made or
tagged a load balancer may arrive after it was deleted: if the batch shows that, the message is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import ClaimState, Gone, Kind, LoadBalancer, LoadBalancerId
from mesh_dns.core.work import Check, Event, EventKind, SecondLook, Stage, Work

# Seconds after an event until which its message comes back.
PATIENCE = 90
# (age of the event below this, seconds until its message comes back), and the longest of these delays.
_DELAYS = ((5, 5), (15, 10), (35, 20))
_LONGEST = 40
# Seconds that our clock may be behind AWS's.
_SKEW = 5


def told(checks: Iterable[Check], snapshot: Snapshot) -> Iterator[tuple[LoadBalancerId, ClaimState]]:
    """Claim states that an event told and that need no confirmation.

    GONE: it was deleted. A classic load balancer is left out: a new one may have the same name.
    DROPPED: its hostname tag was removed, or was set to the value that AWS shows.
    """
    for check in checks:
        event = check.event
        if event is None:
            continue
        for load_balancer in check.load_balancers:
            if event.kind is EventKind.DELETED and load_balancer.kind is not Kind.CLASSIC:
                yield load_balancer, ClaimState.GONE
            if event.untags or (event.tag is not None and event.tag == _shown(load_balancer, snapshot)):
                yield load_balancer, ClaimState.DROPPED


def ended(works: Iterable[Work], snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Load balancers that are gone for good: AWS does not find them, and an event or an earlier look told the same.

    Never a classic one: its name may have been made again.
    """
    found: set[LoadBalancerId] = set()
    for work in works:
        match work:
            case Check(event=Event(kind=EventKind.DELETED)):
                found |= work.load_balancers
            case SecondLook(stage=Stage.GRACE, state=ClaimState.GONE):
                found.add(work.load_balancer)
    return frozenset(lb for lb in found if lb.kind is not Kind.CLASSIC and isinstance(snapshot.sightings.get(lb), Gone))


def ahead(check: Check, over: Collection[LoadBalancerId], snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Load balancers of a check of which AWS does not show yet what the event told; none after `PATIENCE` seconds.

    `over`: those that have `ended`.
    """
    event = check.event
    if event is None or snapshot.now - event.at >= PATIENCE:
        return frozenset()
    return frozenset(lb for lb in check.load_balancers.difference(over) if _contradicts(event, lb, snapshot))


def _contradicts(event: Event, load_balancer: LoadBalancerId, snapshot: Snapshot) -> bool:
    seen = snapshot.sightings.get(load_balancer)
    shown = _shown(load_balancer, snapshot)
    match event.kind, seen:
        case ((EventKind.CREATED | EventKind.TAGGED), Gone()):
            return True
        case EventKind.CREATED, LoadBalancer():
            return event.tag is not None and shown is None
        case EventKind.TAGGED, LoadBalancer():
            return event.tag is not None and shown != event.tag
        case EventKind.UNTAGGED, LoadBalancer():
            return event.untags and shown is not None
        case EventKind.DELETED, LoadBalancer(created=created):
            return created <= event.at
        case _:
            return False


def _shown(load_balancer: LoadBalancerId, snapshot: Snapshot) -> str | None:
    """The value of the hostname tag that AWS shows; None without the tag, or when the load balancer was not seen."""
    seen = snapshot.sightings.get(load_balancer)
    return seen.tags.get(snapshot.rules.hostname_tag) if isinstance(seen, LoadBalancer) else None


def delay(age: float) -> float:
    """Seconds before the message of an event that is `age` seconds old comes back; grows with the age.

    An event from the future (our clock is wrong) waits longest, since the queue limits how often it is received.
    """
    if age < -_SKEW:
        return _LONGEST
    return next((seconds for until, seconds in _DELAYS if age < until), _LONGEST)
