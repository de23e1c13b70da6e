"""How much of a sweep one run covers, and where the next one goes on: by load balancer id, which does not expire."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mesh_dns.core.values import LoadBalancerId
from mesh_dns.core.work import Sweep

# One run looks at this many tagged load balancers, and at this many that only a record still names.
TAGGED_PER_RUN = 5000
ORPHANS_PER_RUN = 200


@dataclass
class SweepRun:
    """The part of a sweep that one run covers: tagged load balancers, and those that only a record names.

    `tagged` are those that this run may look at, in order, and `more_tagged` says that there are others behind them.
    """

    sweep: Sweep
    tagged: Sequence[LoadBalancerId]
    more_tagged: bool
    load_balancers: frozenset[LoadBalancerId] = frozenset()
    reaches_end: bool = True

    @classmethod
    def of(cls, sweep: Sweep, tagged: Collection[LoadBalancerId]) -> SweepRun:
        """The part that begins behind where the last run ended."""
        behind = sorted(lb for lb in tagged if sweep.after is None or lb > sweep.after)
        return cls(sweep, behind[:TAGGED_PER_RUN], more_tagged=len(behind) > TAGGED_PER_RUN)

    def cover(self, served: Collection[LoadBalancerId]) -> None:
        """Settle what this run looks at, now that it is known which load balancers records name (`served`)."""
        end = self.tagged[-1] if self.more_tagged else None
        orphans = sorted(
            lb
            for lb in set(served) - set(self.tagged)
            if lb.scope == self.sweep.scope
            and (self.sweep.after is None or lb > self.sweep.after)
            and (end is None or lb <= end)
        )
        tagged = self.tagged
        self.reaches_end = not self.more_tagged and len(orphans) <= ORPHANS_PER_RUN
        if len(orphans) > ORPHANS_PER_RUN:
            orphans = orphans[:ORPHANS_PER_RUN]
            tagged = [lb for lb in tagged if lb < orphans[-1]]
        self.load_balancers = frozenset(tagged) | frozenset(orphans)

    def rest(self, undone: Collection[LoadBalancerId]) -> Sweep | None:
        """What a later run has to cover, for its size or for want of time; None when this one reached the end."""
        first_undone = min((lb for lb in undone if lb in self.load_balancers), default=None)
        if first_undone is None and self.reaches_end:
            return None
        done = [lb for lb in self.load_balancers if first_undone is None or lb < first_undone]
        return replace(self.sweep, after=max(done, default=self.sweep.after), hops=self.sweep.hops + 1)
