"""The policies: named filters over the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mesh_dns.core.decision import Decision, permits
from mesh_dns.core.rules import Policy
from mesh_dns.core.work import Stage
from tests.doubles.inventory import make, make_id
from tests.unit.core.scene import NAME, Scene, foreign, ours, second_look

X = make(1, NAME, created=100)
RECORD = ours(X)
LOOK = second_look(RECORD, X.id)
FIRST = Scene(gone=(X.id,), records=(RECORD,)).only()
DECISIONS = {
    "create": Scene(live=(X,)).only(),
    "update": Scene(live=(X,), records=(ours(X, ttl=300),)).only(),
    "delete": Scene(gone=(X.id,), records=(RECORD,), second_looks=(LOOK,)).only(),
    "a look that could only delete": FIRST,
    "a look that could hand over": replace(FIRST, look_again=replace(LOOK, heir=make_id(2))),
    "a look at an heir": replace(FIRST, look_again=replace(LOOK, heir=make_id(2), stage=Stage.HEIR)),
    "a refusal": Scene(live=(X,), records=(foreign(),)).only(),
}
CARRIED_OUT = {
    Policy.SYNC: set(DECISIONS),
    Policy.UPSERT_ONLY: {"create", "update", "a look that could hand over", "a look at an heir", "a refusal"},
    Policy.CREATE_ONLY: {"create", "a refusal"},
}


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS.keys())
@pytest.mark.parametrize("policy", Policy)
def test_a_policy_is_a_filter_over_the_plan(policy: Policy, decision: Decision) -> None:
    (name,) = (name for name, each in DECISIONS.items() if each is decision)
    assert permits(policy, decision) == (name in CARRIED_OUT[policy])
