"""What bad input gets, and what a provider that fails does to good one."""

from __future__ import annotations

import json

import pytest

from mesh_dns.core.values import Scope
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import MeshDnsError, Rejected
from tests.doubles.hub import (
    NAME,
    OTHER,
    RULES,
    Hub,
    event,
    message,
    notification,
    raises,
    sweep,
)
from tests.doubles.inventory import HUB, make, make_id
from tests.fixtures import events as samples
from tests.unit.intake.conftest import Lines

STRANGER = Scope("777788889999", "eu-west-1")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("Test message.", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("", "not JSON: Expecting value: line 1 column 1 (char 0)"),
        ([1], "not a JSON object but a list"),
        ({}, "does not fit the schema event: 'source' is a required property"),
        (notification({}), "does not fit the schema event: 'source' is a required property"),
        (
            event("AddTags", make_id(1, STRANGER)),
            f"an event of {HUB} names a load balancer of {STRANGER}",
        ),
    ],
    ids=["a text", "nothing", "a list", "not an event", "not an event, in a notification", "an ARN of another account"],
)
def test_what_cannot_be_understood_is_dead_at_once_and_the_rest_goes_on(
    hub: Hub, lines: Lines, body: object, reason: str
) -> None:
    lb = hub.inventory.put(make(1, NAME))
    bad = message(body, 1)
    assert hub.batch(bad, message(event("AddTags", lb), 2)) == []
    assert hub.mailbox.dead == {"message-1": (bad["body"], reason)}
    assert len(hub.provider.at(NAME)) == 1
    (line,) = (line for line in lines() if line["message"] == "rejected")
    assert (line["message_id"], line["detail"]) == ("message-1", reason)


@pytest.mark.parametrize("name", ["v2-create-denied", "v2-delete-in-use", "another-service",
                                  "v2-add-tags-to-target-group", "v2-add-tags-to-listener",
                                  "other-call-modify-attributes", "sweep-of-another-installation"])  # fmt: skip
def test_what_is_none_of_our_business_leaves_with_one_line_and_no_call(hub: Hub, lines: Lines, name: str) -> None:
    assert hub.batch(message(samples.load(name))) == []
    assert hub.mailbox.dead == {}
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])
    (line,) = lines()
    assert (line["message"], line["message_id"]) == ("ignored", "message-1")
    assert str(line["detail"]) != "None"


@pytest.mark.parametrize(
    ("hostname", "reason"),
    [
        ("cluster1.example.org", "outside-zones"),
        ("evilmesh.example.com", "outside-zones"),
        ("mesh.example.com", "outside-zones"),
        ("*.mesh.example.com", "invalid-hostname"),
        ("a_b.mesh.example.com", "invalid-hostname"),
        ("\u212aluster.mesh.example.com", "invalid-hostname"),
        ("cluster\ud800.mesh.example.com", "invalid-hostname"),
    ],
    ids=["outside", "label borders", "the apex", "a wildcard", "an underscore", "a Kelvin sign", "half a pair"],
)
def test_a_hostname_that_cannot_be_served_is_refused_and_nothing_written(
    hub: Hub, lines: Lines, hostname: str, reason: str
) -> None:
    lb = hub.inventory.put(make(1, hostname))
    assert hub.batch(message(event("AddTags", lb))) == []
    assert hub.provider.written == []
    assert [line["reason"] for line in lines() if line["message"] == "decision"] == [reason]


def test_a_name_that_we_do_not_own_is_refused_and_not_touched(hub: Hub, lines: Lines) -> None:
    record = hub.provider.add(NAME, "A", "192.0.2.1")
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message(event("AddTags", lb))) == []
    assert hub.provider.at(NAME) == [record]
    assert [line["reason"] for line in lines() if line["message"] == "decision"] == ["name-taken"]


@pytest.mark.parametrize("call", ["list", "apply"])
@pytest.mark.parametrize(
    "error",
    [Unavailable("502: <html>"), Unavailable("read timed out"), RateLimited("429", after=5)],
    ids=["HTML", "a timeout", "too many requests"],
)
def test_a_provider_that_fails_is_asked_again_later_and_nothing_is_deleted(
    hub: Hub, lines: Lines, error: MeshDnsError, call: str
) -> None:
    old = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", old)))
    hub.inventory.delete(old)
    new = hub.inventory.put(make(2, OTHER))
    hub.provider.before = raises(error, call)
    assert hub.batch(message(event("DeleteLoadBalancer", old), 1), message(event("AddTags", new), 2))[-1] == "message-2"
    assert [change.action.value for change in hub.provider.written] == ["create"]
    retried = [line for line in lines() if line["message"] == "retried"]
    assert str(error) in retried[-1]["detail"]
    assert hub.mailbox.dead == {}


@pytest.mark.parametrize("call", ["list", "apply"])
def test_a_zone_that_denies_refuses_the_name_and_its_message_is_done(hub: Hub, lines: Lines, call: str) -> None:
    lb = hub.put(make(1, NAME))
    hub.provider.before = raises(Denied("the token lacks Zone / DNS / Edit on zone z"), call)
    assert hub.batch(message(event("AddTags", lb))) == []
    (line,) = (line for line in lines() if line["message"] == "decision")
    assert line["reason"] == "zone-denied"
    assert "lacks Zone / DNS / Edit" in line["detail"]


class PlainToken:
    """A token as a store would supply it."""

    name = "a secret"

    def __call__(self, *, refresh: bool = False) -> str:
        return "cf-token-in-clear"


def test_a_provider_that_does_not_answer_brings_no_token_into_a_line(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.provider = Cloudflare(RULES.owner, PlainToken(), base_url="http://127.0.0.1:9")  # type: ignore[assignment]
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message(event("AddTags", lb))) == ["message-1"]
    told = capsys.readouterr().out
    assert "retried" in told
    assert "in-clear" not in told


def test_what_cannot_be_looked_at_is_asked_again_and_nothing_is_deleted(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", lb)))
    hub.inventory.unreadable.add(HUB)
    assert hub.batch(message(event("DeleteLoadBalancer", lb), 7)) == ["message-7"]
    assert (len(hub.provider.at(NAME)), hub.outbox.delays) == (1, {})
    assert hub.mailbox.delays == {"receipt-7": 10}


def test_records_that_do_not_come_through_the_queue_are_refused(hub: Hub) -> None:
    direct = {"EventSource": "aws:sns", "Sns": {"Message": json.dumps(sweep())}}
    with pytest.raises(Rejected, match="through its queue"):
        hub.batch(direct)
    assert hub.inventory.calls == []


def test_one_message_names_at_most_100_load_balancers(hub: Hub) -> None:
    hub.batch(message(event("AddTags", *(make_id(n) for n in range(101)))))
    assert "resourceArns" in hub.reason()
    assert hub.inventory.calls == []


def test_a_batch_in_which_nothing_is_to_do_costs_no_call(hub: Hub) -> None:
    assert hub.batch() == []
    assert hub.batch(message("rubbish", 1), message(samples.load("another-service"), 2)) == []
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])
