"""300 clusters in 20 accounts and 3 regions at one hub: `python -m bench.load`.

The real intake, converge, register, queue and Cloudflare client; AWS is answered from memory through real botocore
clients, Cloudflare by the emulator over HTTP with its limit of 1,200 requests in 5 minutes. Time is virtual. What is
assumed of it: events arrive up to a minute late, a call to AWS takes 50 ms and one to Cloudflare 300 ms, one function
at a time takes what waits in the queue, 500 messages at most, and 2 seconds after the first of them.
"""

from __future__ import annotations

import contextlib
import heapq
import io
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.world import OWNER, SUFFIX, BenchToken
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.queue import Queue
from mesh_dns.aws.register import ParameterRegister
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.converge import Converge
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Kind, LoadBalancerId, Scope
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.intake import Intake
from mesh_dns.telemetry import Telemetry
from sandbox.cloudflare import CloudflareEmulator
from tests.doubles.others import VirtualClock
from tests.unit.aws.fake_aws import HUB, NOW, Balancer, FakeAws, arn

ACCOUNTS = (HUB.account, *(f"{number:012d}" for number in range(200000000001, 200000000020)))
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
SCOPES = tuple(Scope(account, region) for account in ACCOUNTS for region in REGIONS)
CLUSTERS = 300
BURST, LATENESS = 60, 60
PERIOD, WINDOW = 900, 600
AWS_CALL, CLOUDFLARE_CALL = 0.05, 0.3
BATCH, COMPANY, VISIBILITY = 500, 2, 720
ROLE_ID, QUEUE_URL, DEAD_LETTER_URL = "AROABENCH", "https://sqs.bench/queue", "https://sqs.bench/dead-letter"


@dataclass
class Period:
    """What was counted in one part of the story."""

    title: str
    began: float
    messages: int = 0
    batches: int = 0
    failures: int = 0
    reads: int = 0
    writes: int = 0
    most_calls_of_a_batch: tuple[int, int] = (0, 0)
    cloudflare_calls: list[tuple[float, int]] = field(default_factory=list)
    aws_calls: Counter[str] = field(default_factory=Counter)
    sweeps: list[float] = field(default_factory=list)
    waits: dict[LoadBalancerId, float] = field(default_factory=dict)

    @property
    def busiest(self) -> int:
        """The most Cloudflare calls in any 5 minutes."""
        calls = self.cloudflare_calls
        return max((sum(n for at, n in calls if start <= at < start + 300) for start, _ in calls), default=0)

    @property
    def most_sweeps_a_minute(self) -> int:
        """The most sweeps in any minute."""
        return max((sum(start <= at < start + 60 for at in self.sweeps) for start in self.sweeps), default=0)


class Hub:
    """A hub, its queue, and 60 scopes that sweep."""

    def __init__(self, emulator: CloudflareEmulator, clock: VirtualClock, chance: random.Random) -> None:
        self.emulator, self.clock, self.chance = emulator, clock, chance
        self.zone_id = emulator.add_zone(SUFFIX, quota=3500)
        emulator.add_token("bench", [self.zone_id])
        self.aws = FakeAws()
        self.wanted: dict[str, Balancer] = {}
        self.rejected = 0
        self.had_a_record: set[str] = set()
        self.lost_a_record: set[str] = set()
        self._numbers = iter(range(1, 10**6))
        self._queue: list[tuple[float, int, dict[str, Any]]] = []
        self._sweeps = [(clock() + chance.uniform(0, WINDOW), scope) for scope in SCOPES]
        heapq.heapify(self._sweeps)
        self._free_at = clock()
        self.intake = self._intake()
        self.period = Period("", clock())

    def _intake(self) -> Intake:
        clients = self.aws.clients()
        rules = Rules(OWNER, {SUFFIX: self.zone_id}, dict.fromkeys(ACCOUNTS, ("*",)))
        queue = Queue(clients, QUEUE_URL, DEAD_LETTER_URL)
        telemetry = Telemetry("bench", HUB)
        scopes = Scopes(clients, HUB, ReaderRole("bench-reader", "bench"), self.clock)
        provider = Cloudflare(OWNER, BenchToken(), base_url=self.emulator.base_url)
        inventory = AwsInventory(scopes, rules.hostname_tag)
        register = ParameterRegister(clients, "/mesh-dns/bench/scopes", HUB, PERIOD, self.clock)
        converge = Converge(inventory, provider, queue, telemetry, rules, self.clock, announce=register.announce)
        return Intake(converge, register, queue, telemetry, HUB, ROLE_ID)

    # What happens in AWS

    def create(self, number: int, scope: Scope) -> None:
        """A cluster gets its load balancer, tagged with its name; the event is late."""
        serial, name = next(self._numbers), f"cluster{number}.{SUFFIX}"
        identity = LoadBalancerId(scope.region, scope.account, Kind.NETWORK, f"k8s-mesh-{number}", f"{serial:016x}")
        target = f"k8s-mesh-{number}-{serial:016x}.elb.{scope.region}.amazonaws.com"
        balancer = Balancer(identity, {"hostname": name}, target, created=self.clock())
        self.aws.add(balancer)
        self.wanted[name] = balancer
        made = {"loadBalancers": [{"loadBalancerArn": arn(identity)}]}
        self._call(scope, "CreateLoadBalancer", {"name": identity.name}, made)

    def delete(self, balancer: Balancer) -> None:
        """A load balancer goes; the event is late."""
        del self.aws.balancers[balancer.id]
        self._call(balancer.id.scope, "DeleteLoadBalancer", {"loadBalancerArn": arn(balancer.id)}, None)

    def _call(self, scope: Scope, call: str, parameters: Mapping[str, object], answer: object) -> None:
        detail = {
            "eventSource": "elasticloadbalancing.amazonaws.com",
            "eventName": call,
            "requestParameters": parameters,
            "responseElements": answer,
        }
        late = self.chance.uniform(0, LATENESS)
        self._send(_event(scope, "aws.elasticloadbalancing", "AWS API Call via CloudTrail", detail), late)

    def _send(self, body: Mapping[str, object], delay: float, sender: str = "AIDATOPIC") -> None:
        key = f"message-{next(self._numbers)}"
        record = {
            "messageId": key,
            "eventSource": "aws:sqs",
            "receiptHandle": key,
            "body": json.dumps(body),
            "attributes": {"SenderId": sender, "ApproximateReceiveCount": "0"},
        }
        heapq.heappush(self._queue, (self.clock() + delay, next(self._numbers), record))

    # Time

    def wait(self, until: float) -> None:
        """Let time pass; sweeps begin and the function runs meanwhile."""
        while (moment := self._next()) <= until:
            self.clock.now = max(self.clock.now, moment)
            self.aws.session_seconds = self.clock() - NOW + 3600
            while self._sweeps[0][0] <= self.clock():
                self._sweep()
            if self._queue and self._queue[0][0] + COMPANY <= self.clock() and self._free_at <= self.clock():
                self._batch()
        self.clock.now = max(self.clock.now, until)

    def _next(self) -> float:
        batch = max(self._queue[0][0] + COMPANY, self._free_at) if self._queue else float("inf")
        return min(batch, self._sweeps[0][0])

    def _sweep(self) -> None:
        began, scope = heapq.heappop(self._sweeps)
        period_began = began - (began - NOW) % PERIOD
        heapq.heappush(self._sweeps, (period_began + PERIOD + self.chance.uniform(0, WINDOW), scope))
        self.period.sweeps.append(began)
        self._send(_event(scope, "mesh-dns", "Mesh DNS Sweep", {"owner": OWNER}), 0)

    def _batch(self) -> None:
        records: list[dict[str, Any]] = []
        while self._queue and self._queue[0][0] <= self.clock() and len(records) < BATCH:
            record = heapq.heappop(self._queue)[2]
            received = int(record["attributes"]["ApproximateReceiveCount"]) + 1
            record["attributes"]["ApproximateReceiveCount"] = str(received)
            records.append(record)
        calls, reads, writes = len(self.aws.calls), self.emulator.calls.reads, self.emulator.calls.writes
        answer = self.intake.batch(records, self.clock() + 100)
        self.intake.telemetry.flush()
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]}
        self._take_back([record for record in records if record["messageId"] in failed])
        made = [call.action for call in self.aws.calls[calls:]]
        counted = self.emulator.calls.reads - reads, self.emulator.calls.writes - writes
        self._count(len(records), len(failed), made, counted)
        self._free_at = self.clock() + len(made) * AWS_CALL + sum(counted) * CLOUDFLARE_CALL
        self._look_at_names()

    def _take_back(self, failed: list[dict[str, Any]]) -> None:
        """Put back what failed, after the delay that was asked for; and in, what the function sent to itself."""
        postponed: dict[str, float] = {}
        for url, entry in self.aws.sent:
            if "VisibilityTimeout" in entry:
                postponed[entry["ReceiptHandle"]] = entry["VisibilityTimeout"]
            elif url == QUEUE_URL:
                self._send(json.loads(entry["MessageBody"]), entry.get("DelaySeconds", 0), f"{ROLE_ID}:bench")
            else:
                self.rejected += 1
        self.aws.sent.clear()
        for record in failed:
            back = self.clock() + postponed.get(record["receiptHandle"], VISIBILITY)
            heapq.heappush(self._queue, (back, next(self._numbers), record))

    # What came of it

    def _count(self, messages: int, failures: int, aws_calls: list[str], cloudflare: tuple[int, int]) -> None:
        period = self.period
        period.messages += messages
        period.batches += 1
        period.failures += failures
        period.reads += cloudflare[0]
        period.writes += cloudflare[1]
        period.most_calls_of_a_batch = max(period.most_calls_of_a_batch, cloudflare, key=sum)
        period.cloudflare_calls.append((self.clock(), sum(cloudflare)))
        period.aws_calls.update(action.partition(":")[2] for action in aws_calls)

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


def story(hub: Hub, clock: VirtualClock, chance: random.Random) -> Iterator[Period]:
    """What happens, one part after the other."""

    def begin(title: str) -> Period:
        hub.period = Period(title, clock())
        return hub.period

    def within_a_minute(count: int) -> list[float]:
        return sorted(clock() + chance.uniform(0, BURST) for _ in range(count))

    yield _after(PERIOD, hub, begin("60 scopes join"))
    yield _after(4 * PERIOD, hub, begin("an hour of sweeps, nothing to find"))

    period = begin("300 clusters created within a minute")
    for number, moment in enumerate(within_a_minute(CLUSTERS)):
        hub.wait(moment)
        hub.create(number, SCOPES[number % len(SCOPES)])
    yield _after(PERIOD, hub, period)
    yield _after(4 * PERIOD, hub, begin("an hour of sweeps, all in sync"))

    period = begin("one region's 100 replaced within a minute")
    replaced = [number for number in range(CLUSTERS) if SCOPES[number % len(SCOPES)].region == REGIONS[0]]
    chance.shuffle(replaced)
    for number, moment in zip(replaced, within_a_minute(len(replaced)), strict=True):
        hub.wait(moment)
        hub.delete(hub.wanted[f"cluster{number}.{SUFFIX}"])
        hub.create(number, SCOPES[number % len(SCOPES)])
    yield _after(PERIOD, hub, period)


def _after(seconds: float, hub: Hub, period: Period) -> Period:
    hub.wait(period.began + seconds)
    return period


def row(hub: Hub, period: Period) -> str:
    """A line of the table."""
    slowest = f"{max(period.waits.values()):.0f} s" if period.waits else "-"
    cells = [
        period.title,
        f"{period.messages} in {period.batches}",
        f"{period.reads}+{period.writes}",
        "+".join(map(str, period.most_calls_of_a_batch)),
        period.busiest,
        sum(period.aws_calls.values()),
        f"{hub.right()} of {len(hub.wanted)}",
        slowest,
        period.failures,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the tables."""
    clock, chance = VirtualClock(NOW), random.Random(1)
    rows, aws_calls, sweeps = [], [], []
    with CloudflareEmulator(clock=clock) as emulator, contextlib.redirect_stdout(io.StringIO()):
        hub = Hub(emulator, clock, chance)
        for period in story(hub, clock, chance):
            rows.append(row(hub, period))
            aws_calls.append((period.title, period.aws_calls))
            sweeps.append(period.most_sweeps_a_minute)
    print("| 20 accounts x 3 regions | messages in batches | Cloudflare reads+writes | most in a batch "
          "| busiest 5 minutes, of 1,200 | AWS calls | names right | slowest name | messages returned |")  # fmt: skip
    print(f"|{'---|' * 9}")
    print("\n".join(rows))
    print("\nAWS calls:")
    for title, calls in aws_calls:
        print(f"- {title}: {', '.join(f'{count} {action}' for action, count in calls.most_common())}")
    print(f"\nmessages lost: {hub.rejected + hub.waiting()} ({hub.rejected} rejected, {hub.waiting()} still waiting)")
    print(f"names that were empty in between: {len(hub.lost_a_record)}")
    print(f"most sweeps in one minute: {max(sweeps)} of {len(SCOPES)}")


if __name__ == "__main__":
    main()
