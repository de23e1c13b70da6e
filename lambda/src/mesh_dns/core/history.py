"""The last state of each name, for people: no decision reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mesh_dns.core.decision import REFUSALS, Decision, Reason
from mesh_dns.core.values import Action


@dataclass(frozen=True, slots=True)
class NameState:
    """What was last decided about a name, and what came of it.

    `outcome` is as for a reporter. `waits_until`: when the second look is due, in seconds since the epoch.
    `may_be_last`: nobody may ever ask about the name again, since its record was deleted or its claim is a refusal.
    """

    reason: Reason
    load_balancer: str
    detail: str = ""
    outcome: str = ""
    waits_until: float | None = None
    may_be_last: bool = False


def states(outcomes: Iterable[tuple[Decision, str]], now: float) -> dict[str, NameState]:
    """Hostname => its state, from decisions and outcomes. A decision about who has the name counts before a refusal."""
    found: dict[str, NameState] = {}
    for decision, outcome in sorted(outcomes, key=lambda each: each[0].reason in REFUSALS):
        found.setdefault(decision.hostname, _state(decision, outcome, now))
    return found


def _state(decision: Decision, outcome: str, now: float) -> NameState:
    written = decision.change if outcome == "done" else None
    if written is not None and written.action is not Action.DELETE:
        return NameState(Reason.IN_SYNC, str(decision.load_balancer))
    waits_until = None if decision.look_again is None else now + decision.wait
    may_be_last = written is not None or decision.reason in REFUSALS
    return NameState(decision.reason, str(decision.load_balancer), decision.detail, outcome, waits_until, may_be_last)
