"""Histories that broke earlier versions of the rules, told one by one. Each write in them is judged by the laws."""

from __future__ import annotations

import pytest

from mesh_dns.core.values import Record
from tests.simulation.places import SCOPES, name_of
from tests.simulation.steps import (
    Allow,
    Create,
    Delete,
    DeleteAll,
    Disturb,
    Outsider,
    Region,
    Retag,
    Step,
    Token,
    Wait,
)
from tests.simulation.telling import GRACE, NAME, PERIOD, SOON, A, B, C, R, Story, X, Y, Z

# Seconds until a replacement has the name: its batch brought no delete event, so that the look is confirmed first.
CONFIRMED = 55


def _same(before: Record | None, after: Record | None) -> bool:
    return before is not None and after is not None and before.id == after.id


def test_1_a_refused_claimant_inherits_by_the_second_look_and_the_name_is_never_empty() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, B, (NAME,), SOON), Wait(10))
    assert story.holder() == X
    assert "claimed-by" in story.new_reasons()
    before = story.record()
    story.months_pass()
    story.then(Delete(X, SOON))
    story.never_empty_for(GRACE - 5)
    assert story.holder() == X
    story.never_empty_for(30)
    assert story.holder() == Y
    assert _same(before, story.record())
    story.rest()
    assert story.holder() == Y


def test_2_a_replacement_gets_the_name_although_a_stale_claimant_has_waited_for_months() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Z, A, (NAME,), SOON))
    story.months_pass()
    story.then(Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(CONFIRMED)
    assert story.holder() == R
    story.never_empty_for(2 * GRACE)
    assert story.holder() == R
    story.rest()
    assert story.holder() == R


def test_2_even_when_the_delete_is_told_after_the_create() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Z, B, (NAME,), SOON))
    story.months_pass()
    story.then(Delete(X, (60.0,)), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(2 * GRACE)
    assert story.holder() == R
    story.rest()
    assert story.holder() == R


def test_3_a_tag_that_moves_moves_the_name_in_seconds() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Create(Y, A, (7,), SOON))
    story.months_pass()
    story.then(Retag(X, (), SOON), Retag(Y, (NAME,), SOON))
    story.never_empty_for(10)
    assert story.holder() == Y
    story.rest()


def _thirty(*, in_scope: int) -> Story:
    story = Story(*(Create(number, in_scope, (number,), SOON) for number in range(1, 31)), Wait(60))
    assert story.records() == 30
    story.new_reasons()
    return story


def test_4_a_real_teardown_is_stopped_told_overridden_and_done_a_grace_later() -> None:
    story = _thirty(in_scope=A)
    story.then(DeleteAll(A, SOON), Wait(2 * GRACE))
    story.sweep(A)
    assert "mass-delete-guard" in story.new_reasons()
    assert story.records() == 30
    story.override(SCOPES[A])
    story.then(Wait(GRACE))
    assert story.records() == 30
    story.then(Wait(100))
    assert story.records() == 0
    story.rest()


def test_5_thirty_of_thirty_untagged_is_stopped() -> None:
    story = _thirty(in_scope=B)
    story.then(*(Retag(number, (), SOON) for number in range(1, 31)), Wait(2 * GRACE))
    story.sweep(B)
    story.then(Wait(2 * GRACE))
    assert "mass-delete-guard" in story.new_reasons()
    assert story.records() >= 20  # those that were untagged before the guard tripped wait for no look of its kind


def test_6_tightening_a_rule_moves_nothing_and_loosening_it_moves_nothing_either() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, C, (NAME,), SOON), Wait(10))
    written, before = story.written(), story.record()
    story.new_reasons()
    story.then(Allow(A, "other"))
    for _ in range(2):
        story.sweep(A, C)
        story.then(Wait(GRACE))
    assert story.record() == before
    assert story.new_reasons() == {"kept-not-allowed", "claimed-by"}
    story.then(Allow(A, "all"))
    story.sweep(A, C)
    assert story.record() == before
    assert story.new_reasons() == {"in-sync", "claimed-by"}
    assert story.written() == written
    story.rest()


def test_7_a_text_record_beside_ours_does_not_stop_a_replacement() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10))
    before = story.record()
    story.then(Outsider("txt", NAME), Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(CONFIRMED)
    assert (story.holder(), _same(before, story.record())) == (R, True)
    assert {record.type for record in story.world.dns.provider.at(name_of(NAME))} == {"CNAME", "TXT"}
    story.rest()


@pytest.mark.parametrize("freed_by", [Delete(X, SOON), Retag(X, (), SOON)], ids=["deleted", "untagged"])
def test_8_while_its_own_scope_cannot_be_listed_a_name_is_neither_deleted_nor_handed_over(freed_by: Step) -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, B, (NAME,), SOON))
    story.months_pass()
    written = story.written()
    story.then(Region(A, "unlistable"), freed_by)
    story.never_empty_for(2 * PERIOD)
    assert (story.holder(), story.written()) == (X, written)
    assert "scope-unlistable" in story.new_reasons()
    story.then(Region(A, "ok"))
    story.never_empty_for(2 * GRACE + PERIOD)
    assert story.holder() == Y
    story.rest()


@pytest.mark.parametrize("off_for", [1, 60, 590], ids=lambda seconds: f"for {seconds} s")
def test_9_a_tag_that_flaps_off_and_on_changes_nothing(off_for: int) -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10))
    written, before = story.written(), story.record()
    story.then(Retag(X, (), (0.0,)), Wait(off_for), Retag(X, (NAME,), (0.0,)))
    story.never_empty_for(3 * GRACE)
    assert (story.written(), story.record()) == (written, before)
    story.rest()


@pytest.mark.parametrize("what", ["delete", "edit"])
def test_10_what_somebody_does_to_our_record_between_our_list_and_our_write_is_healed(what: str) -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10))
    story.before_the_next_write(lambda: story.take(Outsider(what, NAME)))
    story.then(Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON), Wait(120))
    story.sweep(A)
    assert story.holder() == R
    assert len(story.world.dns.provider.at(name_of(NAME))) == 1
    story.rest()


def test_10_a_record_that_somebody_puts_there_before_our_create_stays_theirs() -> None:
    story = Story()
    story.before_the_next_write(lambda: story.take(Outsider("cname", NAME)))
    story.then(Create(X, A, (NAME,), SOON), Wait(1000))
    (record,) = story.world.dns.provider.at(name_of(NAME))
    assert (record.content, record.comment) == ("somewhere.example.net", "")
    assert "name-taken" in story.new_reasons()
    story.rest()


@pytest.mark.parametrize(
    ("before", "write"),
    [
        pytest.param((), (Create(X, A, (NAME,), SOON),), id="a create"),
        pytest.param(
            (Create(X, A, (NAME,), SOON), Wait(10)), (Delete(X, (60.0,)), Create(R, A, (NAME,), SOON)), id="an update"
        ),
    ],
)
def test_11_a_write_that_commits_after_its_timeout_is_found_done(
    before: tuple[Step, ...], write: tuple[Step, ...]
) -> None:
    story = Story(*before)
    written = story.written()
    story.then(Disturb(0, "after-commit"), *write, Wait(5))
    assert story.counts["timeouts after the commit"] == 1
    story.then(Wait(300))
    assert story.written() == written + 1
    assert story.holder() == write[-1].number  # type: ignore[attr-defined]
    story.rest()


def test_11_a_delete_that_commits_after_its_timeout_is_found_done() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Delete(X, SOON), Wait(300), Wait(290))
    story.then(Disturb(0, "after-commit"), Wait(300))
    assert story.counts["timeouts after the commit"] == 1
    assert story.record() is None
    assert [change.action.value for change in story.world.dns.provider.written] == ["create", "delete"]
    story.rest()


def test_12_a_provider_that_is_out_for_37_hours_costs_no_message_and_no_name_once_it_answers() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Token(0, "broken"))
    story.lost_sweeps.clear()
    story.then(Wait(5 * 3600), Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON), Wait(32 * 3600))
    assert story.holder() == X
    story.then(Token(0, "ok"))
    story.never_empty_for(2 * PERIOD)
    assert story.holder() == R
    assert not story.queue.dead
    story.rest()
