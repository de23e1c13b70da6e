"""What a batch had no time to ask is sent on, and does not grow by being sent on."""

from __future__ import annotations

import pytest

from mesh_dns.core.request import Request
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import Cause, Unreadable
from mesh_dns.core.work import Check, Sweep, Work
from tests.doubles.hub import AWAY
from tests.doubles.inventory import HUB, make_id
from tests.unit.core.scene import NOW, RULES

A, B, FAR = make_id(1), make_id(2), make_id(3, AWAY)
LATE = Unreadable("not asked", cause=Cause.OUT_OF_TIME)


def _check(*ids: int, override: bool = False, hops: int = 0) -> Check:
    return Check(HUB, frozenset(map(make_id, ids)), None, override, hops)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        pytest.param([_check(1), _check(2)], [_check(1, 2, hops=1)], id="two checks become one"),
        pytest.param([_check(1, hops=7), _check(1, 2, hops=2)], [_check(1, 2, hops=8)], id="as old as the oldest"),
        pytest.param([Sweep(HUB), _check(1, hops=7)], [_check(1, 2, hops=8)], id="a sweep makes it no younger"),
        pytest.param(
            [_check(1, override=True), _check(1, 2)],
            [_check(1, override=True, hops=1), _check(1, 2, hops=1)],
            id="what is overridden stays apart",
        ),
        pytest.param(
            [Sweep(HUB), Sweep(AWAY)], [_check(1, 2), Check(AWAY, frozenset({FAR}))], id="each scope has its own"
        ),
    ],
)
def test_whom_there_was_no_time_to_ask_is_asked_by_one_check_for_each_scope(
    asked: list[Work], sent: list[Check]
) -> None:
    snapshot = Snapshot(NOW, RULES, KnownScopes(frozenset({HUB, AWAY})), dict.fromkeys((A, B, FAR), LATE))
    messages = {str(number): work for number, work in enumerate(asked)}
    assert list(Request(messages).unasked(snapshot)) == sent
