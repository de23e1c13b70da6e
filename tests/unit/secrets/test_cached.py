"""How often a store is asked."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.cached import CachedToken


@dataclass
class Store:
    name: str = "secret x"
    holds: str | Retryable = "first"
    reads: int = 0

    def read(self) -> str:
        self.reads += 1
        if isinstance(self.holds, Retryable):
            raise self.holds
        return self.holds


@dataclass
class World:
    store: Store = field(default_factory=Store)
    now: float = 1000

    def __post_init__(self) -> None:
        self.token = CachedToken(self.store, lambda: self.now)


def test_a_good_token_is_read_once() -> None:
    world = World()

    for _ in range(3):
        world.now += 100_000
        assert world.token() == "first"
    assert world.store.reads == 1


def test_nothing_is_read_before_it_is_needed() -> None:
    assert World().store.reads == 0


@pytest.mark.parametrize("now", [0, 1, 119, 1000])
def test_a_refused_token_is_read_again_at_once(now: float) -> None:
    world = World(now=now)
    world.token()
    world.store.holds = "second"

    assert world.token() == "first"
    assert world.token(refresh=True) == "second"
    assert world.token() == "second"


def test_a_token_that_stays_wrong_is_read_every_two_minutes_at_most() -> None:
    world = World()
    world.token()

    for _ in range(100):
        world.token(refresh=True)
        world.now += 10
    assert world.store.reads == 1 + 9


def test_after_the_pause_a_new_token_is_found() -> None:
    world = World()
    world.token()
    world.token(refresh=True)
    world.store.holds = "second"

    world.now += 119
    assert world.token(refresh=True) == "first"
    world.now += 1
    assert world.token(refresh=True) == "second"


@pytest.mark.parametrize("failure", [Retryable("throttled"), Misconfigured("empty")])
def test_a_store_that_fails_is_left_alone_for_a_moment_and_then_asked_again(failure: Retryable) -> None:
    world = World(Store(holds=failure))
    for second in range(10):
        world.now = 1000 + second
        with pytest.raises(type(failure)) as raised:
            world.token()
        assert raised.value is failure
    assert world.store.reads == 1

    world.now = 1010
    world.store.holds = "filled in"
    assert world.token() == "filled in"


def test_a_refresh_that_fails_keeps_the_token_for_those_whom_it_serves() -> None:
    """Another zone may still take it."""
    world = World()
    world.token()
    world.store.holds = Retryable("throttled")

    with pytest.raises(Retryable):
        world.token(refresh=True)
    assert world.token() == "first"


def test_it_shows_where_the_token_is_and_not_the_token() -> None:
    world = World()
    world.token()

    assert repr(world.token) == "CachedToken(secret x)"
    assert world.token.name == "secret x"
