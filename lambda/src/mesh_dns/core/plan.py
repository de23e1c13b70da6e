"""What DNS should say: the decision table, as a pure function.

    claimant             record at the name                          decision
    -------------------  ------------------------------------------  -----------------------------------------
    any                  -, and the name is no valid hostname        refusal: invalid-hostname
    any                  -, and the name is under no zone's suffix   refusal: outside-zones
    any                  in a zone that denies us, or has not        refusal: zone-denied
                         answered for three sweep periods
    winner               none of any type                            create
    winner               ours, right                                 in-sync
    winner               ours, wrong content, TTL or proxied         update
    winner               unmarked CNAME with the wanted content      adopt, if the rules say so
    winner               none of ours, an NS record at or above it   refusal: delegated
    winner               none of ours, anything else at the name     refusal: name-taken
    loser                -                                           refusal: claimed-by
    not allowed          none, or serving somebody else              refusal: not-allowed
    not allowed          ours, serving this load balancer            kept-not-allowed
    any                  ours, its load balancer cannot be read      refusal: incumbent-unreadable
    any                  ours, an event is ahead of what AWS shows   event-ahead
    none, or an heir     ours, its load balancer gone or dropped it  see vacancy.py
    none                 ours, its load balancer not listed, and     not-listed, or mass-delete-guard
                         nothing would be deleted if it is gone
    any                  two of ours                                 name-shared: keep one, delete the other
    any                  ours, and an address of somebody else       name-shared: that one is left alone
    any                  our mark on what is no CNAME                not-a-cname: it is left alone
    any                  our mark in a zone that is no more the      kept-not-allowed
                         name's own
    none                 foreign                                     nothing

Who wins: the incumbent (the load balancer in the record's mark) while it still claims the name. Where no record of ours
is, and at a vacancy, the newest allowed claimant, then by id.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from mesh_dns.core import hostnames, mark
from mesh_dns.core.decision import Decision, Need, Plan, Question, Reason
from mesh_dns.core.planning import Conclusion, Planning
from mesh_dns.core.rules import Policy
from mesh_dns.core.snapshot import Owned, Snapshot
from mesh_dns.core.vacancy import decide_surplus, decide_vacancy
from mesh_dns.core.values import Action, ClaimState, LoadBalancer, LoadBalancerId, Record, Unreadable

_ADDRESSES = frozenset({"A", "AAAA", "CNAME"})
# `dualstack.<name>` is another DNS name of the same load balancer, which other tools write.
_DUALSTACK = "dualstack."


def plan(question: Question, snapshot: Snapshot) -> Plan:
    """Decide every hostname that a load balancer in question claims, or that a record serving it holds.

    Pure, total and independent of the order of its inputs.
    """
    planning = Planning(question, snapshot)
    concerns = _concerns(planning)
    conclusions = [each for hostname in sorted(concerns) for each in _decide(planning, hostname)]
    return Plan(
        tuple(each for each in conclusions if isinstance(each, Decision)),
        tuple(each for each in conclusions if isinstance(each, Need)),
        concerns,
    )


def _concerns(planning: Planning) -> dict[str, frozenset[LoadBalancerId]]:
    """Hostname => the load balancers in question that it concerns."""
    found: dict[str, set[LoadBalancerId]] = defaultdict(set)
    for load_balancer in planning.asked & planning.snapshot.live.keys():
        for hostname in planning.snapshot.rules.hostnames_of(planning.snapshot.live[load_balancer]):
            found[hostname].add(load_balancer)
    for each in planning.snapshot.owned:
        if planning.asks(each.serves, each.record.name):
            found[each.record.name].add(each.serves)
    return {hostname: frozenset(load_balancers) for hostname, load_balancers in found.items()}


def _decide(planning: Planning, hostname: str) -> Iterator[Conclusion]:
    snapshot = planning.snapshot
    claimants = snapshot.claims.get(hostname, ())
    if problem := hostnames.problem_with(hostname):
        yield from planning.refuse(hostname, claimants, Reason.INVALID_HOSTNAME, f"the name {problem}")
        return
    zone_id = snapshot.rules.zone_of(hostname)
    yield from _keep_strays(planning, hostname, zone_id)
    if zone_id is None:
        yield from planning.refuse(hostname, claimants, Reason.OUTSIDE_ZONES, _outside(planning, hostname))
    elif zone_id in snapshot.zones:
        yield from _decide_in_zone(planning, hostname, zone_id, claimants)
    elif zone_id in snapshot.unread_zones and snapshot.unread_zones[zone_id].given_up:
        detail = str(snapshot.unread_zones[zone_id].error)
        yield from planning.refuse(hostname, claimants, Reason.ZONE_DENIED, detail)
    else:
        yield Need(hostname, list_zones=frozenset({zone_id}))


def _outside(planning: Planning, hostname: str) -> str:
    zones = planning.snapshot.rules.zones
    if hostname in zones:
        return f"{hostname} is a zone's suffix itself; claim a name under it, like cluster1.{hostname}"
    return f"it lies under none of {', '.join(sorted(zones))}"


def _keep_strays(planning: Planning, hostname: str, zone_id: str | None) -> Iterator[Decision]:
    """Keep our records in a zone that the settings no longer name for this hostname: a mistyped map deletes nothing."""
    for record in planning.snapshot.by_name.get(hostname, ()):
        serves = mark.served_by(planning.snapshot.rules.owner, record)
        if record.zone_id != zone_id and serves is not None:
            detail = "the settings no longer put this name into this zone; the record stays as it is"
            yield Decision(hostname, Reason.KEPT_NOT_ALLOWED, serves, detail)


def _decide_in_zone(
    planning: Planning, hostname: str, zone_id: str, claimants: Sequence[LoadBalancer]
) -> Iterator[Conclusion]:
    rules = planning.snapshot.rules
    ours, others = _split(planning, hostname, zone_id)
    yield from _report_odd(planning, ours, others)
    kept = _kept(planning, ours)
    for each in ours:
        if each is not kept:
            yield from decide_surplus(planning, each, planning.snapshot.claim_state(each.serves, hostname))
    objections = {lb.id: rules.objection_to(lb, hostname) for lb in claimants}
    allowed = [lb for lb in claimants if objections[lb.id] is None]
    for load_balancer in claimants:
        objection = objections[load_balancer.id]
        if objection is not None and not (kept and kept.serves == load_balancer.id):
            yield from planning.refuse(hostname, [load_balancer], Reason.NOT_ALLOWED, objection)
    if kept is not None:
        yield from _decide_ours(planning, kept, allowed, objections.get(kept.serves))
    elif allowed:
        yield from _decide_free_or_foreign(planning, hostname, zone_id, allowed, others)


def _split(planning: Planning, hostname: str, zone_id: str) -> tuple[list[Owned], list[Record]]:
    """Our CNAMEs at a name, and everything else there."""
    ours, others = [], []
    for record in planning.snapshot.by_name.get(hostname, ()):
        if record.zone_id != zone_id:
            continue
        serves = mark.served_by(planning.snapshot.rules.owner, record)
        if serves is not None and record.type == "CNAME":
            ours.append(Owned(record, serves))
        else:
            others.append(record)
    return ours, others


def _kept(planning: Planning, ours: Sequence[Owned]) -> Owned | None:
    """Which of our records at a name stays: one whose load balancer claims it, then the oldest, then by id."""

    def rank(each: Owned) -> tuple[bool, float, str]:
        claims = planning.snapshot.claim_state(each.serves, each.record.name) is ClaimState.CLAIMS
        return not claims, math.inf if each.record.made is None else each.record.made, each.record.id

    return min(ours, key=rank, default=None)


def _report_odd(planning: Planning, ours: Sequence[Owned], others: Sequence[Record]) -> Iterator[Decision]:
    for record in others:
        serves = mark.served_by(planning.snapshot.rules.owner, record)
        if serves is not None:
            detail = f"a {record.type} record carries our mark; it is left alone"
            yield Decision(record.name, Reason.NOT_A_CNAME, serves, detail)
        elif ours and record.type in _ADDRESSES:
            detail = f"somebody else's {record.type} record is at this name, too; it is left alone"
            yield Decision(record.name, Reason.NAME_SHARED, ours[0].serves, detail)


# No record of ours


def _decide_free_or_foreign(
    planning: Planning, hostname: str, zone_id: str, allowed: Sequence[LoadBalancer], others: Sequence[Record]
) -> Iterator[Decision]:
    delegation = _delegation_of(planning, hostname, zone_id)
    if delegation is not None:
        detail = f"{delegation} is delegated by NS records: no resolver would see a record below it in this zone"
        yield from planning.refuse(hostname, allowed, Reason.DELEGATED, detail)
        return
    if not others:
        change = planning.change(Action.CREATE, zone_id, hostname, allowed[0])
        yield Decision(hostname, Reason.CREATE, allowed[0].id, change=change)
        yield from planning.refuse_losers(hostname, allowed, allowed[0].id)
        return
    for winner in allowed:
        if _adoptable(planning, others, winner):
            change = planning.change(Action.UPDATE, zone_id, hostname, winner, others[0].id)
            yield Decision(hostname, Reason.ADOPT, winner.id, change=change)
            yield from planning.refuse_losers(hostname, allowed, winner.id)
            return
    detail = f"{', '.join(sorted({r.type for r in others}))} there, not made by us"
    yield from planning.refuse(hostname, allowed, Reason.NAME_TAKEN, detail)


def _delegation_of(planning: Planning, hostname: str, zone_id: str) -> str | None:
    """The name with NS records at or above a hostname, below the zone's apex."""
    labels = hostname.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        for record in planning.snapshot.by_name.get(name, ()):
            if record.zone_id == zone_id and record.type == "NS":
                return name
    return None


def _adoptable(planning: Planning, others: Sequence[Record], winner: LoadBalancer) -> bool:
    if not planning.snapshot.rules.adopt_matching or len(others) != 1:
        return False
    record = others[0]
    wanted = (winner.dns_name, f"{_DUALSTACK}{winner.dns_name}")
    return record.type == "CNAME" and record.content in wanted and not mark.is_marked(record)


# A record of ours


def _decide_ours(
    planning: Planning, owned: Owned, allowed: Sequence[LoadBalancer], objection: str | None
) -> Iterator[Conclusion]:
    hostname, incumbent = owned.record.name, owned.serves
    match planning.snapshot.claim_state(incumbent, hostname):
        case ClaimState.UNKNOWN:
            yield _find_out(planning, owned, allowed)
        case ClaimState.UNREADABLE:
            detail = f"{incumbent} has the name and cannot be read"
            losers = [lb for lb in allowed if lb.id != incumbent]
            retry = planning.snapshot.may_answer_soon(incumbent)
            yield from planning.refuse(hostname, losers, Reason.INCUMBENT_UNREADABLE, detail, retry=retry)
        case ClaimState.CLAIMS if objection is not None:
            yield Decision(hostname, Reason.KEPT_NOT_ALLOWED, incumbent, objection)
            yield from planning.refuse_losers(hostname, allowed, incumbent)
        case ClaimState.CLAIMS:
            yield _correct(planning, owned.record, planning.snapshot.live[incumbent])
            yield from planning.refuse_losers(hostname, allowed, incumbent)
        case state if incumbent in planning.question.ahead:
            detail = f"its load balancer {state.value}, but AWS does not show yet what an event told of it"
            yield Decision(hostname, Reason.EVENT_AHEAD, incumbent, detail)
        case state:
            yield from decide_vacancy(planning, owned, state, allowed)


def _find_out(planning: Planning, owned: Owned, allowed: Sequence[LoadBalancer]) -> Conclusion:
    """What must be read about a load balancer that was not looked at yet.

    A sweep lists the scope first: one call that shows most of them. It asks singly for what the list lacks where that
    can lead to a write.
    """
    snapshot, hostname, incumbent = planning.snapshot, owned.record.name, owned.serves
    need = Need(hostname, look_at=frozenset({incumbent}))
    if incumbent.scope not in planning.question.swept or isinstance(snapshot.listings.get(incumbent.scope), Unreadable):
        return need
    if missing := snapshot.unlisted():
        return Need(hostname, list_scopes=missing)
    if allowed or planning.question.overrides_guard(incumbent):
        return need
    if snapshot.rules.policy is not Policy.SYNC:
        detail = "its load balancer is not listed; the policy deletes nothing, so it was not looked at"
        return Decision(hostname, Reason.NOT_LISTED, incumbent, detail)
    objection = planning.guard_objection(incumbent)
    return need if objection is None else Decision(hostname, Reason.MASS_DELETE_GUARD, incumbent, objection)


def _correct(planning: Planning, record: Record, load_balancer: LoadBalancer) -> Decision:
    change = planning.change(Action.UPDATE, record.zone_id, record.name, load_balancer, record.id)
    wrong = [
        what
        for what, differs in (
            ("content", record.content != change.content),
            ("ttl", record.ttl != change.ttl),
            ("proxied", record.proxied),
        )
        if differs
    ]
    if not wrong:
        return Decision(record.name, Reason.IN_SYNC, load_balancer.id)
    return Decision(record.name, Reason.UPDATE, load_balancer.id, f"wrong {', '.join(wrong)}", change)
