"""What is asked of the plan, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Action, Change, LoadBalancerId, Scope
from mesh_dns.core.work import SecondLook


class Reason(StrEnum):
    """Why a decision is as it is: the code in its log line."""

    CREATE = "create"
    UPDATE = "update"
    HAND_OVER = "hand-over"
    ADOPT = "adopt"
    DELETE = "delete"
    IN_SYNC = "in-sync"
    LOOK_AGAIN = "look-again"
    NAME_TAKEN = "name-taken"
    CLAIMED_BY = "claimed-by"
    INCUMBENT_UNREADABLE = "incumbent-unreadable"
    NOT_ALLOWED = "not-allowed"
    KEPT_NOT_ALLOWED = "kept-not-allowed"
    INVALID_HOSTNAME = "invalid-hostname"
    OUTSIDE_ZONES = "outside-zones"
    NOT_A_CNAME = "not-a-cname"
    SCOPE_UNLISTABLE = "scope-unlistable"
    MASS_DELETE_GUARD = "mass-delete-guard"


REFUSALS = frozenset(
    {
        Reason.NAME_TAKEN,
        Reason.CLAIMED_BY,
        Reason.INCUMBENT_UNREADABLE,
        Reason.NOT_ALLOWED,
        Reason.INVALID_HOSTNAME,
        Reason.OUTSIDE_ZONES,
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What one hostname comes to for one load balancer.

    `change`: what to write. `look_again`: the second look to send. `retry`: nothing can be decided before a read
    that failed works again.
    """

    hostname: str
    reason: Reason
    load_balancer: LoadBalancerId
    detail: str = ""
    change: Change | None = None
    look_again: SecondLook | None = None
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What must be read before a name can be decided."""

    hostname: str
    looks: frozenset[LoadBalancerId] = frozenset()
    listings: frozenset[Scope] = frozenset()
    zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """What a batch asks: about these load balancers, with these second looks.

    `override_guard`: second looks that this question sends carry the override.
    """

    load_balancers: frozenset[LoadBalancerId]
    second_looks: frozenset[SecondLook] = frozenset()
    override_guard: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: decisions by hostname, what is still needed, and whom each hostname concerns."""

    decisions: tuple[Decision, ...]
    needs: tuple[Need, ...]
    concerns: Mapping[str, frozenset[LoadBalancerId]] = field(hash=False)


def permitted(decision: Decision, writes: Policy) -> bool:
    """Whether a policy lets a decision be carried out: the filter over the plan."""
    match writes:
        case Policy.SYNC:
            return True
        case Policy.UPSERT_ONLY:
            return decision.change is None or decision.change.action is not Action.DELETE
        case Policy.CREATE_ONLY:
            return decision.change is None or decision.change.action is Action.CREATE
