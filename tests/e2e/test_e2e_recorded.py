"""Recorded CloudTrail records and Lambda events pass through the shipped zip, by each way that they can come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.controllers import Scope
from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.installation import SUFFIX, Answer, Installation
from tests.fixtures import events

RECORDED = events.recorded()

pytestmark = pytest.mark.skipif(not RECORDED, reason=f"no recorded events in {events.RECORDED}")

# Recorded in an account that this installation does not know: what it does with each, and why.
EXPECTED = {
    "classic-create-console--stackstate": ("unknown scope", "111122223333/eu-west-1 is not known"),
    "classic-delete-console--stackstate": ("unknown scope", "111122223333/eu-west-1 is not known"),
    "v2-create-alb-cloudformation--stackstate": ("unknown scope", "111122223333/eu-west-1 is not known"),
    "v2-create-alb-eventbridge--python-notes": ("unknown scope", "111122223333/us-east-1 is not known"),
    "v2-delete-nlb--aws-spotlight": ("unknown scope", "111122223333/ap-northeast-1 is not known"),
    "v2-error-access-denied-create-rule--traildiscover": ("ignored", "CreateRule changes neither"),
    "v2-other-create-target-group--stackstate": ("ignored", "CreateTargetGroup changes neither"),
    "lambda-event-eventbridge--powertools": ("ignored", "an event of 'aws.ec2'"),
    "sns-notification-log-delivery-2023--go-test": ("rejected", "required property"),
}
BATCHES = {
    "lambda-event-sqs--powertools": ["not JSON", "required property"],
    "lambda-event-sqs-from-sns--powertools": ["required property"],
}


def by_sns(event: Mapping[str, Any]) -> str:
    """The body that SNS makes of a message, unless delivery is raw."""
    if event.get("Type") == "Notification":
        return json.dumps(event)
    topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:mesh-dns-events"
    return json.dumps({"Type": "Notification", "TopicArn": topic, "Message": json.dumps(event)})


def at_home(name: str) -> dict[str, Any]:
    """A recorded event, as if it had happened in this installation's account and region."""
    event = RECORDED[name]
    text = json.dumps(event).replace(event["account"], ACCOUNT).replace(event["region"], REGION)
    moved: dict[str, Any] = json.loads(text)
    return moved


@dataclass(frozen=True)
class Sent:
    """Message ids, by how and what."""

    raw: Mapping[str, str]
    by_sns: Mapping[str, str]


@pytest.fixture(scope="module")
def sent(installation: Installation) -> Sent:
    writes = installation.sandbox.cloudflare.calls.writes
    raw = dict(zip(EXPECTED, installation.send(*(RECORDED[name] for name in EXPECTED)), strict=True))
    wrapped = dict(zip(EXPECTED, installation.send(*(by_sns(RECORDED[name]) for name in EXPECTED)), strict=True))
    installation.wait_until_told_of([*raw.values(), *wrapped.values()])
    assert installation.sandbox.cloudflare.calls.writes == writes
    return Sent(raw, wrapped)


def test_every_recorded_event_has_its_row() -> None:
    assert set(RECORDED) == EXPECTED.keys() | BATCHES.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_through_the_queue_raw_and_by_sns(mesh: Installation, sent: Sent, name: str) -> None:
    outcome, detail = EXPECTED[name]
    for ids in (sent.raw, sent.by_sns):
        (line,) = mesh.told(outcome, message_id=ids[name])
        assert detail in line["detail"]


@pytest.mark.parametrize("name", EXPECTED)
def test_by_direct_invocation(mesh: Installation, name: str) -> None:
    outcome, detail = EXPECTED[name]
    answer = mesh.invoke(RECORDED[name])
    if outcome == "ignored":
        assert not answer.error
        assert detail in answer.payload["ignored"]
    else:
        assert answer.payload["errorType"] == "Rejected"
        assert detail in answer.message


@pytest.mark.parametrize("name", BATCHES)
def test_recorded_batches_are_rejected_message_by_message(mesh: Installation, name: str) -> None:
    batch = RECORDED[name]
    assert mesh.invoke(batch) == Answer({"batchItemFailures": []}, "")
    for record, detail in zip(batch["Records"], BATCHES[name], strict=True):
        assert any(detail in line["detail"] for line in mesh.told("rejected", message_id=record["messageId"]))
    assert {record["body"] for record in batch["Records"]} <= mesh.dead_letters().keys()


@pytest.mark.parametrize("way", ["raw", "by SNS", "by invocation"])
def test_a_recorded_create_makes_the_name(mesh: Installation, way: str) -> None:
    event, hostname = at_home("classic-create-console--stackstate"), mesh.hostname("recorded")
    elb, balancer = mesh.sandbox.client("elb"), event["detail"]["requestParameters"]["loadBalancerName"]
    listener = {"Protocol": "TCP", "LoadBalancerPort": 2379, "InstancePort": 32379}
    mesh.unnoticed(2)
    elb.delete_load_balancer(LoadBalancerName=balancer)  # of the case before, if any
    dns_name = elb.create_load_balancer(
        LoadBalancerName=balancer, Listeners=[listener], Scheme="internal",
        Subnets=Scope(mesh.sandbox).subnets(), Tags=[{"Key": "hostname", "Value": hostname}],
    )["DNSName"]  # fmt: skip

    mesh.wait(lambda: mesh.listed(hostname), "AWS shows it")

    if way == "by invocation":
        assert mesh.invoke(event).payload["done"] == f"{ACCOUNT}/{REGION}"
        assert mesh.leads_to(hostname) == dns_name.lower()
    else:
        mesh.send(event if way == "raw" else by_sns(event))
        mesh.wait_for_name(hostname, dns_name)


def test_a_recorded_delete_takes_the_name_away(mesh: Installation) -> None:
    event, hostname = at_home("v2-delete-nlb--aws-spotlight"), mesh.hostname("recorded")
    path = event["detail"]["requestParameters"]["loadBalancerArn"].partition(":loadbalancer/")[2]
    mesh.sandbox.cloudflare.add_record(
        mesh.zone_ids[SUFFIX], type="CNAME", name=hostname, content="gone.elb.eu-west-1.amazonaws.com", ttl=60,
        comment=f"{mesh.outputs['owner']} {REGION}/{ACCOUNT}/{path}",
    )  # fmt: skip

    mesh.send(event)

    mesh.wait_for_decision(hostname, "look-again")
    assert mesh.records(hostname)
    mesh.wait_until_gone(hostname)


@pytest.mark.parametrize(
    "name", ["v2-create-alb-cloudformation--stackstate", "v2-create-alb-eventbridge--python-notes"]
)
def test_a_recorded_create_of_something_that_is_gone_leaves_quietly(mesh: Installation, name: str) -> None:
    writes = mesh.sandbox.cloudflare.calls.writes
    assert mesh.invoke(at_home(name)) == Answer({"done": f"{ACCOUNT}/{REGION}", "deletes_to_come": 0}, "")
    assert mesh.sandbox.cloudflare.calls.writes == writes
