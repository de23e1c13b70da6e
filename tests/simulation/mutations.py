"""Deliberate mistakes. Each one breaks a rule in the running code; the simulation has to find every one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mesh_dns import reading
from mesh_dns.core import facts, guard, hostnames, mark, plan, rules
from mesh_dns.core.values import Gone, LoadBalancerId, Record, Sighting, Unreadable
from tests.doubles.inventory import InMemoryInventory

Place = tuple[object, str, Any]
"""Where the mistake is made: an object, the name of an attribute of it, and what stands there instead."""


@dataclass(frozen=True)
class Mutation:
    """A mistake. Where two defences cover the same hole, both are taken away."""

    name: str
    places: tuple[Place, ...]

    @contextmanager
    def made(self) -> Iterator[None]:
        """While this context lasts, the code makes the mistake."""
        before = [(target, attribute, vars(target)[attribute]) for target, attribute, _ in self.places]
        try:
            for target, attribute, instead in self.places:
                setattr(target, attribute, instead)
            yield
        finally:
            for target, attribute, original in before:
                setattr(target, attribute, original)


def _ripe_at_once(self: Any, record: Record, incumbent: LoadBalancerId) -> Any:
    return plan.SecondLook(incumbent, record.name, record.zone_id, record.id, self.facts.now - self.rules.grace)


def _everything_is_ours(owner: str, record: Record) -> LoadBalancerId | None:
    return _served_by(owner, record) or LoadBalancerId.parse("eu-west-1/111111111111/net/gone/00000000deadbeef")


def _any_second_look(self: Any, record: Record, incumbent: LoadBalancerId) -> Any:
    looks = [look for look in self.question.second_looks if look.load_balancer == incumbent]
    return looks[0] if looks else None


def _denied_is_empty(self: reading.Observation, scopes: Iterable[Any]) -> None:
    _list_scopes(self, scopes)
    self.listings.update({scope: {} for scope, seen in self.listings.items() if isinstance(seen, Unreadable)})


def _denied_is_gone(self: reading.Observation, ids: Iterable[LoadBalancerId]) -> None:
    _look(self, ids)
    self.looks.update({lb: Gone() for lb, seen in self.looks.items() if isinstance(seen, Unreadable)})


def _looks_beat_listings(self: facts.Facts) -> Mapping[LoadBalancerId, Any]:
    return {lb: seen for lb, seen in _live(self).items() if not isinstance(self.looks.get(lb), Gone)}


def _one_gone_all_gone(self: InMemoryInventory, ids: Collection[LoadBalancerId]) -> Mapping[LoadBalancerId, Sighting]:
    found = _inventory_look(self, ids)
    return dict.fromkeys(found, Gone()) if Gone() in found.values() else found


def _oldest_first(self: facts.Facts) -> Mapping[str, Any]:
    return {name: list(reversed(claimants)) for name, claimants in _claims(self).items()}


def _no_heirs(self: Any, record: Record, incumbent: LoadBalancerId, standing: Any, heirs: Any) -> Any:
    return _decide_vacancy(self, record, incumbent, standing, ())


def _heirs_at_once(self: Any, record: Record, incumbent: LoadBalancerId, standing: Any, heirs: Any) -> Any:
    return _decide_vacancy(self, record, incumbent, facts.ClaimState.DROPPED, heirs)


def _guard_of_the_batch(self: Any, scope: Any) -> Any:
    mine = [r for r in self.records if mark.served_by(self.rules.owner, r) in self.question.load_balancers]
    return guard.Guard.count(self.facts, mine[:10]).objection_to_delete_in(scope)


def _own_scope_only(self: facts.Facts) -> Any:
    return frozenset(sorted(self.known - self.listings.keys())[:1]) if not self.listings else frozenset()


def _not_allowed_is_gone(self: facts.Facts, lb: LoadBalancerId, hostname: str) -> facts.ClaimState:
    seen = self.live.get(lb)
    if seen is not None and self.rules.objection_to(seen, hostname):
        return facts.ClaimState.DROPPED
    return _standing(self, lb, hostname)


def _newest_always_wins(self: facts.Facts, lb: LoadBalancerId, hostname: str) -> facts.ClaimState:
    rivals = self.claims.get(hostname, ())
    if rivals and rivals[0].id != lb and self.rules.objection_to(rivals[0], hostname) is None:
        return facts.ClaimState.DROPPED
    return _standing(self, lb, hostname)


def _unread_zone_is_empty(self: reading.Observation, zone_ids: Iterable[str], names: Collection[str]) -> None:
    zone_ids = list(zone_ids)
    _read_zones(self, zone_ids, names)
    for zone_id in zone_ids:
        self.zones.setdefault(zone_id, ())


def _nothing_is_unlistable(self: facts.Facts) -> tuple[Any, ...]:
    return ()


def _list_once(self: reading.Observation, zone_ids: Iterable[str], names: Collection[str]) -> None:
    _read_zones(self, [zone_id for zone_id in zone_ids if zone_id not in self.zones], names)


def _first_name(value: str) -> tuple[str, ...]:
    return hostnames_in_tag(value)[:1]


def _everybody_may(self: rules.Rules, load_balancer: Any, hostname: str) -> None:
    return None


_served_by = mark.served_by
_look = reading.Observation.look
_read_zones = reading.Observation.read_zones
_inventory_look = InMemoryInventory.look
_list_scopes = reading.Observation.list_scopes
_live = facts.Facts.live.func
_claims = facts.Facts.claims.func
_decide_vacancy = plan._Planner._decide_vacancy
_standing = facts.Facts.standing
hostnames_in_tag = hostnames.in_tag

_PLANNER = plan._Planner

MUTATIONS = tuple(
    Mutation(name, places)
    for name, places in {
        "skip the second look": ((_PLANNER, "_second_look_at", _ripe_at_once),),
        "ignore the mark": ((mark, "served_by", _everything_is_ours),),
        "take any second look of the load balancer": ((_PLANNER, "_second_look_at", _any_second_look),),
        "treat denied as absent": (
            (reading.Observation, "look", _denied_is_gone),
            (reading.Observation, "list_scopes", _denied_is_empty),
        ),
        "believe a not-found of several ids": (
            (InMemoryInventory, "look", _one_gone_all_gone),
            (facts.Facts, "live", property(_looks_beat_listings)),
        ),
        "let the oldest win a vacancy": ((facts.Facts, "claims", property(_oldest_first)),),
        "forget the heir": ((_PLANNER, "_decide_vacancy", _no_heirs),),
        "let a stale claimant inherit at once": ((_PLANNER, "_decide_vacancy", _heirs_at_once),),
        "count the guard per batch": ((_PLANNER, "_guard_objection", _guard_of_the_batch),),
        "look for heirs in one scope only": ((facts.Facts, "unlisted", _own_scope_only),),
        "treat not allowed as gone": ((facts.Facts, "standing", _not_allowed_is_gone),),
        "let the newest take a live name": ((facts.Facts, "standing", _newest_always_wins),),
        "take an unread zone for an empty one": ((reading.Observation, "read_zones", _unread_zone_is_empty),),
        "do not wait for scopes that cannot be listed": ((facts.Facts, "unlistable", _nothing_is_unlistable),),
        "list the zone before asking AWS": ((reading.Observation, "read_zones", _list_once),),
        "read only the first name of a tag": ((hostnames, "in_tag", _first_name),),
        "let everybody have every name": ((rules.Rules, "objection_to", _everybody_may),),
    }.items()
)
