"""What came of a plan: the writes that were tried, and the messages that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh_dns.core.decision import Decision, Plan
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.errors import Retryable

Key = tuple[str, LoadBalancerId]
"""A hostname and the load balancer that its decision is about."""


@dataclass(frozen=True, slots=True)
class Written:
    """The decision in its final form, and why it could not be carried out, if so. A refusal is no failure."""

    decision: Decision
    failure: Retryable | None = None


@dataclass(frozen=True)
class Report:
    """What came of the decisions with a change. `unsent`: why the queue did not take our own messages, if so."""

    written: Mapping[Key, Written] = field(default_factory=dict)
    unsent: Retryable | None = None


@dataclass(frozen=True)
class Result:
    """Everything that one batch came to."""

    plan: Plan
    snapshot: Snapshot
    report: Report

    def final(self) -> tuple[Written, ...]:
        """Every decision in its final form: those that were written, and those that needed no write."""
        rewritten = {hostname for hostname, _ in self.report.written}
        rest = (
            Written(each)
            for each in self.plan.decisions
            if (each.hostname, each.load_balancer) not in self.report.written
            and (each.change is None or each.hostname not in rewritten)
        )
        return (*rest, *self.report.written.values())
