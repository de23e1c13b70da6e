"""Tightening a setting, or mistyping one, never deletes or moves a live name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.work import ForgetName, Sweep
from tests.doubles.hub import NAME, RULES, Hub
from tests.doubles.inventory import HUB, make
from tests.doubles.provider import ZONE

TIGHTER: dict[str, dict[str, Any]] = {
    "accounts": {"accounts": {HUB.account: ("other.mesh.example.com",)}},
    "no account at all": {"accounts": {}},
    "required_tags": {"required_tags": {"mesh": "yes"}},
    "internal_only": {"internal_only": True},
    "zones": {"zones": {"eu.mesh.example.com": ZONE}},
}


@pytest.fixture
def hub() -> Hub:
    hub = Hub(replace(RULES, internal_only=False))
    hub.check(hub.put(make(1, NAME, internal=False)))
    return hub


@pytest.mark.parametrize("tighter", TIGHTER.values(), ids=TIGHTER.keys())
def test_a_live_name_stays_and_goes_to_nobody(hub: Hub, tighter: dict[str, Any]) -> None:
    before = dict(hub.provider.records_by_id)
    hub.tighten(**tighter)
    hub.put(make(2, NAME, tags={"mesh": "yes"}, created=hub.clock()))
    assert hub.run(Sweep(HUB)) == {}
    hub.wait(2000)
    assert hub.provider.records_by_id == before
    assert "kept-not-allowed" in hub.told.reasons()


def test_until_it_is_forgotten_by_hand(hub: Hub) -> None:
    hub.tighten(internal_only=True)
    new = hub.put(make(2, NAME, created=hub.clock()))
    hub.forget(ForgetName(NAME))
    assert hub.content() != hub.target(new)
    hub.forget(ForgetName(NAME, confirmed=True))
    assert hub.content() == hub.target(new)
    hub.run(Sweep(HUB))
    assert hub.content() == hub.target(new)


def test_a_name_that_nobody_else_may_have_is_gone_for_good_once_forgotten(hub: Hub) -> None:
    hub.tighten(internal_only=True)
    hub.forget(ForgetName(NAME, confirmed=True))
    hub.run(Sweep(HUB))
    assert hub.provider.at(NAME) == []
    assert hub.told.reasons()[-1] == "not-allowed"
