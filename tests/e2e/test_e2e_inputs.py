"""What arrives in the queue and should not have: each message gets what it deserves, and the others go on.

All of them are sent together, around a good one and a live name; then each test looks at one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.cloudflare.records import StoredRecord
from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.installation import SUFFIX, Installation
from tests.e2e.messages import arn_of, event, tagged
from tests.fixtures import events

STRANGER = "444455556666"
BIG = 256 * 1024
"""The size of the largest message that every SQS queue takes."""


def at_home(name: str) -> dict[str, Any]:
    """One of the fixtures, as if it had happened in this installation's account."""
    moved: dict[str, Any] = json.loads(json.dumps(events.load(name)).replace("111122223333", ACCOUNT))
    return moved


def own_message(kind: str, **content: object) -> dict[str, Any]:
    return {"mesh-dns": {kind: content}}


SECOND_LOOK = own_message(
    "second-look", load_balancer=f"{REGION}/{ACCOUNT}/net/gone/0123456789abcdef", hostname=f"victim.{SUFFIX}",
    zone_id="0" * 32, record_id="0" * 32, since=1, stage="grace", state="gone", heir=None, override_guard=True,
    hops=0,
)  # fmt: skip
CHECK = own_message(
    "check", load_balancers=[f"{REGION}/{ACCOUNT}/net/gone/0123456789abcdef"], hops=1, override_guard=True
)


def nested(depth: int) -> str:
    """An event whose list of ARNs holds a list in a list in a list ..."""
    return json.dumps(event(tagged("THE-ARN"))).replace('"THE-ARN"', "[" * depth + "]" * depth)


def filled_to(size: int, detail: dict[str, Any]) -> str:
    """An event with a tag that nobody can have, as long as it takes."""
    rest = len(json.dumps(event(detail | {"userAgent": ""})))
    return json.dumps(event(detail | {"userAgent": "x" * (size - rest)}))


@dataclass(frozen=True)
class Input:
    """A message, and what becomes of it: a log line with `detail` in it, and, for `rejected`, a dead letter."""

    body: str | Mapping[str, Any]
    outcome: str
    detail: str

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body)


REJECTED, IGNORED, UNKNOWN_SCOPE = "rejected", "ignored", "unknown scope"
INPUTS = {
    # Not to be understood
    "text that is not JSON": Input("<html>", REJECTED, "not JSON"),
    "JSON that is no object": Input("[1, 2]", REJECTED, "not a JSON object"),
    "an event without detail": Input({"source": "aws.elasticloadbalancing"}, REJECTED, "required property"),
    "a tagging of nothing": Input(event({"eventName": "AddTags"}), REJECTED, "AddTags without resourceArns"),
    "an SNS notification around text": Input(
        {"Type": "Notification", "Message": "no JSON"}, REJECTED, "not JSON"
    ),
    "an ARN that names nothing": Input(
        event(tagged(arn_of("name", "no-id"))), REJECTED, "does not name a load balancer"
    ),
    # None of our business
    "a call that failed": Input(at_home("v2-create-denied"), IGNORED, "failed with"),
    "another service's event": Input(at_home("another-service"), IGNORED, "not of a load balancer"),
    "a target group's tags": Input(at_home("v2-add-tags-to-target-group"), IGNORED, "target groups"),
    "a listener's tags": Input(at_home("v2-add-tags-to-listener"), IGNORED, "target groups"),
    "a call that changes neither": Input(at_home("other-call-modify-attributes"), IGNORED, "changes neither"),
    "a sweep of another installation": Input(
        at_home("sweep-of-another-installation"), IGNORED, "another installation"
    ),
    # Forged
    "an event of an unknown account": Input(
        event(tagged(arn_of("theirs", account=STRANGER)), account=STRANGER), UNKNOWN_SCOPE,
        f"{STRANGER}/{REGION} is not",
    ),
    "an event of an unknown region": Input(
        event(tagged(arn_of("theirs", region="us-east-1")), region="us-east-1"), UNKNOWN_SCOPE, "is not known"
    ),
    "a load balancer of another account than its event": Input(
        event(tagged(arn_of("theirs", account=STRANGER))), REJECTED, f"names a load balancer of {STRANGER}"
    ),
    "a load balancer of another region than its event": Input(
        event(tagged(arn_of("theirs", region="us-east-1"))), REJECTED, f"names a load balancer of {ACCOUNT}/us-east-1"
    ),
    "a second look of somebody else": Input(SECOND_LOOK, REJECTED, "somebody else sent it"),
    "a check of somebody else": Input(CHECK, REJECTED, "somebody else sent it"),
    "a second look inside a notification": Input(
        {"Type": "Notification", "Message": json.dumps(SECOND_LOOK)}, REJECTED, "somebody else sent it"
    ),
    "a command, which comes by invocation only": Input(
        {"action": "sweep", "override_guard": True}, REJECTED, "required property"
    ),
    "forgetting, which comes by invocation only": Input(
        {"action": "forget", "account": ACCOUNT, "region": REGION, "confirm": True}, REJECTED, "required property"
    ),
    # Costly
    "two thousand ARNs": Input(
        event(tagged(*(arn_of(f"many-{number}") for number in range(2000)))), REJECTED, "resourceArns"
    ),
    # Around the depth that Python's parser still takes
    **{f"lists in lists, {depth} deep": Input(nested(depth), REJECTED, "") for depth in range(900, 1000, 10)},
    "lists in lists, 50,000 deep": Input(nested(50_000), REJECTED, "not JSON"),
    # Odd
    "half a surrogate pair": Input(event(tagged(arn_of("\ud800"))), REJECTED, "does not name a load balancer"),
    "letters that turn the text around": Input(
        event({"eventName": "\u202esgaTddA"}), IGNORED, "changes neither"
    ),
    "a name with a line end": Input(
        event({"eventName": "DeleteLoadBalancer", "requestParameters": {"loadBalancerName": "victim\n"}}), REJECTED, ""
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Aftermath:
    """What there was before all these messages, and what was sent."""

    ids: Mapping[str, str]
    victim: StoredRecord
    good: tuple[str, str]
    writes_before: int
    dead_letters: Mapping[str, str]


@pytest.fixture(scope="module")
def aftermath(installation: Installation) -> Aftermath:
    mesh, controller, victim = installation, installation.controller(), f"victim.{SUFFIX}"
    record = mesh.wait_for_name(victim, controller.create(victim))
    mesh.drain()
    writes = mesh.sandbox.cloudflare.calls.writes

    good, name = mesh.controller(), mesh.hostname("good")
    dns_name = mesh.create_unnoticed(good, name)
    bodies = {key: case.text for key, case in INPUTS.items()}
    middle = len(bodies) // 2
    sent = mesh.send(*list(bodies.values())[:middle], event(tagged(good.arn)), *list(bodies.values())[middle:])
    sent.pop(middle)
    mesh.wait_for_name(name, dns_name)
    mesh.wait_until_told_of(sent)
    return Aftermath(dict(zip(bodies, sent, strict=True)), record, (name, dns_name), writes, mesh.dead_letters())


@pytest.mark.parametrize("case", INPUTS)
def test_a_message_gets_what_it_deserves(mesh: Installation, aftermath: Aftermath, case: str) -> None:
    given = INPUTS[case]
    lines = [
        (outcome, line["detail"])
        for outcome in (REJECTED, IGNORED, UNKNOWN_SCOPE, "retried")
        for line in mesh.told(outcome, message_id=aftermath.ids[case])
    ]
    assert [outcome for outcome, _ in lines] == [given.outcome]
    assert given.detail in lines[0][1]
    if given.outcome == REJECTED:
        reason = aftermath.dead_letters[given.text]
        assert given.detail in reason
        assert reason
    else:
        assert given.text not in aftermath.dead_letters


def test_the_rest_of_the_batch_goes_on(mesh: Installation, aftermath: Aftermath) -> None:
    name, dns_name = aftermath.good
    assert mesh.leads_to(name) == dns_name


def test_nothing_else_is_written(mesh: Installation, aftermath: Aftermath) -> None:
    assert mesh.sandbox.cloudflare.calls.writes == aftermath.writes_before + 1
    assert mesh.records(aftermath.victim.name) == [aftermath.victim]


def test_the_largest_message_is_read_like_any_other(mesh: Installation) -> None:
    controller, name = mesh.controller(), mesh.hostname("big")
    dns_name = mesh.create_unnoticed(controller, name)

    body = filled_to(BIG, tagged(controller.arn))
    assert len(body) == BIG
    mesh.send(body)

    mesh.wait_for_name(name, dns_name)


def test_the_largest_message_that_makes_no_sense_is_kept(mesh: Installation) -> None:
    body = "x" * BIG
    with mesh.impatient_queue():
        mesh.send(body)
        mesh.drain()

    assert body in mesh.dead_letters()


def test_a_call_that_failed_is_seen_and_ignored(mesh: Installation) -> None:
    controller = mesh.controller()
    controller.create(None)
    elb, subnet = mesh.sandbox.client("elbv2"), mesh.sandbox.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    with pytest.raises(elb.exceptions.DuplicateLoadBalancerNameException):
        elb.create_load_balancer(Name=controller.name, Type="network", Subnets=[subnet])

    mesh.wait_for_line("ignored", detail="CreateLoadBalancer failed with DuplicateLoadBalancerName, so nothing changed")
