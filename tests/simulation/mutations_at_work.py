"""Deliberate mistakes in how work is taken, asked for and written; those in decisions are in mutations.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mesh_dns import converge, intake, ports, reading, writing
from mesh_dns.core import batch, hostnames, plan, planning, rules, snapshot
from mesh_dns.core.decision import Reason, permits
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.values import Action, LoadBalancerId
from tests.simulation.law import Law
from tests.simulation.mutation import Mutation

_forget = intake.forget
_look = reading.Reader.look
_reject = intake.Intake._reject
_chunks = writing._chunks
_split = plan._split
_decide_free = plan._decide_free_or_foreign
_suffix_of = hostnames.suffix_of
_problem_with = hostnames.problem_with
_change = planning.Planning.change
_scopes_of: Any = KnownScopes.of.__func__  # type: ignore[attr-defined]

# What is written


def _whatever_the_mode(self: Any, decision: Any) -> bool:
    return permits(self.rules.policy, decision)


def _no_deletes(policy: Any, decision: Any) -> bool:
    return permits(policy, decision) and (decision.change is None or decision.change.action is not Action.DELETE)


def _some_suffix(name: str, suffixes: Mapping[str, str]) -> str | None:
    return _suffix_of(name, suffixes) or (None if name in suffixes else min(suffixes))


def _alone(planned: Any, hostname: str, zone_id: str) -> tuple[list[Any], list[Any]]:
    return _split(planned, hostname, zone_id)[0], []


def _claims_though_failed(self: Any, load_balancer: Any) -> tuple[str, ...]:
    return hostnames.in_tag(load_balancer.tags.get(self.hostname_tag, ""))


def _same_ttl(self: Any, *arguments: Any) -> Any:
    return replace(_change(self, *arguments), ttl=60)


def _nothing_is_right(planned: Any, record: Any, load_balancer: Any) -> Any:
    change = planned.change(Action.UPDATE, record.zone_id, record.name, load_balancer, record.id)
    return plan.Decision(record.name, Reason.UPDATE, load_balancer.id, "wrong content", change)


def _only_if_all_is_well(planned: Any, hostname: str, zone_id: str, allowed: Any, others: Any) -> Iterator[Any]:
    if planned.snapshot.unread_zones:
        yield from planned.refuse(hostname, allowed, Reason.ZONE_DENIED, "another zone cannot be read")
        return
    yield from _decide_free(planned, hostname, zone_id, allowed, others)


def _confirmed(ports_: Any, command: Any, scopes: Any, deadline: float) -> Any:
    return _forget(ports_, replace(command, confirmed=True), scopes, deadline)


def _never_out_of_time(provider: Any, replan: Any, out_of_time: Any, **more: Any) -> Any:
    return writing.Writer(provider, replan, lambda: False, **more)


def _all_in_one(decisions: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return _chunks(decisions, 1_000_000)


def _each_alone(decisions: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return _chunks(decisions, 1)


# What is asked, and what becomes of messages


def _listings_never_tell(cls: Any, entries: Any, now: float, sweep_period: float, unlisted: Any) -> Any:
    return _scopes_of(cls, entries, now, sweep_period, {})


def _nobody_uncounted(self: Any) -> frozenset[LoadBalancerId]:
    return frozenset()


def _look_at_all_again(self: Any, ids: Iterable[LoadBalancerId]) -> bool:
    wanted = set(ids)
    if wanted - self._sightings.keys():
        wanted |= self._sightings.keys()
        self._sightings.clear()
    return _look(self, wanted)


def _stumble(name: str) -> str | None:
    if "_" in name:
        raise IndexError(name)
    return _problem_with(name)


def _reject_without_words(self: Any, batch: Any, key: str, reason: str) -> None:
    _reject(self, batch, key, "")


def _at_once(self: Any, key: str, error: Any) -> int:
    return 0


MUTATIONS_AT_WORK = (
    Mutation("write in a dry run", Law.DRY_RUN, ((ports.Ports, "carries_out", _whatever_the_mode),)),
    Mutation("put a name of nobody's into some zone", Law.IN_ZONES, ((hostnames, "suffix_of", _some_suffix),)),
    Mutation("create beside what others have there", Law.ALONE, ((plan, "_split", _alone),)),
    Mutation("serve a failed load balancer", Law.CLAIMED, ((rules.Rules, "hostnames_of", _claims_though_failed),)),
    Mutation("write one TTL whatever the settings say", Law.MARKED, ((planning.Planning, "change", _same_ttl),)),
    Mutation("write what is right already", Law.SILENCE, ((plan, "_correct", _nothing_is_right),)),
    Mutation("delete nothing", Law.RIGHT, ((converge, "permits", _no_deletes), (ports, "permits", _no_deletes))),
    Mutation(
        "create nothing while another zone is ill",
        Law.HEALTHY,
        ((plan, "_decide_free_or_foreign", _only_if_all_is_well),),
    ),
    Mutation("wait for ever for a listing", Law.WAITS, ((KnownScopes, "of", classmethod(_listings_never_tell)),)),
    Mutation("count no loss where nobody can list", Law.GUARD, ((snapshot.Snapshot, "uncounted", _nobody_uncounted),)),
    Mutation("forget without a confirmation", Law.FORGETTING, ((intake, "forget", _confirmed),)),
    Mutation("write as long as it takes", Law.DEADLINE, ((converge, "Writer", _never_out_of_time),)),
    Mutation("write everything in one call", Law.CHUNKS, ((writing, "_chunks", _all_in_one),)),
    Mutation("write each change in a call of its own", Law.CALLS_IN_A_BATCH, ((writing, "_chunks", _each_alone),)),
    Mutation("ask AWS again for what it answered", Law.ONCE, ((reading.Reader, "look", _look_at_all_again),)),
    Mutation("stumble over an odd name", Law.NO_FAULT, ((hostnames, "problem_with", _stumble),)),
    Mutation("reject without a reason", Law.NOT_DEAD, ((intake.Intake, "_reject", _reject_without_words),)),
    Mutation("try again at once what failed", Law.CALLS_IN_AN_HOUR, ((batch.Batch, "delay", _at_once),)),
)
