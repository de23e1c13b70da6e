"""What becomes of a record of ours whose load balancer is gone or dropped the name.

    how it is known                                    then
    -------------------------------------------------  -------------------------------------------------------
    an event told it, or two looks 45 s apart saw it   this is the first look
    one look saw it, and no event told it              look again after 45 s (confirmation)

    heirs          the load balancer                   then
    -------------  ----------------------------------  -------------------------------------------------------
    one active     dropped the name                    hand over now, to the newest active heir
    none active    dropped the name                    keep it until one is, at most 10 minutes (provisioning)
    newest is new  is gone                             hand over now: the heir was created within the last grace, so
                                                       it is the replacement
    newest is old  is gone                             hand over after the grace: a replacement may be on its way
    none           gone, or dropped the name           delete after the grace, if nothing objects

A delete is not done while the mass-delete guard objects, a scope that is not overdue cannot be listed, the register is
so young that it may have lost a scope, or a zone does not answer. A second look that may not delete ends there, and the
next sweep starts over. The grace starts over when the claim state got worse (dropped, then gone), when the record was
edited after the first look, or when an heir that the first look saw no longer claims the name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mesh_dns.core.decision import Decision, Need, Reason
from mesh_dns.core.planning import Conclusion, Planning
from mesh_dns.core.snapshot import Owned
from mesh_dns.core.values import Action, Change, ClaimState, LoadBalancer, LoadBalancerId, Readiness
from mesh_dns.core.work import SecondLook, Stage

# Seconds after which a look that no event told is confirmed, and how many must have passed to count.
CONFIRMATION = 45
SHORTEST_CONFIRMATION = 40
# Seconds after its creation for which an heir may be provisioning before it gets the name anyway.
PROVISIONING = 600


def decide_vacancy(
    planning: Planning, owned: Owned, state: ClaimState, heirs: Sequence[LoadBalancer]
) -> Iterator[Conclusion]:
    """Decide a record whose load balancer does not claim it. `heirs`: who may have the name, newest first."""
    snapshot, hostname = planning.snapshot, owned.record.name
    second = planning.second_look_at(owned)
    awaited = _awaited_heir(second, state, heirs)
    if awaited is not None:
        heirs = [awaited]
    elif missing := snapshot.unlisted():
        yield Need(hostname, list_scopes=missing)
        return
    elif owned.serves.scope in snapshot.holding_up():
        detail = f"its load balancer {state.value}, and {owned.serves.scope} cannot be listed for heirs"
        yield Decision(hostname, Reason.SCOPE_UNLISTABLE, owned.serves, detail, retry=True)
        return
    vacancy = _Vacancy(planning, owned, state, second)
    if heirs:
        yield from vacancy.hand_over(heirs)
    elif missing_zones := snapshot.missing_zones():
        yield Need(hostname, list_zones=missing_zones)  # the guard counts over all of them
    elif uncounted := snapshot.uncounted():
        yield Need(hostname, look_at=uncounted)
    else:
        yield vacancy.delete()


def decide_surplus(planning: Planning, owned: Owned, state: ClaimState) -> Iterator[Conclusion]:
    """Decide a second record of ours at a name, beside the one that is kept: deleted by two looks."""
    hostname, serves = owned.record.name, owned.serves
    if state is ClaimState.UNKNOWN:
        yield Need(hostname, look_at=frozenset({serves}))
        return
    decision = Decision(hostname, Reason.NAME_SHARED, serves, "a second record of ours is at this name")
    if state is ClaimState.UNREADABLE:
        yield decision
        return
    gone = ClaimState.GONE if state is ClaimState.GONE else ClaimState.DROPPED
    vacancy = _Vacancy(planning, owned, gone, planning.second_look_at(owned))
    if vacancy.is_ripe:
        yield replace(decision, change=_delete(owned))
    else:
        first_look = vacancy.first_look if vacancy.first_look is not None else planning.snapshot.now
        yield vacancy.look_again(decision, Stage.GRACE, first_look, None)


def _awaited_heir(second: SecondLook | None, state: ClaimState, heirs: Sequence[LoadBalancer]) -> LoadBalancer | None:
    """The heir that a second look waited for, if it still claims the name. Other heirs then need not be listed."""
    if second is None or second.stage is not Stage.HEIR or state is not ClaimState.DROPPED:
        return None
    return next((heir for heir in heirs if heir.id == second.heir), None)


@dataclass(frozen=True)
class _Vacancy:
    """A record whose load balancer is gone or dropped the name. `second`: the second look at it; None at the first."""

    planning: Planning
    owned: Owned
    state: ClaimState
    second: SecondLook | None

    @property
    def first_look(self) -> float | None:
        """When the grace began, in seconds since the epoch; None while the claim state is not confirmed."""
        now, second = self.planning.snapshot.now, self.second
        told = (self.owned.serves, self.state) in self.planning.question.told
        got_worse = second is not None and (second.state, self.state) == (ClaimState.DROPPED, ClaimState.GONE)
        if second is None or got_worse:
            return now if told else None
        if second.stage is Stage.CONFIRMATION:
            return now if told or now - second.since >= SHORTEST_CONFIRMATION else None
        edited = self.owned.record.edited
        return now if edited is not None and edited > second.since else second.since

    @property
    def is_ripe(self) -> bool:
        """Whether this is the second look and one grace has passed since the first."""
        if self.second is None or self.second.stage is Stage.CONFIRMATION or self.first_look != self.second.since:
            return False
        return self.planning.snapshot.now - self.second.since >= self.planning.snapshot.rules.grace

    # With heirs

    def hand_over(self, heirs: Sequence[LoadBalancer]) -> Iterator[Decision]:
        """Edit the record in place, now or later."""
        first_look = self.first_look
        heir = self._next(heirs)
        if first_look is None:
            yield self._confirm(f"its load balancer {self.state.value}; {heir.id} would inherit", heir.id)
        elif self.state is ClaimState.DROPPED and self._is_provisioning(heir):
            detail = f"its load balancer {self.state.value}; {heir.id} is not active yet"
            decision = Decision(self._hostname, Reason.PROVISIONING, self.owned.serves, detail)
            yield self.look_again(decision, Stage.HEIR, first_look, heir.id, self._provisioning_wait(heir))
        elif self.state is ClaimState.DROPPED or self._is_replacement(heir) or self.is_ripe:
            record = self.owned.record
            change = self.planning.change(Action.UPDATE, record.zone_id, record.name, heir, record.id)
            yield Decision(self._hostname, Reason.HAND_OVER, heir.id, f"{self.owned.serves} {self.state.value}", change)
            yield from self.planning.refuse_losers(self._hostname, heirs, heir.id)
        else:
            detail = f"its load balancer {self.state.value}; {heir.id} is old, and a replacement may come"
            decision = Decision(self._hostname, Reason.LOOK_AGAIN, self.owned.serves, detail)
            yield self.look_again(decision, Stage.GRACE, first_look, heir.id)

    def _next(self, heirs: Sequence[LoadBalancer]) -> LoadBalancer:
        """The heir that gets the name: the newest. If the load balancer still exists, the newest active one."""
        if self.state is ClaimState.DROPPED:
            return next((heir for heir in heirs if heir.readiness is Readiness.ACTIVE), heirs[0])
        return heirs[0]

    def _is_provisioning(self, heir: LoadBalancer) -> bool:
        waits = self.planning.snapshot.now < heir.created + PROVISIONING
        return waits and heir.readiness is Readiness.PROVISIONING

    def _provisioning_wait(self, heir: LoadBalancer) -> float:
        """Seconds before the next look: grows with the heir's age, up to `PROVISIONING` seconds after its creation."""
        age = self.planning.snapshot.now - heir.created
        step = next((wait for until, wait in ((60, 30), (120, 60), (240, 120)) if age < until), 180)
        return min(step, PROVISIONING - age)

    def _is_replacement(self, heir: LoadBalancer) -> bool:
        return self.planning.snapshot.now - heir.created < self.planning.snapshot.rules.grace

    # Without heirs

    def delete(self) -> Decision:
        """Without an heir: delete the record now, after the grace, or not at all."""
        detail = f"its load balancer {self.state.value}"
        objection = self.planning.guard_objection(self.owned.serves)
        if objection is not None and not self._overrides_guard:
            return Decision(self._hostname, Reason.MASS_DELETE_GUARD, self.owned.serves, objection)
        first_look = self.first_look
        if first_look is None:
            return self._confirm(detail, None)
        if self.second is not None and self.second.stage is not Stage.CONFIRMATION and self.second.heir is not None:
            detail = f"{detail}; {self.second.heir}, which would have inherited, does not claim it any more"
            first_look = self.planning.snapshot.now
        elif self.is_ripe:
            waits = self._delete_waits_for()
            if waits is not None:
                return Decision(self._hostname, Reason.DELETE_WAITS, self.owned.serves, f"{detail}; {waits}")
            return Decision(self._hostname, Reason.DELETE, self.owned.serves, detail, _delete(self.owned))
        decision = Decision(self._hostname, Reason.LOOK_AGAIN, self.owned.serves, detail)
        return self.look_again(decision, Stage.GRACE, first_look, None)

    def _delete_waits_for(self) -> str | None:
        if awaited := self.planning.snapshot.holding_up():
            return f"{', '.join(map(str, awaited))} cannot be listed for heirs"
        if self.planning.snapshot.scopes.young:
            return "the register of scopes is younger than three sweep periods: it may have lost one with an heir"
        return None

    # Messages to ourselves

    def _confirm(self, detail: str, heir: LoadBalancerId | None) -> Decision:
        decision = Decision(self._hostname, Reason.LOOK_AGAIN, self.owned.serves, f"{detail}; to be confirmed")
        return self.look_again(decision, Stage.CONFIRMATION, self.planning.snapshot.now, heir, CONFIRMATION)

    def look_again(
        self,
        decision: Decision,
        stage: Stage,
        first_look: float,
        heir: LoadBalancerId | None,
        wait: float | None = None,
    ) -> Decision:
        """A decision that sends a second look: after `wait` seconds, or at the end of the grace."""
        record, rules = self.owned.record, self.planning.snapshot.rules
        look = SecondLook(
            load_balancer=self.owned.serves,
            hostname=record.name,
            zone_id=record.zone_id,
            record_id=record.id,
            since=first_look,
            stage=stage,
            state=self.state,
            heir=heir,
            override_guard=self._overrides_guard,
            hops=0 if self.second is None else self.second.hops + 1,
        )
        if wait is None:
            wait = rules.grace - (self.planning.snapshot.now - first_look)
        return self.planning.look_again(decision, look, wait)

    @property
    def _overrides_guard(self) -> bool:
        carried = self.second is not None and self.second.override_guard
        return carried or self.planning.question.overrides_guard(self.owned.serves)

    @property
    def _hostname(self) -> str:
        return self.owned.record.name


def _delete(owned: Owned) -> Change:
    record = owned.record
    return Change(Action.DELETE, record.zone_id, record.name, owned.serves, record.id)
