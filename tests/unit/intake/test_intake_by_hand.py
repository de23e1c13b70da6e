"""Direct invocation: commands and events that a person hands over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.values import Scope
from mesh_dns.dns.provider import Unavailable
from mesh_dns.errors import Rejected, Retryable
from tests.doubles.hub import (
    AWAY,
    NAME,
    RULES,
    Hub,
    Json,
    event,
    message,
    raises,
    sweep,
)
from tests.doubles.inventory import HUB, make, make_id
from tests.fixtures import events as samples
from tests.unit.intake.conftest import Lines

STRANGER = Scope("777788889999", "eu-west-1")


def test_a_sweep_by_hand(hub: Hub) -> None:
    hub.inventory.put(make(1, NAME))
    assert hub.invoke({"action": "sweep"}) == {"done": str(HUB), "deletes_to_come": 0}
    assert len(hub.provider.at(NAME)) == 1


def test_an_event_by_hand(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    assert hub.invoke(event("AddTags", lb)) == {"done": str(HUB), "deletes_to_come": 0}
    assert len(hub.provider.at(NAME)) == 1


def test_an_event_by_hand_that_is_none_of_our_business_is_answered_with_the_reason(hub: Hub, lines: Lines) -> None:
    reason = "an event of 'aws.ec2', not of a load balancer"
    assert hub.invoke(samples.load("another-service")) == {"ignored": reason}
    assert [(line["message"], line["message_id"], line["detail"]) for line in lines()] == [
        ("ignored", "direct", reason)
    ]


@pytest.mark.parametrize(
    ("rules", "heir", "number"),
    [
        (RULES, False, 1),
        (RULES, True, 0),
        (replace(RULES, policy=Policy.UPSERT_ONLY), False, 0),
        (replace(RULES, policy=Policy.UPSERT_ONLY), True, 0),
    ],
    ids=["nobody claims the name", "an old heir will get it", "the policy deletes nothing", "neither"],
)
def test_only_what_may_end_in_a_delete_is_counted_as_one(hub: Hub, rules: Rules, heir: bool, number: int) -> None:
    gone = hub.inventory.put(make(1, NAME))
    hub.invoke({"action": "sweep"})
    if heir:
        hub.inventory.put(make(2, NAME, created=1))
    hub.inventory.delete(gone)
    hub.rules = rules
    assert hub.invoke({"action": "sweep"})["deletes_to_come"] == number


def test_an_override_by_hand_says_how_many_deletes_are_to_come(hub: Hub) -> None:
    ids = hub.many(30)
    hub.invoke({"action": "sweep"})
    for lb in ids:
        hub.inventory.delete(lb)
    assert hub.invoke({"action": "sweep"}) == {"done": str(HUB), "deletes_to_come": 30}
    assert hub.outbox.delays == {}
    answer = hub.invoke({"action": "sweep", "override_guard": True, "why": "cluster7 was torn down"})
    assert answer["deletes_to_come"] == 30
    assert len(hub.outbox.second_looks) == 30
    assert all(look.override_guard for look in hub.outbox.second_looks)
    hub.wait(700)
    assert hub.provider.records_by_id == {}


def test_a_command_is_logged_with_why_and_the_request(hub: Hub, lines: Lines) -> None:
    hub.invoke({"action": "sweep", "why": "cluster7 was torn down"})
    (line,) = (line for line in lines() if line["message"] == "invoked by hand")
    assert (line["action"], line["why"], line["request_id"]) == ("sweep", "cluster7 was torn down", "request-1")


def test_a_sweep_by_hand_notes_that_its_scope_was_read(hub: Hub) -> None:
    hub.know(HUB, read_ago=9999)
    hub.invoke({"action": "sweep"})
    assert hub.register.scopes[HUB].read == hub.clock()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({"action": "sweep", "account": STRANGER.account, "region": STRANGER.region}, "is not known"),
        ({"action": "everything"}, "schema command"),
        ({"no": "event"}, "schema event"),
        ({"action": "forget", "account": HUB.account, "region": HUB.region}, "cannot be forgotten"),
    ],
    ids=["an unknown scope", "an unknown action", "not an event", "to forget the hub itself"],
)
def test_a_mistake_by_hand_is_told(hub: Hub, command: Json, complaint: str) -> None:
    with pytest.raises(Rejected, match=complaint):
        hub.invoke(command)
    assert hub.provider.calls == []


def test_a_failure_by_hand_is_told(hub: Hub) -> None:
    hub.inventory.unreadable.add(HUB)
    with pytest.raises(Retryable, match="denied"):
        hub.invoke({"action": "sweep"})


def _spoke(hub: Hub) -> Json:
    """A spoke with one name, and the command to forget it."""
    hub.put(make(make_id(1, AWAY), NAME))
    hub.batch(message(sweep(AWAY)))
    return {"action": "forget", "account": AWAY.account, "region": AWAY.region}


def test_forgetting_a_scope_tells_first_and_is_done_when_confirmed(hub: Hub) -> None:
    command = _spoke(hub)
    told = {"hostname": NAME, "reason": "delete", "load_balancer": str(make_id(1, AWAY))}
    assert hub.invoke(command) == {"would_forget": str(AWAY), "records": [told]}
    assert (len(hub.provider.at(NAME)), AWAY in hub.register.scopes) == (1, True)
    assert hub.invoke(command | {"confirm": True}) == {"forgotten": str(AWAY), "records": [told]}
    assert (len(hub.provider.at(NAME)), AWAY in hub.register.scopes) == (0, False)


def test_a_scope_that_could_not_be_forgotten_stays_known(hub: Hub) -> None:
    command = _spoke(hub)
    hub.provider.before = raises(Unavailable("502"), "apply")
    with pytest.raises(Retryable):
        hub.invoke(command | {"confirm": True})
    assert AWAY in hub.register.scopes


def test_forgetting_a_name_tells_first_and_is_done_when_confirmed(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.invoke({"action": "sweep"})
    hub.tighten(required_tags={"mesh": "yes"})
    told = {"hostname": NAME, "reason": "delete", "load_balancer": str(lb)}
    command = {"action": "forget", "hostname": f"{NAME.upper()}."}
    assert hub.invoke(command) == {"would_forget": NAME, "records": [told]}
    assert len(hub.provider.at(NAME)) == 1
    assert hub.invoke(command | {"confirm": True}) == {"forgotten": NAME, "records": [told]}
    assert hub.provider.at(NAME) == []
    assert HUB in hub.register.scopes


@pytest.mark.parametrize(
    "different",
    [{"dry_run": True}, {"rules": replace(RULES, policy=Policy.UPSERT_ONLY)}],
    ids=["dry-run", "upsert-only"],
)
def test_forgetting_is_only_told_where_nothing_may_be_deleted(hub: Hub, different: dict[str, Any]) -> None:
    command = _spoke(hub)
    for key, value in different.items():
        setattr(hub, key, value)
    assert "would_forget" in hub.invoke(command)
    with pytest.raises(Rejected, match="needs the policy `sync` and the mode `apply`"):
        hub.invoke(command | {"confirm": True})
    assert len(hub.provider.at(NAME)) == 1
