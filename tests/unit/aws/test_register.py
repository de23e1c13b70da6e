"""The scopes that are known, since when, and when they could last be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest

from mesh_dns.aws.register import HubOnly, TableRegister
from mesh_dns.aws.table import Table
from mesh_dns.core.scopes import Entry
from mesh_dns.core.values import Scope
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, FakeAws
from tests.unit.aws.fake_table import AwsError, Call, Clock

PERIOD = 900
SPOKE_KEY = ("scope", "444455556666/eu-central-1")


@dataclass
class World:
    aws: FakeAws = field(default_factory=FakeAws)
    clock: Clock = field(default_factory=lambda: Clock(NOW))

    def __post_init__(self) -> None:
        self.register = self.another()

    def another(self) -> TableRegister:
        """The register of another process."""
        return TableRegister(Table(self.aws.clients(), "mesh-dns", self.clock), HUB, PERIOD, self.clock)

    def count(self, operation: str) -> int:
        return Counter(self.aws.actions())[f"dynamodb:{operation}"]


def test_a_hub_without_spokes_knows_just_its_own_scope_and_asks_nobody() -> None:
    register = HubOnly(HUB, lambda: NOW)
    register.announce(SPOKE)
    register.note_read(HUB)
    register.forget(HUB)

    assert register.entries() == {HUB: Entry(announced=0, read=NOW)}
    assert not register.open


def test_the_hubs_scope_is_known_before_it_is_announced_as_if_that_was_just_now() -> None:
    world = World()

    assert world.register.entries() == {HUB: Entry(NOW)}
    assert world.register.open
    world.clock.now += 5000
    assert world.register.entries() == {HUB: Entry(NOW + 5000)}


def test_a_scope_that_announces_itself_is_known_at_once_and_to_the_next_process() -> None:
    world = World()
    world.register.announce(SPOKE)
    world.register.announce(HUB)

    assert world.register.entries() == {HUB: Entry(NOW), SPOKE: Entry(NOW)}
    assert world.another().entries() == {HUB: Entry(NOW), SPOKE: Entry(NOW)}
    assert world.aws.items[SPOKE_KEY] == {"announced": {"N": "1700000000"}}


def test_a_scope_stays_known_since_it_was_first_announced() -> None:
    world = World()
    other = world.another()
    other.entries()
    world.register.announce(SPOKE)
    world.clock.now += 50
    other.announce(SPOKE)  # which it did not know of

    assert other.entries()[SPOKE] == Entry(NOW)
    world.clock.now += 1000
    world.register.announce(SPOKE)
    assert world.register.entries()[SPOKE] == Entry(NOW)
    assert world.count("PutItem") == 2


@pytest.mark.parametrize(
    ("seconds", "writes"),
    [
        pytest.param(299, 1, id="a short while later: not again"),
        pytest.param(300, 2, id="a third of a period: again"),
        pytest.param(-10, 2, id="the clock was set back: again"),
    ],
)
def test_reads_are_written_when_they_say_something_new(seconds: int, writes: int) -> None:
    world = World()
    world.register.announce(SPOKE)
    world.register.note_read(SPOKE)
    assert world.register.entries()[SPOKE] == Entry(NOW, NOW)

    world.clock.now += seconds
    world.register.note_read(SPOKE)

    assert world.count("UpdateItem") == writes
    last = NOW + seconds if writes == 2 else NOW
    assert world.register.entries()[SPOKE] == world.another().entries()[SPOKE] == Entry(NOW, last)


def test_a_read_makes_nothing_known() -> None:
    world = World()
    world.register.note_read(SPOKE)
    assert world.aws.items == {}

    world.register.announce(SPOKE)
    world.aws.items.clear()  # somebody forgot it, or the table was lost
    world.register.note_read(SPOKE)
    assert world.aws.items == {}
    assert world.register.entries() == {HUB: Entry(NOW)}


def test_a_forgotten_scope_is_known_again_when_it_announces_itself() -> None:
    world = World()
    world.register.announce(SPOKE)
    world.register.note_read(SPOKE)
    world.register.forget(SPOKE)
    assert world.register.entries() == {HUB: Entry(NOW)}
    assert world.aws.items == {}

    world.clock.now += 10
    world.register.announce(SPOKE)
    assert world.register.entries()[SPOKE] == Entry(NOW + 10)


def test_forgetting_what_nobody_knows_is_no_failure() -> None:
    world = World()
    world.register.forget(SPOKE)

    assert world.register.entries() == {HUB: Entry(NOW)}


def test_sixty_scopes_are_read_by_one_query_and_once_a_minute() -> None:
    world = World()
    for number in range(60):
        world.aws.items["scope", f"{number:012}/eu-west-1"] = {"announced": {"N": "1700000000"}}

    assert len(world.register.entries()) == 61
    world.clock.now += 60
    world.register.entries()
    assert world.count("Query") == 1

    world.clock.now += 1
    world.register.entries()
    assert world.count("Query") == 2

    world.clock.now -= 1000
    world.register.entries()
    assert world.count("Query") == 3, "a clock that was set back does not make it last"


@pytest.mark.parametrize(
    ("key", "item", "known"),
    [
        pytest.param("readme", {"announced": {"N": "1"}}, {}, id="not a scope"),
        pytest.param("444455556666/eu-central-1/x", {"announced": {"N": "1"}}, {}, id="longer than a scope"),
        pytest.param("444455556666/eu-central-1", {}, {SPOKE: Entry(0)}, id="no time: known, never read"),
        pytest.param(
            "444455556666/eu-central-1",
            {"announced": {"S": "soon"}, "read": {"N": "7"}},
            {SPOKE: Entry(0)},
            id="no number: known, never read",
        ),
        pytest.param(
            "444455556666/eu-central-1",
            {"announced": {"N": "5"}, "read": {"BOOL": True}},
            {SPOKE: Entry(5)},
            id="a read that is no time: never read",
        ),
        pytest.param(
            "444455556666/eu-central-1", {"announced": {"N": "5"}, "read": {"N": "7"}}, {SPOKE: Entry(5, 7)}, id="right"
        ),
    ],
)
def test_what_others_wrote_there(key: str, item: dict[str, object], known: dict[Scope, Entry]) -> None:
    world = World()
    world.aws.items["scope", key] = item

    assert world.register.entries() == {HUB: Entry(NOW), **known}


@pytest.mark.parametrize("method", ["entries", "announce", "note_read", "forget"])
def test_a_register_that_cannot_be_read_or_written_is_not_an_empty_one(method: str) -> None:
    def deny(call: Call) -> None:
        raise AwsError("AccessDeniedException", "no")

    world = World(FakeAws(before=deny))
    with pytest.raises(Retryable, match=r"dynamodb:\w+ in table mesh-dns: AccessDeniedException: no; check"):
        getattr(world.register, method)(*([] if method == "entries" else [SPOKE]))
