"""A batch of messages as one question, and which of its messages `converge` did not do, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from mesh_dns.core import lateness
from mesh_dns.core.decision import Question, permits
from mesh_dns.core.report import Result
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import Cause, Gone, Kind, LoadBalancer, LoadBalancerId, Scope, Unreadable
from mesh_dns.core.work import Check, EventKind, SecondLook, Stage, Sweep, Work
from mesh_dns.errors import NotYet, OutOfTime, Retryable


@dataclass(frozen=True)
class Request:
    """What the messages of a batch ask for, by message id. `returned`: those that came back several times."""

    work: Mapping[str, Work]
    returned: frozenset[str] = frozenset()

    # What to read

    def load_balancers(self) -> frozenset[LoadBalancerId]:
        """Which load balancers to look at directly. Heirs that a first look saw, too: a listing may not show them."""
        looks = (work for work in self.work.values() if isinstance(work, SecondLook))
        heirs = frozenset(look.heir for look in looks if look.heir is not None)
        return heirs.union(*map(_named, self.work.values()))

    def scopes(self) -> frozenset[Scope]:
        """Which scopes to sweep."""
        return frozenset(work.scope for work in self.work.values() if isinstance(work, Sweep))

    def zones(self, snapshot: Snapshot) -> frozenset[str]:
        """Ids of the zones to list: all, if a name may have become free. If not, the plan asks for what it needs."""
        if any(_may_free(work, snapshot) for work in self.work.values()):
            return frozenset(snapshot.rules.zones.values())
        return frozenset(work.zone_id for work in self.work.values() if isinstance(work, SecondLook))

    def hostnames(self, snapshot: Snapshot) -> frozenset[str]:
        """The names in question: what the load balancers claim, and what second looks are about."""
        return frozenset(name for work in self.work.values() for name in _hostnames(work, snapshot))

    def returned_hostnames(self, snapshot: Snapshot) -> frozenset[str]:
        """The names in question of messages that came back."""
        return frozenset(name for key in self.returned for name in _hostnames(self.work[key], snapshot))

    # What to ask

    def question(self, snapshot: Snapshot) -> Question:
        """What the batch asks of the plan."""
        checks = [work for work in self.work.values() if isinstance(work, Check)]
        sweeps = [work for work in self.work.values() if isinstance(work, Sweep)]
        override: set[Scope | LoadBalancerId] = {sweep.scope for sweep in sweeps if sweep.override_guard}
        override |= {lb for check in checks if check.override_guard for lb in check.load_balancers}
        over = lateness.ended(self.work.values(), snapshot)
        return Question(
            load_balancers=frozenset(lb for check in checks for lb in check.load_balancers),
            second_looks=frozenset(work for work in self.work.values() if isinstance(work, SecondLook)),
            swept=frozenset(s.scope for s in sweeps if not isinstance(snapshot.tagged.get(s.scope), Unreadable)),
            told=frozenset(lateness.told(checks, snapshot)),
            ahead=frozenset(lb for check in checks for lb in lateness.ahead(check, over, snapshot)),
            override=frozenset(override),
        )

    def unasked(self, snapshot: Snapshot) -> Iterator[Check]:
        """Load balancers that sweeps and our own checks had no time for, as checks to send: one for each scope.

        Those with a lifted guard are in a check of their own. The caller ends one with over `MOST_HOPS` hops.
        """
        found: dict[tuple[Scope, bool], Check] = {}
        for work in self.work.values():
            own_hops = work.hops + 1 if isinstance(work, Check) else 0
            for load_balancer in sorted(_left(work, snapshot)):
                scope = load_balancer.scope
                override = isinstance(work, Check | Sweep) and work.override_guard and scope == work.scope
                same = found.get((scope, override), Check(scope, frozenset()))
                ids, hops = same.load_balancers | {load_balancer}, max(own_hops, same.hops)
                found[scope, override] = Check(scope, ids, None, override, hops)
        yield from found.values()

    # What failed

    def failures(self, result: Result) -> dict[str, Retryable]:
        """Which messages must come back, and why. A message that is not among them is done, all of it."""
        found = {}
        over = lateness.ended(self.work.values(), result.snapshot)
        for key, work in self.work.items():
            reasons = [*_undone(work, result), *_not_yet(work, over, result.snapshot)]
            if reasons:
                found[key] = max(reasons, key=_weight)
        return found


def _undone(work: Work, result: Result) -> Iterator[Retryable]:
    """Everything that a message asked for and that was not done."""
    yield from _unread(work, result.snapshot)
    yield from _unread_zones(work, result.snapshot)
    yield from _undecided(work, result)
    yield from _unwritten(work, result)


def _unread(work: Work, snapshot: Snapshot) -> Iterator[Retryable]:
    match work:
        case Sweep():
            seen = snapshot.tagged.get(work.scope, Unreadable("not begun", cause=Cause.OUT_OF_TIME))
            if isinstance(seen, Unreadable):
                yield _failure(f"the sweep of {work.scope}", seen)
        case Check(event=None):
            pass  # as for the sweep that sent it: what is unreadable is reported, what had no time is sent on
        case Check() | SecondLook():
            for load_balancer in sorted(_named(work)):
                sighting = snapshot.sightings.get(load_balancer)
                if isinstance(sighting, Unreadable) and not _is_hopeless(sighting, load_balancer, snapshot):
                    yield _failure(str(load_balancer), sighting)


def _is_hopeless(seen: Unreadable, load_balancer: LoadBalancerId, snapshot: Snapshot) -> bool:
    """Whether a look is not repeated: its scope was forgotten, or is overdue and does not answer."""
    scopes = snapshot.scopes
    return load_balancer.scope not in scopes.known or (
        seen.cause is Cause.UNANSWERED and load_balancer.scope in scopes.overdue
    )


def _unread_zones(work: Work, snapshot: Snapshot) -> Iterator[Retryable]:
    """Zones that this message needs and that were not read: any of them may hold a name that became free."""
    for zone_id, unread in snapshot.unread_zones.items():
        its_own = isinstance(work, SecondLook) and work.zone_id == zone_id
        if not unread.given_up and (its_own or _may_free(work, snapshot)):
            yield unread.error


def _undecided(work: Work, result: Result) -> Iterator[Retryable]:
    for need in result.plan.needs:
        if _concerns(work, need.hostname, result):
            unread = (result.snapshot.unread_zones.get(zone_id) for zone_id in need.list_zones)
            error = next((zone.error for zone in unread if zone is not None), None)
            yield error or OutOfTime(f"{need.hostname}: what it needs could not be read in time")
    if not isinstance(work, Sweep):
        for decision in result.plan.decisions:
            if decision.retry and _concerns(work, decision.hostname, result):
                yield Retryable(f"{decision.hostname}: {decision.detail}")


def _unwritten(work: Work, result: Result) -> Iterator[Retryable]:
    for written in result.report.written.values():
        if written.failure is not None and _concerns(work, written.decision.hostname, result):
            yield written.failure
    for hostname, failure in result.report.missing().items():
        if _concerns(work, hostname, result):
            yield failure
    if result.report.unsent is not None and (_left(work, result.snapshot) or _looks_again(work, result)):
        yield result.report.unsent


def _looks_again(work: Work, result: Result) -> bool:
    policy = result.snapshot.rules.policy
    sent = (each.decision for each in result.final() if each.decision.look_again and permits(policy, each.decision))
    return any(_concerns(work, decision.hostname, result) for decision in sent)


def _not_yet(work: Work, over: Collection[LoadBalancerId], snapshot: Snapshot) -> Iterator[Retryable]:
    if isinstance(work, Check) and work.event is not None:
        for load_balancer in sorted(lateness.ahead(work, over, snapshot)):
            delay = lateness.delay(snapshot.now - work.event.at)
            yield NotYet(f"AWS does not show yet that {load_balancer} was {work.event.kind.value}", after=delay)


def _concerns(work: Work, hostname: str, result: Result) -> bool:
    concerned = result.plan.concerns.get(hostname, frozenset())
    match work:
        case SecondLook():
            return work.hostname == hostname and work.load_balancer in concerned
        case Check():
            return bool(work.load_balancers & concerned)
        case Sweep():
            return any(load_balancer.scope == work.scope for load_balancer in concerned)


def _weight(error: Retryable) -> tuple[bool, float]:
    """For `max`: a failure outweighs `NotYet`; among failures, the one that asks for the longest wait."""
    return not isinstance(error, NotYet), -1.0 if error.after is None else error.after


def _failure(what: str, seen: Unreadable) -> Retryable:
    kind = OutOfTime if seen.cause is Cause.OUT_OF_TIME else Retryable
    return kind(f"{what}: {seen.reason}", after=seen.after)


# What messages say


def _named(work: Work) -> frozenset[LoadBalancerId]:
    """Load balancers to look at directly for a message. A second look that waits for an heir needs both."""
    match work:
        case Check():
            return work.load_balancers
        case SecondLook(stage=Stage.HEIR, heir=heir) if heir is not None:
            return frozenset({work.load_balancer, heir})
        case SecondLook():
            return frozenset({work.load_balancer})
        case Sweep():
            return frozenset()


def _hostnames(work: Work, snapshot: Snapshot) -> Iterator[str]:
    match work:
        case SecondLook():
            yield work.hostname
        case Check():
            for load_balancer in work.load_balancers & snapshot.live.keys():
                yield from snapshot.rules.hostnames_of(snapshot.live[load_balancer])
        case Sweep():
            for seen in snapshot.live.values():
                if seen.id.scope == work.scope:
                    yield from snapshot.rules.hostnames_of(seen)


def _left(work: Work, snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Load balancers that a sweep or a check of our own had no time for."""
    unasked = {key for key, seen in snapshot.sightings.items() if _had_no_time(seen)}
    match work:
        case Sweep() if unasked:
            its_own = frozenset(lb for lb in unasked if lb.scope == work.scope)
            return its_own | unasked & _incumbents(work.scope, snapshot)
        case Check(event=None):
            return work.load_balancers & unasked
        case _:
            return frozenset()


def _incumbents(scope: Scope, snapshot: Snapshot) -> frozenset[LoadBalancerId]:
    """Those, wherever they are, whose records hold what somebody in a scope claims."""
    claimed = {name for name, claimants in snapshot.claims.items() if any(lb.id.scope == scope for lb in claimants)}
    return frozenset(owned.serves for owned in snapshot.owned if owned.record.name in claimed)


def _may_free(work: Work, snapshot: Snapshot) -> bool:
    """Whether what a message is about may have freed a name in any zone."""
    if not isinstance(work, Check):
        return isinstance(work, Sweep)
    adds = work.event is not None and work.event.kind in (EventKind.CREATED, EventKind.TAGGED)
    for load_balancer in work.load_balancers:
        match snapshot.sightings.get(load_balancer):
            case Gone():
                return True
            case LoadBalancer(id=LoadBalancerId(kind=Kind.CLASSIC)):
                return True  # made anew under its old name, perhaps: what it served may be vacant
            case LoadBalancer() as seen if not adds or snapshot.rules.hostname_tag in seen.tags:
                return True
    return False


def _had_no_time(seen: object) -> bool:
    return isinstance(seen, Unreadable) and seen.cause is Cause.OUT_OF_TIME
