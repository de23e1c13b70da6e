"""Who did not answer is left alone, each time for longer."""

from __future__ import annotations

from mesh_dns.back_off import BackOff
from tests.unit.aws.fake_table import Clock

NOW = 1_000_000.0


def back_off() -> tuple[BackOff, Clock]:
    clock = Clock(NOW)
    return BackOff(clock), clock


def test_nobody_is_left_alone_at_first() -> None:
    pauses, _ = back_off()
    assert pauses.left("a") == (0, "")
    assert not pauses.failed_last("a")


def test_each_time_without_an_answer_doubles_the_pause_up_to_five_minutes() -> None:
    pauses, clock = back_off()
    seen = []
    for _ in range(6):
        pauses.lengthen("a", "no answer")
        left, reason = pauses.left("a")
        assert reason == "no answer"
        seen.append(left)
        clock.now += left
        assert pauses.left("a")[0] == 0
    assert seen == [30, 60, 120, 240, 300, 300]


def test_several_at_the_same_time_count_once() -> None:
    pauses, clock = back_off()
    for _ in range(8):
        pauses.lengthen("a", "no answer")
    clock.now += 29
    assert pauses.left("a")[0] == 1


def test_an_answer_ends_it_and_the_next_pause_is_short_again() -> None:
    pauses, clock = back_off()
    pauses.lengthen("a", "no answer")
    clock.now += 30
    pauses.lengthen("a", "no answer")
    pauses.end("a")
    assert (pauses.left("a"), pauses.failed_last("a")) == ((0, ""), False)
    pauses.lengthen("a", "no answer")
    assert pauses.left("a")[0] == 30


def test_a_pause_that_ended_is_still_known_as_one_that_did_not_answer() -> None:
    pauses, clock = back_off()
    pauses.lengthen("a", "no answer")
    clock.now += 31
    assert pauses.left("a")[0] == 0
    assert pauses.failed_last("a")


def test_one_that_asked_for_a_pause_gets_just_that() -> None:
    pauses, clock = back_off()
    pauses.begin("a", 7, "429")
    assert pauses.left("a") == (7, "429")
    clock.now += 7
    assert pauses.left("a")[0] == 0


def test_others_are_not_left_alone() -> None:
    pauses, _ = back_off()
    pauses.lengthen("a", "no answer")
    assert pauses.left("b") == (0, "")


def test_a_clock_that_is_set_back_ends_it() -> None:
    pauses, clock = back_off()
    pauses.lengthen("a", "no answer")
    clock.now -= 86_400
    assert pauses.left("a")[0] == 0
