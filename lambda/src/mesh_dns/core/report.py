"""What came of a plan: the outcome of each write, and why our own messages were not sent, if so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mesh_dns.core.decision import Decision, Plan
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.errors import Retryable

Key = tuple[str, LoadBalancerId, str]
"""A hostname, the load balancer that its decision is about, and the record's id: empty where none is touched yet.

One load balancer may have two records of ours at a name, each with its own outcome.
"""


def key_of(decision: Decision) -> Key:
    """What a decision is known by."""
    touched = decision.change or decision.look_again
    return decision.hostname, decision.load_balancer, touched.record_id if touched is not None else ""


@dataclass(frozen=True, slots=True)
class Written:
    """The decision in its final form, and why it could not be carried out, if so. A refusal is no failure."""

    decision: Decision
    failure: Retryable | None = None


@dataclass(frozen=True)
class Report:
    """What came of the decisions with a change.

    `due`: the hostnames of those that were to be written. `unsent`: why the queue did not take our own messages, if so.
    """

    written: Mapping[Key, Written] = field(default_factory=dict)
    due: frozenset[str] = frozenset()
    unsent: Retryable | None = None

    def missing(self) -> dict[str, Retryable]:
        """Hostnames that were due and have no outcome, each with a failure that says so."""
        missing = self.due - {hostname for hostname, _, _ in self.written}
        return {hostname: Retryable(f"{hostname}: nothing came of its write") for hostname in missing}


@dataclass(frozen=True)
class Result:
    """Everything that one batch came to."""

    plan: Plan
    snapshot: Snapshot
    report: Report

    def final(self) -> tuple[Written, ...]:
        """Every decision in its final form: those that were written, and those that needed no write."""
        rewritten = {hostname for hostname, _, _ in self.report.written}
        missing = self.report.missing()
        rest = (
            Written(each, missing.get(each.hostname) if each.change is not None else None)
            for each in self.plan.decisions
            if key_of(each) not in self.report.written and (each.change is None or each.hostname not in rewritten)
        )
        return (*rest, *self.report.written.values())
