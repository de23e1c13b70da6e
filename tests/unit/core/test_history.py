"""The last state of a name, from what was decided and what came of it."""

from __future__ import annotations

import pytest

from mesh_dns.core.decision import Decision, Reason
from mesh_dns.core.history import NameState, states
from mesh_dns.core.values import Action, Change
from mesh_dns.core.work import SecondLook
from tests.doubles.inventory import make_id
from tests.doubles.provider import ZONE

NAME, NOW = "cluster1.mesh.example.com", 1_000_000.0
WINNER, LOSER = make_id(1), make_id(2)


def change(action: Action) -> Change:
    return Change(action, ZONE, NAME, WINNER)


def decision(reason: Reason, action: Action | None = None) -> Decision:
    return Decision(NAME, reason, WINNER, "why", None if action is None else change(action))


LOOK = Decision(
    NAME, Reason.LOOK_AGAIN, WINNER, "why", look_again=SecondLook(WINNER, NAME, ZONE, "record", NOW), wait=600
)
LOST = Decision(NAME, Reason.CLAIMED_BY, LOSER, str(WINNER))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param([(decision(Reason.CREATE, Action.CREATE), "done")], (Reason.IN_SYNC, "", None), id="created"),
        pytest.param([(decision(Reason.HAND_OVER, Action.UPDATE), "done")], (Reason.IN_SYNC, "", None), id="edited"),
        pytest.param([(decision(Reason.DELETE, Action.DELETE), "done")], (Reason.DELETE, "done", None), id="deleted"),
        pytest.param(
            [(decision(Reason.CREATE, Action.CREATE), "dry-run")], (Reason.CREATE, "dry-run", None), id="not written"
        ),
        pytest.param([(LOOK, "sent")], (Reason.LOOK_AGAIN, "sent", NOW + 600), id="waits for a second look"),
        pytest.param(
            [(LOST, ""), (decision(Reason.IN_SYNC), "")], (Reason.IN_SYNC, "", None), id="who has it before who has not"
        ),
        pytest.param([(LOST, "")], (Reason.CLAIMED_BY, "", None), id="nobody but somebody who was refused"),
    ],
)
def test_a_name_has_the_state_of(told: list[tuple[Decision, str]], expected: tuple[Reason, str, float | None]) -> None:
    state = states(told, NOW)[NAME]
    assert (state.reason, state.outcome, state.waits_until) == expected
    assert state.load_balancer == str(LOSER if state.reason is Reason.CLAIMED_BY else WINNER)


@pytest.mark.parametrize(
    ("told", "may_be_last"),
    [
        pytest.param((decision(Reason.DELETE, Action.DELETE), "done"), True, id="deleted"),
        pytest.param((decision(Reason.DELETE, Action.DELETE), "failed: 429"), False, id="not deleted yet"),
        pytest.param((LOST, ""), True, id="a refusal"),
        pytest.param((decision(Reason.IN_SYNC), ""), False, id="in sync"),
        pytest.param((decision(Reason.CREATE, Action.CREATE), "done"), False, id="created"),
        pytest.param((LOOK, "sent"), False, id="waits"),
    ],
)
def test_nothing_may_be_decided_any_more_about(told: tuple[Decision, str], may_be_last: bool) -> None:
    assert states([told], NOW)[NAME].may_be_last is may_be_last


def test_each_name_has_its_own_state() -> None:
    other = Decision("other.mesh.example.com", Reason.IN_SYNC, LOSER)
    assert states([(LOST, ""), (other, "")], NOW) == {
        NAME: NameState(Reason.CLAIMED_BY, str(LOSER), str(WINNER), may_be_last=True),
        "other.mesh.example.com": NameState(Reason.IN_SYNC, str(LOSER)),
    }
