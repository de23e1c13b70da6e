"""Messages in, answers out, with ports in memory: what becomes of each message, whatever else is in its batch."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mesh_dns.converge import Converge
from mesh_dns.core import messages
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import LoadBalancerId, Scope
from mesh_dns.core.work import SecondLook, Sweep
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import MeshDnsError, Rejected, Retryable
from mesh_dns.intake import Intake
from mesh_dns.telemetry import Telemetry
from tests.doubles.inventory import HUB, InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryOutbox, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider
from tests.fixtures import events as samples
from tests.unit.intake_ports import FUNCTION, ROLE, TOPIC, InMemoryMailbox, InMemoryRegister, message, notification

NAME = "cluster1.mesh.example.com"
OTHER = "cluster2.mesh.example.com"
AWAY = Scope("111122223333", "us-east-1")
STRANGER = Scope("444455556666", "eu-west-1")
RULES = Rules("mesh-dns/1f0c9a3e", {"mesh.example.com": ZONE}, {HUB.account: ("*",)})

Json = dict[str, Any]
# The library keeps one logger per name, with the stream that was there when it was made.
NUMBERS = itertools.count()


def event(call: str, *ids: LoadBalancerId, scope: Scope = HUB, **detail: object) -> Json:
    """A call as an event: of v2 load balancers by their ARNs."""
    arns = [f"arn:aws:elasticloadbalancing:{lb.region}:{lb.account}:loadbalancer/{lb.arn_path}" for lb in ids]
    parameters: Json = {"resourceArns": arns} if call.endswith("Tags") else {"loadBalancerArn": arns[0]}
    call_of = {"eventSource": "elasticloadbalancing.amazonaws.com", "eventName": call, "requestParameters": parameters}
    envelope = {"source": "aws.elasticloadbalancing", "detail-type": "AWS API Call via CloudTrail"}
    return envelope | {"account": scope.account, "region": scope.region, "detail": call_of | detail}


def sweep(scope: Scope = HUB, owner: str = RULES.owner) -> Json:
    envelope = {"source": "mesh-dns", "detail-type": "Mesh DNS Sweep", "detail": {"owner": owner}}
    return envelope | {"account": scope.account, "region": scope.region}


@dataclass
class Hub:
    """One installation in memory."""

    capsys: pytest.CaptureFixture[str]
    inventory: InMemoryInventory = field(default_factory=InMemoryInventory)
    provider: InMemoryProvider = field(default_factory=InMemoryProvider)
    outbox: InMemoryOutbox = field(default_factory=InMemoryOutbox)
    register: InMemoryRegister = field(default_factory=InMemoryRegister)
    mailbox: InMemoryMailbox = field(default_factory=InMemoryMailbox)
    clock: VirtualClock = field(default_factory=VirtualClock)

    def intake(self) -> Intake:
        telemetry = Telemetry(f"hub-{next(NUMBERS)}", HUB)
        announce = self.register.announce
        converge = Converge(self.inventory, self.provider, self.outbox, telemetry, RULES, self.clock, announce=announce)
        return Intake(converge, self.register, self.mailbox, telemetry, HUB, ROLE)

    def batch(self, *records: Json) -> list[str]:
        """Deliver a batch; the ids of the messages that failed."""
        answer = self.intake().batch(records, self.clock() + 100)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def invoke(self, command: Json) -> Any:
        return self.intake().invoke(command, self.clock() + 100)

    def reason(self, number: int = 1) -> str:
        """Why the n-th message was rejected; empty when it was not."""
        return self.mailbox.dead.get(f"message-{number}", ("", ""))[1]

    def lines(self) -> list[Json]:
        return [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]


@pytest.fixture
def hub(capsys: pytest.CaptureFixture[str]) -> Hub:
    return Hub(capsys)


# What bad input gets


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
def test_what_cannot_be_understood_is_dead_at_once_and_the_rest_goes_on(hub: Hub, body: object, reason: str) -> None:
    lb = hub.inventory.put(make(1, NAME))
    bad = message(body, 1)
    assert hub.batch(bad, message(event("AddTags", lb), 2)) == []
    assert hub.mailbox.dead == {"message-1": (bad["body"], reason)}
    assert len(hub.provider.at(NAME)) == 1
    (line,) = (line for line in hub.lines() if line["message"] == "rejected")
    assert (line["message_id"], line["detail"]) == ("message-1", reason)


@pytest.mark.parametrize("name", ["v2-create-denied", "v2-delete-in-use", "another-service",
                                  "v2-add-tags-to-target-group", "v2-add-tags-to-listener",
                                  "other-call-modify-attributes", "sweep-of-another-installation"])  # fmt: skip
def test_what_is_none_of_our_business_leaves_with_one_line_and_no_call(hub: Hub, name: str) -> None:
    assert hub.batch(message(samples.load(name))) == []
    assert hub.mailbox.dead == {}
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])
    assert [(line["message"], line["message_id"]) for line in hub.lines()] == [("ignored", "message-1")]


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
def test_a_hostname_that_cannot_be_served_is_refused_and_nothing_written(hub: Hub, hostname: str, reason: str) -> None:
    lb = hub.inventory.put(make(1, hostname))
    assert hub.batch(message(event("AddTags", lb))) == []
    assert hub.provider.written == []
    assert [line["reason"] for line in hub.lines() if line["message"] == "decision"] == [reason]


def test_a_name_that_we_do_not_own_is_refused_and_not_touched(hub: Hub) -> None:
    record = hub.provider.add(NAME, "A", "192.0.2.1")
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message(event("AddTags", lb))) == []
    assert hub.provider.at(NAME) == [record]
    assert [line["reason"] for line in hub.lines() if line["message"] == "decision"] == ["name-taken"]


def _raise(error: MeshDnsError, *calls: str) -> Callable[[str], None]:
    def before(call: str) -> None:
        if call in calls:
            raise error

    return before


@pytest.mark.parametrize("call", ["list", "apply"])
@pytest.mark.parametrize(
    "error",
    [Unavailable("502: <html>"), Unavailable("read timed out"), Denied("the token lacks Zone / DNS / Edit on zone z")],
    ids=["HTML", "a timeout", "denied"],
)
def test_a_provider_that_fails_is_asked_again_later_and_nothing_is_deleted(
    hub: Hub, error: MeshDnsError, call: str
) -> None:
    old = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", old)))
    hub.inventory.delete(old)
    new = hub.inventory.put(make(2, OTHER))
    hub.provider.before = _raise(error, call)
    assert hub.batch(message(event("DeleteLoadBalancer", old), 1), message(event("AddTags", new), 2))[-1] == "message-2"
    assert [change.action.value for change in hub.provider.written] == ["create"]
    retried = [line for line in hub.lines() if line["message"] == "retried"]
    assert str(error) in retried[-1]["detail"]
    assert hub.mailbox.dead == {}


class PlainToken:
    """A token as a store would supply it."""

    name = "a secret"

    def __call__(self, *, refresh: bool = False) -> str:
        return "cf-token-in-clear"


def test_a_provider_that_does_not_answer_brings_no_token_into_a_line(hub: Hub) -> None:
    hub.provider = Cloudflare(RULES.owner, PlainToken(), base_url="http://127.0.0.1:9")  # type: ignore[assignment]
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message(event("AddTags", lb))) == ["message-1"]
    told = hub.capsys.readouterr().out
    assert "retried" in told
    assert "in-clear" not in told


def test_what_cannot_be_looked_at_is_asked_again_and_nothing_is_deleted(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", lb)))
    hub.inventory.unreadable.add(HUB)
    assert hub.batch(message(event("DeleteLoadBalancer", lb), 7)) == ["message-7"]
    assert (len(hub.provider.at(NAME)), hub.outbox.second_looks) == (1, {})
    assert hub.mailbox.delays == {"receipt-7": 10}


def test_records_that_do_not_come_through_the_queue_are_refused(hub: Hub) -> None:
    direct = {"EventSource": "aws:sns", "Sns": {"Message": json.dumps(sweep())}}
    with pytest.raises(Rejected, match="through its queue"):
        hub.batch(direct)
    assert hub.inventory.calls == []


# Failing alone


def test_a_message_that_fails_alone_fails_alone(hub: Hub) -> None:
    hub.inventory.scopes.add(AWAY)
    hub.register.scopes.add(AWAY)
    far, near = hub.inventory.put(make(make_id(1, AWAY), OTHER)), hub.inventory.put(make(2, NAME))
    hub.inventory.unreadable.add(AWAY)
    failed = hub.batch(
        message("rubbish", 1),
        message(event("AddTags", far, scope=AWAY), 2),
        message(samples.load("another-service"), 3),
        message(event("AddTags", near), 4),
    )
    assert failed == ["message-2"]
    assert list(hub.mailbox.dead) == ["message-1"]
    assert list(hub.mailbox.delays) == ["receipt-2"]
    assert len(hub.provider.at(NAME)) == 1


def test_a_dead_letter_that_cannot_be_sent_is_tried_again(hub: Hub) -> None:
    hub.mailbox.broken = True
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message("rubbish", 1), message(event("AddTags", lb), 2)) == ["message-1"]
    assert len(hub.provider.at(NAME)) == 1
    assert [line["message"] for line in hub.lines()][-1] == "postponing failed"


def test_a_register_that_cannot_be_read_fails_what_needs_it_only(hub: Hub) -> None:
    hub.register.broken = True
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message("rubbish", 1), message(event("AddTags", lb), 2)) == ["message-2"]
    assert hub.inventory.calls == []


@pytest.mark.parametrize(
    ("received", "delay"),
    [(1, 10), (2, 20), (3, 40), (6, 320), (7, 640), (8, 900), (30, 900), (5000, 900)],
    ids=str,
)
def test_a_failed_message_waits_twice_as_long_each_time(hub: Hub, received: int, delay: int) -> None:
    lb = hub.inventory.put(make(1, NAME))
    hub.inventory.unreadable.add(HUB)
    hub.batch(message(event("AddTags", lb), received=received))
    assert hub.mailbox.delays == {"receipt-1": delay}


@pytest.mark.parametrize(
    ("after", "delay"),
    [(300, 300), (0.4, 0), (12.6, 13), (100_000, 43200), (-5, 0)],
    ids=["as asked", "rounded down", "rounded up", "at most what a queue takes", "never negative"],
)
def test_a_rate_limit_says_when_to_come_back_and_stops_the_batch(hub: Hub, after: float, delay: int) -> None:
    ids = [hub.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(3)]
    hub.provider.before = _raise(RateLimited("429", after=after), "list", "apply")
    records = [message(event("AddTags", lb), n, received=5) for n, lb in enumerate(ids)]
    assert hub.batch(*records) == ["message-0", "message-1", "message-2"]
    assert hub.mailbox.delays == {f"receipt-{n}": delay for n in range(3)}
    assert len(hub.provider.calls) == 1


# Scopes


def test_an_event_of_an_unknown_scope_causes_no_call(hub: Hub) -> None:
    lb = make_id(1, STRANGER)
    assert hub.batch(message(event("AddTags", lb, scope=STRANGER))) == []
    assert (hub.inventory.calls, hub.provider.calls, hub.mailbox.dead) == ([], [], {})
    (line,) = hub.lines()
    assert line["message"] == "refused"
    assert str(STRANGER) in line["detail"]


@pytest.mark.parametrize(
    ("scope", "open_", "swept"),
    [(AWAY, True, True), (AWAY, False, False), (STRANGER, True, False)],
    ids=["an account that may speak", "a hub without spokes", "an account that may not speak"],
)
def test_a_sweep_announces_its_scope(hub: Hub, scope: Scope, open_: bool, swept: bool) -> None:
    hub.inventory.scopes.add(scope)
    hub.inventory.put(make(make_id(1, scope), NAME))
    hub.register.open = open_
    assert hub.batch(message(sweep(scope))) == []
    assert hub.register.announced == [scope] * swept
    assert len(hub.provider.at(NAME)) == swept


def test_a_sweep_that_could_not_read_its_scope_does_not_announce_it(hub: Hub) -> None:
    hub.inventory.unreadable.add(AWAY)
    assert hub.batch(message(sweep(AWAY))) == ["message-1"]
    assert hub.register.announced == []


def test_a_sweep_that_cannot_be_announced_comes_back_and_the_rest_is_done(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    hub.register.read_only = True
    assert hub.batch(message(sweep(AWAY), 1), message(event("AddTags", lb), 2)) == ["message-1"]
    assert len(hub.provider.at(NAME)) == 1


def test_an_event_of_a_registered_scope_whose_account_may_not_speak_any_more_causes_no_call(hub: Hub) -> None:
    hub.register.scopes.add(STRANGER)
    lb = hub.inventory.put(make(make_id(1, STRANGER), NAME))
    assert hub.batch(message(event("AddTags", lb, scope=STRANGER))) == []
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])
    assert [line["message"] for line in hub.lines()][:1] == ["refused"]


def test_the_sweep_of_the_hub_tells_who_is_silent(hub: Hub) -> None:
    hub.register.unheard.add(AWAY)
    hub.batch(message(sweep()))
    assert [line["scopes"] for line in hub.lines() if line["message"] == "silent"] == [[str(AWAY)]]


# Messages of our own


def _vacant(hub: Hub) -> SecondLook:
    """A record whose load balancer is gone, and the second look at it, long ripe."""
    lb = hub.inventory.put(make(1, NAME))
    hub.batch(message(event("AddTags", lb)))
    hub.inventory.delete(lb)
    (record,) = hub.provider.at(NAME)
    hub.capsys.readouterr()
    return SecondLook(lb, NAME, ZONE, record.id, first_look=0, override_guard=True)


def test_a_second_look_of_our_own_counts(hub: Hub) -> None:
    look = _vacant(hub)
    assert hub.batch(message(messages.encode(look), sender=FUNCTION)) == []
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
    assert hub.batch(message(messages.encode(look), sender=sender)) == []
    assert hub.reason() == "looks like a message of the function to itself, but somebody else sent it"
    assert len(hub.provider.at(NAME)) == 1
    assert hub.inventory.calls == calls


def test_a_message_without_a_sender_is_not_our_own(hub: Hub) -> None:
    record = message(messages.encode(_vacant(hub)))
    del record["attributes"]
    assert hub.batch(record) == []
    assert "somebody else sent it" in hub.reason()


@pytest.mark.parametrize("body", [Sweep(HUB, override_guard=True), Sweep(AWAY), Sweep(HUB, hops=5)], ids=str)
def test_a_forged_continuation_is_rejected(hub: Hub, body: Sweep) -> None:
    hub.batch(message(messages.encode(body)))
    assert "somebody else sent it" in hub.reason()
    assert hub.register.announced == []


def test_our_own_message_inside_a_notification_is_not_our_own(hub: Hub) -> None:
    look = _vacant(hub)
    hub.batch(message(notification(messages.encode(look))))
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
    assert hub.outbox.second_looks == {}
    assert len(hub.provider.records_by_id) == 30


def test_a_release_by_the_topic_is_rejected(hub: Hub) -> None:
    hub.register.scopes.add(AWAY)
    command = {"action": "release", "account": AWAY.account, "region": AWAY.region, "confirm": True}
    hub.batch(message(command, sender=FUNCTION), message(notification(command), 2))
    assert set(hub.mailbox.dead) == {"message-1", "message-2"}
    assert AWAY in hub.register.scopes


def test_a_stale_second_look_of_a_released_scope_leaves_quietly(hub: Hub) -> None:
    look = SecondLook(make_id(1, AWAY), NAME, ZONE, "r", 0)
    assert hub.batch(message(messages.encode(look), sender=FUNCTION)) == []
    assert (hub.mailbox.dead, hub.inventory.calls) == ({}, [])


# Cost


def test_one_message_names_at_most_100_load_balancers(hub: Hub) -> None:
    hub.batch(message(event("AddTags", *(make_id(n) for n in range(101)))))
    assert "resourceArns" in hub.reason()
    assert hub.inventory.calls == []


def test_a_batch_in_which_nothing_is_to_do_costs_no_call(hub: Hub) -> None:
    assert hub.batch(message("rubbish", 1), message(samples.load("another-service"), 2)) == []
    assert (hub.inventory.calls, hub.provider.calls) == ([], [])


# Direct invocation


def test_a_sweep_by_hand(hub: Hub) -> None:
    hub.inventory.put(make(1, NAME))
    assert hub.invoke({"action": "sweep"}) == {"done": str(HUB)}
    assert len(hub.provider.at(NAME)) == 1


def test_an_event_by_hand(hub: Hub) -> None:
    lb = hub.inventory.put(make(1, NAME))
    assert hub.invoke(event("AddTags", lb)) == {"done": str(HUB)}
    assert len(hub.provider.at(NAME)) == 1
    assert list(hub.invoke(samples.load("another-service"))) == ["ignored"]


def test_an_override_by_hand(hub: Hub) -> None:
    ids = [hub.inventory.put(make(n, f"c{n}.mesh.example.com")) for n in range(30)]
    hub.invoke({"action": "sweep"})
    for lb in ids:
        hub.inventory.delete(lb)
    hub.invoke({"action": "sweep"})
    assert hub.outbox.second_looks == {}
    hub.invoke({"action": "sweep", "override_guard": True})
    assert len(hub.outbox.second_looks) == 30
    assert all(look.override_guard for look in hub.outbox.second_looks)


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({"action": "sweep", "account": STRANGER.account, "region": STRANGER.region}, "is not known"),
        ({"action": "everything"}, "schema command"),
        ({"no": "event"}, "schema event"),
        ({"action": "release", "account": HUB.account, "region": HUB.region}, "cannot be released"),
    ],
    ids=["an unknown scope", "an unknown action", "not an event", "a release of the hub itself"],
)
def test_a_mistake_by_hand_is_told(hub: Hub, command: Json, complaint: str) -> None:
    with pytest.raises(Rejected, match=complaint):
        hub.invoke(command)
    assert hub.provider.calls == []


def test_a_failure_by_hand_is_told(hub: Hub) -> None:
    hub.inventory.unreadable.add(HUB)
    with pytest.raises(Retryable, match="AccessDenied"):
        hub.invoke({"action": "sweep"})


def test_a_release_by_hand_tells_first_and_forgets_when_confirmed(hub: Hub) -> None:
    hub.inventory.scopes.add(AWAY)
    hub.register.scopes.add(AWAY)
    hub.inventory.put(make(make_id(1, AWAY), NAME))
    hub.batch(message(sweep(AWAY)))
    command = {"action": "release", "account": AWAY.account, "region": AWAY.region}
    told = {"hostname": NAME, "reason": "delete", "to": str(make_id(1, AWAY))}
    assert hub.invoke(command) == {"would_release": str(AWAY), "records": [told]}
    assert (len(hub.provider.at(NAME)), AWAY in hub.register.scopes) == (1, True)
    assert hub.invoke(command | {"confirm": True}) == {"released": str(AWAY), "records": [told]}
    assert (len(hub.provider.at(NAME)), AWAY in hub.register.scopes) == (0, False)
