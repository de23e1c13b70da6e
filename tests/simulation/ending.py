"""What must be right once the world has come to rest, and what must be right however sick the neighbours are."""

from __future__ import annotations

from collections.abc import Iterator

from mesh_dns.core.rules import Policy
from mesh_dns.core.values import LoadBalancer, Readiness, Record, Scope
from tests.simulation.chronicle import ALWAYS, may_have, served_by
from tests.simulation.places import zone_of
from tests.simulation.world import World

# Seconds that an event may take: its delivery, AWS being late, a batch and a retry of a message that came too early.
LONGEST_DELIVERY = 560


def wrong_at_the_end(world: World) -> Iterator[str]:
    """What DNS says that AWS does not, once everything was swept twice."""
    for name in sorted(_names(world)):
        at_name = _records(world, name)
        ours = [record for record in at_name if served_by(world.rules, record)]
        allowed = list(world.chronicle.claimants(world.rules, name))
        if len(ours) > 1:
            yield f"{name} has {len(ours)} records of ours"
        elif ours:
            yield from _wrong_record(world, ours[0], allowed)
        elif allowed and not at_name and not _is_delegated(world, name):
            yield f"{name} is empty, and {allowed[0].id} claims it"


def _wrong_record(world: World, record: Record, allowed: list[LoadBalancer]) -> Iterator[str]:
    serves = served_by(world.rules, record)
    assert serves is not None
    if serves.scope not in world.register.scopes or not world.may_claim(serves.scope):
        return  # it keeps what it has until somebody forgets it
    if (serves, record.name) not in world.chronicle.claimed_since:
        yield f"{record.name} serves {serves}, which does not claim it"
        return
    lb = world.there[serves]
    if lb in allowed and (record.content, record.proxied, record.ttl) != (lb.dns_name, False, world.rules.ttl):
        yield f"{record.name} points to {record.content} instead of {lb.dns_name}"


def unhealed(world: World, since: float) -> Iterator[str]:
    """Healthy names that are wrong although everything was swept twice `since`, while others stay as sick as they are.

    Healthy: an allowed claimant or more since then, in a scope and a zone that answer, nothing else at the name, nobody
    whom we must not take it from, and a provider that writes it. What its neighbours are does not matter.
    """
    if world.dry_run:
        return
    for name in sorted({name for _, name in world.chronicle.claimed_since}):
        zone_id = zone_of(world.rules, name)
        if zone_id is None or not _is_writable(world, zone_id, name):
            continue
        claimants = [lb for lb in world.chronicle.claimants(world.rules, name) if _is_healthy(world, lb, name, since)]
        records = _records(world, name)
        if claimants and not records and world.dns.provider.quota is None:
            yield f"{name} is empty, and {claimants[0].id} claims it"
        elif world.rules.policy is Policy.CREATE_ONLY:
            continue
        elif claimants and len(records) == 1 and served_by(world.rules, records[0]):
            yield from _unhealed(world, records[0], since)


def _unhealed(world: World, record: Record, since: float) -> Iterator[str]:
    serves = served_by(world.rules, record)
    assert serves is not None
    if not _is_answering(world, serves.scope, since):
        return
    lb = world.there.get(serves)
    claims = (serves, record.name) in world.chronicle.claimed_since
    changed = max(
        world.chronicle.gone_since.get(serves, 0.0), world.chronicle.claimed_until.get((serves, record.name), 0.0)
    )
    if not claims and changed < since and world.chronicle.is_listable_since(serves.scope, since):
        yield f"{record.name} still serves {serves}"
    elif claims and lb is not None and may_have(world.rules, lb, record.name) and record.content != lb.dns_name:
        yield f"{record.name} points to {record.content} instead of {lb.dns_name}"


def undeleted(world: World, since: float) -> Iterator[str]:
    """Records that serve nobody since then, and that nobody claims, although nothing holds up their deletes for ever.

    What is tagged can be read in its scope, and every zone answers or denies. What cannot be listed does not matter:
    once it is overdue, nobody waits for it.
    """
    if world.dry_run or world.rules.policy is not Policy.SYNC:
        return
    if any(world.dns.state(zone_id) not in ("ok", "denied") for zone_id in world.rules.zones.values()):
        return
    claimed = {name for _, name in world.chronicle.claimed_since}
    for name in sorted(_names(world) - claimed):
        zone_id, records = zone_of(world.rules, name), _records(world, name)
        serves = served_by(world.rules, records[0]) if len(records) == 1 else None
        if zone_id is None or serves is None or not _is_writable(world, zone_id, name):
            continue
        ended = (world.chronicle.gone_since.get(serves, 0.0), world.chronicle.claimed_until.get((serves, name), 0.0))
        if max(ended) < since and world.may_claim(serves.scope) and _is_answering(world, serves.scope, since):
            yield f"{name} still serves {serves}"


def _is_writable(world: World, zone_id: str, name: str) -> bool:
    answers = world.dns.state(zone_id) == "ok"
    return answers and name not in world.dns.provider.poison and not _is_delegated(world, name)


def _is_healthy(world: World, lb: LoadBalancer, name: str, since: float) -> bool:
    stable = world.chronicle.claimed_since.get((lb.id, name), ALWAYS) < since
    return stable and lb.readiness is Readiness.ACTIVE and _is_answering(world, lb.id.scope, since)


def _is_answering(world: World, scope: Scope, since: float) -> bool:
    """Whether a scope was known and could be read all the time."""
    return scope in world.register.scopes and world.chronicle.is_readable_since(scope, since)


def empty_for_too_long(world: World) -> Iterator[str]:
    """Names that a live load balancer has claimed for longer than its event may take, and that have no record."""
    for (lb, name), since in world.chronicle.claimed_since.items():
        late = world.time.now - since > LONGEST_DELIVERY
        if late and zone_of(world.rules, name) and world.is_allowed(lb, name) and not world.dns.provider.at(name):
            yield f"{name} has been empty for {world.time.now - since:.0f} s, and {lb} claims it"


def _names(world: World) -> set[str]:
    claimed = {name for _, name in world.chronicle.claimed_since}
    held = {record.name for record in world.dns.provider.records_by_id.values()}
    return {name for name in claimed | held if zone_of(world.rules, name)}


def _records(world: World, name: str) -> list[Record]:
    zone_id = zone_of(world.rules, name)
    return [record for record in world.dns.provider.at(name) if record.zone_id == zone_id]


def _is_delegated(world: World, name: str) -> bool:
    zone_id = zone_of(world.rules, name)
    return any(
        record.type == "NS" and record.zone_id == zone_id and f".{name}".endswith(f".{record.name}")
        for record in world.dns.provider.records_by_id.values()
    )
