"""One hub in memory: its ports, its intake and its clock, and messages as a queue hands them over."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh_dns.converge import converge
from mesh_dns.core.decision import Decision
from mesh_dns.core.report import Result
from mesh_dns.core.request import Request
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import Entry, KnownScopes
from mesh_dns.core.values import LoadBalancer, LoadBalancerId, Record, Scope
from mesh_dns.core.work import Check, Event, EventKind, ForgetName, ForgetScope, Work
from mesh_dns.errors import MeshDnsError, Retryable
from mesh_dns.forgetting import forget
from mesh_dns.intake import Intake
from mesh_dns.ports import Ports, Reporter
from mesh_dns.telemetry import Telemetry
from tests.doubles import others
from tests.doubles.inventory import HUB, InMemoryInventory, make
from tests.doubles.provider import ZONE, InMemoryProvider

OWNER = "mesh-dns/1f0c9a3e"
SUFFIX = "mesh.example.com"
NAME = f"cluster1.{SUFFIX}"
OTHER = f"cluster2.{SUFFIX}"
AWAY = Scope(HUB.account, "us-east-1")
FAR = Scope("444455556666", "eu-west-1")
ZONE_2 = "fedcba9876543210fedcba9876543210"
SUFFIX_2 = "mesh.example.net"
RULES = Rules(owner=OWNER, zones={SUFFIX: ZONE}, accounts={HUB.account: ("*",), FAR.account: ("*",)})

ROLE = "AROAEXAMPLE0000000000"
FUNCTION = f"{ROLE}:mesh-dns"
TOPIC = "AIDAEXAMPLE0000000000"

Json = dict[str, Any]
# The logging library keeps one logger per name, with the stream that was there when it was made.
_NUMBERS = itertools.count()


def raises(error: MeshDnsError, *calls: str) -> Callable[[str], None]:
    """A hook that fails these calls; all of them when none is named."""

    def before(call: str) -> None:
        if not calls or call in calls:
            raise error

    return before


@dataclass
class Hub:
    """One installation in memory. Its own scope is known for long, and was read a moment ago."""

    rules: Rules = RULES
    dry_run: bool = False
    clock: others.VirtualClock = field(default_factory=others.VirtualClock)
    inventory: InMemoryInventory = field(default_factory=InMemoryInventory)
    provider: InMemoryProvider = field(default_factory=InMemoryProvider)
    told: others.RememberingReporter = field(default_factory=others.RememberingReporter)
    mailbox: others.InMemoryMailbox = field(default_factory=others.InMemoryMailbox)
    outbox: others.InMemoryOutbox = field(init=False)
    memory: others.InMemoryMemory = field(init=False)
    register: others.InMemoryRegister = field(init=False)
    results: list[Result] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = others.InMemoryOutbox(self.clock)
        self.memory = others.InMemoryMemory(self.clock)
        self.register = others.InMemoryRegister(self.clock)
        self.inventory.clock = self.provider.clock = self.clock
        self.know(HUB)

    # Its world

    def know(self, scope: Scope, *, announced: float = 0, read_ago: float = 0) -> Scope:
        """A scope is known since `announced`, and was last read so many seconds ago."""
        self.register.scopes[scope] = Entry(announced, self.clock() - read_ago)
        return scope

    def put(self, load_balancer: LoadBalancer) -> LoadBalancerId:
        """A load balancer is created, or changed."""
        return self.inventory.put(load_balancer)

    def many(self, number: int) -> list[LoadBalancerId]:
        """So many load balancers are created, each with a name of its own: c0, c1, ..."""
        return [self.put(make(n, f"c{n}.{SUFFIX}")) for n in range(number)]

    def target(self, load_balancer: LoadBalancerId) -> str:
        """The name that a record for a load balancer points to."""
        return self.inventory.load_balancers[load_balancer].dns_name

    def content(self, name: str = NAME) -> str | None:
        """Where a name points; None when no CNAME is there."""
        found = [record.content for record in self.provider.at(name) if record.type == "CNAME"]
        return found[0] if found else None

    def record(self, name: str = NAME) -> Record:
        """The only record at a name."""
        (record,) = self.provider.at(name)
        return record

    # What `converge` makes of work

    def ports(self, reporter: Reporter | None = None) -> Ports:
        """All of them."""
        return Ports(
            self.inventory,
            self.provider,
            self.outbox,
            self.memory,
            reporter or self.told,
            self.rules,
            self.clock,
            self.dry_run,
        )

    def scopes(self) -> KnownScopes:
        """Those in the register."""
        unlistable_since = self.memory.recall().unread
        return KnownScopes.of(self.register.entries(), self.clock(), self.rules.sweep_period, unlistable_since)

    def run(self, *work: Work, time: float = 100, returned: Collection[str] = ()) -> dict[str, Retryable]:
        """One batch with `time` seconds to go: which of its messages ("0", "1", ...) must come back."""
        request = Request({str(number): each for number, each in enumerate(work)}, frozenset(returned))
        self.results.append(converge(self.ports(), request, self.scopes(), self.clock() + time))
        return request.failures(self.results[-1])

    def check(self, *ids: LoadBalancerId, **options: Any) -> dict[str, Retryable]:
        """A check of our own, which no event came with."""
        return self.run(Check(ids[0].scope, frozenset(ids)), **options)

    def tell(self, told: EventKind, *ids: LoadBalancerId, **options: Any) -> dict[str, Retryable]:
        """The event of what just happened to load balancers."""
        return self.run(self.event(told, *ids), **options)

    def event(self, told: EventKind, *ids: LoadBalancerId) -> Check:
        """The check that an event asks for, of what just happened to load balancers of one scope."""
        tag = None
        if told in (EventKind.CREATED, EventKind.TAGGED):
            tag = self.inventory.load_balancers[ids[0]].tags.get(self.rules.hostname_tag)
        return Check(ids[0].scope, frozenset(ids), Event(told, self.clock(), tag, untags=told is EventKind.UNTAGGED))

    def wait(self, seconds: float) -> list[Retryable]:
        """Let time pass, and deliver our own messages when they are due. What failed meanwhile is told, and lost."""
        end = self.clock.now + seconds
        failures: list[Retryable] = []
        while (due := self.outbox.next_due()) <= end:
            self.clock.now = max(self.clock.now, due)
            failures += self.run(*self.outbox.take(self.clock.now)).values()
        self.clock.now = end
        return failures

    def forget(self, command: ForgetName | ForgetScope, *, without: Scope | None = None) -> Sequence[Decision]:
        """What `forget` answers; `without` is the scope that may not claim any more."""
        scopes = self.scopes() if without is None else self.scopes().without(without)
        return forget(self.ports(), command, scopes, self.clock() + 100)

    def tighten(self, **different: Any) -> None:
        """Change the rules."""
        self.rules = replace(self.rules, **different)

    # What the intake makes of messages

    def intake(self) -> Intake:
        """A new one, as after a cold start."""
        telemetry = Telemetry(f"hub-{next(_NUMBERS)}", HUB)
        return Intake(self.ports(telemetry), self.register, self.mailbox, telemetry, HUB, ROLE)

    def batch(self, *records: Json, time: float = 100) -> list[str]:
        """Deliver a batch; the ids of the messages that failed."""
        answer = self.intake().batch(records, self.clock() + time)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def invoke(self, command: Json) -> Any:
        """Invoke it directly."""
        return self.intake().invoke(command, self.clock() + 100, "request-1")

    def reason(self, number: int = 1) -> str:
        """Why the n-th message was rejected; empty when it was not."""
        return self.mailbox.dead.get(f"message-{number}", ("", ""))[1]


# Messages


def event(call: str, *ids: LoadBalancerId, scope: Scope = HUB, **detail: object) -> Json:
    """A call as an event: of v2 load balancers by their ARNs."""
    arns = [f"arn:aws:elasticloadbalancing:{lb.region}:{lb.account}:loadbalancer/{lb.arn_path}" for lb in ids]
    parameters: Json = {"resourceArns": arns} if call.endswith("Tags") else {"loadBalancerArn": arns[0]}
    call_of = {"eventSource": "elasticloadbalancing.amazonaws.com", "eventName": call, "requestParameters": parameters}
    envelope = {"source": "aws.elasticloadbalancing", "detail-type": "AWS API Call via CloudTrail"}
    return envelope | {"account": scope.account, "region": scope.region, "detail": call_of | detail}


def sweep(scope: Scope = HUB, owner: str = OWNER) -> Json:
    """The notice of a schedule."""
    envelope = {"source": "mesh-dns", "detail-type": "Mesh DNS Sweep", "detail": {"owner": owner}}
    return envelope | {"account": scope.account, "region": scope.region}


def notification(body: object) -> str:
    """An event inside an SNS notification, as a topic without raw delivery sends it."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:...", "Message": json.dumps(body)})


def message(
    body: object,
    number: int = 1,
    *,
    sender: str = TOPIC,
    received: int = 1,
    sent: float | None = None,
    first: float | None = None,
) -> Json:
    """The n-th message of a batch. A body that is not a text goes in as JSON.

    `sent`, `first`: when it was sent and first received, in seconds since the epoch.
    """
    attributes = {"ApproximateReceiveCount": str(received), "SenderId": sender}
    for name, at in (("SentTimestamp", sent), ("ApproximateFirstReceiveTimestamp", first)):
        if at is not None:
            attributes[name] = str(int(at * 1000))
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": attributes,
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:mesh-dns",
        "awsRegion": "eu-west-1",
    }


def lines_in(text: str) -> list[Mapping[str, Any]]:
    """The log lines in what was printed."""
    return [json.loads(line) for line in text.splitlines()]
