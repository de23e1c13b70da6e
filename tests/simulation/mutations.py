"""Deliberate mistakes. Each one breaks a rule in the running code; the simulation has to find every one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mesh_dns import converge, forgetting, intake, ports, reading, writing
from mesh_dns.core import batch, decision, guard, hostnames, mark, plan, planning, request, rules, snapshot, vacancy
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.values import ClaimState, Gone, LoadBalancerId, Record, Unreadable
from mesh_dns.core.work import SecondLook, Stage
from mesh_dns.errors import Retryable
from tests.simulation.law import Law
from tests.simulation.mutation import Mutation, Place
from tests.simulation.mutations_at_work import MUTATIONS_AT_WORK

_served_by = mark.served_by
_look = reading.Reader.look
_list_scopes = reading.Reader.list_scopes
_list_zones = reading.Reader.list_zones
_live = vars(snapshot.Snapshot)["live"].func
_claims = vars(snapshot.Snapshot)["claims"].func
_claim_state = snapshot.Snapshot.claim_state
_hand_over = vacancy._Vacancy.hand_over
_decide_vacancy = vacancy.decide_vacancy
_in_tag = hostnames.in_tag
_question = request.Request.question
_try = writing._Zone._try
_scopes_of: Any = KnownScopes.of.__func__  # type: ignore[attr-defined]
_VACANCY, _PLANNING, _SNAPSHOT, _READER = vacancy._Vacancy, planning.Planning, snapshot.Snapshot, reading.Reader

# Deletes and hand-overs


def _ripe_at_once(self: Any, owned: Any) -> Any:
    record, now = owned.record, self.snapshot.now
    state = self.snapshot.claim_state(owned.serves, record.name)
    first = now - self.snapshot.rules.grace
    return SecondLook(owned.serves, record.name, record.zone_id, record.id, first, Stage.GRACE, state)


def _any_second_look(self: Any, owned: Any) -> Any:
    return next((look for look in self.question.second_looks if look.load_balancer == owned.serves), None)


def _first_look_stays(self: Any) -> Any:
    told = (self.owned.serves, self.state) in self.planning.question.told
    if self.second is None:
        return self.planning.snapshot.now if told else None
    return self.second.since


def _never_worse(self: Any) -> Any:
    if self.second is not None and self.second.stage is Stage.GRACE:
        return self.second.since
    return _first_look(self)


_first_look = vars(vacancy._Vacancy)["first_look"].fget


def _believed_at_once(self: Any) -> Any:
    found = _first_look(self)
    return self.planning.snapshot.now if found is None else found


def _no_heirs(planned: Any, owned: Any, state: Any, heirs: Any) -> Any:
    return _decide_vacancy(planned, owned, state, ())


def _heirs_at_once(self: Any, heirs: Any) -> Any:
    return _hand_over(replace(self, state=ClaimState.DROPPED), heirs)


def _oldest_first(self: Any) -> Mapping[str, Any]:
    return {name: list(reversed(claimants)) for name, claimants in _claims(self).items()}


def _not_allowed_is_gone(self: Any, lb: LoadBalancerId, hostname: str) -> ClaimState:
    seen = self.live.get(lb)
    if seen is not None and self.rules.objection_to(seen, hostname):
        return ClaimState.DROPPED
    return _claim_state(self, lb, hostname)


def _newest_always_wins(self: Any, lb: LoadBalancerId, hostname: str) -> ClaimState:
    rivals = self.claims.get(hostname, ())
    if rivals and rivals[0].id != lb and self.rules.objection_to(rivals[0], hostname) is None:
        return ClaimState.DROPPED
    return _claim_state(self, lb, hostname)


def _never_young(cls: Any, *arguments: Any) -> Any:
    return replace(_scopes_of(cls, *arguments), young=False)


def _everything_is_ours(owner: str, record: Record) -> LoadBalancerId | None:
    return _served_by(owner, record) or LoadBalancerId.parse("eu-west-1/111111111111/net/gone/00000000deadbeef")


def _denied_is_empty(self: Any, scopes: Iterable[Any]) -> bool:
    asked = _list_scopes(self, scopes)
    self._listings.update({scope: {} for scope, seen in self._listings.items() if isinstance(seen, Unreadable)})
    return asked


def _denied_is_gone(self: Any, ids: Iterable[LoadBalancerId]) -> bool:
    asked = _look(self, ids)
    self._sightings.update({lb: Gone() for lb, seen in self._sightings.items() if isinstance(seen, Unreadable)})
    return asked


def _unread_zone_is_empty(self: Any, zone_ids: Collection[str], names: Collection[str]) -> None:
    _list_zones(self, zone_ids, names)
    for zone_id in zone_ids:
        self._zones.setdefault(zone_id, ())
        self._unread_zones.pop(zone_id, None)


def _list_once(self: Any, zone_ids: Collection[str], names: Collection[str]) -> None:
    _list_zones(self, [zone_id for zone_id in zone_ids if zone_id not in self._zones], names)


def _own_scope_only(self: Any) -> Any:
    return frozenset(sorted(self.scopes.known.difference(self.listings))[:1]) if not self.listings else frozenset()


def _ask_for_ever(self: Any, ports: Any, scopes: Any, deadline: float) -> None:
    _reader_init(self, ports, scopes, deadline)
    self._aws_deadline = self._deadline = deadline + 1000


_reader_init = reading.Reader.__init__

# The guard and the override


def _guard_of_the_batch(self: Any, load_balancer: Any) -> Any:
    mine = [each for each in self.snapshot.owned if each.serves in self.question.load_balancers]
    seen = replace(self.snapshot)
    vars(seen)["owned"] = mine[:10]
    return guard.Guard.count(seen).objection_to_delete_in(load_balancer.scope)


def _overrides_all(self: Any, load_balancer: Any) -> bool:
    return bool(self.override) or any(look.override_guard for look in self.second_looks)


def _nothing_failed(self: Any, result: Any) -> dict[str, Retryable]:
    return {}


def _writes_never_fail(work: Any, result: Any) -> Iterator[Retryable]:
    yield from ()


def _sent_anyway(world: Any, asked: Any, result: Any) -> None:
    _send(world, asked, result)


_send = converge._send


def _every_name(self: Any, snapshot_: Any) -> Any:
    found = _question(self, snapshot_)
    return replace(found, load_balancers=found.load_balancers | {look.load_balancer for look in found.second_looks})


def _always_look_again(self: Any, decision_: Any, look: Any, wait: float) -> Any:
    return replace(decision_, look_again=replace(look, hops=0), wait=min(wait, 20.0))


def _permits_all(policy: Any, decision_: Any) -> bool:
    return True


def _whole_or_nothing(self: Any, group: Sequence[Any], size: int) -> None:
    self._spend_call()
    rejection = self._try(group)
    if rejection is not None:
        self.writer.note(group, Retryable(str(rejection)))


def _nobody_returned(self: Any, snapshot_: Any) -> frozenset[str]:
    return frozenset()


def _429_stops_all(self: Any, chunk: Any) -> Any:
    if self.writer.limited:
        raise writing._Stop(next(iter(self.writer.limited.values())))
    return _try(self, chunk)


def _not_rejected(self: Any, batch: Any, key: str, reason: str) -> None:
    batch.finish([key])


def _ignores_events(self: Any) -> frozenset[Any]:
    return frozenset()


def _all_forgotten(command: Any, owned: Any) -> bool:
    return True


def _forever(self: Any, key: str, error: Any) -> int:
    return 43_200


_MADE: Mapping[str, tuple[Law, tuple[Place, ...]]] = {
    "skip the second look": (Law.TWO_LOOKS, ((_PLANNING, "second_look_at", _ripe_at_once),)),
    "take any second look of the load balancer": (Law.TWO_LOOKS, ((_PLANNING, "second_look_at", _any_second_look),)),
    "believe the first look whatever happened since": (
        Law.TWO_LOOKS,
        ((_VACANCY, "first_look", property(_first_look_stays)),),
    ),
    "let dropped count for gone": (Law.TWO_LOOKS, ((_VACANCY, "first_look", property(_never_worse)),)),
    "believe a not-found that nobody told of": (
        Law.NOT_STOLEN,
        ((_VACANCY, "first_look", property(_believed_at_once)),),
    ),
    "ignore the mark": (Law.OURS, ((mark, "served_by", _everything_is_ours),)),
    "treat denied as absent": (
        Law.NOT_STOLEN,
        ((_READER, "look", _denied_is_gone), (_READER, "list_scopes", _denied_is_empty)),
    ),
    "let the oldest win a vacancy": (Law.NEWEST, ((_SNAPSHOT, "claims", property(_oldest_first)),)),
    "forget the heir": (Law.NOT_EMPTIED, ((plan, "decide_vacancy", _no_heirs),)),
    "let a stale claimant inherit at once": (Law.NOT_STALE, ((_VACANCY, "hand_over", _heirs_at_once),)),
    "hand over to what does not work yet": (Law.WORKING, ((_VACANCY, "_is_provisioning", lambda self, heir: False),)),
    "count the guard per batch": (Law.GUARD, ((_PLANNING, "guard_objection", _guard_of_the_batch),)),
    "let an override lift every scope's guard": (Law.GUARD, ((decision.Question, "overrides_guard", _overrides_all),)),
    "look for heirs in one scope only": (Law.NOT_EMPTIED, ((_SNAPSHOT, "unlisted", _own_scope_only),)),
    "treat not allowed as gone": (Law.NOT_STOLEN, ((_SNAPSHOT, "claim_state", _not_allowed_is_gone),)),
    "let the newest take a live name": (Law.NOT_STOLEN, ((_SNAPSHOT, "claim_state", _newest_always_wins),)),
    "take an unread zone for an empty one": (Law.LISTED, ((_READER, "list_zones", _unread_zone_is_empty),)),
    "do not wait for scopes that cannot be listed": (Law.WAITS, ((_SNAPSHOT, "holding_up", lambda self: ()),)),
    "trust a register that may have lost a scope": (Law.REGISTER, ((KnownScopes, "of", classmethod(_never_young)),)),
    "list the zone before asking AWS": (Law.ORDER, ((_READER, "list_zones", _list_once),)),
    "read only the first name of a tag": (Law.DONE, ((hostnames, "in_tag", lambda value: _in_tag(value)[:1]),)),
    "let everybody have every name": (
        Law.ALLOWED,
        ((rules.Rules, "objection_to", lambda self, load_balancer, hostname: None),),
    ),
    "write below a delegation": (Law.VISIBLE, ((plan, "_delegation_of", lambda planned, hostname, zone_id: None),)),
    "adopt whatever is there": (Law.OURS, ((plan, "_adoptable", lambda planned, others, winner: True),)),
    "carry out what the policy holds": (
        Law.POLICY,
        ((converge, "permits", _permits_all), (ports, "permits", _permits_all)),
    ),
    "acknowledge everything": (Law.DONE, ((request.Request, "failures", _nothing_failed),)),
    "acknowledge what was not written": (Law.DONE, ((request, "_unwritten", _writes_never_fail),)),
    "acknowledge what was not decided": (Law.DONE, ((request, "_undecided", _writes_never_fail),)),
    "say that a second look was sent": (Law.DONE, ((converge, "_send", _sent_anyway),)),
    "drop what makes no sense": (Law.UNDERSTOOD, ((intake.Intake, "_reject", _not_rejected),)),
    "look at every name of a second look": (Law.FEW_MESSAGES, ((request.Request, "question", _every_name),)),
    "send messages on for ever": (Law.FEW_MESSAGES, ((_PLANNING, "look_again", _always_look_again),)),
    "ask AWS as long as it takes": (Law.DEADLINE, ((_READER, "__init__", _ask_for_ever),)),
    "let one refused name cost its whole transaction": (
        Law.HEALTHY,
        (
            (writing._Zone, "_write_or_split", _whole_or_nothing),
            (request.Request, "returned_hostnames", _nobody_returned),
        ),
    ),
    "let a 429 stop other tokens": (Law.TOKEN, ((writing._Zone, "_try", _429_stops_all),)),
    "forget more than was named": (Law.FORGETTING, ((forgetting, "_serves", _all_forgotten),)),
    "let what failed wait half a day": (Law.DRY, ((batch.Batch, "delay", _forever),)),
}
# Mistakes that need more luck, and from which history on little of it.
_LATE = {
    "hand over to what does not work yet": 172,
    "count the guard per batch": 28,
    "let an override lift every scope's guard": 31,
    "take an unread zone for an empty one": 138,
    "carry out what the policy holds": 32,
    "acknowledge what was not decided": 74,
    "look at every name of a second look": 95,
    "ask AWS as long as it takes": 47,
    "let a 429 stop other tokens": 121,
    "forget more than was named": 128,
    "write in a dry run": 33,
    "count no loss where nobody can list": 120,
    "wait for ever for a listing": 15,
    "create nothing while another zone is ill": 44,
    "forget without a confirmation": 57,
}
MUTATIONS = (
    *(Mutation(name, law, places, start=_LATE.get(name, 0)) for name, (law, places) in _MADE.items()),
    *(replace(each, start=_LATE.get(each.name, 0)) for each in MUTATIONS_AT_WORK),
    Mutation("ignore events", Law.NEVER_EMPTY, ((request.Request, "load_balancers", _ignores_events),), calm=True),
)
