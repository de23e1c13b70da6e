"""What is asked of the plan, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Action, Change, ClaimState, LoadBalancerId, Scope
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
    PROVISIONING = "provisioning"
    EVENT_AHEAD = "event-ahead"
    DELETE_WAITS = "delete-waits"
    NOT_LISTED = "not-listed"
    MASS_DELETE_GUARD = "mass-delete-guard"
    SCOPE_UNLISTABLE = "scope-unlistable"
    KEPT_NOT_ALLOWED = "kept-not-allowed"
    NAME_SHARED = "name-shared"
    NOT_A_CNAME = "not-a-cname"
    NAME_TAKEN = "name-taken"
    CLAIMED_BY = "claimed-by"
    INCUMBENT_UNREADABLE = "incumbent-unreadable"
    NOT_ALLOWED = "not-allowed"
    INVALID_HOSTNAME = "invalid-hostname"
    OUTSIDE_ZONES = "outside-zones"
    DELEGATED = "delegated"
    ZONE_DENIED = "zone-denied"
    PROVIDER_REFUSES = "provider-refuses"


REFUSALS = frozenset(
    {
        Reason.NAME_TAKEN,
        Reason.CLAIMED_BY,
        Reason.INCUMBENT_UNREADABLE,
        Reason.NOT_ALLOWED,
        Reason.INVALID_HOSTNAME,
        Reason.OUTSIDE_ZONES,
        Reason.DELEGATED,
        Reason.ZONE_DENIED,
        Reason.PROVIDER_REFUSES,
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one hostname and one load balancer.

    `change`: what to write. `look_again`: the message to send after `wait` seconds. `retry`: AWS may answer soon, so
    every message that asked comes back, except a sweep.
    """

    hostname: str
    reason: Reason
    load_balancer: LoadBalancerId
    detail: str = ""
    change: Change | None = None
    look_again: SecondLook | None = None
    wait: float = 0
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What must be read before a name can be decided."""

    hostname: str
    look_at: frozenset[LoadBalancerId] = frozenset()
    list_scopes: frozenset[Scope] = frozenset()
    list_zones: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Question:
    """What a batch asks.

    load_balancers  all names that they claim or serve
    second_looks    each is about one record only
    swept           scopes: every load balancer with the tag in them, and every one that a record of ours names
    told            claim states that an event told and AWS shows too: they need no confirmation
    ahead           load balancers of which AWS does not show yet what an event told: they keep their names
    override        the mass-delete guard is lifted for these scopes and these load balancers
    """

    load_balancers: frozenset[LoadBalancerId] = frozenset()
    second_looks: frozenset[SecondLook] = frozenset()
    swept: frozenset[Scope] = frozenset()
    told: frozenset[tuple[LoadBalancerId, ClaimState]] = frozenset()
    ahead: frozenset[LoadBalancerId] = frozenset()
    override: frozenset[Scope | LoadBalancerId] = frozenset()

    def overrides_guard(self, load_balancer: LoadBalancerId) -> bool:
        """Whether the guard is lifted for records of this load balancer."""
        return load_balancer in self.override or load_balancer.scope in self.override


@dataclass(frozen=True, slots=True)
class Plan:
    """The answer: decisions by hostname, what is still needed, and whom each hostname concerns."""

    decisions: tuple[Decision, ...]
    needs: tuple[Need, ...]
    concerns: Mapping[str, frozenset[LoadBalancerId]] = field(hash=False)


def permits(policy: Policy, decision: Decision) -> bool:
    """Whether a policy lets a decision be carried out: the filter over the plan.

    A second look is sent only if its result may be written: a delete, or, where an heir waits, an edit.
    """
    match policy:
        case Policy.SYNC:
            return True
        case Policy.UPSERT_ONLY:
            if decision.look_again is not None:
                return decision.look_again.heir is not None
            return decision.change is None or decision.change.action is not Action.DELETE
        case Policy.CREATE_ONLY:
            if decision.look_again is not None:
                return False
            return decision.change is None or decision.change.action is Action.CREATE
