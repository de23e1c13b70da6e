"""How much of a sweep one run covers, and where the next one goes on: by load balancer id, which does not expire."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mesh_dns.core.model import LoadBalancerId
from mesh_dns.core.work import Sweep

# One run looks at this many tagged load balancers, and at this many that only a record still names.
TAGGED_PER_RUN = 5000
ORPHANS_PER_RUN = 200


@dataclass
class SweepRun:
    """The part of a sweep that this run covers: tagged load balancers, and those that only a record names."""

    sweep: Sweep
    tagged: Sequence[LoadBalancerId]
    cut: bool
    load_balancers: frozenset[LoadBalancerId] = frozenset()

    @classmethod
    def of(cls, sweep: Sweep, tagged: Collection[LoadBalancerId]) -> SweepRun:
        """The part that begins behind where the last run ended."""
        behind = sorted(lb for lb in tagged if sweep.after is None or lb > sweep.after)
        return cls(sweep, behind[:TAGGED_PER_RUN], cut=len(behind) > TAGGED_PER_RUN)

    def extend(self, served: Collection[LoadBalancerId]) -> None:
        """Take in the load balancers that records name, in the order of the sweep, as many as one run may look at."""
        end = self.tagged[-1] if self.cut else None
        orphans = sorted(
            lb
            for lb in set(served) - set(self.tagged)
            if lb.scope == self.sweep.scope
            and (self.sweep.after is None or lb > self.sweep.after)
            and (end is None or lb <= end)
        )
        if len(orphans) > ORPHANS_PER_RUN:
            orphans = orphans[:ORPHANS_PER_RUN]
            self.cut = True
            self.tagged = [lb for lb in self.tagged if lb <= orphans[-1]]
        self.load_balancers = frozenset(self.tagged) | frozenset(orphans)

    def rest(self, undone: Collection[LoadBalancerId]) -> Sweep | None:
        """What a later run has to cover; None when this one reached the end."""
        mine = sorted(self.load_balancers)
        first = min((lb for lb in undone if lb in self.load_balancers), default=None)
        if first is not None:
            mine = [lb for lb in mine if lb < first]
        elif not self.cut:
            return None
        after = mine[-1] if mine else self.sweep.after
        return replace(self.sweep, after=after, hops=self.sweep.hops + 1)
