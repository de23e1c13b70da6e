"""What one run may spend, and where it stops: suspects, what came back, full zones, limits and the deadline."""

from __future__ import annotations

import pytest

from mesh_dns.core.decision import Reason
from mesh_dns.dns.provider import Denied, RateLimited, TransactionRejected, Unavailable
from mesh_dns.errors import OutOfTime, Retryable
from mesh_dns.writing import EXTRA_CALLS
from tests.doubles.hub import ZONE_2
from tests.doubles.provider import ZONE
from tests.unit.converge.bench import Bench, create, creates, fail, failed, name, refused, update


@pytest.fixture
def bench() -> Bench:
    return Bench()


# What one run may spend


def test_rejections_spend_a_budget_and_what_is_left_comes_back(bench: Bench) -> None:
    bench.provider.poison |= {name(number) for number in range(200)}
    written = bench.write(creates(range(200)))
    assert len(bench.provider.calls) == 100  # the list for deciding anew is one more
    assert len(refused(written)) + len(failed(written)) == 200
    assert len(refused(written)) > 40
    assert all("too much" in str(written[hostname].failure) for hostname in failed(written))


def test_a_batch_that_spent_the_budget_costs_the_next_ones_nothing(bench: Bench) -> None:
    bench.provider.poison |= {name(number) for number in range(200)} | {name(450)}
    written = bench.write(creates(range(600)))
    assert bench.names() == {name(number) for number in range(200, 400)}
    assert name(450) in failed(written)
    assert len(bench.provider.calls) <= EXTRA_CALLS + 3


def test_with_no_budget_left_good_batches_are_written_all_the_same(bench: Bench) -> None:
    bench.write(creates(range(450)), extra_calls=0)
    assert len(bench.names()) == 450


# Suspects


def test_suspects_come_last_and_one_by_one(bench: Bench) -> None:
    suspects = {name(n) for n in range(5)}
    bench.write(creates(range(20)), suspects=suspects)
    assert [len(batch) for batch in bench.batches] == [15, 1, 1, 1, 1, 1]
    assert {hostname for batch in bench.batches[1:] for hostname in batch} == suspects


def test_a_suspect_that_is_taken_now_is_written_and_one_that_is_not_costs_one_call(bench: Bench) -> None:
    bench.provider.poison.add(name(0))
    written = bench.write(creates(range(3)), suspects={name(0), name(1)})
    assert (refused(written), bench.names(), len(bench.batches)) == ({name(0)}, {name(1), name(2)}, 3)
    assert bench.decided_anew == []


@pytest.mark.parametrize(
    "error",
    [Unavailable("502"), RateLimited("429", after=60), OutOfTime("no time")],
    ids=["502", "429", "the deadline"],
)
def test_suspects_that_are_left_over_fail_no_message(bench: Bench, error: Retryable) -> None:
    suspects = {name(n) for n in range(3)}

    def before(call: str) -> None:
        if len(bench.batches) > 1:
            raise error

    bench.provider.before = before
    written = bench.write(creates(range(10)), suspects=suspects)
    assert (failed(written), refused(written)) == (set(), suspects)
    assert "not tried again" in written[name(0)].decision.detail


def test_suspects_that_are_left_over_because_the_budget_is_spent_fail_no_message(bench: Bench) -> None:
    written = bench.write(creates(range(10)), suspects={name(n) for n in range(10)}, extra_calls=4)
    assert (len(bench.names()), failed(written), len(refused(written))) == (4, set(), 6)


def test_suspects_of_one_zone_come_after_all_other_names_of_every_zone(bench: Bench) -> None:
    suspects = {name(n) for n in range(5)}
    bench.provider.poison |= suspects
    written = bench.write([*creates(range(5)), create(9, zone_id=ZONE_2)], suspects=suspects)
    assert bench.batches[0] == [name(9)]
    assert (failed(written), refused(written)) == (set(), suspects)


def test_time_that_suspects_of_one_zone_would_take_is_there_for_another_zone(bench: Bench) -> None:
    suspects = {name(n) for n in range(5)}
    bench.calls_left = 3
    written = bench.write([*creates(range(5)), create(9, zone_id=ZONE_2)], suspects=suspects)
    assert (failed(written), len(refused(written))) == (set(), 3)
    assert name(9) in bench.names()


def test_a_zone_that_stopped_tries_no_suspect(bench: Bench) -> None:
    bench.provider.before = lambda call: fail(Unavailable("502"))
    written = bench.write(creates(range(3)), suspects={name(0)})
    assert (len(bench.batches), failed(written), refused(written)) == (1, {name(1), name(2)}, {name(0)})


def test_the_suspect_that_waited_longest_is_tried_first(bench: Bench) -> None:
    bench.write(creates(range(4)), suspects={name(0): 30.0, name(1): 40.0, name(2): 10.0, name(3): 20.0}, turn=6)
    assert bench.batches == [[name(2)], [name(3)], [name(0)], [name(1)]]


# What came back


def test_what_came_back_is_written_first_and_singly_while_it_is_little(bench: Bench) -> None:
    back = {name(n) for n in range(7, 10)}
    bench.write(creates(range(10)), returned=back, turn=1)
    assert bench.batches == [[name(8)], [name(9)], [name(7)], [name(n) for n in range(7)]]


def test_much_that_came_back_is_written_in_40_groups(bench: Bench) -> None:
    bench.write(creates(range(400)), returned={name(n) for n in range(400)})
    assert [len(batch) for batch in bench.batches] == [10] * 40


def test_a_bad_name_that_came_back_does_not_touch_the_batch_of_the_others(bench: Bench) -> None:
    bench.provider.poison.add(name(9))
    written = bench.write(creates(range(10)), returned={name(9)})
    assert refused(written) == {name(9)}
    assert bench.batches[-1] == [name(n) for n in range(9)]


# A full zone


@pytest.mark.parametrize("room", [0, 1, 3, 9], ids=str)
def test_a_zone_that_is_nearly_full_takes_what_fits_and_every_edit(bench: Bench, room: int) -> None:
    old = bench.provider.add(name(500), "CNAME", "old.example.net")
    bench.provider.quota = 1 + room
    written = bench.write([*creates(range(10)), update(old, 500)])
    assert len(bench.names()) == room + 1
    assert name(500) in bench.names()
    assert (len(refused(written)), failed(written)) == (10 - room, set())
    assert all("quota" in written[hostname].decision.detail for hostname in refused(written))


def test_a_full_zone_is_not_asked_again_for_creates_in_this_run(bench: Bench) -> None:
    bench.provider.transaction_size, bench.provider.quota = 10, 0
    bench.write(creates(range(50)))
    assert len(bench.batches) < 10
    assert (bench.refused, bench.decided_anew) == (set(), [])


# Stops


def test_a_429_stops_every_zone_of_its_token_and_no_other(bench: Bench) -> None:
    bench.provider.tokens = {"a": "one", "b": "one", "c": "two"}

    def before(call: str) -> None:
        if bench.provider.zone == "a":
            raise RateLimited("429", after=60)

    bench.provider.before = before
    written = bench.write([create(n, zone_id=zone_id) for n, zone_id in enumerate("abc")])
    assert {hostname: each.failure and each.failure.after for hostname, each in written.items()} == {
        name(0): 60,
        name(1): 60,
        name(2): None,
    }
    assert bench.batches == [[name(0)], [name(2)]]


def test_a_429_stops_the_next_batch_of_its_zone(bench: Bench) -> None:
    bench.provider.before = lambda call: fail(RateLimited("429", after=60))
    written = bench.write(creates(range(450)))
    assert (len(bench.batches), len(failed(written))) == (1, 450)


def test_a_zone_that_does_not_answer_stops_no_other(bench: Bench) -> None:
    bench.provider.before = lambda call: fail(Unavailable("502")) if bench.provider.zone == ZONE else None
    written = bench.write([create(0), create(1, zone_id=ZONE_2)])
    assert (failed(written), bench.names()) == ({name(0)}, {name(1)})


def test_a_zone_that_denies_refuses_what_is_left(bench: Bench) -> None:
    bench.provider.before = lambda call: fail(Denied("may only read")) if len(bench.batches) > 1 else None
    written = bench.write(creates(range(400)))
    assert failed(written) == set()
    denied = {hostname for hostname, each in written.items() if each.decision.reason is Reason.ZONE_DENIED}
    assert denied == {name(n) for n in range(200, 400)}


@pytest.mark.parametrize("calls", range(8))
def test_the_deadline_stops_splitting_in_the_middle_and_each_name_is_accounted_for(bench: Bench, calls: int) -> None:
    bench.provider.poison |= {name(1), name(6)}
    bench.calls_left = calls
    written = bench.write(creates(range(8)))
    assert len(bench.provider.calls) == calls
    assert bench.names() | refused(written) | failed(written) == {name(n) for n in range(8)}
    assert not bench.names() & failed(written)
    assert all(isinstance(written[hostname].failure, OutOfTime) for hostname in failed(written))


def test_a_single_rejection_counts_only_when_it_stood_alone(bench: Bench) -> None:
    once = iter([TransactionRejected("81053")])

    def before(call: str) -> None:
        for error in once:
            raise error

    bench.provider.before = before
    written = bench.write(creates(range(1)))
    assert (failed(written), refused(written), bench.names()) == (set(), set(), {name(0)})
