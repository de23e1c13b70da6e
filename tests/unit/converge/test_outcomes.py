"""What is told and remembered of what came of a batch."""

from __future__ import annotations

import pytest

from mesh_dns.core.work import Sweep
from mesh_dns.dns.provider import Unavailable
from mesh_dns.errors import Retryable
from mesh_dns.ports import Remembered
from tests.doubles.hub import NAME, Hub, raises
from tests.doubles.inventory import HUB, make

NAMES = [f"c{number}.mesh.example.com" for number in range(3)]


@pytest.fixture
def hub() -> Hub:
    return Hub()


# What is told


def test_what_needed_no_write_has_no_outcome(hub: Hub) -> None:
    hub.put(make(1, NAME))
    hub.run(Sweep(HUB))
    assert hub.told.outcomes() == {"create": "done"}
    hub.run(Sweep(HUB))
    assert hub.told.outcomes() == {"create": "done", "in-sync": ""}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "sent"), (Retryable("the queue is full"), "failed: the queue is full")],
    ids=["the queue took it", "the queue did not take it"],
)
def test_a_second_look_was_sent_or_not(hub: Hub, error: Retryable | None, outcome: str) -> None:
    lb = hub.put(make(1, NAME))
    hub.run(Sweep(HUB))
    hub.inventory.delete(lb)
    if error is not None:
        hub.outbox.before = raises(error)
    hub.run(Sweep(HUB))
    assert hub.told.outcomes()["look-again"] == outcome


# What was refused lately


def remember(hub: Hub, *names: str, ago: float = 10) -> None:
    """The provider refused these so many seconds ago."""
    hub.memory.remembered = Remembered(refused=dict.fromkeys(names, hub.clock() - ago))


def written(hub: Hub) -> list[str]:
    return [change.hostname for change in hub.provider.written]


@pytest.mark.parametrize(
    ("ago", "order"),
    [(24 * 3600 - 1, [1, 2, 0]), (24 * 3600, [0, 1, 2])],
    ids=["a day less a second ago: last", "a day ago: in its turn"],
)
def test_a_name_that_was_rejected_lately_is_written_last(hub: Hub, ago: float, order: list[int]) -> None:
    remember(hub, NAMES[0], ago=ago)
    hub.many(3)
    hub.run(Sweep(HUB))
    assert written(hub) == [NAMES[number] for number in order]


def test_a_name_that_was_taken_is_no_suspect_any_more_and_the_others_stay(hub: Hub) -> None:
    remember(hub, NAMES[0], "elsewhere.mesh.example.com")
    hub.many(1)
    hub.run(Sweep(HUB))
    assert list(hub.memory.recall().refused) == ["elsewhere.mesh.example.com"]


@pytest.mark.parametrize("fault", ["refused again", "not answered"])
def test_a_name_that_was_not_taken_stays_a_suspect(hub: Hub, fault: str) -> None:
    remember(hub, NAMES[0])
    hub.many(1)
    if fault == "refused again":
        hub.provider.poison.add(NAMES[0])
    else:
        hub.provider.before = raises(Unavailable("502"), "apply")
    hub.run(Sweep(HUB))
    assert list(hub.memory.recall().refused) == [NAMES[0]]


def test_who_was_rejected_longest_ago_is_tried_first(hub: Hub) -> None:
    now = hub.clock()
    hub.memory.remembered = Remembered(refused=dict(zip(NAMES, (now - 10, now - 30, now - 20), strict=True)))
    hub.many(3)
    hub.run(Sweep(HUB))
    assert written(hub) == [NAMES[1], NAMES[2], NAMES[0]]


def test_one_name_that_is_good_again_among_many_suspects_has_its_turn(hub: Hub) -> None:
    names = [f"c{number}.mesh.example.com" for number in range(300)]
    hub.many(300)
    hub.provider.poison |= set(names)
    for _ in range(4):
        hub.run(Sweep(HUB))
        hub.clock.now += 900
    hub.provider.poison.discard(names[250])
    for _ in range(4):
        hub.run(Sweep(HUB))
        hub.clock.now += 900
    assert hub.content(names[250]) is not None


# The deadline


@pytest.mark.parametrize(
    ("late", "names"), [(0, [NAME]), (0.001, [])], ids=["at the deadline itself: written", "after it: not begun"]
)
def test_no_write_begins_after_the_deadline(hub: Hub, late: float, names: list[str]) -> None:
    lb = hub.put(make(1, NAME))
    deadline = hub.clock() + 100

    def slow(call: str) -> None:
        hub.clock.now = deadline + late

    hub.provider.after = slow
    hub.check(lb)
    assert written(hub) == names
