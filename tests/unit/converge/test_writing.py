"""One name that cannot be written costs the others nothing, and nothing runs past the deadline."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mesh_dns.core.decision import Decision, Reason
from mesh_dns.core.report import Written
from mesh_dns.dns.provider import Unavailable
from mesh_dns.writing import Writer
from tests.doubles.inventory import make_id
from tests.unit.converge.bench import Bench, create, creates, failed, name, refused, update


@pytest.fixture
def bench() -> Bench:
    return Bench()


# One bad name


@pytest.mark.parametrize("bad", [0, 77, 199], ids=["the first", "in the middle", "the last"])
def test_one_bad_name_among_200_is_refused_with_its_words_at_no_more_than_20_calls_more(bench: Bench, bad: int) -> None:
    bench.provider.poison.add(name(bad))
    written = bench.write(creates(range(200)))
    assert (refused(written), failed(written), bench.refused) == ({name(bad)}, set(), {name(bad)})
    assert written[name(bad)].decision.detail == "1004: DNS validation error"
    assert written[name(bad)].decision.change is None
    assert len(bench.names()) == 199
    assert len(bench.provider.calls) <= 21


def test_a_rejected_batch_is_decided_anew_once_before_it_is_split(bench: Bench) -> None:
    bench.provider.poison |= {name(3), name(190)}
    bench.write(creates(range(200)))
    assert bench.decided_anew == [frozenset(map(name, range(200)))]
    assert bench.batches[0] == bench.batches[1]


def test_what_was_decided_anew_is_written_and_not_what_was_decided_first(bench: Bench) -> None:
    taken = bench.provider.add(name(1), "CNAME", "elsewhere.example.net")
    bench.again = [create(0), Decision(name(1), Reason.NAME_TAKEN, make_id(1))]
    written = bench.write(creates(range(2)))
    assert bench.names() == {name(0)}
    assert (written[name(1)].decision.reason, written[name(1)].failure) == (Reason.NAME_TAKEN, None)
    assert bench.provider.at(name(1)) == [taken]


def test_a_name_that_is_left_undecided_comes_back(bench: Bench) -> None:
    bench.provider.add(name(1), "CNAME", "elsewhere.example.net")
    bench.again = [create(0)]
    written = bench.write(creates(range(2)))
    assert (bench.names(), failed(written)) == ({name(0)}, {name(1)})
    assert "decided anew" in str(written[name(1)].failure)


def test_when_it_cannot_be_decided_anew_everything_left_comes_back(bench: Bench) -> None:
    bench.provider.poison.add(name(0))

    def fails(zone_id: str, hostnames: frozenset[str]) -> Sequence[Decision]:
        raise Unavailable("502")

    written = Writer(bench.provider, fails, lambda: False).write(creates(range(3)))
    assert all(isinstance(each.failure, Unavailable) for each in written.values())


# Edits and creates


def test_edits_and_creates_never_share_a_batch_and_edits_come_first(bench: Bench) -> None:
    old = [bench.provider.add(name(number), "CNAME", "old.example.net") for number in (1, 3)]
    bench.write([create(0), update(old[0], 1), create(2), update(old[1], 3)])
    assert bench.batches == [[name(1), name(3)], [name(0), name(2)]]


def test_bad_creates_cost_the_edits_nothing(bench: Bench) -> None:
    old = bench.provider.add(name(500), "CNAME", "old.example.net")
    bench.provider.poison |= {name(number) for number in range(200)}
    written = bench.write([*creates(range(200)), update(old, 500)])
    assert written[name(500)] == Written(update(old, 500))
    assert bench.batches[0] == [name(500)]


def test_a_batch_holds_as_many_as_the_provider_takes(bench: Bench) -> None:
    bench.provider.transaction_size = 7
    bench.write(creates(range(20)))
    assert [len(batch) for batch in bench.batches] == [7, 7, 6]


# How a batch is split


def test_it_is_split_between_load_balancers_first(bench: Bench) -> None:
    decisions = [*(create(n, lb=1) for n in range(2)), *(create(n, lb=2) for n in range(2, 12))]
    bench.provider.poison |= {name(0), name(1)}
    bench.write(decisions)
    assert bench.batches[2] == [name(0), name(1)]
    assert [name(n) for n in range(2, 12)] in bench.batches


def test_one_load_balancer_alone_is_split_in_the_middle(bench: Bench) -> None:
    bench.provider.poison.add(name(0))
    bench.write([create(n, lb=1) for n in range(10)])
    assert bench.batches[2] == [name(n) for n in range(5)]


@pytest.mark.parametrize(
    ("owners", "first", "second"),
    [
        ([1, 1, 2], [0, 1], [2]),
        ([1, 2, 2, 2], [0], [1, 2, 3]),
        ([1, 1, 1, 2], [0, 1, 2], [3]),
        ([1, 1, 2, 3, 3, 3], [0, 1, 2], [3, 4, 5]),
        ([1, 1, 1], [0], [1, 2]),
    ],
    ids=["2 and 1", "1 and 3", "3 and 1", "the border nearest the middle", "one load balancer"],
)
def test_where_a_batch_is_split(bench: Bench, owners: list[int], first: list[int], second: list[int]) -> None:
    bench.provider.poison.add(name(len(owners) - 1))
    bench.write([create(number, lb=owner) for number, owner in enumerate(owners)])
    assert bench.batches[2:4] == [list(map(name, first)), list(map(name, second))]


def test_two_are_not_tried_together_once_a_quarter_is_bad(bench: Bench) -> None:
    bench.provider.poison |= {name(0), name(1)}
    bench.write(creates(range(4)))
    assert bench.batches[2:] == [[name(n) for n in range(2)], *([name(n)] for n in range(4))]


@pytest.mark.parametrize(("bad", "singly"), [(4, False), (5, True)], ids=["under a quarter", "a quarter"])
def test_once_a_quarter_is_bad_the_rest_is_written_singly(bench: Bench, bad: int, singly: bool) -> None:
    bench.provider.poison |= {name(number) for number in range(bad)}
    written = bench.write(creates(range(20)))
    assert len(refused(written)) == bad
    rest = bench.batches[bench.batches.index([name(bad - 1)]) + 1 :]
    assert (rest == [[name(n)] for n in range(bad, 20)]) is singly


def test_a_batch_that_was_bad_says_nothing_of_the_next_one(bench: Bench) -> None:
    bench.provider.transaction_size = 40
    bench.provider.poison |= {name(number) for number in range(11)} | {name(79)}
    written = bench.write(creates(range(80)))
    assert (len(refused(written)), failed(written)) == (12, set())
    assert len([batch for batch in bench.batches if batch[0] >= name(40)]) <= 14
