"""What holds for every plan, whatever was found."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dns.core import mark
from mesh_dns.core.decision import REFUSALS, Plan, Reason
from mesh_dns.core.plan import plan
from mesh_dns.core.values import Action, ClaimState, LoadBalancer, LoadBalancerId, Readiness, Record, Unreadable
from mesh_dns.core.work import MOST_HOPS, Stage
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE, InMemoryProvider
from tests.unit.core.scene import AWAY, FAR, NOW, RULES, Scene, foreign, ours, second_look

T = TypeVar("T")

NAMES = [f"c{n}.mesh.example.com" for n in range(4)]
CLAIMED = [*NAMES, "C0.mesh.example.com.", "mesh.example.com", "x.example.org", "bad_.mesh.example.com"]
SCOPES = (HUB, AWAY, FAR)
IDS = [make_id(n, SCOPES[n % 3]) for n in range(8)]
RULESETS = [
    RULES,
    replace(RULES, adopt_matching=True),
    replace(RULES, accounts={HUB.account: ("c0.mesh.example.com",)}),
    replace(RULES, grace=0),
]


@st.composite
def _load_balancer(draw: st.DrawFn, lb: LoadBalancerId) -> LoadBalancer:
    names = draw(st.lists(st.sampled_from(CLAIMED), max_size=3))
    created = draw(st.sampled_from([0, 0, NOW - 601, NOW - 30, NOW]))
    made = make(lb, *names, created=created, internal=draw(st.sampled_from([True, True, False])))
    return replace(made, readiness=draw(st.sampled_from([Readiness.ACTIVE, *Readiness])))


@st.composite
def _at_name(draw: st.DrawFn, name: str, known: Sequence[LoadBalancer]) -> list[Record]:
    """At most one CNAME, as a provider keeps it, and maybe other types beside it, with or without our mark."""
    serves = draw(st.sampled_from([*known, *map(make, IDS)]))
    cname = draw(
        st.sampled_from(
            [
                None,
                ours(serves, name),
                ours(serves, name),
                ours(serves, name, ttl=300),
                foreign(name=name),
                foreign(name=name, content=serves.dns_name),
                ours(serves, name, comment=f"other {serves.id}"),
            ]
        )
    )
    odd = [ours(serves, name, type=type_, ttl=300, id=f"{type_}-{name}") for type_ in ("TXT", "A")]
    beside = draw(st.sampled_from([[], [], [foreign("TXT", name=name)], odd[:1], odd]))
    return [*beside, *([] if cname is None else [cname])]


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    known = (HUB, *draw(st.sampled_from([(), (AWAY,), (AWAY, FAR)])))
    readable = ["live", "live", "gone", "unreadable", "listed", "never looked at"]
    states = {lb: draw(st.sampled_from(readable if lb.scope in known else readable[3:4])) for lb in IDS}
    seen = {lb: draw(_load_balancer(lb)) for lb in IDS}
    of = {state: [lb for lb in IDS if states[lb] == state] for state in ("live", "gone", "unreadable", "listed")}
    records = [record for name in NAMES for record in draw(_at_name(name, list(seen.values())))]
    looks = [
        second_look(
            record,
            serves,
            age=draw(st.sampled_from([0, 40, 599, 600, 9999])),
            stage=draw(st.sampled_from(Stage)),
            state=draw(st.sampled_from([ClaimState.GONE, ClaimState.DROPPED])),
            heir=draw(st.sampled_from([None, *IDS])),
            override_guard=draw(st.booleans()),
            hops=draw(st.sampled_from([0, 5, MOST_HOPS])),
        )
        for record in records
        if (serves := mark.served_by(RULES.owner, record)) is not None and draw(st.booleans())
    ]
    return Scene(
        live=tuple(seen[lb] for lb in of["live"]),
        gone=tuple(of["gone"]),
        unreadable=tuple(of["unreadable"]),
        listed_only=tuple(seen[lb] for lb in of["listed"]),
        records=tuple(records),
        about=tuple(draw(st.lists(st.sampled_from(of["live"] + of["gone"]), unique=True)) if of["live"] else ()),
        second_looks=tuple(looks),
        known=known,
        unlistable=draw(st.sampled_from([(), (), (HUB,), (AWAY,)])),
        listed=draw(st.sampled_from([True, True, True, False])),
        swept=draw(st.sampled_from([(), (), (HUB,), known])),
        told=draw(st.sampled_from([None, None, frozenset[Any]()])),
        ahead=tuple(draw(st.sampled_from([(), (), IDS[:1], IDS[:3]]))),
        override=draw(st.sampled_from([(), (HUB,), (IDS[3],)])),
        young=draw(st.sampled_from([False, False, True])),
        overdue=draw(st.sampled_from([(), (), (HUB,), (AWAY,)])),
        rules=draw(st.sampled_from(RULESETS)),
    )


every_scene = given(scene=scenes())
often = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@often
@given(scene=scenes(), seed=st.integers(0, 2**32))
def test_the_order_of_what_was_found_does_not_matter(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    question, snapshot = scene.question(), scene.snapshot()

    def shuffled(values: Iterable[T]) -> list[T]:
        return rng.sample(found := list(values), len(found))

    reordered = replace(
        snapshot,
        scopes=replace(snapshot.scopes, known=frozenset(shuffled(snapshot.scopes.known))),
        sightings=dict(shuffled(snapshot.sightings.items())),
        listings={
            scope: listing if isinstance(listing, Unreadable) else dict(shuffled(listing.items()))
            for scope, listing in shuffled(snapshot.listings.items())
        },
        zones={zone_id: shuffled(records) for zone_id, records in shuffled(snapshot.zones.items())},
    )
    asked_again = replace(
        question,
        load_balancers=frozenset(shuffled(question.load_balancers)),
        second_looks=frozenset(shuffled(question.second_looks)),
    )
    assert plan(asked_again, reordered) == plan(question, snapshot)


def _written(scene: Scene, decided: Plan) -> Scene:
    """The same scene after a provider took the changes."""
    provider = InMemoryProvider(records_by_id={record.id: record for record in scene.records})
    changes = [decision.change for decision in decided.decisions if decision.change is not None]
    if changes:
        provider.apply(ZONE, changes)
    return replace(scene, records=tuple(provider.records_by_id.values()))


@often
@every_scene
def test_planning_on_the_result_of_a_plan_changes_nothing(scene: Scene) -> None:
    after = _written(scene, scene.plan())
    assert [d for d in after.plan().decisions if d.change is not None] == []


@often
@every_scene
def test_a_change_touches_only_our_cnames_and_adopts_only_if_told(scene: Scene) -> None:
    by_id = {record.id: record for record in scene.records}
    for decision in scene.plan().decisions:
        change = decision.change
        if change is None:
            continue
        assert change.hostname in NAMES
        assert change.hostname == decision.hostname
        if change.action is Action.CREATE:
            assert not any(record.name == change.hostname for record in scene.records)
            continue
        record = by_id[change.record_id]
        assert (record.type, record.name) == ("CNAME", change.hostname)
        if decision.reason is Reason.ADOPT:
            assert scene.rules.adopt_matching
            assert (record.content, record.comment) == (change.content, "")
        else:
            assert mark.served_by(RULES.owner, record) is not None


@often
@every_scene
def test_a_name_is_decided_once_and_not_while_something_is_needed(scene: Scene) -> None:
    decided = scene.plan()
    changed = [d.hostname for d in decided.decisions if d.change or d.look_again]
    assert len(changed) == len(set(changed))
    assert not {need.hostname for need in decided.needs} & set(changed)
    assert all(need.look_at or need.list_scopes or need.list_zones for need in decided.needs)


@often
@every_scene
def test_nothing_is_taken_from_a_load_balancer_that_claims_or_of_which_an_event_is_ahead(scene: Scene) -> None:
    snapshot = scene.snapshot()
    by_id = {record.id: record for record in scene.records}
    for change in (d.change for d in scene.plan().decisions if d.change is not None and d.change.record_id):
        serves = mark.served_by(RULES.owner, by_id[change.record_id])
        if serves is None:
            continue  # an adoption
        state = snapshot.claim_state(serves, change.hostname)
        if state is ClaimState.CLAIMS or serves in scene.ahead:
            assert change.load_balancer == serves
            assert change.action is not Action.DELETE
        assert state in (ClaimState.CLAIMS, ClaimState.DROPPED, ClaimState.GONE)


@often
@every_scene
def test_a_delete_is_of_a_ripe_second_look_and_nobody_may_have_the_name(scene: Scene) -> None:
    snapshot = scene.snapshot()
    for change in (d.change for d in scene.plan().decisions if d.change and d.change.action is Action.DELETE):
        ripe = [
            look
            for look in scene.second_looks
            if (look.record_id, look.load_balancer) == (change.record_id, change.load_balancer)
            and look.stage is not Stage.CONFIRMATION
            and NOW - look.since >= scene.rules.grace
        ]
        assert ripe
        assert not snapshot.allowed(change.hostname)
        assert not snapshot.unlisted()
        assert not snapshot.holding_up()
        assert not scene.young


@often
@every_scene
def test_what_is_sent_has_fewer_hops_than_the_limit_and_waits_a_quarter_of_an_hour_at_most(scene: Scene) -> None:
    for decision in scene.plan().decisions:
        if decision.look_again is not None:
            assert decision.change is None
            assert decision.look_again.hops <= MOST_HOPS
            assert 0 <= decision.wait <= 900
            assert (decision.look_again.load_balancer, decision.look_again.hostname) == (
                decision.load_balancer,
                decision.hostname,
            )


@often
@every_scene
def test_second_looks_alone_start_nothing_for_other_names(scene: Scene) -> None:
    plan = replace(scene, about=(), swept=()).plan()
    names = {look.hostname for look in scene.second_looks}
    assert {decision.hostname for decision in plan.decisions} <= names
    assert plan.concerns.keys() <= names


@often
@every_scene
def test_refusals_go_only_to_those_who_asked(scene: Scene) -> None:
    everybody = {lb for lb in IDS if lb.scope in scene.swept} | scene.question().load_balancers
    asked = everybody | {look.load_balancer for look in scene.second_looks}
    for decision in scene.plan().decisions:
        if decision.reason in REFUSALS:
            assert decision.load_balancer in asked
