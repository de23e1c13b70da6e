"""Mutated events through the real intake; `python -m tests.simulation.fuzz N` runs N and prints what came of them.

Nothing that arrives may crash the intake, hold up the good message that is beside it in each batch, or cause a write
that the laws do not allow; and nothing but a message of the function itself may end in a retry.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.converge import ROUNDS
from mesh_dns.core import mark, own_messages
from mesh_dns.core.lateness import PATIENCE
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import Entry, KnownScopes
from mesh_dns.core.values import Change, ClaimState, Kind, LoadBalancer, LoadBalancerId, Readiness, Record, Scope
from mesh_dns.core.work import Check, SecondLook, Stage
from mesh_dns.errors import Rejected
from mesh_dns.intake import Intake
from mesh_dns.ports import Ports
from mesh_dns.telemetry import Telemetry
from tests.doubles.hub import FUNCTION, OWNER, ROLE, TOPIC, message
from tests.doubles.inventory import HUB, InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryMailbox, InMemoryMemory, InMemoryOutbox, InMemoryRegister, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider
from tests.fixtures import events as samples
from tests.simulation.chronicle import NEVER, Chronicle
from tests.simulation.law import Violation
from tests.simulation.laws import Laws
from tests.simulation.mutate import mutated

EVENTS_PER_BATCH = 10
BATCHES_PER_WORLD = 10
BLOCK = EVENTS_PER_BATCH * BATCHES_PER_WORLD

FAR = Scope("444455556666", "eu-west-1")
SCOPES = (HUB, FAR)
RULES = Rules(OWNER, {"mesh.example.com": ZONE}, {HUB.account: ("*",), FAR.account: ("far.mesh.example.com",)})
CANARY = make(make_id(0xC0FFEE, name="canary"), "canary.mesh.example.com")
_names = itertools.count()


class Broken(BaseException):
    """What must hold for every message did not."""


def _load_balancers() -> Iterator[LoadBalancer]:
    """Those that the fixtures name, with good and bad claims, and some in an account that may have one name only."""
    ids = [LoadBalancerId(HUB.region, HUB.account, kind, name, number) for kind, name, number in (
        (Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188"),
        (Kind.APPLICATION, "k8s-web-ingress-fedcba9876", "1234567890abcdef"),
        (Kind.GATEWAY, "inspection", "0011223344556677"),
        (Kind.CLASSIC, "a0123456789abcdef0123456789abcde", ""),
    )]  # fmt: skip
    yield make(ids[0], "cluster1.mesh.example.com")
    yield make(ids[1], *(f"{name}.example.com" for name in ("cluster2.mesh", "evilmesh", "*.mesh", "taken.mesh")))
    yield make(ids[2], "inspection.mesh.example.com", internal=False)
    yield make(ids[3])
    yield make(make_id(1, FAR), "far.mesh.example.com", "cluster1.mesh.example.com")
    yield make(make_id(2), "failed.mesh.example.com", readiness=Readiness.FAILED)
    yield make(make_id(3))


GONE = [make_id(100 + number) for number in range(3)]


def _templates() -> list[Any]:
    """Everything that may arrive, and what may not: commands, and messages that look like our own."""
    looks = [
        SecondLook(lb, f"gone{n}.mesh.example.com", ZONE, f"{n + 1:032x}", 1.0, stage)
        for n, lb in enumerate(GONE)
        for stage in Stage
    ]
    own = [own_messages.encode(look) for look in looks]
    untagged = "untagged.mesh.example.com"
    dropped = SecondLook(make_id(3), untagged, ZONE, f"{4:032x}", 1.0, Stage.HEIR, ClaimState.DROPPED, GONE[0], True, 2)
    own.append(own_messages.encode(dropped))
    own += [own_messages.encode(Check(HUB, frozenset({make_id(2), CANARY.id}), hops=1))]
    own += [own_messages.encode(Check(FAR, frozenset({make_id(1, FAR)}), override_guard=True))]
    commands = [{"action": "sweep", "override_guard": True}, {"action": "forget", "account": FAR.account,
                "region": FAR.region, "confirm": True}]  # fmt: skip
    return [*map(samples.load, samples.names()), *samples.recorded().values(), *own, *commands]


@dataclass
class World:
    """One hub in memory whose AWS stands still. Implements the provider that the intake sees: each write is judged."""

    rng: random.Random
    counts: Counter[str] = field(default_factory=Counter)
    clock: VirtualClock = field(default_factory=VirtualClock)
    inventory: InMemoryInventory = field(default_factory=InMemoryInventory)
    zone: InMemoryProvider = field(default_factory=InMemoryProvider)
    mailbox: InMemoryMailbox = field(default_factory=InMemoryMailbox)
    first_looks: list[SecondLook] = field(default_factory=list)
    listed: dict[str, dict[str, Record]] = field(default_factory=dict)
    transaction_size: int = 200

    def __post_init__(self) -> None:
        for number, lb in enumerate(GONE):
            self._own(lb, f"gone{number}.mesh.example.com")
        self._own(make_id(3), "untagged.mesh.example.com")
        for load_balancer in [*_load_balancers(), CANARY]:
            self.inventory.put(load_balancer)
        for number in range(6):
            self.inventory.put(make(make_id(200 + number), f"calm{number}.mesh.example.com"))
            self._own(make_id(200 + number), f"calm{number}.mesh.example.com")
        self.foreign = [
            self.zone.add("taken.mesh.example.com", "TXT", "somebody's"),
            self.zone.add("theirs.mesh.example.com", "CNAME", "elsewhere.example.net"),
            self.zone.add("other.mesh.example.com", "CNAME", "x.example.net", comment=f"mesh-dns/other {GONE[0]}"),
            self.zone.add("odd.mesh.example.com", "TXT", "x", comment=mark.comment_for(RULES.owner, GONE[0])),
        ]
        self.memory = InMemoryMemory(self.clock)
        self.chronicle = Chronicle(self.inventory, set())
        self.chronicle.note(self.clock())
        self.clock.now += 1000
        self.zone.clock = self.clock

    def _own(self, lb: LoadBalancerId, name: str) -> None:
        made = make(lb)
        record = self.zone.add(name, "CNAME", made.dns_name, comment=mark.comment_for(RULES.owner, lb))
        self.zone.records_by_id[record.id] = record

    def run(self) -> None:
        """Some batches, each of mutated messages and a good one. Raises Violation, Broken, and whatever crashed."""
        for _ in range(BATCHES_PER_WORLD):
            self.clock.now += 60
            self._batch([self._message(number) for number in range(EVENTS_PER_BATCH)])

    def _message(self, number: int) -> dict[str, Any]:
        rng = self.rng
        sender = rng.choice([TOPIC, TOPIC, FUNCTION, FUNCTION, "AROAEXAMPLE1111111111:mesh-dns", f"{ROLE}X", ""])
        return message(
            mutated(rng, TEMPLATES), number, sender=sender, received=rng.randrange(1, 9), sent=self.clock() - PATIENCE
        )

    def _batch(self, records: list[dict[str, Any]]) -> None:
        canary = message(_canary_event(), len(records), sent=self.clock() - PATIENCE)
        self.began, self.listed, self.lists = self.clock(), {}, 0
        self.overrides = [look for record in records for look in _own_looks(record)]
        self.first_looks += self.overrides
        self.mailbox.dead.clear()
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            intake = self._intake()
            answer = intake.batch([*records, canary], self.clock() + 100)
            intake.telemetry.flush()
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
        self._judge_answer(records, failed, canary["messageId"])
        self._judge_log(out.getvalue(), err.getvalue())
        self.counts["messages"] += len(records)
        self.counts["messages rejected"] += len(self.mailbox.dead)
        self.counts["messages retried"] += len(failed)

    def _intake(self) -> Intake:
        telemetry = Telemetry(f"fuzz-{next(_names)}", HUB)
        ports = Ports(self.inventory, self, InMemoryOutbox(self.clock), self.memory, telemetry, RULES, self.clock)
        register = InMemoryRegister(self.clock, {scope: Entry(0, self.clock()) for scope in SCOPES})
        return Intake(ports, register, self.mailbox, telemetry, HUB, ROLE)

    # The provider

    def token_name(self, zone_id: str) -> str:
        """There is one."""
        return self.zone.token_name(zone_id)

    def read(self, wanted: Mapping[str, Collection[str]], deadline: float) -> Mapping[str, Any]:
        """List, and remember what was listed."""
        self.lists += 1
        found = self.zone.read(wanted, deadline)
        self.listed = {
            zone_id: {record.id: record for record in records}
            for zone_id, records in found.items()
            if not isinstance(records, Exception)
        }
        return found

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Judge, and write."""
        now = self.clock()
        looks = [(look.since, look) for look in self.first_looks]
        known = KnownScopes(frozenset(SCOPES))
        overridden = {look.scope for look in self.overrides if look.override_guard}
        laws = Laws(
            self.chronicle, RULES, False, self.began, now, now, self.listed, looks, self.overrides, known.known,
            known.overdue, (), overridden, NEVER,
        )  # fmt: skip
        for change in changes:
            laws.judge(change)
            self.counts[f"records {change.action.value}d"] += 1
        self.zone.apply(zone_id, changes)

    # What must hold after each batch

    def _judge_answer(self, records: Sequence[Mapping[str, Any]], failed: set[str], canary: str) -> None:
        if canary in failed or canary in self.mailbox.dead:
            raise Broken("a good message did not get through beside the others")
        if not any(record.content == CANARY.dns_name for record in self.zone.at("canary.mesh.example.com")):
            raise Broken("a good message was not done")
        if any(self.zone.records_by_id.get(record.id) != record for record in self.foreign):
            raise Broken("somebody else's record changed")
        for record in records:
            key, ours = record["messageId"], record["attributes"]["SenderId"] == FUNCTION
            if key in failed and not ours:
                raise Broken(f"what somebody sent is tried again: {record['body'][:500]!r}")
            if not ours and _looks_like_ours(record["body"]) and key not in self.mailbox.dead:
                raise Broken(f"a forgery was believed: {record['body'][:500]!r}")
        if any(not reason.strip() for _, reason in self.mailbox.dead.values()):
            raise Broken("rejected without a reason")
        if self.lists > ROUNDS + 1:
            raise Broken(f"the zone was listed {self.lists} times")

    def _judge_log(self, out: str, err: str) -> None:
        if err:
            raise Broken(f"written to stderr: {err}")
        for line in out.splitlines():
            json.loads(line)


def _canary_event() -> dict[str, Any]:
    event = samples.load("v2-add-tags")
    arn = f"arn:aws:elasticloadbalancing:{HUB.region}:{HUB.account}:loadbalancer/{CANARY.id.arn_path}"
    event["detail"]["requestParameters"]["resourceArns"] = [arn]
    return event


def _own_looks(record: Mapping[str, Any]) -> Iterator[SecondLook]:
    """The second look in a message that the function's own role sent: its times and overrides are believed."""
    if record["attributes"]["SenderId"] == FUNCTION:
        with contextlib.suppress(ValueError, RecursionError, Rejected):
            work = own_messages.decode(_unwrapped(record["body"]))
            if isinstance(work, SecondLook):
                yield work


def _unwrapped(body: str) -> Any:
    value = json.loads(body)
    if isinstance(value, dict) and value.get("Type") == "Notification" and isinstance(value.get("Message"), str):
        value = json.loads(value["Message"])
    return value if isinstance(value, dict) else {}


def _looks_like_ours(body: str) -> bool:
    try:
        return own_messages.KEY in _unwrapped(body)
    except (ValueError, RecursionError):
        return False


TEMPLATES = _templates()


def block(seed: int) -> tuple[Counter[str], list[str]]:
    """`BLOCK` messages; what was counted, and a report of each crash and each broken law (which end the block)."""
    world = World(random.Random(seed))
    try:
        world.run()
    except (Violation, Broken) as broken:
        return world.counts, [f"seed {seed}: {broken}"]
    except Exception:
        return world.counts, [f"seed {seed}:\n{traceback.format_exc()}"]
    return world.counts, []


def main(arguments: Sequence[str], tell: Callable[[str], None]) -> int:
    """Run, print the table; 1 when something crashed or a law was broken."""
    number = int(arguments[0]) if arguments else 100_000
    began = time.monotonic()
    counts: Counter[str] = Counter()
    reports: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for done, (counted, found) in enumerate(pool.map(block, range(-(-number // BLOCK)), chunksize=10), start=1):
            counts.update(counted)
            reports += found
            if done % 100 == 0:
                tell(f"{counts['messages']} messages, {len(reports)} crashes")
    for report in reports[:3]:
        tell(f"\n{report}")
    tell("")
    for what, count in sorted(counts.items()):
        tell(f"{what:32}{count:>10}")
    tell(f"{'seconds':32}{time.monotonic() - began:>10.0f}")
    tell(f"crashes: {len(reports)}")
    return 1 if reports else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], lambda line: print(line, flush=True)))
