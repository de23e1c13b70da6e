"""Messages of our own: only what the function's own role sent counts."""

from __future__ import annotations

import pytest

from mesh_dns.core import own_messages
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Check, SecondLook
from tests.doubles.hub import (
    AWAY,
    FUNCTION,
    NAME,
    ROLE,
    TOPIC,
    Hub,
    Json,
    event,
    message,
    notification,
    sweep,
)
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE

STRANGER = Scope("777788889999", "eu-west-1")


def _vacant(hub: Hub) -> SecondLook:
    """A record whose load balancer is gone, and the second look at it, long ripe."""
    lb = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", lb)))
    hub.inventory.delete(lb)
    (record,) = hub.provider.at(NAME)
    hub.clock.now += 9999
    return SecondLook(lb, NAME, ZONE, record.id, hub.clock() - 9999, override_guard=True)


def test_a_second_look_of_our_own_counts(hub: Hub) -> None:
    look = _vacant(hub)
    assert hub.batch(message(own_messages.encode(look), sender=FUNCTION)) == []
    assert hub.provider.at(NAME) == []


FORGERS = {
    "the topic": TOPIC,
    "another role": "AROAEXAMPLE1111111111:mesh-dns",
    "a role whose id begins like ours": f"{ROLE}X:mesh-dns",
    "a role whose id ours begins like": f"{ROLE[:-1]}:mesh-dns",
    "our id as a session's name": f"AROAEXAMPLE1111111111:{ROLE}",
    "our id in lower case": FUNCTION.lower(),
    "our id with a blank in front": f" {FUNCTION}",
    "nobody": "",
}


@pytest.mark.parametrize("sender", FORGERS.values(), ids=FORGERS.keys())
def test_a_forged_second_look_is_rejected_and_changes_nothing(hub: Hub, sender: str) -> None:
    look = _vacant(hub)
    calls = list(hub.inventory.calls)
    assert hub.batch(message(own_messages.encode(look), sender=sender)) == []
    assert hub.reason() == "looks like a message of the function to itself, but somebody else sent it"
    assert len(hub.provider.at(NAME)) == 1
    assert hub.inventory.calls == calls


def test_a_message_without_a_sender_is_not_our_own(hub: Hub) -> None:
    record = message(own_messages.encode(_vacant(hub)))
    del record["attributes"]
    assert hub.batch(record) == []
    assert "somebody else sent it" in hub.reason()


@pytest.mark.parametrize("check", [Check(HUB, frozenset({make_id(1)}), override_guard=True)], ids=["with an override"])
def test_a_forged_check_is_rejected(hub: Hub, check: Check) -> None:
    hub.batch(message(own_messages.encode(check)))
    assert "somebody else sent it" in hub.reason()
    assert hub.inventory.calls == []


def test_a_check_of_our_own_counts(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    assert hub.batch(message(own_messages.encode(Check(HUB, frozenset({lb}))), sender=FUNCTION)) == []
    assert hub.content() == hub.target(lb)


def test_a_check_of_our_own_that_cannot_be_read_is_reported_and_leaves_like_the_sweep_that_sent_it(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.inventory.unreadable.add(HUB)
    assert hub.batch(message(own_messages.encode(Check(HUB, frozenset({lb}))), sender=FUNCTION)) == []


def test_our_own_message_inside_a_notification_is_not_our_own(hub: Hub) -> None:
    look = _vacant(hub)
    hub.batch(message(notification(own_messages.encode(look))))
    assert "somebody else sent it" in hub.reason()
    assert len(hub.provider.at(NAME)) == 1


def test_a_broken_message_of_our_own_is_dead_with_the_reason(hub: Hub) -> None:
    assert hub.batch(message({"mesh-dns": {"second-look": {}}}, sender=FUNCTION)) == []
    assert hub.reason().startswith("does not fit the schema own_message: ")


@pytest.mark.parametrize(
    "extra", [{"override_guard": True}, {"action": "sweep", "override_guard": True}], ids=["in it", "as a command"]
)
def test_an_override_by_the_topic_is_none(hub: Hub, extra: Json) -> None:
    ids = [hub.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(30)]
    hub.batch(message(sweep()))
    for lb in ids:
        hub.inventory.delete(lb)
    forged = sweep() | extra
    forged["detail"] = forged["detail"] | extra
    assert hub.batch(message(forged)) == []
    assert hub.outbox.delays == {}
    assert len(hub.provider.records_by_id) == 30


def test_a_command_to_forget_by_the_topic_is_rejected(hub: Hub) -> None:
    hub.know(AWAY)
    command = {"action": "forget", "account": AWAY.account, "region": AWAY.region, "confirm": True}
    hub.batch(message(command, sender=FUNCTION), message(notification(command), 2))
    assert set(hub.mailbox.dead) == {"message-1", "message-2"}
    assert AWAY in hub.register.scopes


def test_a_stale_second_look_of_a_forgotten_scope_leaves_quietly(hub: Hub) -> None:
    look = SecondLook(make_id(1, AWAY), NAME, ZONE, "r", 0)
    assert hub.batch(message(own_messages.encode(look), sender=FUNCTION)) == []
    assert (hub.mailbox.dead, hub.inventory.calls) == ({}, [])
