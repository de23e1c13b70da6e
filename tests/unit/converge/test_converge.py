"""Converge with in-memory ports: what comes of one batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from mesh_dns.converge import Converge
from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.values import LoadBalancerId, Record, Scope
from mesh_dns.core.work import Check, SecondLook, Sweep, Work
from mesh_dns.dns.provider import RateLimited, Unavailable
from mesh_dns.errors import Retryable
from mesh_dns.ports import KnownScopes
from tests.doubles.inventory import HUB, InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryOutbox, Told, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider

NAME = "cluster1.mesh.example.com"
OTHER = "cluster2.mesh.example.com"
RULES = Rules(owner="mesh-dns/1f0c9a3e", zones={"mesh.example.com": ZONE}, accounts={HUB.account: ("*",)})


@dataclass
class World:
    """One hub in memory."""

    inventory: InMemoryInventory = field(default_factory=InMemoryInventory)
    provider: InMemoryProvider = field(default_factory=InMemoryProvider)
    outbox: InMemoryOutbox = field(default_factory=InMemoryOutbox)
    told: Told = field(default_factory=Told)
    clock: VirtualClock = field(default_factory=VirtualClock)
    rules: Rules = RULES
    dry_run: bool = False

    def run(self, *work: Work, time: float = 100) -> dict[str, Retryable]:
        """One batch with `time` seconds to go."""
        converge = Converge(self.inventory, self.provider, self.outbox, self.told, self.rules, self.clock, self.dry_run)
        batch = {str(number): each for number, each in enumerate(work)}
        return dict(converge(batch, KnownScopes(frozenset(self.inventory.scopes)), self.clock() + time))

    def check(self, *ids: LoadBalancerId) -> dict[str, Retryable]:
        """A check by an event that may have freed a name."""
        return self.run(Check(ids[0].scope, frozenset(ids)))

    def content(self, name: str = NAME) -> str | None:
        """Where a name points."""
        found = [record.content for record in self.provider.at(name) if record.type == "CNAME"]
        return found[0] if found else None

    def ripen(self) -> dict[str, Retryable]:
        """Let the grace pass and deliver the second looks."""
        self.clock.now += self.rules.grace
        looks = list(self.outbox.second_looks)
        self.outbox.second_looks.clear()
        return self.run(*looks)


@pytest.fixture
def world() -> World:
    return World()


def test_a_claim_becomes_a_record_and_then_nothing_is_written(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    assert world.check(lb) == {}
    assert world.content() == world.inventory.load_balancers[lb].dns_name
    assert world.provider.calls == ["list", "apply"]
    world.check(lb)
    assert world.provider.calls == ["list", "apply", "list"]


def test_a_gone_load_balancers_record_leaves_after_the_grace_only(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    world.inventory.delete(lb)
    world.check(lb)
    assert world.content() is not None
    assert list(world.outbox.second_looks.values()) == [world.rules.grace]
    world.ripen()
    assert world.provider.at(NAME) == []


def test_an_early_second_look_deletes_nothing_and_waits_for_the_rest_of_its_grace(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    world.inventory.delete(lb)
    world.check(lb)
    (look,) = world.outbox.second_looks
    world.outbox.second_looks.clear()
    world.clock.now += 100
    world.run(look)
    assert world.content() is not None
    assert world.outbox.second_looks == {look: world.rules.grace - 100}


def test_a_delete_then_create_replacement_is_edited_in_place(world: World) -> None:
    old = world.inventory.put(make(1, NAME))
    world.check(old)
    (before,) = world.provider.at(NAME)
    world.inventory.delete(old)
    world.check(old)
    new = world.inventory.put(make(2, NAME, created=world.clock()))
    world.check(new)
    (after,) = world.provider.at(NAME)
    assert (after.id, after.content) == (before.id, world.inventory.load_balancers[new].dns_name)
    world.ripen()
    assert world.provider.at(NAME) == [after]


def test_a_swap_of_two_names_in_one_batch_is_one_write(world: World) -> None:
    one, two = world.inventory.put(make(1, NAME)), world.inventory.put(make(2, OTHER))
    world.check(one, two)
    world.inventory.retag(one, OTHER)
    world.inventory.retag(two, NAME)
    world.provider.calls.clear()
    world.check(one, two)
    assert world.content(NAME) == world.inventory.load_balancers[two].dns_name
    assert world.content(OTHER) == world.inventory.load_balancers[one].dns_name
    assert world.provider.calls == ["list", "list", "apply"]


def test_500_new_names_cost_one_list_and_three_writes(world: World) -> None:
    ids = [world.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(500)]
    world.run(*(Check(HUB, frozenset({lb}), frees_nothing=True) for lb in ids))
    assert world.provider.calls == ["list", "apply", "apply", "apply"]


@pytest.mark.parametrize(
    ("tags", "lists"),
    [pytest.param((), 0, id="without a tag"), pytest.param(("elsewhere.example.org",), 1, id="with a tag")],
)
def test_a_created_load_balancer_that_cannot_concern_us_costs_no_call(
    world: World, tags: tuple[str, ...], lists: int
) -> None:
    lb = world.inventory.put(make(1, *tags))
    assert world.run(Check(HUB, frozenset({lb}), frees_nothing=True)) == {}
    assert world.provider.calls == ["list"] * lists


def test_an_unreadable_load_balancer_fails_its_own_message_only(world: World) -> None:
    away = Scope("111122223333", "us-east-1")
    world.inventory.scopes.add(away)
    far = world.inventory.put(make(make_id(1, away), OTHER))
    near = world.inventory.put(make(2, NAME))
    world.inventory.unreadable.add(away)
    failures = world.run(Check(away, frozenset({far})), Check(HUB, frozenset({near})))
    assert list(failures) == ["0"]
    assert world.content(NAME) is not None
    assert world.content(OTHER) is None


def test_a_foreign_record_is_never_touched(world: World) -> None:
    record = world.provider.add(NAME, "TXT", "somebody else's")
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    assert world.told.reasons() == ["name-taken"]
    assert world.provider.at(NAME) == [record]


def test_the_incumbent_keeps_the_name_and_the_challenger_inherits_it(world: World) -> None:
    x = world.inventory.put(make(1, NAME, created=1))
    world.check(x)
    y = world.inventory.put(make(2, NAME, created=2))
    world.check(y)
    assert world.told.reasons()[-1] == "claimed-by"
    world.inventory.delete(x)
    world.check(x)
    assert world.content() is not None
    world.ripen()
    assert world.content() == world.inventory.load_balancers[y].dns_name


def test_a_release_hands_over_at_once(world: World) -> None:
    x, y = world.inventory.put(make(1, NAME)), world.inventory.put(make(2, created=0))
    world.check(x)
    world.inventory.retag(x)
    world.inventory.retag(y, NAME)
    world.check(x, y)
    assert world.content() == world.inventory.load_balancers[y].dns_name


@pytest.mark.parametrize("untagged", [True, False], ids=["untagged", "deleted"])
def test_the_guard_stops_a_mass_delete_until_it_is_overridden(world: World, untagged: bool) -> None:
    ids = [world.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(30)]
    world.run(Sweep(HUB))
    for lb in ids:
        world.inventory.retag(lb) if untagged else world.inventory.delete(lb)
    for lb in ids:
        world.check(lb)
    assert set(world.told.reasons()) >= {"mass-delete-guard"}
    assert len([r for r in world.told.reasons() if r == "look-again"]) == 0
    world.run(Sweep(HUB, override_guard=True))
    world.ripen()
    assert world.provider.records_by_id == {}


def test_one_bad_item_among_200_costs_at_most_20_extra_calls(world: World) -> None:
    ids = [world.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(200)]
    world.provider.poison.add("c77.mesh.example.com")
    failures = world.run(*(Check(HUB, frozenset({lb})) for lb in ids))
    assert list(failures) == ["77"]
    assert len(world.provider.records_by_id) == 199
    assert len(world.provider.calls) - 2 <= 20


def test_a_poisoned_name_does_not_fail_a_sweep(world: World) -> None:
    world.inventory.put(make(1, NAME))
    world.inventory.put(make(2, OTHER))
    world.provider.poison.add(NAME)
    assert world.run(Sweep(HUB)) == {}
    assert world.content(OTHER) is not None
    assert world.told.sweeps == [Sweep(HUB)]


def test_a_full_zone_still_takes_edits(world: World) -> None:
    one = world.inventory.put(make(1, NAME))
    world.check(one)
    world.provider.quota = 1
    world.inventory.put(replace(make(1, NAME), dns_name="new.elb.eu-west-1.amazonaws.com"))
    two = world.inventory.put(make(2, OTHER))
    failures = world.run(Check(HUB, frozenset({one})), Check(HUB, frozenset({two})))
    assert list(failures) == ["1"]
    assert world.content() == "new.elb.eu-west-1.amazonaws.com"


def test_a_rate_limit_stops_everything_and_says_how_long(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))

    def limit(call: str) -> None:
        raise RateLimited("429", after=300)

    world.provider.before = limit
    failures = world.check(lb)
    assert failures["0"].after == 300
    assert world.provider.calls == ["list"]


def test_an_unlisted_zone_is_not_an_empty_one(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))

    def fail(call: str) -> None:
        if call == "list":
            raise Unavailable("HTML")

    world.provider.before = fail
    assert list(world.check(lb)) == ["0"]
    assert world.provider.calls == ["list"]


@pytest.mark.parametrize(
    ("writes", "left"), [(Policy.SYNC, 0), (Policy.UPSERT_ONLY, 1), (Policy.CREATE_ONLY, 1)], ids=str
)
def test_policies_filter_the_plan(world: World, writes: Policy, left: int) -> None:
    world.rules = replace(RULES, policy=writes)
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    assert len(world.provider.at(NAME)) == 1
    world.inventory.delete(lb)
    world.check(lb)
    world.ripen()
    assert len(world.provider.at(NAME)) == left


def test_a_dry_run_writes_and_sends_nothing(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    world.dry_run = True
    world.inventory.delete(lb)
    world.inventory.put(make(2, OTHER))
    assert world.run(Sweep(HUB)) == {}
    assert {outcome for _, outcome in world.told.decisions[1:]} == {"dry-run", ""}
    assert len(world.provider.written) == 1
    assert world.outbox.second_looks == {}


def test_a_sweep_that_runs_out_of_time_goes_on_where_it_was(world: World) -> None:
    for number in range(450):
        world.inventory.put(make(number, f"c{number}.mesh.example.com"))

    def slow(call: str) -> None:
        if call == "apply":
            world.clock.now += 60

    world.provider.before = slow
    assert world.run(Sweep(HUB), time=50) == {}
    (rest,) = world.outbox.continuations
    assert (rest.hops, len(world.provider.records_by_id)) == (1, 200)
    assert rest.after == make_id(199)
    assert world.told.sweeps == []
    world.run(rest, time=200)
    assert len(world.provider.records_by_id) == 450
    assert len(world.told.sweeps) == 1


def test_a_sweep_of_many_gone_load_balancers_goes_on_in_parts(world: World) -> None:
    ids = [world.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(450)]
    world.run(Sweep(HUB))
    for lb in ids:
        world.inventory.delete(lb)
    runs, rest = 0, [Sweep(HUB, override_guard=True)]
    while rest:
        runs += 1
        assert world.run(rest.pop()) == {}
        rest, world.outbox.continuations = world.outbox.continuations, []
    assert runs == 3
    assert len(world.outbox.second_looks) == 450


def test_a_sweep_finds_what_no_event_told(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    world.run(Sweep(HUB))
    assert world.content() is not None
    world.inventory.delete(lb)
    world.run(Sweep(HUB))
    world.ripen()
    assert world.content() is None


def test_a_second_look_for_a_record_of_another_load_balancer_does_nothing(world: World) -> None:
    lb = world.inventory.put(make(1, NAME))
    world.check(lb)
    record = world.provider.at(NAME)[0]
    look = SecondLook(make_id(9), NAME, ZONE, record.id, 0)
    assert world.run(look) == {}
    assert world.provider.at(NAME) == [record]


def test_an_unread_zone_holds_up_deletes_in_all_zones_because_the_guard_counts_over_all(world: World) -> None:
    world.rules = replace(RULES, zones={**RULES.zones, "mesh.example.net": "f" * 32})
    ids = [world.inventory.put(make(n, f"c{n}.mesh.example.{'com' if n % 2 else 'net'}")) for n in range(16)]
    world.run(Sweep(HUB))
    for lb in ids:
        world.inventory.delete(lb)
    records, read = dict(world.provider.records_by_id), world.provider.records

    def one_zone_only(zone_id: str, names: Collection[str]) -> Sequence[Record]:
        if zone_id != ZONE:
            raise Unavailable("502")
        return read(zone_id, names)

    world.provider.records = one_zone_only  # type: ignore[method-assign]
    assert list(world.run(Sweep(HUB))) == ["0"]
    world.ripen()
    assert world.outbox.second_looks == {}
    assert world.provider.records_by_id == records


def test_a_sweep_announces_its_scope_whatever_the_provider_does(world: World) -> None:
    def fail(call: str) -> None:
        raise Unavailable("502")

    world.provider.before = fail
    heard: list[Scope] = []
    converge = Converge(
        world.inventory, world.provider, world.outbox, world.told, RULES, world.clock, announce=heard.append
    )
    assert list(converge({"0": Sweep(HUB)}, KnownScopes(frozenset({HUB})), world.clock() + 100)) == ["0"]
    assert heard == [HUB]
    world.inventory.unreadable.add(HUB)
    converge({"0": Sweep(HUB)}, KnownScopes(frozenset({HUB})), world.clock() + 100)
    assert heard == [HUB]


TIGHTER = {
    "accounts": {"accounts": {HUB.account: ("other.mesh.example.com",)}},
    "no account at all": {"accounts": {}},
    "required_tags": {"required_tags": {"mesh": "yes"}},
    "internal_only": {"internal_only": True},
    "zones": {"zones": {"eu.mesh.example.com": ZONE}},
}


@pytest.mark.parametrize("tighter", TIGHTER.values(), ids=TIGHTER.keys())
def test_tightening_a_setting_keeps_a_live_name_and_moves_it_to_nobody(world: World, tighter: dict[str, Any]) -> None:
    world.rules = replace(RULES, internal_only=False)
    lb = world.inventory.put(make(1, NAME, internal=False))
    world.check(lb)
    before = dict(world.provider.records_by_id)
    world.rules = replace(world.rules, **tighter)
    world.inventory.put(make(2, NAME, tags={"mesh": "yes"}, created=world.clock()))
    assert world.run(Sweep(HUB)) == {}
    world.ripen()
    assert world.provider.records_by_id == before
    assert "kept-not-allowed" in world.told.reasons()
