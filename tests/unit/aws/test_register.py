"""The scopes that are known, and how they become known."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from mesh_dns.aws.register import HubOnly, ParameterRegister
from mesh_dns.core.values import Scope
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, AwsError, Call, FakeAws

PATH = "/mesh-dns/scopes"
PERIOD = 900


@dataclass
class World:
    aws: FakeAws = field(default_factory=FakeAws)
    now: float = NOW

    def __post_init__(self) -> None:
        self.register = ParameterRegister(self.aws.clients(), PATH, HUB, PERIOD, lambda: self.now)

    def count(self, operation: str) -> int:
        return Counter(self.aws.actions())[f"ssm:{operation}"]


def test_a_hub_without_spokes_knows_just_its_own_scope_and_asks_nobody() -> None:
    register = HubOnly(HUB)
    register.announce(SPOKE)

    assert register.known() == {HUB}
    assert register.silent() == frozenset()


def test_home_is_known_without_a_parameter() -> None:
    world = World()
    world.register.announce(HUB)

    assert world.register.known() == {HUB}
    assert world.aws.parameters == {}


def test_a_scope_that_announces_itself_is_known_at_once_and_to_the_next_function() -> None:
    world = World()
    world.register.announce(SPOKE)

    assert world.register.known() == {HUB, SPOKE}
    assert world.aws.parameters == {"/mesh-dns/scopes/444455556666/eu-central-1": "1700000000"}
    assert ParameterRegister(world.aws.clients(), PATH, HUB, PERIOD, lambda: NOW).known() == {HUB, SPOKE}


def test_sixty_scopes_are_read_by_pages_and_once_a_minute() -> None:
    world = World()
    world.aws.parameters = {f"{PATH}/{number:012}/eu-west-1": "1700000000" for number in range(60)}

    assert len(world.register.known()) == 61
    world.now += 59
    world.register.known()
    assert world.count("GetParametersByPath") == 6

    world.now += 2
    world.register.known()
    assert world.count("GetParametersByPath") == 12


@pytest.mark.parametrize(
    ("seconds", "writes"),
    [pytest.param(299, 1, id="a short while later: not again"), pytest.param(301, 2, id="a third of a period: again")],
)
def test_announcements_are_written_when_they_say_something_new(seconds: int, writes: int) -> None:
    world = World()
    world.register.announce(SPOKE)
    world.now += seconds
    world.register.announce(SPOKE)

    assert world.count("PutParameter") == writes


def test_silent_is_who_was_not_heard_of_for_three_periods() -> None:
    world = World()
    world.register.announce(SPOKE)
    world.now += PERIOD / 3 - 1
    world.register.announce(SPOKE)  # not written: it was a short while ago
    world.now += 3 * PERIOD
    assert world.register.silent() == frozenset()

    world.now += 2
    assert world.register.silent() == {SPOKE}
    assert SPOKE in world.register.known()


def test_a_released_scope_is_forgotten_until_it_announces_itself_again() -> None:
    world = World()
    world.register.announce(SPOKE)
    world.register.release(SPOKE)
    assert world.register.known() == {HUB}
    assert world.aws.parameters == {}

    world.register.announce(SPOKE)
    assert world.register.known() == {HUB, SPOKE}


def test_releasing_what_nobody_knows_is_no_failure() -> None:
    world = World()
    world.register.release(SPOKE)

    assert world.register.known() == {HUB}


@pytest.mark.parametrize(
    ("parameters", "known"),
    [
        pytest.param({f"{PATH}/readme": "1700000000"}, set(), id="not a scope"),
        pytest.param({f"{PATH}/444455556666/eu-central-1/x": "1"}, set(), id="deeper than a scope"),
        pytest.param({"/other/444455556666/eu-central-1": "1"}, set(), id="another path"),
        pytest.param({f"{PATH}/444455556666/eu-central-1": "soon"}, {SPOKE}, id="not a time: known, and silent"),
    ],
)
def test_what_others_wrote_there(parameters: dict[str, str], known: set[Scope]) -> None:
    world = World()
    world.aws.parameters = parameters

    assert world.register.known() == {HUB} | known
    assert world.register.silent() == known


def test_a_register_that_cannot_be_read_is_not_an_empty_one() -> None:
    world = World()

    def deny(call: Call) -> None:
        raise AwsError("AccessDeniedException", "no")

    world.aws.before = deny
    with pytest.raises(Retryable, match=r"ssm:GetParametersByPath in 111122223333/eu-west-1: AccessDeniedException"):
        world.register.known()
