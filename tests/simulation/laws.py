"""What must hold at every write. Written against the truth of the simulated world, not against the code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.values import Action, Change, ClaimState, LoadBalancer, LoadBalancerId, Readiness, Record, Scope
from mesh_dns.core.work import ForgetName, ForgetScope, SecondLook, Stage
from tests.simulation.chronicle import ALWAYS, NEVER, Chronicle, may_have, served_by
from tests.simulation.law import Law, Violation
from tests.simulation.places import zone_of

# Seconds for which AWS may show something old; the tagging API for longer.
LATE = 36
TAGGING_LATE = 300
PROVISIONING = 600


@dataclass
class Laws:
    """Judges the writes of one invocation, which began at `began`. Times are the world's, `clock` is the function's.

    zones       zone id => what the invocation listed there last: record id => record
    looks       when which second looks were sent
    unlisted    scopes whose listing failed in this invocation
    unseen      load balancers that this invocation looked at in vain
    overridden  scopes that somebody swept past the guard
    lifted      load balancers that such a sweep had no time for, in this invocation
    """

    chronicle: Chronicle
    rules: Rules
    dry_run: bool
    began: float
    now: float
    clock: float
    zones: Mapping[str, Mapping[str, Record]]
    looks: Sequence[tuple[float, SecondLook]]
    awaiting: Collection[SecondLook]
    known: Collection[Scope]
    overdue: Collection[Scope]
    unlisted: Collection[Scope]
    overridden: Collection[Scope]
    register_lost: float
    forgetting: ForgetScope | ForgetName | None = None
    lifted: Collection[LoadBalancerId] = ()
    unseen: Collection[LoadBalancerId] = ()

    def judge(self, change: Change) -> None:
        """Raise Violation if this change may not be."""
        if self.dry_run:
            raise Violation(Law.DRY_RUN, f"a dry run wrote {change}")
        if change.zone_id not in self.zones:
            raise Violation(Law.LISTED, f"wrote to a zone that was not listed in this invocation: {change}")
        if zone_of(self.rules, change.hostname) != change.zone_id:
            raise Violation(Law.IN_ZONES, f"write outside the zones: {change}")
        record = self.zones[change.zone_id].get(change.record_id)
        if change.action is Action.CREATE:
            self._judge_create(change)
        elif record is None or record.name != change.hostname:
            raise Violation(Law.LISTED, f"touched a record that was not listed: {change}")
        elif (serves := served_by(self.rules, record)) is None:
            self._judge_adoption(change, record)
        elif change.action is Action.DELETE:
            self._judge_delete(change, record, serves)
        else:
            self._judge_update(change, serves)

    # Creates and edits

    def _judge_create(self, change: Change) -> None:
        if self._at(change):
            raise Violation(Law.ALONE, f"created beside another record: {change}")
        self._demand_visible(change)
        self._demand_claim(change)

    def _demand_visible(self, change: Change) -> None:
        for record in self.zones[change.zone_id].values():
            if record.type == "NS" and (change.hostname == record.name or change.hostname.endswith(f".{record.name}")):
                raise Violation(Law.VISIBLE, f"wrote below a delegation: {change}")

    def _judge_adoption(self, change: Change, record: Record) -> None:
        plain = record.type == "CNAME" and "/" not in record.comment and len(self._at(change)) == 1
        same = record.content.removeprefix("dualstack.") == change.content
        if change.action is not Action.UPDATE or not self.rules.adopt_matching or not (plain and same):
            raise Violation(Law.OURS, f"touched a record that is not ours: {change}")
        self._demand_policy(change)
        self._demand_visible(change)
        self._demand_claim(change)

    def _judge_update(self, change: Change, serves: LoadBalancerId) -> None:
        self._demand_policy(change)
        self._demand_claim(change)
        if serves != change.load_balancer:
            self._judge_handover(change, serves)

    def _demand_policy(self, change: Change) -> None:
        if self.rules.policy is Policy.CREATE_ONLY:
            raise Violation(Law.POLICY, f"edited under create-only: {change}")

    def _demand_claim(self, change: Change) -> None:
        lb, name = change.load_balancer, change.hostname
        if not self.chronicle.claimed_lately(lb, name, self.began - TAGGING_LATE):
            raise Violation(Law.CLAIMED, f"{lb} does not claim {name}")
        if change.comment != f"{self.rules.owner} {lb}" or change.ttl != self.rules.ttl:
            raise Violation(Law.MARKED, f"wrong mark or TTL: {change}")
        seen = self.chronicle.inventory.load_balancers.get(lb)
        if seen is None:
            return
        if not may_have(self.rules, seen, name):
            raise Violation(Law.ALLOWED, f"{lb} may not have {name}: {change}")
        if self.chronicle.claims_throughout(lb, name, self.began - LATE) and change.content != seen.dns_name:
            raise Violation(Law.MARKED, f"{lb} has another name than {change.content}")

    def _judge_handover(self, change: Change, old: LoadBalancerId) -> None:
        name = change.hostname
        if self._forgets(change, old):
            return
        if self.chronicle.claims_throughout(old, name, self.began - LATE):
            raise Violation(Law.NOT_STOLEN, f"stole {name} from {old}, which still claims it")
        heir = self.chronicle.inventory.load_balancers.get(change.load_balancer)
        if heir is None:
            return
        gone = self.chronicle.gone_since.get(old, ALWAYS)
        since = self.now - gone
        age = self.clock - (self.now - self.began) - heir.created
        if gone < self.began - LATE and since < self.rules.grace <= age:
            raise Violation(Law.NOT_STALE, f"a stale load balancer took {name} {since:.0f} s after {old} was gone")
        dropped = old in self.chronicle.inventory.load_balancers
        if dropped and self._is_provisioning(heir):
            raise Violation(Law.WORKING, f"{name} left {old}, which works, for {heir.id}, which does not yet")
        if not any(look.stage is Stage.HEIR and look.hostname == name for look in self.awaiting):
            # AWS shows one that was deleted for a while yet: then whoever works may come first.
            self._demand_newest(name, heir, dropped=gone >= self.began - LATE)

    def _is_provisioning(self, lb: LoadBalancer) -> bool:
        return lb.readiness is Readiness.PROVISIONING and self.clock < lb.created + PROVISIONING - 1

    def _demand_newest(self, name: str, heir: LoadBalancer, *, dropped: bool) -> None:
        for rival in self._rivals(name):
            newer = (-rival.created, rival.id) < (-heir.created, heir.id)
            works = not dropped or self.chronicle.active_since.get(rival.id, ALWAYS) < self.began
            if newer and works and rival.id.scope not in self.unlisted and not self._is_hidden(rival.id):
                raise Violation(Law.NEWEST, f"{heir.id} inherited {name}, and {rival.id} is newer")

    # Deletes

    def _judge_delete(self, change: Change, record: Record, serves: LoadBalancerId) -> None:
        if self.rules.policy is not Policy.SYNC:
            raise Violation(Law.POLICY, f"deleted under {self.rules.policy.value}: {change}")
        if self._forgets(change, serves):
            rivals = [str(lb.id) for lb in self._rivals(change.hostname) if not self._is_forgotten(lb.id)]
            if rivals:
                raise Violation(Law.FORGETTING, f"forgot {change.hostname}, which {', '.join(rivals)} claims")
            return
        if self.forgetting is not None:
            raise Violation(Law.FORGETTING, f"forgot {change.hostname}, which was not named: {change}")
        surplus = any(other.id != record.id and served_by(self.rules, other) for other in self._at(change))
        self._demand_first_look(change, record, surplus=surplus)
        if not surplus:
            self._demand_vacancy(change, serves)

    def _demand_first_look(self, change: Change, record: Record, *, surplus: bool) -> None:
        serves = served_by(self.rules, record)
        gone = self.chronicle.gone_since.get(change.load_balancer, ALWAYS) < self.began - LATE
        for sent, look in self.looks:
            same = (look.load_balancer, look.hostname, look.record_id) == (serves, change.hostname, record.id)
            ripe = look.stage is not Stage.CONFIRMATION and self.now - sent >= self.rules.grace
            as_bad = look.state is ClaimState.GONE or not gone
            untouched = surplus or ((record.edited is None or record.edited <= sent + 1) and look.heir is None)
            if same and ripe and as_bad and untouched:
                return
        raise Violation(Law.TWO_LOOKS, f"deleted {change.hostname} without a first look of the same a grace ago")

    def _demand_vacancy(self, change: Change, serves: LoadBalancerId) -> None:
        name = change.hostname
        if self.chronicle.claims_throughout(serves, name, self.began - LATE):
            raise Violation(Law.NOT_EMPTIED, f"deleted {name}, which {serves} claims")
        if rivals := [str(lb.id) for lb in self._rivals(name)]:
            raise Violation(Law.NOT_EMPTIED, f"emptied {name}, which {', '.join(rivals)} claims")
        if waited := sorted(map(str, {*self.unlisted}.intersection(self.known).difference(self.overdue))):
            raise Violation(Law.WAITS, f"deleted {name}, and {', '.join(waited)} could not be listed")
        if self.now - self.register_lost < 3 * self.rules.sweep_period:
            raise Violation(Law.REGISTER, f"deleted {name} although the register may have lost a scope")
        if not self._is_overridden(change) and (why := self._mass_delete(serves.scope)):
            raise Violation(Law.GUARD, f"deleted {name} although {why}")

    def _is_overridden(self, change: Change) -> bool:
        """Whether somebody swept its scope past the guard, and this invocation looks at just this because of that."""
        named = (change.load_balancer, change.hostname, change.record_id)
        if change.load_balancer.scope not in self.overridden:
            return False
        return change.load_balancer in self.lifted or any(
            look.override_guard and (look.load_balancer, look.hostname, look.record_id) == named
            for look in self.awaiting
        )

    def _forgets(self, change: Change, serves: LoadBalancerId) -> bool:
        """Whether this is what somebody asked for by hand."""
        match self.forgetting:
            case ForgetScope(scope=scope):
                return serves.scope == scope
            case ForgetName(hostname=hostname):
                shown = [lb.id for lb in self._rivals(change.hostname) if not self._is_hidden(lb.id)]
                return change.hostname == hostname and serves not in shown
            case None:
                return False

    def _is_hidden(self, lb: LoadBalancerId) -> bool:
        """Whether AWS shows something else of it than there is: what is inherited or commanded goes by that."""
        return any(until > self.began for until, _ in self.chronicle.inventory.late.get(lb, ()))

    def _is_forgotten(self, lb: LoadBalancerId) -> bool:
        """Whether a person's command leaves it out: told so, or because AWS does not show it."""
        return self._is_hidden(lb) or (isinstance(self.forgetting, ForgetScope) and lb.scope == self.forgetting.scope)

    # The truth

    def _at(self, change: Change) -> list[Record]:
        return [record for record in self.zones[change.zone_id].values() if record.name == change.hostname]

    def _rivals(self, name: str) -> Iterator[LoadBalancer]:
        """Allowed claimants since before the invocation began, where they can be known of."""
        for lb in self.chronicle.claimants(self.rules, name):
            waited = lb.id.scope in self.overdue and lb.id.scope in self.unlisted
            hidden = lb.id.scope not in self.known or waited
            if self.chronicle.claims_throughout(lb.id, name, self.began - LATE) and not hidden:
                yield lb

    def _mass_delete(self, scope: Scope) -> str | None:
        owned: Counter[Scope] = Counter()
        lost: Counter[Scope] = Counter()
        for record in (record for zone in self.zones.values() for record in zone.values()):
            serves = served_by(self.rules, record)
            if serves is None or serves.scope not in self.known:
                continue
            owned[serves.scope] += 1
            lost[serves.scope] += self._is_lost(record.name, serves)
        for some, all_of_them in ((lost[scope], owned[scope]), (lost.total(), owned.total())):
            if some > 10 and some > 0.3 * all_of_them:
                return f"{some} of {all_of_them} lost their load balancer"
        return None

    def _is_lost(self, name: str, serves: LoadBalancerId) -> bool:
        """Whether a record has nobody left. Where nobody can list, whom the invocation could not look at is no loss."""
        if serves.scope in self.unlisted and serves in self.unseen:
            return False
        since = self.began - (TAGGING_LATE if self.unlisted else LATE)
        lately = self.chronicle.claimed_lately(serves, name, since)
        heirs = (lb for lb in self.chronicle.inventory.load_balancers.values() if name in self.chronicle.claims_of(lb))
        recent = any(self.chronicle.claimed_until.get(claim, NEVER) > since for claim in self._of(name))
        return not lately and not recent and not any(may_have(self.rules, lb, name) for lb in heirs)

    def _of(self, name: str) -> Iterator[tuple[LoadBalancerId, str]]:
        return (claim for claim in self.chronicle.claimed_until if claim[1] == name)
