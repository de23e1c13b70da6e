"""What DNS should say: the decision table, as a pure function.

    claimant             record at the name                          decision
    -------------------  ------------------------------------------  -----------------------------------------
    winner               none of any type                            create
    winner               ours, right                                 in-sync
    winner               ours, wrong content, TTL or proxied         update
    winner               ours, its load balancer left the name       hand-over
    winner               unmarked CNAME with the wanted content      adopt, if the policy says so
    winner               none of ours, anything else at the name     refused: name-taken
    loser                -                                           refused: claimed-by
    any                  ours, its load balancer cannot be read      refused: incumbent-unreadable
    not allowed          none, or serving somebody else              refused: not-allowed
    not allowed          ours, serving this load balancer            kept-not-allowed
    none                 ours, its load balancer gone or released    look-again, then delete (guard quiet)
    none                 foreign                                     nothing

Who wins: the incumbent (the load balancer in the record's mark) while it still claims the name. At a vacancy the
newest allowed claimant, then by id: at once if the incumbent still exists (it let go) or if the claimant was created
within the last grace (it is the replacement); an older one waits for the second look, because the real replacement
may be on its way. Where no record of ours is, the newest claimant.

Deleting takes a second look, one grace after the first, at the same record with the same mark, after every known scope
was asked for heirs. A scope that cannot be listed holds a delete up until it could not be swept for three periods; the
scope of the load balancer that is gone must be listable for anything to happen at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mesh_dns.core import hostnames, mark
from mesh_dns.core.decision import Decision, Need, Plan, Question, Reason
from mesh_dns.core.facts import ClaimState, Facts
from mesh_dns.core.guard import Guard
from mesh_dns.core.values import Action, Change, LoadBalancer, LoadBalancerId, Record, Scope
from mesh_dns.core.work import SecondLook


def plan(question: Question, facts: Facts, zones: Mapping[str, Collection[Record]]) -> Plan:
    """Decide every hostname that a load balancer in question claims, or that a record serving it holds.

    Pure, total and independent of the order of its inputs. `zones`: zone id => everything at these names, of any type
    and owner, and every record of ours; a zone that is missing was not read, which is not the same as empty.
    """
    return _Planner(question, facts, zones).plan()


class _Planner:
    def __init__(self, question: Question, facts: Facts, zones: Mapping[str, Collection[Record]]) -> None:
        self.question = question
        self.facts = facts
        self.rules = facts.rules
        self.zones = zones
        self.records = [record for records in zones.values() for record in records]
        self.at_name: dict[str, list[Record]] = defaultdict(list)
        self.strays: dict[str, list[Record]] = defaultdict(list)
        for record in sorted(self.records, key=lambda r: (r.name, r.type, r.id)):
            at_home = record.zone_id == self.rules.zone_of(record.name)
            (self.at_name if at_home else self.strays)[record.name].append(record)
        self._guard: Guard | None = None

    def plan(self) -> Plan:
        concerns = self._concerns()
        decisions: list[Decision] = []
        needs: list[Need] = []
        for hostname in sorted(concerns):
            outcomes = tuple(self._decide(hostname))
            needs += [outcome for outcome in outcomes if isinstance(outcome, Need)]
            decisions += [outcome for outcome in outcomes if isinstance(outcome, Decision)]
        return Plan(tuple(decisions), tuple(needs), concerns)

    def _concerns(self) -> dict[str, frozenset[LoadBalancerId]]:
        found: dict[str, set[LoadBalancerId]] = defaultdict(set)
        for load_balancer in self.question.load_balancers:
            if load_balancer in self.facts.live:
                for hostname in self.rules.hostnames_of(self.facts.live[load_balancer]):
                    found[hostname].add(load_balancer)
        for record in self.records:
            serves = mark.served_by(self.rules.owner, record)
            if serves in self.question.load_balancers:
                found[record.name].add(serves)
        return {hostname: frozenset(load_balancers) for hostname, load_balancers in found.items()}

    def _decide(self, hostname: str) -> Iterator[Decision | Need]:
        claimants = self.facts.claims.get(hostname, ())
        yield from self._keep_strays(hostname)
        if problem := hostnames.problem_with(hostname):
            yield from self._refuse(hostname, claimants, Reason.INVALID_HOSTNAME, f"the name {problem}")
            return
        zone_id = self.rules.zone_of(hostname)
        if zone_id is None:
            under = ", ".join(sorted(self.rules.zones))
            yield from self._refuse(hostname, claimants, Reason.OUTSIDE_ZONES, f"no name under {under}")
            return
        if zone_id not in self.zones:
            yield Need(hostname, zones=frozenset({zone_id}))
            return
        ours, others = self._split(self.at_name.get(hostname, ()))
        yield from self._report_odd(others)
        objections = {lb.id: self.rules.objection_to(lb, hostname) for lb in claimants}
        allowed = [lb for lb in claimants if objections[lb.id] is None]
        for load_balancer in claimants:
            if (objection := objections[load_balancer.id]) and not (ours and ours[1] == load_balancer.id):
                yield from self._refuse(hostname, [load_balancer], Reason.NOT_ALLOWED, objection)
        if ours is not None:
            yield from self._decide_ours(*ours, allowed, objections.get(ours[1]))
        elif allowed:
            yield from self._decide_free_or_foreign(hostname, zone_id, allowed, others)

    def _split(self, at_name: Iterable[Record]) -> tuple[tuple[Record, LoadBalancerId] | None, list[Record]]:
        """Our CNAME with the load balancer that it serves, and everything else at the name."""
        ours, others = None, []
        for record in at_name:
            serves = mark.served_by(self.rules.owner, record)
            if ours is None and serves is not None and record.type == "CNAME":
                ours = (record, serves)
            else:
                others.append(record)
        return ours, others

    def _keep_strays(self, hostname: str) -> Iterator[Decision]:
        """Ours, in a zone that the settings no longer give the name: a mistyped zone map must not delete it."""
        for record in self.strays.get(hostname, ()):
            serves = mark.served_by(self.rules.owner, record)
            if serves is not None:
                detail = "the settings no longer put this name into this zone; the record stays as it is"
                yield Decision(hostname, Reason.KEPT_NOT_ALLOWED, serves, detail)

    def _report_odd(self, others: Iterable[Record]) -> Iterator[Decision]:
        for record in others:
            serves = mark.served_by(self.rules.owner, record)
            if serves is not None:
                detail = f"a {record.type} record carries our mark; it is left alone"
                yield Decision(record.name, Reason.NOT_A_CNAME, serves, detail)

    def _decide_free_or_foreign(
        self, hostname: str, zone_id: str, allowed: Sequence[LoadBalancer], others: Sequence[Record]
    ) -> Iterator[Decision]:
        if not others:
            winner = allowed[0]
            yield Decision(
                hostname,
                Reason.CREATE,
                winner.id,
                change=self._write(Action.CREATE, zone_id, hostname, winner),
            )
            yield from self._refuse_losers(hostname, allowed, winner.id)
            return
        for winner in allowed:
            if self._adoptable(others, winner):
                change = self._write(Action.UPDATE, zone_id, hostname, winner, others[0].id)
                yield Decision(hostname, Reason.ADOPT, winner.id, change=change)
                yield from self._refuse_losers(hostname, allowed, winner.id)
                return
        detail = f"{', '.join(sorted({r.type for r in others}))} there, not made by us"
        yield from self._refuse(hostname, allowed, Reason.NAME_TAKEN, detail)

    def _adoptable(self, others: Sequence[Record], winner: LoadBalancer) -> bool:
        if not self.rules.adopt_matching or len(others) != 1:
            return False
        record = others[0]
        return record.type == "CNAME" and record.content == winner.dns_name and not mark.is_marked(record)

    def _decide_ours(
        self,
        record: Record,
        incumbent: LoadBalancerId,
        allowed: Sequence[LoadBalancer],
        objection: str | None,
    ) -> Iterator[Decision | Need]:
        hostname = record.name
        match self.facts.standing(incumbent, hostname):
            case ClaimState.UNKNOWN:
                yield Need(hostname, looks=frozenset({incumbent}))
            case ClaimState.UNREADABLE:
                detail = f"{incumbent} holds the name and cannot be read"
                losers = [lb for lb in allowed if lb.id != incumbent]
                yield from self._refuse(hostname, losers, Reason.INCUMBENT_UNREADABLE, detail)
            case ClaimState.CLAIMS if objection is not None:
                yield Decision(hostname, Reason.KEPT_NOT_ALLOWED, incumbent, objection)
                yield from self._refuse_losers(hostname, allowed, incumbent)
            case ClaimState.CLAIMS:
                yield self._settle(record, self.facts.live[incumbent])
                yield from self._refuse_losers(hostname, allowed, incumbent)
            case standing:
                yield from self._decide_vacancy(record, incumbent, standing, allowed)

    def _settle(self, record: Record, load_balancer: LoadBalancer) -> Decision:
        change = self._write(Action.UPDATE, record.zone_id, record.name, load_balancer, record.id)
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

    def _decide_vacancy(
        self, record: Record, incumbent: LoadBalancerId, standing: ClaimState, heirs: Sequence[LoadBalancer]
    ) -> Iterator[Decision | Need]:
        hostname = record.name
        if missing := self.facts.unlisted():
            yield Need(hostname, listings=missing)
            return
        if incumbent.scope in self.facts.unlistable():
            detail = f"its load balancer {standing.value}, and {incumbent.scope} cannot be listed for heirs"
            yield Decision(hostname, Reason.SCOPE_UNLISTABLE, incumbent, detail, retry=True)
            return
        second = self._second_look_at(record, incumbent)
        ripe = second is not None and self.facts.now - second.first_look >= self.rules.grace
        if not heirs:
            if unread := frozenset(self.rules.zones.values()) - self.zones.keys():
                yield Need(hostname, zones=unread)  # the guard counts over all of them
                return
            yield self._decide_empty(record, incumbent, standing, second, ripe=ripe)
            return
        heir = heirs[0]
        replacement = self.facts.now - heir.created < self.rules.grace
        if standing is ClaimState.DROPPED or replacement or ripe:
            change = self._write(Action.UPDATE, record.zone_id, hostname, heir, record.id)
            yield Decision(hostname, Reason.HAND_OVER, heir.id, f"{incumbent} {standing.value}", change)
            yield from self._refuse_losers(hostname, heirs, heir.id)
        else:
            detail = (
                f"its load balancer {standing.value}; {heir.id} has waited long for the name, a replacement may come"
            )
            yield self._look_again(record, incumbent, detail, second, override=False)

    def _decide_empty(
        self,
        record: Record,
        incumbent: LoadBalancerId,
        standing: ClaimState,
        second: SecondLook | None,
        *,
        ripe: bool,
    ) -> Decision:
        """Nobody claims the name: delete the record, later, or not at all."""
        override = self.question.override_guard or (second is not None and second.override_guard)
        objection = self._guard_objection(incumbent.scope)
        if objection is not None and not override:
            return Decision(record.name, Reason.MASS_DELETE_GUARD, incumbent, objection)
        detail = f"its load balancer {standing.value}"
        awaited = [scope for scope in self.facts.unlistable() if scope not in self.facts.silent]
        if awaited:
            detail = f"{detail}; {', '.join(map(str, awaited))} cannot be listed for heirs"
            return self._look_again(record, incumbent, detail, second, override=override)
        if second is None or not ripe:
            return self._look_again(record, incumbent, detail, second, override=override)
        change = Change(Action.DELETE, record.zone_id, record.name, incumbent, record.id)
        return Decision(record.name, Reason.DELETE, incumbent, detail, change)

    def _guard_objection(self, scope: Scope) -> str | None:
        if self._guard is None:
            self._guard = Guard.count(self.facts, self.records)
        return self._guard.objection_to_delete_in(scope)

    def _second_look_at(self, record: Record, incumbent: LoadBalancerId) -> SecondLook | None:
        """The oldest second look at just this record with just this mark; overridden if any of them is."""
        looks = [
            look
            for look in self.question.second_looks
            if (look.load_balancer, look.hostname, look.zone_id, look.record_id)
            == (incumbent, record.name, record.zone_id, record.id)
        ]
        if not looks:
            return None
        oldest = min(looks, key=lambda look: look.first_look)
        return replace(oldest, override_guard=any(look.override_guard for look in looks))

    def _look_again(
        self,
        record: Record,
        incumbent: LoadBalancerId,
        detail: str,
        second: SecondLook | None,
        *,
        override: bool,
    ) -> Decision:
        look = SecondLook(
            load_balancer=incumbent,
            hostname=record.name,
            zone_id=record.zone_id,
            record_id=record.id,
            first_look=self.facts.now if second is None else second.first_look,
            override_guard=override,
        )
        return Decision(record.name, Reason.LOOK_AGAIN, incumbent, detail, look_again=look)

    def _write(
        self, action: Action, zone_id: str, hostname: str, load_balancer: LoadBalancer, record_id: str = ""
    ) -> Change:
        comment = mark.comment_for(self.rules.owner, load_balancer.id)
        return Change(
            action,
            zone_id,
            hostname,
            load_balancer.id,
            record_id,
            load_balancer.dns_name,
            self.rules.ttl,
            comment,
        )

    def _refuse_losers(
        self, hostname: str, allowed: Sequence[LoadBalancer], winner: LoadBalancerId
    ) -> Iterator[Decision]:
        losers = [lb for lb in allowed if lb.id != winner]
        yield from self._refuse(hostname, losers, Reason.CLAIMED_BY, str(winner))

    def _refuse(
        self, hostname: str, claimants: Iterable[LoadBalancer], reason: Reason, detail: str
    ) -> Iterator[Decision]:
        """Refusals are for those who asked: others who merely turned up in a listing hear it at their own look."""
        for load_balancer in claimants:
            if load_balancer.id in self.question.load_balancers:
                yield Decision(hostname, reason, load_balancer.id, detail)
