"""A question with its snapshot, and what the rows of the decision table share: changes, second looks, refusals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Need, Question, Reason
from mesh_dns.core.guard import Guard
from mesh_dns.core.rules import Policy
from mesh_dns.core.snapshot import Owned, Snapshot
from mesh_dns.core.values import Action, Change, LoadBalancer, LoadBalancerId
from mesh_dns.core.work import LONGEST_DELAY, MOST_HOPS, SecondLook, Stage

# What a row of a table comes to.
Conclusion = Decision | Need


@dataclass(frozen=True)
class Planning:
    """What a plan is made from."""

    question: Question
    snapshot: Snapshot

    @cached_property
    def asked(self) -> frozenset[LoadBalancerId]:
        """Every load balancer in question with all its names: those named, and those of the swept scopes."""
        found = set(self.question.load_balancers)
        for scope in self.question.swept:
            found |= {key for key in self.snapshot.live if key.scope == scope}
        found |= {each.serves for each in self.snapshot.owned if each.serves.scope in self.question.swept}
        return frozenset(found)

    @cached_property
    def asked_for_one_name(self) -> frozenset[tuple[LoadBalancerId, str]]:
        """The load balancer and the name of each second look."""
        return frozenset((look.load_balancer, look.hostname) for look in self.question.second_looks)

    def asks(self, load_balancer: LoadBalancerId, hostname: str) -> bool:
        """Whether the question is about this load balancer and this name."""
        return load_balancer in self.asked or (load_balancer, hostname) in self.asked_for_one_name

    def guard_objection(self, load_balancer: LoadBalancerId) -> str | None:
        """Why no record of a load balancer's scope may be deleted now. Only a policy that deletes can trip it."""
        if self.snapshot.rules.policy is not Policy.SYNC:
            return None
        return self._guard.objection_to_delete_in(load_balancer.scope)

    @cached_property
    def _guard(self) -> Guard:
        return Guard.count(self.snapshot)

    def second_look_at(self, owned: Owned) -> SecondLook | None:
        """The second look at exactly this record with this mark; None without one.

        Of several, the one that waited longest; it overrides the guard if any of them does.
        """
        looks = [
            look
            for look in self.question.second_looks
            if (look.load_balancer, look.hostname, look.zone_id, look.record_id)
            == (owned.serves, owned.record.name, owned.record.zone_id, owned.record.id)
        ]
        if not looks:
            return None
        first = min(looks, key=lambda look: (look.stage is Stage.CONFIRMATION, look.since, look.hops))
        return replace(first, override_guard=any(look.override_guard for look in looks))

    def change(
        self, action: Action, zone_id: str, hostname: str, load_balancer: LoadBalancer, record_id: str = ""
    ) -> Change:
        """The write that makes a record say what this load balancer wants."""
        rules = self.snapshot.rules
        comment = mark.comment_for(rules.owner, load_balancer.id)
        return Change(
            action, zone_id, hostname, load_balancer.id, record_id, load_balancer.dns_name, rules.ttl, comment
        )

    def look_again(self, decision: Decision, look: SecondLook, wait: float) -> Decision:
        """A decision that sends a second look, unless that was sent on too often."""
        if look.hops > MOST_HOPS:
            return replace(decision, detail=f"{decision.detail}; sent on {MOST_HOPS} times, the next sweep starts over")
        return replace(decision, look_again=look, wait=min(max(0.0, wait), LONGEST_DELAY))

    def refuse(
        self, hostname: str, claimants: Iterable[LoadBalancer], reason: Reason, detail: str, *, retry: bool = False
    ) -> Iterator[Decision]:
        """Refuse those in question. Claimants that were only listed are reported when they are checked themselves."""
        for load_balancer in claimants:
            if self.asks(load_balancer.id, hostname):
                yield Decision(hostname, reason, load_balancer.id, detail, retry=retry)

    def refuse_losers(
        self, hostname: str, allowed: Collection[LoadBalancer], winner: LoadBalancerId
    ) -> Iterator[Decision]:
        """Refuse all but the winner."""
        yield from self.refuse(hostname, [lb for lb in allowed if lb.id != winner], Reason.CLAIMED_BY, str(winner))
