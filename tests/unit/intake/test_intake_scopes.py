"""Which scopes may be looked at, and how they become known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mesh_dns.core import own_messages
from mesh_dns.core.scopes import Entry
from mesh_dns.core.values import Cause, Scope
from mesh_dns.dns.provider import Unavailable
from tests.doubles.hub import (
    AWAY,
    FUNCTION,
    NAME,
    Hub,
    event,
    message,
    raises,
    sweep,
)
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.others import InMemoryRegister
from tests.unit.intake.conftest import Lines

STRANGER = Scope("777788889999", "eu-west-1")


def test_an_event_of_an_unknown_scope_causes_no_call(hub: Hub, lines: Lines) -> None:
    lb = make_id(1, STRANGER)
    assert hub.batch(message(event("AddTags", lb, scope=STRANGER))) == []
    assert (hub.inventory.calls, hub.provider.calls, hub.mailbox.dead) == ([], [], {})
    (line,) = lines()
    assert line["message"] == "unknown scope"
    assert str(STRANGER) in line["detail"]


@pytest.mark.parametrize(
    ("scope", "open_", "swept"),
    [(AWAY, True, True), (AWAY, False, False), (STRANGER, True, False)],
    ids=["an account that may speak", "a hub without spokes", "an account that may not speak"],
)
def test_a_sweep_announces_its_scope(hub: Hub, scope: Scope, open_: bool, swept: bool) -> None:
    hub.inventory.put(make(make_id(1, scope), NAME))
    hub.register.open = open_
    assert hub.batch(message(sweep(scope))) == []
    assert (scope in hub.register.scopes) is swept
    assert len(hub.provider.at(NAME)) == swept


class KnowsTheHub(InMemoryRegister):
    """Answers as the table's register does: the hub's own scope is known before anything was remembered."""

    def entries(self) -> Mapping[Scope, Entry]:
        return {HUB: Entry(self.clock()), **super().entries()}


def test_the_hubs_own_scope_is_remembered_although_it_is_known_in_any_case(hub: Hub) -> None:
    hub.register = KnowsTheHub(hub.clock)
    first = hub.clock()
    assert hub.batch(message(sweep())) == []
    hub.clock.now += 3600
    assert hub.batch(message(sweep())) == []
    assert hub.register.scopes == {HUB: Entry(announced=first, read=hub.clock())}


def test_the_hubs_own_scope_is_remembered_although_its_account_may_not_claim(hub: Hub) -> None:
    hub.register = KnowsTheHub(hub.clock)
    hub.tighten(accounts={"444455556666": ("*",)})
    assert hub.batch(message(sweep())) == []
    assert hub.register.scopes == {HUB: Entry(announced=hub.clock(), read=hub.clock())}


def test_a_sweep_that_could_not_read_its_scope_announces_it_and_is_not_read(hub: Hub) -> None:
    hub.inventory.unreadable.add(AWAY)
    assert hub.batch(message(sweep(AWAY))) == ["message-1"]
    assert hub.register.scopes[AWAY] == Entry(hub.clock())


def test_a_sweep_that_read_its_scope_notes_it_whatever_the_provider_does(hub: Hub) -> None:
    hub.provider.before = raises(Unavailable("502"))
    hub.know(AWAY, read_ago=9999)
    assert hub.batch(message(sweep(AWAY))) == ["message-1"]
    assert hub.register.scopes[AWAY].read == hub.clock()


def test_a_sweep_that_could_not_read_its_scope_does_not_note_it(hub: Hub) -> None:
    hub.know(AWAY, read_ago=100)
    hub.inventory.unreadable.add(AWAY)
    hub.batch(message(sweep(AWAY)))
    assert hub.register.scopes[AWAY].read == hub.clock() - 100


def test_a_check_alone_does_not_make_a_scope_look_read(hub: Hub) -> None:
    hub.know(HUB, read_ago=100)
    hub.batch(message(event("AddTags", hub.put(make(1, NAME)))))
    assert hub.register.scopes[HUB].read == hub.clock() - 100


def test_a_scope_is_looked_at_in_the_batch_that_announces_it(hub: Hub) -> None:
    lb = hub.put(make(make_id(1, AWAY), NAME))
    assert hub.batch(message(event("AddTags", lb, scope=AWAY), 1), message(sweep(AWAY), 2)) == []
    assert hub.content() == hub.target(lb)


def test_a_sweep_that_cannot_be_announced_comes_back_and_the_rest_is_done(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    hub.register.read_only = True
    assert hub.batch(message(sweep(AWAY), 1), message(event("AddTags", lb), 2)) == ["message-1"]
    assert len(hub.provider.at(NAME)) == 1


@pytest.mark.parametrize("scope", [HUB, AWAY], ids=["the hub's own", "another one"])
def test_a_known_scope_is_swept_although_that_cannot_be_noted(hub: Hub, scope: Scope) -> None:
    hub.know(scope)
    hub.inventory.put(make(make_id(1, scope), NAME))
    hub.register.read_only = True
    assert hub.batch(message(sweep(scope))) == ["message-1"]
    assert hub.content() is not None


def test_an_event_of_a_registered_scope_whose_account_may_not_speak_any_more_causes_no_call(
    hub: Hub, lines: Lines
) -> None:
    hub.know(STRANGER)
    lb = hub.inventory.put(make(make_id(1, STRANGER), NAME))
    assert hub.batch(message(event("AddTags", lb, scope=STRANGER))) == []
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])
    assert [line["message"] for line in lines()][:1] == ["unknown scope"]


@pytest.mark.parametrize(
    ("away", "told"), [(2700, [0]), (2701, [1])], ids=["read three periods ago", "read longer ago"]
)
def test_the_sweep_of_the_hub_tells_who_is_overdue(hub: Hub, lines: Lines, away: float, told: list[int]) -> None:
    hub.know(AWAY, read_ago=away)
    hub.know(HUB, read_ago=9999)
    hub.batch(message(sweep()))
    assert _overdue(lines) == [[str(AWAY)]] * told[0]


@pytest.mark.parametrize(
    ("cause", "open_"),
    [(Cause.ERROR, True), (Cause.ERROR, False), (Cause.UNANSWERED, False)],
    ids=["denied", "denied, without spokes", "throttled, without spokes"],
)
def test_the_hubs_own_scope_is_overdue_while_only_its_listing_fails(
    hub: Hub, lines: Lines, cause: Cause, open_: bool
) -> None:
    hub.register.open = open_
    lb = hub.put(make(1, NAME))
    hub.batch(message(sweep()))
    hub.inventory.never_listed.add(HUB)
    hub.inventory.causes[HUB] = cause
    hub.inventory.delete(lb)
    lines()
    told = []
    for _ in range(6):
        hub.clock.now += 900
        hub.know(HUB)  # its sweeps are complete: what is tagged can be read
        hub.batch(message(sweep()))
        told.append(_overdue(lines))
    assert told == [[], [], [], [], [[str(HUB)]], [[str(HUB)]]]
    hub.inventory.never_listed.clear()
    hub.batch(message(sweep()))
    assert _overdue(lines) == []


def _overdue(lines: Lines) -> list[list[str]]:
    return [line["scopes"] for line in lines() if line["message"] == "overdue"]


def test_no_other_sweep_tells_who_is_overdue(hub: Hub, lines: Lines) -> None:
    hub.know(AWAY, read_ago=9999)
    hub.know(scope := Scope(HUB.account, "eu-west-2"))
    hub.batch(message(sweep(scope)))
    assert _overdue(lines) == []


def test_a_sweep_whose_account_may_not_claim_any_more_stays_outside_and_is_not_waited_for(hub: Hub) -> None:
    hub.know(STRANGER)
    hub.inventory.unreadable.add(STRANGER)
    lb = hub.put(make(1, NAME))
    hub.batch(message(event("AddTags", lb)))
    hub.inventory.delete(lb)
    hub.batch(message(event("DeleteLoadBalancer", lb)))
    hub.clock.now += 600
    (look,) = hub.outbox.take()
    assert hub.batch(message(own_messages.encode(look), sender=FUNCTION)) == []
    assert hub.provider.at(NAME) == []


def test_the_hub_is_looked_at_although_its_account_may_not_claim(hub: Hub) -> None:
    hub.tighten(accounts={AWAY.account[::-1]: ("*",)})
    assert hub.batch(message(sweep())) == []
    assert "tagged" in hub.inventory.calls
