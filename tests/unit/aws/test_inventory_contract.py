"""What every `Inventory` promises: the real adapter on a fake AWS, and the one in memory that other tests use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import pytest

from mesh_dns.core.values import (
    Cause,
    Gone,
    Kind,
    LoadBalancer,
    LoadBalancerId,
    LoadBalancers,
    Readiness,
    Scope,
    Unreadable,
)
from mesh_dns.errors import Retryable
from mesh_dns.ports import Inventory
from tests.doubles.inventory import Allowance, InMemoryInventory, make
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, Balancer, FakeAws, classic, nlb
from tests.unit.aws.fake_table import AwsError, Call, Clock
from tests.unit.aws.reading import inventory_of

DEADLINE = NOW + 100
HOSTNAME = {"hostname": "cluster1.mesh.example.com"}
UNTAGGED: dict[str, str] = {}


class World(Protocol):
    """An AWS, and the inventory that reads it."""

    clock: Clock
    inventory: Inventory

    def put(self, load_balancer: LoadBalancerId, tags: Mapping[str, str], readiness: Readiness) -> None: ...

    def fail(self, scope: Scope, cause: Cause) -> None: ...

    def slow(self, seconds: float) -> None: ...


class Real:
    def __init__(self) -> None:
        self.clock = Clock(NOW)
        self.aws = FakeAws()
        self.inventory: Inventory = inventory_of(self.aws, self.clock)

    def put(self, load_balancer: LoadBalancerId, tags: Mapping[str, str], readiness: Readiness) -> None:
        self.aws.add(Balancer(load_balancer, tags, state=readiness.value))

    def fail(self, scope: Scope, cause: Cause) -> None:
        code = "AccessDenied" if cause is Cause.ERROR else "Throttling"

        def before(call: Call) -> None:
            if call.scope == scope:
                raise AwsError(code)

        self.aws.before = before

    def slow(self, seconds: float) -> None:
        self.aws.before = lambda call: self.clock.sleep(seconds)


class InMemory:
    def __init__(self) -> None:
        self.clock = Clock(NOW)
        self.memory = InMemoryInventory(scopes={HUB, SPOKE}, clock=self.clock)
        self.inventory: Inventory = self.memory

    def put(self, load_balancer: LoadBalancerId, tags: Mapping[str, str], readiness: Readiness) -> None:
        self.memory.put(make(load_balancer, tags=tags, readiness=readiness))

    def fail(self, scope: Scope, cause: Cause) -> None:
        self.memory.unreadable.add(scope)
        self.memory.causes[scope] = cause

    def slow(self, seconds: float) -> None:
        self.memory.before = lambda call: self.clock.sleep(seconds)


@pytest.fixture(params=[Real, InMemory], ids=["the real one", "the one in memory"])
def world(request: pytest.FixtureRequest) -> World:
    made: World = request.param()
    return made


def listed(answer: LoadBalancers | Unreadable) -> set[LoadBalancerId]:
    assert not isinstance(answer, Unreadable), answer
    return set(answer)


def test_a_look_tells_what_is_there_and_what_is_gone(world: World) -> None:
    world.put(nlb(1), HOSTNAME, Readiness.PROVISIONING)
    world.put(nlb(2, SPOKE), UNTAGGED, Readiness.FAILED)

    seen = world.inventory.look([nlb(1), nlb(2, SPOKE), nlb(3), classic(4)], DEADLINE)

    readiness = {key: value.readiness for key, value in seen.items() if isinstance(value, LoadBalancer)}
    assert readiness == {nlb(1): Readiness.PROVISIONING, nlb(2, SPOKE): Readiness.FAILED}
    assert seen[nlb(3)] == seen[classic(4)] == Gone()


@pytest.mark.parametrize("kind", [Kind.NETWORK, Kind.CLASSIC])
def test_scopes_are_read_each_for_itself(world: World, kind: Kind) -> None:
    make_one = classic if kind is Kind.CLASSIC else nlb
    tagged, untagged, elsewhere = make_one(1), make_one(2), make_one(3, SPOKE)
    for load_balancer, tags in ((tagged, HOSTNAME), (untagged, UNTAGGED), (elsewhere, HOSTNAME)):
        world.put(load_balancer, tags, Readiness.ACTIVE)

    by_tag, whole = (read([HUB, SPOKE], DEADLINE) for read in (world.inventory.tagged, world.inventory.listings))

    assert (listed(by_tag[HUB]), listed(by_tag[SPOKE])) == ({tagged}, {elsewhere})
    assert (listed(whole[HUB]), listed(whole[SPOKE])) == ({tagged, untagged}, {elsewhere})


@pytest.mark.parametrize("cause", [Cause.ERROR, Cause.UNANSWERED])
def test_a_scope_that_cannot_be_read_spoils_no_other(world: World, cause: Cause) -> None:
    world.put(nlb(1), HOSTNAME, Readiness.ACTIVE)
    world.fail(SPOKE, cause)

    seen = world.inventory.look([nlb(1), nlb(2, SPOKE)], DEADLINE)
    by_tag, whole = (read([HUB, SPOKE], DEADLINE) for read in (world.inventory.tagged, world.inventory.listings))

    assert isinstance(seen[nlb(1)], LoadBalancer)
    assert listed(by_tag[HUB]) == listed(whole[HUB]) == {nlb(1)}
    for failed in (seen[nlb(2, SPOKE)], by_tag[SPOKE], whole[SPOKE]):
        assert isinstance(failed, Unreadable)
        assert failed.cause is cause


def test_what_there_is_no_time_for_is_in_the_answer(world: World) -> None:
    world.slow(60)

    seen = world.inventory.look([nlb(1), nlb(2, SPOKE)], NOW)
    by_tag, whole = (read([HUB, SPOKE], NOW) for read in (world.inventory.tagged, world.inventory.listings))

    for answer in (*seen.values(), *by_tag.values(), *whole.values()):
        assert isinstance(answer, Unreadable)
        assert answer.cause is Cause.OUT_OF_TIME
    assert world.clock() == NOW, "nobody was asked"


def test_nothing_asked_is_nothing_answered(world: World) -> None:
    assert world.inventory.look([], DEADLINE) == {}
    assert world.inventory.tagged([], DEADLINE) == {}
    assert world.inventory.listings([], DEADLINE) == {}


class TestInMemoryOnly:
    """What a simulation does to the world, and the real one cannot be told to do."""

    def test_a_load_balancer_its_tags_and_its_end_are_shown_late(self) -> None:
        world = InMemory()
        memory = world.memory
        memory.put(make(nlb(1)), shown_from=NOW + 5)
        memory.retag(nlb(1), "a.mesh.example.com", shown_from=NOW + 8)
        memory.delete(nlb(1), shown_from=NOW + 20)

        shown = {}
        for second in (0, 5, 8, 20):
            world.clock.now = NOW + second
            (seen,) = memory.look([nlb(1)], DEADLINE).values()
            by_tag = listed(memory.tagged([HUB], DEADLINE)[HUB])
            shown[second] = (dict(seen.tags) if isinstance(seen, LoadBalancer) else None, by_tag)

        tags = {"hostname": "a.mesh.example.com"}
        assert shown == {0: (None, set()), 5: ({}, set()), 8: (tags, {nlb(1)}), 20: (None, set())}

    def test_the_tagging_api_lags(self) -> None:
        memory = InMemory().memory
        memory.put(make(nlb(1), "new.mesh.example.com"))
        memory.put(make(nlb(2), "b.mesh.example.com"))
        memory.lagging = {nlb(1): make(nlb(1), "old.mesh.example.com"), nlb(2): None}

        answer = memory.tagged([HUB], DEADLINE)[HUB]

        assert not isinstance(answer, Unreadable)
        assert {key: value.tags["hostname"] for key, value in answer.items()} == {nlb(1): "old.mesh.example.com"}

    def test_a_scope_that_can_only_be_looked_at(self) -> None:
        memory = InMemory().memory
        memory.unlistable = {HUB}

        assert memory.look([nlb(1)], DEADLINE) == {nlb(1): Gone()}
        assert isinstance(memory.tagged([HUB], DEADLINE)[HUB], Unreadable)
        assert isinstance(memory.listings([HUB], DEADLINE)[HUB], Unreadable)

    def test_aws_allows_so_many_calls(self) -> None:
        world = InMemory()
        world.memory.allowance = Allowance(size=3, per_second=1)

        def unanswered(*numbers: int) -> int:
            seen = world.memory.look(list(map(nlb, numbers)), DEADLINE).values()
            return sum(isinstance(one, Unreadable) and one.cause is Cause.UNANSWERED for one in seen)

        assert unanswered(*range(5)) == 2
        world.clock.now += 1
        assert unanswered(1, 2) == 1
        assert world.memory.look([nlb(1, SPOKE)], DEADLINE) == {nlb(1, SPOKE): Gone()}

    def test_the_hook_may_fail_a_read(self) -> None:
        def fail(call: str) -> None:
            raise Retryable(f"no {call}", after=7)

        memory = InMemory().memory
        memory.before = fail

        assert memory.look([nlb(1)], DEADLINE) == {nlb(1): Unreadable("no look", 7)}
