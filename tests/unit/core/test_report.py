"""How decisions stand in the end, when some were made anew while they were written."""

from __future__ import annotations

from mesh_dns.core.decision import Decision, Plan, Reason
from mesh_dns.core.report import Report, Result, Written, key_of
from mesh_dns.core.values import Action, Change, LoadBalancerId
from mesh_dns.core.work import SecondLook
from mesh_dns.errors import Retryable
from tests.doubles.inventory import make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import NAME, OTHER, Scene

X, Y = make_id(1), make_id(2)


def writes(name: str, reason: Reason = Reason.CREATE, load_balancer: LoadBalancerId = X) -> Decision:
    return Decision(name, reason, load_balancer, change=Change(Action.CREATE, ZONE, name, load_balancer))


def final(*decisions: Decision, written: tuple[Written, ...] = ()) -> list[Written]:
    """What was decided first, and what came of it."""
    report = Report({key_of(each.decision): each for each in written})
    return list(Result(Plan(decisions, (), {}), Scene().snapshot(), report).final())


def test_what_wanted_no_write_stands_as_it_was_decided() -> None:
    kept = Decision(NAME, Reason.IN_SYNC, X)
    assert final(kept) == [Written(kept)]


def test_a_write_that_was_not_tried_stands_as_it_was_decided() -> None:
    assert final(writes(NAME), written=(Written(writes(OTHER)),)) == [Written(writes(NAME)), Written(writes(OTHER))]


def test_a_write_that_was_due_and_of_which_nothing_came_is_no_success() -> None:
    refused = Decision(NAME, Reason.CLAIMED_BY, Y)
    decided = Plan((writes(NAME), refused), (), {})
    told, beside = Result(decided, Scene().snapshot(), Report(due=frozenset({NAME}))).final()
    assert str(told.failure) == f"{NAME}: nothing came of its write"
    assert beside == Written(refused)


def test_what_was_written_stands_once() -> None:
    failed = Written(writes(NAME), Retryable("502"))
    assert final(writes(NAME), written=(failed,)) == [failed]


def test_who_was_refused_beside_a_write_is_still_told() -> None:
    loser = Decision(NAME, Reason.CLAIMED_BY, Y)
    assert final(writes(NAME), loser, written=(Written(writes(NAME)),)) == [Written(loser), Written(writes(NAME))]


def test_a_write_that_was_decided_anew_for_somebody_else_does_not_stand() -> None:
    anew = Written(writes(NAME, Reason.HAND_OVER, Y))
    assert final(writes(NAME), written=(anew,)) == [anew]


def test_the_second_look_at_another_record_of_the_same_load_balancer_stands_beside_what_was_written() -> None:
    look = SecondLook(X, NAME, ZONE, "surplus", 0)
    surplus = Decision(NAME, Reason.NAME_SHARED, X, look_again=look)
    kept = Decision(NAME, Reason.UPDATE, X, change=Change(Action.UPDATE, ZONE, NAME, X, "kept"))
    assert final(kept, surplus, written=(Written(kept),)) == [Written(surplus), Written(kept)]
