"""The module, applied to a sandbox as its quickstart says, and what tests do to it and ask of it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dns.resolver

from sandbox.cloudflare import Call, FaultKind
from sandbox.cloudflare.records import StoredRecord
from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.lateness import INSTANT, Lateness
from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform
from tests.e2e.log import PATIENT, Log

SUFFIX, OTHER_SUFFIX = "mesh.example.com", "mesh.example.net"
ZONES = {SUFFIX: "example.com", OTHER_SUFFIX: "example.net"}
"""Each suffix lies within a larger zone, so that what must not be written could be."""
TOKEN = "token-of-the-emulated-zones-0123456789"
GRACE = 4
QUEUE_SPEED = 5
"""Visibility timeouts and batch windows of the queue pass this many times as fast; delays and the grace do not."""
TAGS_APPEAR = (0.5, 2.0)
"""Seconds from the moment in which a load balancer is shown to that in which its tags are."""
OVERRIDE = {"module": {"mesh_dns": {"records": {"grace_seconds": GRACE}, "trail": {"force_destroy": True}}}}


def late() -> Lateness:
    """As late as the sandbox is, and load balancers shown before their tags: the worst that anybody saw of AWS."""
    given = Lateness.from_environment()
    return given if given == INSTANT else replace(given, tags_appear=TAGS_APPEAR)


@dataclass(frozen=True)
class Answer:
    """What a direct invocation came to. `error`: the function's error type, empty when there is none."""

    payload: Any
    error: str

    @property
    def message(self) -> str:
        """The error's text."""
        return str(self.payload.get("errorMessage", "")) if isinstance(self.payload, dict) else ""


@dataclass
class Installation(Log):
    """A running installation. Each test uses hostnames and load balancers of its own."""

    sandbox: Sandbox
    terraform: Terraform
    zone_ids: Mapping[str, str]
    outputs: Mapping[str, Any]
    plans: Mapping[str, str]
    """What Terraform said before the apply (`first`) and right after it (`second`): the plans are kept, too."""
    tokens: list[str]
    """All tokens so far; the last one is in the secret."""
    installed: float = 0.0
    """When the first sweep was through, in seconds since the epoch."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.sqs, self.functions = self.sandbox.client("sqs"), self.sandbox.client("lambda")
        self.queue_url, self.dead_letter_url = (
            self.sqs.get_queue_url(QueueName=self.outputs[output].rsplit(":", 1)[-1])["QueueUrl"]
            for output in ("queue_arn", "dead_letter_queue_arn")
        )

    # Load balancers and names

    def hostname(self, label: str = "cluster", suffix: str = SUFFIX) -> str:
        """A name that nobody used before."""
        return f"{label}-{next(self._numbers)}.{suffix}"

    def controller(self, service: str = "kube-system/clustermesh-apiserver") -> AwsLoadBalancerController:
        """The controller of a new cluster, for the load balancer of its one Service."""
        return AwsLoadBalancerController(Scope(self.sandbox), f"kubernetes-{next(self._numbers)}", service)

    def unnoticed(self, events: int = 1) -> None:
        """The next load balancer calls leave no event."""
        self.sandbox.cloudtrail.drop_next(events)

    def create_unnoticed(self, controller: AwsLoadBalancerController, hostname: str) -> str:
        """A load balancer that AWS shows and lists, and that no event told of; its DNS name."""
        self.unnoticed()
        dns_name = controller.create(hostname)
        self.wait_until_listed(controller.arn)
        return dns_name

    def wait_until_listed(self, *arns: str) -> None:
        """Wait until a sweep would find these, with their tags."""
        self.wait(lambda: set(arns) <= self.listed(), f"{arns} are listed")

    def wait_until_not_listed(self, *arns: str) -> None:
        """Wait until AWS shows these nowhere any more."""
        self.wait(lambda: not set(arns) & self.listed(), f"{arns} are not listed")

    def listed(self, *hostnames: str) -> set[str]:
        """The ARNs of load balancers that GetResources shows: all with the tag, or those of these hostnames."""
        tagging, wanted = self.sandbox.client("resourcegroupstaggingapi"), {"Key": "hostname", "Values": hostnames}
        pages = tagging.get_paginator("get_resources").paginate(TagFilters=[wanted])
        arns = {item["ResourceARN"] for page in pages for item in page["ResourceTagMappingList"]}
        return {arn for arn in arns if ":loadbalancer/" in arn}

    def records(self, hostname: str) -> list[StoredRecord]:
        """Everything at a name, in all zones."""
        return [
            record
            for zone_id in self.zone_ids.values()
            for record in self.sandbox.cloudflare.records(zone_id)
            if record.name == hostname
        ]

    def leads_to(self, hostname: str) -> str | None:
        """The target of the one record at a name."""
        found = self.records(hostname)
        return found[0].content if len(found) == 1 else None

    def wait_for_name(self, hostname: str, dns_name: str, seconds: float = PATIENT) -> StoredRecord:
        """Wait until a name leads to a load balancer; its record."""
        self.wait(lambda: self.leads_to(hostname) == dns_name.lower(), f"{hostname} leads to {dns_name}", seconds)
        return self.records(hostname)[0]

    def wait_until_gone(self, hostname: str, seconds: float = PATIENT) -> None:
        """Wait until nothing is at a name."""
        self.wait(lambda: not self.records(hostname), f"{hostname} is gone", seconds)

    def wait_for_address(self, hostname: str) -> None:
        """Wait until a name ends at an address: a new load balancer's own name does not resolve at once."""
        self.wait(lambda: self.resolve(hostname, "A"), f"{hostname} has an address")

    def resolve(self, hostname: str, record_type: str = "CNAME") -> list[str]:
        """What the DNS server answers; empty when there is no such name."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.sandbox.dns.host], self.sandbox.dns.port
        try:
            return [str(item).rstrip(".") for item in resolver.resolve(hostname, record_type)]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    # Messages and commands

    def send(self, *bodies: str | Mapping[str, Any]) -> list[str]:
        """Put messages into the queue, as somebody with the right to do so; their ids."""
        texts = [body if isinstance(body, str) else json.dumps(body) for body in bodies]
        return [self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)["MessageId"] for text in texts]

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Invoke the function directly, as soon as it has nothing else to do."""
        name, payload = self.outputs["function_name"], json.dumps(event).encode()

        def answer() -> dict[str, Any] | None:
            try:
                return dict(self.functions.invoke(FunctionName=name, Payload=payload))
            except self.functions.exceptions.TooManyRequestsException:
                return None

        answered = self.wait(answer, "the one copy of the function is free")
        return Answer(json.loads(answered["Payload"].read() or b"null"), answered.get("FunctionError", ""))

    def dead_letters(self) -> dict[str, str]:
        """Body => reason (empty without one) of what is in the dead-letter queue; it stays there."""
        found: dict[str, str] = {}
        seen: list[str] = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=300
        ).get("Messages", []):
            for message in messages:
                seen.append(message["ReceiptHandle"])
                reason = message.get("MessageAttributes", {}).get("reason", {})
                found[message["Body"]] = reason.get("StringValue", "")
                assert reason.get("DataType", "String") == "String"
        for handle in seen:
            self.sqs.change_message_visibility(QueueUrl=self.dead_letter_url, ReceiptHandle=handle, VisibilityTimeout=0)
        return found

    def backlog(self) -> int:
        """How many messages are in the queue: waiting, delayed or in flight."""
        counts = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["All"])["Attributes"]
        return sum(int(counts[f"ApproximateNumberOfMessages{kind}"]) for kind in ("", "Delayed", "NotVisible"))

    def drain(self, seconds: float = PATIENT) -> None:
        """Wait until nothing is left to do: no event is on its way, no message waits, and the function rests."""
        trail = self.sandbox.cloudtrail
        self.wait(
            lambda: trail.on_their_way == 0 and self.backlog() == 0 and not self.busy(),
            "the queue runs dry",
            seconds,
        )

    # What was told: see `Log`

    def wait_until_told_of(self, message_ids: Collection[str]) -> None:
        """Wait until every message has a line of its own."""
        wanted = set(message_ids)
        self.wait(lambda: wanted <= {line.get("message_id") for line in self.lines()}, "a line of each message")

    # Time and trouble

    @contextmanager
    def queue_attribute(self, name: str, value: str) -> Iterator[None]:
        """Another attribute of the queue for a while: less patience than a deployment has."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=[name])["Attributes"]
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={name: value})
        try:
            yield
        finally:
            self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={name: attributes[name]})

    @contextmanager
    def settings(self, wrong: str | Mapping[str, object] | None) -> Iterator[None]:
        """Other settings of the function for a while: some members, a whole text, or none at all."""
        name = self.outputs["function_name"]
        right = self.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        broken = dict(right)
        text = broken.pop("MESH_DNS_SETTINGS")
        if wrong is not None:
            broken["MESH_DNS_SETTINGS"] = (
                wrong if isinstance(wrong, str) else json.dumps(json.loads(text) | dict(wrong))
            )
        self.functions.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
        try:
            yield
        finally:
            self.functions.update_function_configuration(FunctionName=name, Environment={"Variables": right})

    @contextmanager
    def impatient_queue(self) -> Iterator[None]:
        """For a while, two receives are enough for a message to become a dead letter."""
        redrive = json.dumps({"deadLetterTargetArn": self.outputs["dead_letter_queue_arn"], "maxReceiveCount": 2})
        with self.queue_attribute("RedrivePolicy", redrive):
            yield

    @contextmanager
    def crash_during(self, call: Call, fault: FaultKind) -> Iterator[None]:
        """Let the next such call hang, and kill the function while it waits for the answer."""
        cloudflare = self.sandbox.cloudflare
        before = cloudflare.calls.of(call)
        cloudflare.faults.inject(fault, call, seconds=30)
        yield
        self.wait(lambda: cloudflare.calls.of(call) > before, f"a call of kind {call.value}")
        time.sleep(0.2)  # what commits before it falls silent has committed
        assert self.sandbox.kill_function() == 1
        self.wait(lambda: not self.busy(), "the crash is noticed")

    def start_anew(self) -> None:
        """Let another process take over, which remembers nothing: as after any change of the function's settings."""
        with self.settings({}):
            self.invoke({"action": "sweep"})

    def clear(self) -> None:
        """Take everything away that tests made, without an event."""
        sandbox = self.sandbox
        sandbox.cloudflare.faults.clear()
        for service, key, name in (("elbv2", "LoadBalancers", "LoadBalancerArn"),
                                   ("elb", "LoadBalancerDescriptions", "LoadBalancerName")):  # fmt: skip
            client = sandbox.client(service)
            found = client.describe_load_balancers()[key]
            self.unnoticed(len(found))
            for balancer in found:
                client.delete_load_balancer(**{name: balancer[name]})
        self.wait(lambda: not self.listed(), "AWS shows nothing any more")
        self.wait(lambda: not self.busy(), "the function is done")
        for zone_id in self.zone_ids.values():
            for record in sandbox.cloudflare.records(zone_id):
                sandbox.cloudflare.delete_record(zone_id, record.id)
        self.forget_dead_letters()

    def forget_dead_letters(self) -> None:
        """Empty the dead-letter queue."""
        while messages := self.sqs.receive_message(QueueUrl=self.dead_letter_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])


def install(sandbox: Sandbox, folder: Path) -> Installation:
    """Apply the quickstart to a running sandbox: init, plan, and the apply of just that plan."""
    zone_ids = {suffix: sandbox.cloudflare.add_zone(zone) for suffix, zone in ZONES.items()}
    sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
    variables = {"TF_VAR_zones": json.dumps(zone_ids), "TF_VAR_cloudflare_api_token": TOKEN}
    terraform = Terraform("quickstart", folder, sandbox.environment() | variables, OVERRIDE)
    terraform.init()
    plans = {"first": terraform.plan("first")}
    terraform.run("apply", "first")
    plans["second"] = terraform.plan("second")
    installation = Installation(sandbox, terraform, zone_ids, terraform.outputs()["mesh_dns"], plans, [TOKEN])
    installation.wait_for_line("swept")
    installation.installed = time.time()
    return installation
