"""No message is acknowledged whose work was not done: what it asked for is right, told, waited for, or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mesh_dns.core.values import LoadBalancerId, Scope
from mesh_dns.core.work import Check, SecondLook, Sweep, Told, Work
from tests.simulation.chronicle import ALWAYS, claims_of, served_by
from tests.simulation.invocation import Invocation
from tests.simulation.laws import LATE, Violation
from tests.simulation.places import zone_of
from tests.simulation.world import World


def judge(run: Invocation, work: Mapping[str, Work], done: set[str]) -> None:
    """Raise Violation if one of the messages that are `done` was not. `work`: what each message asks for."""
    failed = {decision.hostname for decision, outcome in run.told.decisions if outcome.startswith("failed")}
    for decision, outcome in run.told.decisions:
        if outcome == "sent" and decision.look_again not in run.sent:
            raise Violation(f"told that a second look was sent, and it was not: {decision}")
    for key in done & work.keys():
        each = work[key]
        if each.scope not in run.known.known:
            continue
        if undone := sorted(failed & set(_names(run.world, each))):
            raise Violation(f"acknowledged, and {undone[0]} failed: {each}")
        if isinstance(each, Check) and each.event is not None:
            for lb in each.load_balancers:
                _demand_told(run, each, lb)


def _demand_told(run: Invocation, check: Check, lb: LoadBalancerId) -> None:
    if lb.scope in run.known.overdue and lb.scope in run.world.chronicle.unreadable_since:
        return  # it was waited for long enough; the sweep has it when the scope answers again
    told = {decision.hostname for decision, _ in run.told.decisions}
    given_up = {zone_id for zone_id, unread in run.told.unread_zones.items() if unread.given_up}
    for name in _expected(run, check, lb):
        zone_id = zone_of(run.rules, name)
        if name not in told and zone_id not in given_up:
            raise Violation(f"acknowledged, and nothing was decided for {name}: {check}")


def _expected(run: Invocation, check: Check, lb: LoadBalancerId) -> Iterator[str]:
    """Names that a decision must be about: claimed, or held and lost, all the time since AWS showed it."""
    world, since = run.world, run.began - LATE
    if lb in world.there:
        if _is_hidden(world, lb):
            return
        for name in claims_of(world.there[lb]):
            if world.chronicle.claims_throughout(lb, name, since):
                yield name
    gone = world.chronicle.gone_since.get(lb, ALWAYS) < since
    dropped = check.event is not None and check.event.told is Told.UNTAGGED and lb in world.there
    for record in _held_throughout(run, lb):
        lately = world.chronicle.claimed_lately(lb, record, since)
        if (gone or dropped) and not lately and zone_of(run.rules, record) is not None:
            yield record


def _is_hidden(world: World, lb: LoadBalancerId) -> bool:
    """Whether AWS showed something else lately, or what it can show of it cannot be read."""
    lately = any(until > world.time.now - 120 for until, _ in world.cloud.inventory.late.get(lb, ()))
    return lately or lb.scope in world.chronicle.unreadable_since or world.there[lb].created > world.time.now - 120


def _held_throughout(run: Invocation, lb: LoadBalancerId) -> Iterator[str]:
    """Names whose record of ours serves it now and since before the run began."""
    for record in run.world.dns.provider.records_by_id.values():
        before = record.edited is None or record.edited < run.began
        if before and (record.made or 0) < run.began and served_by(run.rules, record) == lb:
            yield record.name


def _names(world: World, work: Work) -> Iterator[str]:
    """Every name that a message is about: what its load balancers claim, and what records of ours serve them."""
    match work:
        case SecondLook():
            yield work.hostname
        case Check():
            yield from _of(world, lambda lb: lb in work.load_balancers)
        case Sweep():
            yield from _of(world, lambda lb: _scope(lb) == work.scope)


def _of(world: World, concerns: object) -> Iterator[str]:
    assert callable(concerns)
    for lb in world.there.values():
        if concerns(lb.id):
            yield from claims_of(lb)
    for record in world.dns.provider.records_by_id.values():
        serves = served_by(world.rules, record)
        if serves is not None and concerns(serves):
            yield record.name


def _scope(lb: LoadBalancerId) -> Scope:
    return lb.scope
