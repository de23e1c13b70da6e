"""AWS shows things late: what events told, what it does not show yet, and when to look again.

An event of which AWS does not show the effect comes back while it is young. Meanwhile nothing is taken from the load
balancer that it names; what the event says is never written. The event that made or tagged a load balancer may also
come after its end: where the batch knows of that end, there is nothing to wait for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import ClaimState, Gone, Kind, LoadBalancer, LoadBalancerId
from mesh_dns.core.work import Check, Event, SecondLook, Stage, Told, Work

# An event comes back while it is younger than this, after a time that grows with its age, in seconds.
PATIENCE = 90
_PAUSES = ((5, 5), (15, 10), (35, 20))
_LONGEST_PAUSE = 40
# Seconds that our clock may be behind AWS's.
_SKEW = 5


def told(checks: Iterable[Check], snapshot: Snapshot) -> Iterator[tuple[LoadBalancerId, ClaimState]]:
    """What events told and AWS shows, too: deleted, untagged, or tagged with just the names that are shown.

    A classic load balancer's name may have been made again, so its deletion tells nothing.
    """
    for check in checks:
        event = check.event
        if event is None:
            continue
        for load_balancer in check.load_balancers:
            if event.told is Told.DELETED and load_balancer.kind is not Kind.CLASSIC:
                yield load_balancer, ClaimState.GONE
            if event.untags or (event.tag is not None and event.tag == _shown(load_balancer, snapshot)):
                yield load_balancer, ClaimState.DROPPED


def ended(works: Iterable[Work], snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Those that are gone for good: AWS does not find them, and an event told it or an earlier look had found it.

    Never a classic one: its name may have been made again.
    """
    found: set[LoadBalancerId] = set()
    for work in works:
        match work:
            case Check(event=Event(told=Told.DELETED)):
                found |= work.load_balancers
            case SecondLook(stage=Stage.GRACE, state=ClaimState.GONE):
                found.add(work.load_balancer)
    return frozenset(lb for lb in found if lb.kind is not Kind.CLASSIC and isinstance(snapshot.sightings.get(lb), Gone))


def ahead(check: Check, over: Collection[LoadBalancerId], snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Those of a check's load balancers of which AWS does not show yet what its event told, while that is young.

    `over`: see `ended`.
    """
    event = check.event
    if event is None or snapshot.now - event.at >= PATIENCE:
        return frozenset()
    return frozenset(lb for lb in check.load_balancers.difference(over) if _contradicts(event, lb, snapshot))


def _contradicts(event: Event, load_balancer: LoadBalancerId, snapshot: Snapshot) -> bool:
    seen = snapshot.sightings.get(load_balancer)
    shown = _shown(load_balancer, snapshot)
    match event.told, seen:
        case ((Told.CREATED | Told.TAGGED), Gone()):
            return True
        case Told.CREATED, LoadBalancer():
            return event.tag is not None and shown is None
        case Told.TAGGED, LoadBalancer():
            return event.tag is not None and shown != event.tag
        case Told.UNTAGGED, LoadBalancer():
            return event.untags and shown is not None
        case Told.DELETED, LoadBalancer(created=created):
            return created <= event.at
        case _:
            return False


def _shown(load_balancer: LoadBalancerId, snapshot: Snapshot) -> str | None:
    """The value of the hostname tag that AWS shows; None without the tag, or when the load balancer was not seen."""
    seen = snapshot.sightings.get(load_balancer)
    return seen.tags.get(snapshot.rules.hostname_tag) if isinstance(seen, LoadBalancer) else None


def pause(age: float) -> float:
    """Seconds before an event that is so many seconds old comes back: longer and longer.

    One from the future comes back seldom: our clock is wrong, and the queue counts how often it is received.
    """
    if age < -_SKEW:
        return _LONGEST_PAUSE
    return next((seconds for until, seconds in _PAUSES if age < until), _LONGEST_PAUSE)
