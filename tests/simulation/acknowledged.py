"""No message is acknowledged whose work was not done: what it asked for is right, told, waited for, or refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from mesh_dns.core.decision import Reason
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.core.work import Check, EventKind, SecondLook, Sweep, Work
from tests.simulation.chronicle import ALWAYS, served_by
from tests.simulation.invocation import Invocation
from tests.simulation.law import Law, Violation
from tests.simulation.laws import LATE
from tests.simulation.places import zone_of


def judge(run: Invocation, work: Mapping[str, Work], done: set[str]) -> None:
    """Raise Violation if one of the messages that are `done` was not. `work`: what each message asks for."""
    failed = {decision.hostname for decision, outcome in run.told.decisions if outcome.startswith("failed")}
    for decision, outcome in run.told.decisions:
        if outcome == "sent" and decision.look_again not in run.sent:
            raise Violation(Law.DONE, f"told that a second look was sent, and it was not: {decision}")
    for key in done & work.keys():
        each = work[key]
        if each.scope not in run.known.known or _is_given_up(run, each):
            continue
        if undone := sorted(failed & set(_names(run, each))):
            raise Violation(Law.DONE, f"acknowledged, and {undone[0]} failed: {each}")
        if isinstance(each, Check) and each.event is not None:
            for lb in each.load_balancers:
                _demand_told(run, each, lb)


def _is_given_up(run: Invocation, work: Work) -> bool:
    """Whether AWS was waited for long enough: the sweep has it when the scope answers again."""
    return work.scope in run.known.overdue


def _demand_told(run: Invocation, check: Check, lb: LoadBalancerId) -> None:
    _demand_patience(run, lb)
    told = {decision.hostname for decision, _ in run.told.decisions}
    given_up = {zone_id for zone_id, unread in run.told.unread_zones.items() if unread.given_up}
    for name in _expected(run, check, lb):
        zone_id = zone_of(run.rules, name)
        if name not in told and zone_id not in given_up:
            raise Violation(Law.DONE, f"acknowledged, and nothing was decided for {name}: {check}")


def _demand_patience(run: Invocation, lb: LoadBalancerId) -> None:
    """Whom AWS was only too busy or too slow to show is asked again, until its scope is overdue."""
    for decision, _ in run.told.decisions:
        if decision.reason is not Reason.INCUMBENT_UNREADABLE or decision.load_balancer != lb:
            continue
        records = run.world.dns.provider.at(decision.hostname)
        holders = [serves for record in records if (serves := served_by(run.rules, record))]
        denied = run.world.cloud.inventory.unreadable
        waited = run.known.known - run.known.overdue - denied
        if holders and all(holder.scope in waited for holder in holders):
            raise Violation(Law.DONE, f"acknowledged, and {holders[0]} may soon be read: {decision}")


def _expected(run: Invocation, check: Check, lb: LoadBalancerId) -> Iterator[str]:
    """Names that a decision must be about: claimed, or held and lost, all the time since AWS showed it."""
    world, since = run.world, run.began - LATE
    if lb in world.there:
        if _is_hidden(run, lb):
            return
        for name in world.chronicle.claims_of(world.there[lb]):
            if world.chronicle.claims_throughout(lb, name, since):
                yield name
    gone = world.chronicle.gone_since.get(lb, ALWAYS) < since
    dropped = check.event is not None and check.event.kind is EventKind.UNTAGGED and lb in world.there
    for record in _held_throughout(run, lb):
        lately = world.chronicle.claimed_lately(lb, record, since)
        if (gone or dropped) and not lately and zone_of(run.rules, record) is not None:
            yield record


def concerns(work: Work, lb: LoadBalancerId, hostname: str) -> bool:
    """Whether a message is about a claim."""
    match work:
        case SecondLook():
            return work.hostname == hostname
        case Check():
            return lb in work.load_balancers
    return lb.scope == work.scope


def _is_hidden(run: Invocation, lb: LoadBalancerId) -> bool:
    """Whether AWS showed something else when the run began or later, or what it can show of it cannot be read."""
    late = any(until > run.began for until, _ in run.world.cloud.inventory.late.get(lb, ()))
    return late or lb.scope in run.world.chronicle.unreadable_since


def _held_throughout(run: Invocation, lb: LoadBalancerId) -> Iterator[str]:
    """Names whose record of ours serves it now and since before the run began."""
    for record in run.world.dns.provider.records_by_id.values():
        before = record.edited is None or record.edited < run.began
        its_zone = zone_of(run.rules, record.name) == record.zone_id
        if before and its_zone and (record.made or 0) < run.began and served_by(run.rules, record) == lb:
            yield record.name


def _names(run: Invocation, work: Work) -> Iterator[str]:
    """Every name that a message is about: what its load balancers claim, and what records of ours serve them."""
    match work:
        case SecondLook():
            record = run.world.dns.provider.records_by_id.get(work.record_id)
            if record is not None and served_by(run.rules, record) == work.load_balancer:
                yield work.hostname
        case Check():
            # Whom it had no time for, it sends on: what becomes of them is the next message's.
            sent_on = {lb for message in run.sent if isinstance(message, Check) for lb in message.load_balancers}
            yield from _of(run, lambda lb: lb in work.load_balancers - sent_on)
        case Sweep():
            yield from _of(run, lambda lb: lb.scope == work.scope)


def _of(run: Invocation, concerns: Callable[[LoadBalancerId], bool]) -> Iterator[str]:
    for lb in run.world.there.values():
        # What AWS did not show, no message can have been about: its own event comes back, and the next sweep has it.
        if concerns(lb.id) and not _is_hidden(run, lb.id):
            yield from run.world.chronicle.claims_of(lb)
    for record in run.world.dns.provider.records_by_id.values():
        serves = served_by(run.rules, record)
        if serves is not None and concerns(serves):
            yield record.name
