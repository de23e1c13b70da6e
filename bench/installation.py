"""A hub with its queue and its function, many scopes that sweep, and clusters that come and go."""

from __future__ import annotations

import heapq
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.slow import Clock, SlowAws, SlowProvider
from bench.world import SUFFIX, BenchToken
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.memory import TableMemory
from mesh_dns.aws.queue import Queue
from mesh_dns.aws.register import TableRegister
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.aws.table import Table
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Kind, LoadBalancerId, Scope
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.intake import Intake
from mesh_dns.ports import Ports
from mesh_dns.telemetry import Telemetry
from sandbox.cloudflare import CloudflareEmulator
from tests.doubles.hub import OWNER
from tests.unit.aws.fake_aws import HUB, NOW, Balancer, FakeAws, arn

LATENESS = 60
PERIOD, WINDOW = 900, 600
BATCH, COMPANY = 500, 2
TIMEOUT, RESERVE = 120, 20
VISIBILITY = 6 * TIMEOUT
ROLE_ID, QUEUE_URL, DEAD_LETTER_URL = "AROABENCH", "https://sqs.bench/queue", "https://sqs.bench/dead-letter"

Message = dict[str, Any]


@dataclass
class Period:
    """What was counted in one part of the story. `waits`: seconds from a load balancer's creation to its record."""

    title: str
    began: float
    messages: int = 0
    batches: int = 0
    killed: int = 0
    longest: float = 0.0
    failures: int = 0
    reads: int = 0
    writes: int = 0
    throttled: int = 0
    most_calls_of_a_batch: tuple[int, int] = (0, 0)
    cloudflare_calls: list[tuple[float, int]] = field(default_factory=list)
    aws_calls: Counter[str] = field(default_factory=Counter)
    waits: dict[LoadBalancerId, float] = field(default_factory=dict)

    @property
    def busiest(self) -> int:
        """The most Cloudflare calls in any 5 minutes."""
        calls = self.cloudflare_calls
        return max((sum(n for at, n in calls if start <= at < start + 300) for start, _ in calls), default=0)

    @property
    def slowest(self) -> str:
        """The longest wait for a name, as a table shows it."""
        return f"{self.longest_wait:.0f} s" if self.waits else "-"

    @property
    def longest_wait(self) -> float:
        """The same in seconds; 0 for none."""
        return max(self.waits.values(), default=0.0)


class Installation:
    """One function at a time takes what waits in the queue, 500 messages at most, 2 seconds after the first of them.

    An invocation that takes longer than 120 s is killed: its messages come back, and a new process begins.
    """

    def __init__(
        self, emulator: CloudflareEmulator, clock: Clock, chance: random.Random, scopes: Sequence[Scope], latency: float
    ) -> None:
        self.emulator, self.clock, self.chance, self.scopes = emulator, clock, chance, scopes
        self.zone_id = emulator.add_zone(SUFFIX, quota=3500)
        emulator.add_token("bench", [self.zone_id])
        self.slow = SlowAws(clock, latency)
        self.aws = FakeAws(before=self.slow)
        self.wanted: dict[str, Balancer] = {}
        self.rejected = 0
        self.had_a_record: set[str] = set()
        self.lost_a_record: set[str] = set()
        self._numbers = iter(range(1, 10**9))
        self._queue: list[tuple[float, int, Message]] = []
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self.period = Period("", clock())
        self._started = 0
        self.intake = self._start()
        for scope in scopes:
            self._sweep_at(clock() + chance.uniform(0, WINDOW), scope)

    def _start(self) -> Intake:
        """A new process."""
        self._started += 1
        clients = self.aws.clients()
        rules = Rules(OWNER, {SUFFIX: self.zone_id}, {"*": ("*",)})
        queue, telemetry = (
            Queue(clients, QUEUE_URL, DEAD_LETTER_URL),
            Telemetry(f"bench-{id(self)}-{self._started}", HUB),
        )
        scopes = Scopes(clients, HUB, ReaderRole("bench-reader", "bench"), self.clock, self.clock.sleep)
        table = Table(clients, "bench", self.clock)
        client = Cloudflare(OWNER, BenchToken(), base_url=self.emulator.base_url, clock=self.clock)
        ports = Ports(
            AwsInventory(scopes, rules.hostname_tag),
            SlowProvider(client, self.emulator.calls, self.clock),
            queue,
            TableMemory(table, self.clock),
            telemetry,
            rules,
            self.clock,
        )
        return Intake(ports, TableRegister(table, HUB, PERIOD, self.clock), queue, telemetry, HUB, ROLE_ID)

    # What happens in AWS

    def plan(self, moment: float, action: Callable[[float], None]) -> None:
        """Let something happen at a moment, whatever the function does then."""
        heapq.heappush(self._agenda, (moment, next(self._numbers), action))

    def create(self, number: int, scope: Scope, now: float) -> None:
        """A cluster gets its load balancer, tagged with its name; the event is late."""
        serial, name = next(self._numbers), f"cluster{number}.{SUFFIX}"
        identity = LoadBalancerId(scope.region, scope.account, Kind.NETWORK, f"k8s-mesh-{number}", f"{serial:016x}")
        target = f"k8s-mesh-{number}-{serial:016x}.elb.{scope.region}.amazonaws.com"
        balancer = Balancer(identity, {"hostname": name}, target, created=now)
        self.aws.add(balancer)
        self.wanted[name] = balancer
        asked = {"name": identity.name, "tags": [{"key": "hostname", "value": name}]}
        self._call(scope, "CreateLoadBalancer", asked, {"loadBalancers": [{"loadBalancerArn": arn(identity)}]}, now)

    def replace(self, number: int, now: float) -> None:
        """A cluster's load balancer goes, and another one comes; the events are late, each on its own."""
        old = self.wanted[f"cluster{number}.{SUFFIX}"]
        del self.aws.balancers[old.id]
        self._call(old.id.scope, "DeleteLoadBalancer", {"loadBalancerArn": arn(old.id)}, None, now)
        self.create(number, old.id.scope, now)

    def _call(self, scope: Scope, call: str, parameters: Mapping[str, object], answer: object, now: float) -> None:
        detail = {
            "eventSource": "elasticloadbalancing.amazonaws.com",
            "eventName": call,
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
            "requestParameters": parameters,
            "responseElements": answer,
        }
        arrives = now + self.chance.uniform(0, LATENESS)
        self._send(_event(scope, "aws.elasticloadbalancing", "AWS API Call via CloudTrail", detail), arrives)

    def _sweep_at(self, moment: float, scope: Scope) -> None:
        def sweep(now: float) -> None:
            period_began = now - (now - NOW) % PERIOD
            self._sweep_at(period_began + PERIOD + self.chance.uniform(0, WINDOW), scope)
            self._send(_event(scope, "mesh-dns", "Mesh DNS Sweep", {"owner": OWNER}), now)

        self.plan(moment, sweep)

    def _send(self, body: Mapping[str, object], arrives: float, *, delay: float = 0, sender: str = "AIDATOPIC") -> None:
        key = f"message-{next(self._numbers)}"
        attributes = {
            "SenderId": sender,
            "ApproximateReceiveCount": "0",
            "SentTimestamp": str(int(arrives * 1000)),
        }
        message = {"messageId": key, "eventSource": "aws:sqs", "receiptHandle": key, "body": json.dumps(body)}
        heapq.heappush(self._queue, (arrives + delay, next(self._numbers), message | {"attributes": attributes}))

    # Time

    def wait(self, until: float) -> None:
        """Let time pass: what is planned happens, and the function runs meanwhile."""
        while min(self._next_planned(), self._next_batch()) <= until:
            if self._next_planned() <= max(self._next_batch(), self.clock()):
                moment, _, action = heapq.heappop(self._agenda)
                self.clock.pass_until(moment)
                action(moment)
            else:
                self.clock.pass_until(self._next_batch())
                self._invoke()
        self.clock.pass_until(until)

    def _next_planned(self) -> float:
        return self._agenda[0][0] if self._agenda else float("inf")

    def _next_batch(self) -> float:
        return self._queue[0][0] + COMPANY if self._queue else float("inf")

    def _invoke(self) -> None:
        messages: list[Message] = []
        while self._queue and self._queue[0][0] <= self.clock() and len(messages) < BATCH:
            message = heapq.heappop(self._queue)[2]
            received = int(message["attributes"]["ApproximateReceiveCount"]) + 1
            message["attributes"]["ApproximateReceiveCount"] = str(received)
            messages.append(message)
        self.aws.session_seconds = self.clock() - NOW + 3600
        self.emulator.calls.reset()
        self.aws.calls.clear()
        self.slow.throttled.clear()
        began = self.clock()
        with self.clock.working():
            answer = self.intake.batch(messages, began + TIMEOUT - RESERVE)
            self.intake.telemetry.flush()
        took = self.clock() - began
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        if took > TIMEOUT:
            failed = {message["messageId"] for message in messages}
            self.intake = self._start()
        self._count(len(messages), len(failed), took)
        self._take_back([message for message in messages if message["messageId"] in failed], began, took > TIMEOUT)
        self._look_at_names()

    def _take_back(self, failed: list[Message], began: float, killed: bool) -> None:
        """Put back what failed, after the delay that was asked for; and in, what the function sent to itself."""
        postponed: dict[str, float] = {}
        for url, entry in self.aws.sent:
            if "VisibilityTimeout" in entry:
                postponed[entry["ReceiptHandle"]] = self.clock() + entry["VisibilityTimeout"]
            elif url == QUEUE_URL:
                own = json.loads(entry["MessageBody"])
                self._send(own, self.clock(), delay=entry.get("DelaySeconds", 0), sender=f"{ROLE_ID}:bench")
            else:
                self.rejected += 1
        self.aws.sent.clear()
        for message in failed:
            back = began + VISIBILITY if killed else postponed.get(message["receiptHandle"], began + VISIBILITY)
            heapq.heappush(self._queue, (back, next(self._numbers), message))

    # What came of it

    def _count(self, messages: int, failures: int, took: float) -> None:
        period, cloudflare = self.period, (self.emulator.calls.reads, self.emulator.calls.writes)
        period.messages += messages
        period.batches += 1
        period.killed += took > TIMEOUT
        period.longest = max(period.longest, took)
        period.failures += failures
        period.reads += cloudflare[0]
        period.writes += cloudflare[1]
        period.throttled += self.slow.throttled.total()
        period.most_calls_of_a_batch = max(period.most_calls_of_a_batch, cloudflare, key=sum)
        period.cloudflare_calls.append((self.clock(), sum(cloudflare)))
        period.aws_calls.update(call.action.partition(":")[2] for call in self.aws.calls)

    def records(self) -> dict[str, str]:
        """Name => target."""
        return {record.name: record.content for record in self.emulator.records(self.zone_id)}

    def right(self) -> int:
        """How many names lead where they should."""
        records = self.records()
        return sum(records.get(name) == balancer.dns_name for name, balancer in self.wanted.items())

    def waiting(self) -> int:
        """Messages that are not done."""
        return len(self._queue)

    def _look_at_names(self) -> None:
        records = self.records()
        for name, balancer in self.wanted.items():
            if records.get(name) == balancer.dns_name and balancer.created >= self.period.began:
                self.period.waits.setdefault(balancer.id, self.clock() - balancer.created)
        self.lost_a_record |= self.had_a_record - records.keys()
        self.had_a_record |= records.keys()


def _event(scope: Scope, source: str, detail_type: str, detail: Mapping[str, object]) -> dict[str, object]:
    return {
        "version": "0",
        "source": source,
        "detail-type": detail_type,
        "detail": detail,
        "account": scope.account,
        "region": scope.region,
    }
