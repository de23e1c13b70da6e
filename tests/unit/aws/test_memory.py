"""What outlives an invocation, with a table and without."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from botocore.exceptions import ReadTimeoutError

from mesh_dns.aws.memory import KEPT_ANEW, KEPT_FOR, MOST_WRITES, NEAR, TableMemory
from mesh_dns.aws.table import Table
from mesh_dns.core.decision import Reason
from mesh_dns.core.history import NameState
from mesh_dns.ports import Remembered
from tests.unit.aws.fake_aws import NOW, FakeAws
from tests.unit.aws.fake_table import AwsError, Call, Clock

NAME, ZONE = "cluster1.mesh.example.com", "0123456789abcdef0123456789abcdef"
HOUR, DAY = 3600, 86_400


@dataclass
class World:
    aws: FakeAws = field(default_factory=FakeAws)
    clock: Clock = field(default_factory=lambda: Clock(NOW))

    def __post_init__(self) -> None:
        self.memory = self.another()

    def another(self) -> TableMemory:
        """The memory of another process."""
        return TableMemory(Table(self.aws.clients(), "mesh-dns", self.clock), self.clock)

    def writes(self) -> int:
        return sum(not action.endswith("Query") for action in self.aws.actions())


def test_nothing_is_remembered_of_nothing() -> None:
    assert World().memory.recall() == Remembered()


def test_what_was_rejected_and_who_is_unanswered_is_known_to_the_next_process() -> None:
    world = World()
    world.memory.remember(refused=[NAME], unread=[ZONE])

    expected = Remembered({NAME: NOW}, {ZONE: NOW})
    assert world.memory.recall() == world.another().recall() == expected
    assert world.aws.items == {
        ("provider-refuses", NAME): {"at": {"N": "1700000000"}, "expires": {"N": str(1_700_000_000 + 2 * DAY)}},
        ("unread", ZONE): {"since": {"N": "1700000000"}},
    }


@pytest.mark.parametrize(
    ("told", "seconds", "writes"),
    [
        pytest.param({"refused": [NAME]}, HOUR - 1, 1, id="rejected again within an hour"),
        pytest.param({"refused": [NAME]}, HOUR, 2, id="rejected again after an hour"),
    ],
)
@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
def test_it_is_written_when_it_says_something_new(
    told: dict[str, list[str]], seconds: float, writes: int, same_process: bool
) -> None:
    world = World()
    world.memory.remember(**told)
    world.clock.now += seconds
    memory = world.memory if same_process else world.another()
    memory.recall()
    memory.remember(**told)

    assert world.writes() == writes
    assert memory.recall().refused == {NAME: NOW + seconds}, "the process knows it all the same"


@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
def test_the_silence_of_a_zone_counts_from_its_beginning_until_it_answers(same_process: bool) -> None:
    world = World()
    world.memory.remember(unread=[ZONE])
    world.clock.now += HOUR
    memory = world.memory if same_process else world.another()
    memory.remember(unread=[ZONE])
    assert memory.recall().unread == {ZONE: NOW}
    assert world.writes() == 1

    memory.remember(read=[ZONE])
    memory.remember(read=[ZONE])
    assert memory.recall().unread == world.another().recall().unread == {}
    assert world.writes() == 2


def test_a_name_that_was_written_is_rejected_no_more() -> None:
    world = World()
    world.memory.remember(refused=[NAME, "b.mesh.example.com"])
    world.memory.recall()
    world.memory.remember(written=[NAME, "never-rejected.mesh.example.com"])

    assert world.memory.recall().refused.keys() == world.another().recall().refused.keys() == {"b.mesh.example.com"}
    assert Counter(world.aws.actions())["dynamodb:DeleteItem"] == 1


def test_a_name_that_was_written_and_rejected_in_one_batch_is_rejected() -> None:
    world = World()
    world.memory.remember(refused=[NAME])
    world.memory.remember(refused=[NAME], written=[NAME])

    assert world.memory.recall().refused == world.another().recall().refused == {NAME: NOW}


@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
def test_a_refusal_is_forgotten_after_two_days(same_process: bool) -> None:
    world = World()
    world.memory.remember(refused=[NAME])
    memory = world.memory if same_process else world.another()

    world.clock.now += 2 * DAY - 1
    assert memory.recall().refused == {NAME: NOW}
    world.clock.now += 1
    assert memory.recall().refused == {}, "though DynamoDB still shows it"


def test_it_is_read_once_a_minute() -> None:
    world = World()
    for _ in range(3):
        world.memory.recall()
        world.clock.now += 30

    assert Counter(world.aws.actions()) == {"dynamodb:Query": 2}


def test_what_others_wrote_there_is_nothing() -> None:
    world = World()
    world.aws.items = {("provider-refuses", NAME): {"at": {"S": "x"}}, ("unread", ZONE): {}}

    assert world.memory.recall() == Remembered()


@pytest.mark.parametrize(
    "error",
    [
        AwsError("AccessDeniedException"),
        ReadTimeoutError(endpoint_url="https://x"),
        AwsError("InternalError", status=500),
    ],
    ids=["denied", "no answer", "a server error"],
)
def test_without_a_table_the_process_remembers(error: Exception) -> None:
    def fail(call: Call) -> None:
        raise error

    world = World(FakeAws(before=fail))
    world.memory.recall()
    world.memory.remember(refused=[NAME, "b.mesh.example.com"], unread=[ZONE])
    world.memory.remember(written=["b.mesh.example.com"])
    assert world.memory.recall() == Remembered({NAME: NOW}, {ZONE: NOW})

    world.aws.before = lambda call: None
    world.clock.now += 61
    world.memory.remember(unread=["another-zone"])
    assert world.another().recall() == Remembered({NAME: NOW}, {ZONE: NOW, "another-zone": NOW + 61})


def deny_queries(call: Call) -> None:
    if call.action == "dynamodb:Query":
        raise AwsError("InternalError", status=500)


def deny_nothing(call: Call) -> None:
    pass


def test_a_read_that_fails_does_not_make_a_zone_s_silence_young() -> None:
    world = World()
    world.memory.remember(unread=[ZONE])
    world.clock.now += HOUR
    world.aws.before, memory = deny_queries, world.another()
    memory.remember(unread=[ZONE])
    world.aws.before = deny_nothing
    assert world.another().recall().unread == {ZONE: NOW}

    world.clock.now += 61
    memory.remember(unread=[ZONE])
    assert memory.recall().unread == world.another().recall().unread == {ZONE: NOW}
    assert world.writes() == 1


def test_a_zone_that_answered_while_the_table_could_not_be_read_counts_anew() -> None:
    world = World()
    world.memory.remember(unread=[ZONE])
    world.clock.now += HOUR
    world.aws.before, memory = deny_queries, world.another()
    memory.remember(read=[ZONE])
    memory.remember(unread=[ZONE])
    world.aws.before = deny_nothing

    world.clock.now += 61
    memory.remember(unread=[ZONE])
    assert memory.recall().unread == world.another().recall().unread == {ZONE: NOW + HOUR}


def test_a_zone_that_answered_while_the_table_could_not_be_read_is_taken_out_later() -> None:
    world = World()
    world.memory.remember(unread=[ZONE])
    world.aws.before, memory = deny_queries, world.another()
    memory.remember(read=[ZONE])
    world.aws.before = deny_nothing

    world.clock.now += 61
    memory.remember()
    assert memory.recall() == world.another().recall() == Remembered()


def test_many_refusals_at_once_are_written_down_in_parts() -> None:
    world = World()
    names = [f"{number}.mesh.example.com" for number in range(MOST_WRITES + 50)]
    world.memory.remember(refused=names)
    assert len(world.aws.items) == MOST_WRITES
    assert len(world.memory.recall().refused) == len(names)

    world.memory.remember()
    assert len(world.aws.items) == len(names)


SERVED = NameState(Reason.IN_SYNC, "eu-west-1/111122223333/net/mesh/0000000000000001")
WAITS = NameState(Reason.LOOK_AGAIN, SERVED.load_balancer, "its load balancer is gone", "sent", NOW + 600)


def test_the_state_of_a_name_is_written_with_the_time_since_when() -> None:
    world = World()
    world.memory.note({NAME: WAITS})

    assert world.aws.items["name", NAME] == {
        "reason": {"S": "look-again"},
        "load_balancer": {"S": SERVED.load_balancer},
        "outcome": {"S": "sent"},
        "detail": {"S": "its load balancer is gone"},
        "since": {"N": "1700000000"},
        "waits_until": {"N": "1700000600"},
    }


@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
@pytest.mark.parametrize(
    ("later", "writes"),
    [
        pytest.param(WAITS, 1, id="nothing new"),
        pytest.param(replace(WAITS, detail="in other words", waits_until=NOW + 600 + NEAR), 1, id="only other words"),
        pytest.param(SERVED, 2, id="another reason"),
        pytest.param(replace(WAITS, load_balancer="another"), 2, id="another load balancer"),
        pytest.param(replace(WAITS, outcome="held-by-policy"), 2, id="another outcome"),
        pytest.param(replace(WAITS, outcome="failed: a"), 2, id="a failure"),
    ],
)
def test_the_state_of_a_name_is_written_when_it_changes(later: NameState, writes: int, same_process: bool) -> None:
    world = World()
    world.memory.note({NAME: WAITS})
    world.clock.now += HOUR
    (world.memory if same_process else world.another()).note({NAME: later})

    assert world.writes() == writes
    assert world.aws.items["name", NAME]["since"] == {"N": str(1_700_000_000 + (HOUR if writes > 1 else 0))}


@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
def test_a_state_that_waits_longer_is_written_with_the_time_since_when_it_is_so(same_process: bool) -> None:
    world = World()
    world.memory.note({NAME: WAITS})
    world.clock.now += HOUR
    later = replace(WAITS, waits_until=NOW + HOUR + 600)
    (world.memory if same_process else world.another()).note({NAME: later})

    item = world.aws.items["name", NAME]
    assert (item["since"], item["waits_until"]) == ({"N": "1700000000"}, {"N": str(1_700_000_000 + HOUR + 600)})


@pytest.mark.parametrize("odd", ["soon", "-1", "nan", ""])
def test_a_time_in_the_table_that_is_none_breaks_nothing(odd: str) -> None:
    world = World()
    world.memory.note({NAME: WAITS})
    for name in ("since", "waits_until", "expires"):
        world.aws.items["name", NAME][name] = {"S": odd}
    world.another().note({NAME: WAITS})
    assert world.aws.items["name", NAME]["waits_until"] == {"N": "1700000600"}


REFUSAL = NameState(Reason.CLAIMED_BY, SERVED.load_balancer, "another", may_be_last=True)


@pytest.mark.parametrize("same_process", [True, False], ids=["the same process", "another one"])
def test_a_state_that_may_be_the_last_expires_unless_it_is_decided_again(same_process: bool) -> None:
    world = World()
    world.memory.note({NAME: REFUSAL})
    assert world.aws.items["name", NAME]["expires"] == {"N": str(1_700_000_000 + KEPT_FOR)}

    for passed, writes in ((KEPT_ANEW - 1, 1), (1, 2)):
        world.clock.now += passed
        (world.memory if same_process else world.another()).note({NAME: REFUSAL})
        assert world.writes() == writes
    item = world.aws.items["name", NAME]
    assert (item["since"], item["expires"]) == (
        {"N": "1700000000"},
        {"N": str(1_700_000_000 + KEPT_ANEW + KEPT_FOR)},
    )


def test_a_name_that_is_in_sync_again_does_not_expire() -> None:
    world = World()
    for state in (REFUSAL, SERVED):
        world.memory.note({NAME: state})
    assert "expires" not in world.aws.items["name", NAME]


def test_a_failure_in_other_words_is_no_other_state() -> None:
    world = World()
    for outcome in ("failed: read timed out", "failed: HTTP 502"):
        world.memory.note({NAME: replace(WAITS, outcome=outcome)})
    assert world.writes() == 1


def test_many_names_take_a_call_for_each_25() -> None:
    world = World()
    world.memory.note({f"{number}.mesh.example.com": SERVED for number in range(60)})
    assert Counter(world.aws.actions()) == {"dynamodb:Query": 1, "dynamodb:BatchWriteItem": 3}


def test_a_read_that_fails_does_not_make_a_name_s_state_young() -> None:
    world = World()
    world.memory.note({NAME: WAITS})
    world.clock.now += HOUR
    world.aws.before, memory = deny_queries, world.another()
    memory.note({NAME: WAITS})
    world.aws.before = deny_nothing
    memory.note({NAME: replace(WAITS, waits_until=NOW + HOUR + 600)})
    item = world.aws.items["name", NAME]
    assert (item["since"], item["waits_until"]) == ({"N": "1700000000"}, {"N": str(1_700_000_000 + HOUR + 600)})


def test_without_a_table_no_state_is_written_and_nothing_fails() -> None:
    def fail(call: Call) -> None:
        raise AwsError("AccessDeniedException")

    world = World(FakeAws(before=fail))
    world.memory.note({NAME: WAITS})
    world.aws.before = lambda call: None
    world.memory.note({NAME: WAITS})
    assert ("name", NAME) in world.aws.items


def test_a_lost_table_is_filled_again_while_the_process_lives() -> None:
    world = World()
    world.memory.note({NAME: SERVED})
    world.aws.items.clear()
    world.clock.now += HOUR
    world.memory.note({NAME: SERVED})
    assert world.aws.items == {}, "it knows the table for an hour"
    world.clock.now += 1
    world.memory.note({NAME: SERVED})
    assert world.aws.items["name", NAME]["since"] == {"N": str(int(NOW) + HOUR + 1)}


def test_a_table_that_cannot_be_read_again_is_known_as_it_was() -> None:
    world = World()
    world.memory.note({NAME: SERVED})
    before = dict(world.aws.items)
    world.aws.before = deny_queries
    world.clock.now += HOUR + 1
    world.memory.note({NAME: SERVED})
    assert world.aws.items == before


def test_what_a_busy_table_leaves_over_is_written_with_the_next_batch() -> None:
    world = World()
    world.aws.unprocessed = 2
    names = [f"c{number}.mesh.example.com" for number in range(3)]
    world.memory.note(dict.fromkeys(names, SERVED))
    assert [key for _, key in world.aws.items] == names[2:]
    world.aws.unprocessed = 0
    world.memory.note(dict.fromkeys(names, SERVED))
    assert sorted(key for _, key in world.aws.items) == names
    assert world.writes() == 2


def test_who_answered_another_process_is_not_unanswered_since_long_in_this_one() -> None:
    world = World()
    world.memory.remember(unread=[ZONE])
    world.clock.now += HOUR
    world.another().remember(read=[ZONE])
    world.clock.now += 61
    assert world.memory.recall().unread == {}
    world.memory.remember(unread=[ZONE])
    assert world.memory.recall().unread == world.another().recall().unread == {ZONE: NOW + HOUR + 61}
