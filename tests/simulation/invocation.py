"""One run of the function: the real intake, with every write judged by what this run itself had read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core.batch import RECEIVES_OF_RETURNED
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.values import Action, Change, LoadBalancerId, Record, Scope, Unreadable
from mesh_dns.core.work import Check, ForgetName, ForgetScope, OwnMessage, SecondLook, Sweep
from mesh_dns.dns.provider import RateLimited, TransactionRejected
from mesh_dns.errors import Retryable
from mesh_dns.intake import Intake
from mesh_dns.ports import Ports
from tests.doubles.hub import ROLE
from tests.simulation.chronicle import served_by
from tests.simulation.dns import LIMITED
from tests.simulation.law import Law, Violation
from tests.simulation.laws import Laws
from tests.simulation.places import HUB, zone_of
from tests.simulation.silent import Silent
from tests.simulation.sqs import Message
from tests.simulation.world import World

TIMEOUT = 120
# As in the handler: seconds that are kept for the write under way and the answer.
RESERVE = 20


@dataclass
class Invocation:
    """One running copy of the function. Implements what its intake sees of the world besides AWS and the register.

    `reads`: what was asked of AWS, each at most once; `listed_at`: how much of that when a zone was listed last.
    """

    world: World
    messages: Mapping[str, Message] = field(default_factory=dict)
    forgetting: ForgetScope | ForgetName | None = None
    met: bool = False
    told: Silent = field(default_factory=Silent)
    zones: dict[str, dict[str, Record]] = field(default_factory=dict)
    reads: list[tuple[str, object]] = field(default_factory=list)
    listed_at: dict[str, int] = field(default_factory=dict)
    unlisted: set[Scope] = field(default_factory=set)
    unseen: set[LoadBalancerId] = field(default_factory=set)
    sent: list[OwnMessage] = field(default_factory=list)
    transaction_size: int = 0
    lists: int = 0
    writes: int = 0
    rejections: int = 0
    tried: Counter[tuple[str, bool]] = field(default_factory=Counter)
    serving: set[LoadBalancerId] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        world = self.world
        self.rules, self.dry_run, self.began = world.rules, world.dry_run, world.time.now
        self.deadline = world.time() + TIMEOUT - RESERVE
        self.transaction_size = world.dns.provider.transaction_size
        self.asked_before = world.cloud.calls
        self.suspects = bool(world.memory.remembered.refused)
        self.known = KnownScopes.of(
            self._entries(), world.time(), self.rules.sweep_period, world.memory.recall().unread
        )

    def _entries(self) -> Mapping[Scope, Any]:
        every = {scope: self.world.register.scopes.get(scope) for scope in self.world.register.scopes}
        return {
            scope: e for scope, e in every.items() if e and (scope == HUB or self.rules.accounts.get(scope.account))
        }

    def intake(self) -> Intake:
        """The real one."""
        world = self.world
        ports = Ports(
            self, self, self, world.memory, self.told, self.rules, world.time, self.dry_run
        )  # fmt: skip
        return Intake(ports, world.register, self, self.told, HUB, ROLE)

    def batch(self) -> set[str]:
        """Work on the messages. Which of them failed."""
        records = [message.record() for message in self.messages.values()]
        answer = self.intake().batch(records, self.deadline)
        self.judge_end()
        return {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}

    def command(self, event: Mapping[str, Any]) -> None:
        """Invoke it by hand. Raises what it raises."""
        try:
            self.intake().invoke(event, self.deadline)
        finally:
            self.judge_end()

    # Inventory

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Any]:
        """Ask AWS."""
        self._asks("look", ids)
        found = self.world.cloud.look(ids, deadline)
        self.unseen |= {lb for lb, seen in found.items() if isinstance(seen, Unreadable)}
        return found

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, Any]:
        """Ask AWS."""
        self._asks("tagged", scopes)
        return self.world.cloud.tagged(scopes, deadline)

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, Any]:
        """Ask AWS."""
        self._asks("listing", scopes)
        found = self.world.cloud.listings(scopes, deadline)
        self.unlisted |= {scope for scope, seen in found.items() if isinstance(seen, Unreadable)}
        return found

    def _asks(self, call: str, what: Collection[object]) -> None:
        for each in what:
            if (call, each) in self.reads:
                raise Violation(Law.ONCE, f"asked AWS twice in one batch: {call} {each}")
            self.reads.append((call, each))

    # Provider

    def token_name(self, zone_id: str) -> str:
        """The name of a zone's token."""
        return self.world.dns.token_name(zone_id)

    def read(self, wanted: Mapping[str, Collection[str]], deadline: float) -> Mapping[str, Any]:
        """Read, and remember what was read."""
        self.lists += len(wanted)
        found = self.world.dns.read(wanted, deadline)
        for zone_id, records in found.items():
            self.listed_at[zone_id] = len(self.reads)
            self.zones.pop(zone_id, None)
            if isinstance(records, RateLimited):
                self.limited.add(self.token_name(zone_id))
            if not isinstance(records, Retryable):
                self.serving |= {lb for record in records if (lb := served_by(self.rules, record)) is not None}
                self.zones[zone_id] = {record.id: record for record in records}
        return found

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Write, and judge what was written."""
        world, provider = self.world, self.world.dns.provider
        self.writes += 1
        creates = {change.action is Action.CREATE for change in changes}
        self.tried.update((zone_id, each) for each in creates for _ in changes)
        if world.time() > self.deadline:
            raise Violation(Law.DEADLINE, "a write began after the deadline")
        if self.listed_at.get(zone_id) != len(self.reads) and not self.forgetting:
            raise Violation(Law.ORDER, "AWS was asked after the zone was listed, and the zone not again")
        if len(creates) > 1 or len(changes) > self.transaction_size:
            raise Violation(Law.CHUNKS, f"{len(changes)} changes in a write, {len(creates)} kinds of them")
        before = len(provider.written)
        try:
            world.dns.apply(zone_id, changes)
        except TransactionRejected:
            self.rejections += 1
            raise
        except RateLimited:
            self.limited.add(self.token_name(zone_id))
            raise
        finally:
            if changes[-1] in provider.written[before:]:
                self._judge(changes)

    def _judge(self, changes: Sequence[Change]) -> None:
        world, now = self.world, self.world.time.now
        laws = Laws(
            world.chronicle, self.rules, self.dry_run, self.began, now, world.time(), self.zones, world.looks,
            [m.own for m in self.messages.values() if isinstance(m.own, SecondLook)],
            self.known.known, self.known.overdue, self.unlisted,
            world.overridden,
            world.register_lost, self.forgetting, self._lifted(), self.unseen,
        )  # fmt: skip
        for change in changes:
            world.counts[f"records {change.action.value}d"] += 1
            laws.judge(change)

    def _lifted(self) -> set[LoadBalancerId]:
        checks = (m.own for m in self.messages.values() if isinstance(m.own, Check) and m.own.override_guard)
        return {lb for check in checks for lb in check.load_balancers}

    # Outbox and mailbox

    def send(self, sent: Mapping[OwnMessage, float]) -> None:
        """To the queue."""
        world = self.world
        for message, delay in sent.items():
            world.meets("send")
            if isinstance(message, SecondLook):
                world.looks.append((message.since + world.time.behind, message))
            world.queue.put_own(message, world.time.now, -(-delay // 1))
            world.counts["own messages"] += 1
            self.sent.append(message)
        try:
            world.after("send")
        except Retryable as error:
            raise Retryable(f"the queue did not take everything: {error}") from None

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """To the dead-letter queue."""
        self.world.meets("reject")
        self.world.counts["messages rejected"] += 1
        self.world.queue.dead[message_id] = (self.messages[message_id], reason)

    def delay(self, delays: Mapping[str, int]) -> None:
        """Later."""
        self.world.meets("delay")
        self.world.queue.delay(delays, self.world.time.now)

    def _returned(self) -> bool:
        return any(message.receives > RECEIVES_OF_RETURNED for message in self.messages.values())

    # What must hold when it ends

    def judge_end(self) -> None:
        """Raise Violation for a run that took too long, cost too much, or met a fault of its own."""
        if self.told.met:
            raise Violation(Law.NO_FAULT, f"a fault of the function: {self.told.met[0]!r}") from self.told.met[0]
        for decision, outcome in self.told.decisions:
            zone_id = zone_of(self.rules, decision.hostname)
            if outcome == f"failed: {LIMITED}" and zone_id and self.token_name(zone_id) not in self.limited:
                raise Violation(Law.TOKEN, f"a 429 on one token stopped another: {decision}")
        took = self.world.time.now - self.began
        if took > TIMEOUT and not self.met:
            raise Violation(Law.DEADLINE, f"killed: the invocation took {took:.0f} s")
        self._judge_calls()

    def _judge_calls(self) -> None:
        """Calls stay within what the work needs.

        AWS: each known scope once by each way of listing it, and once each load balancer that a message names or a
        record of ours serves. The provider: each zone before and after each of the rounds that AWS may be asked, and
        once more for what was rejected; a write for each kind of change in each zone, as full as it may be, unless the
        provider refused something, now or lately, or a message came back: then up to 100 more, and 40 apart.
        """
        asked = 2 * len({HUB} | self.known.known | self._announced()) + len(self._named() | self.serving)
        if not self.met and not self.forgetting and self.world.cloud.calls - self.asked_before > asked:
            calls = self.world.cloud.calls - self.asked_before
            raise Violation(Law.CALLS_IN_A_BATCH, f"{calls} calls of AWS, {asked} would do")
        writes = sum(-(-number // self.transaction_size) for number in self.tried.values())
        if self.rejections or self.suspects or self._returned():
            writes += 200
        if self.lists > 3 * (4 + min(100, self.rejections)) or self.writes > writes:
            raise Violation(Law.CALLS_IN_A_BATCH, f"{self.lists} lists and {self.writes} writes, {writes} would do")

    def _announced(self) -> set[Scope]:
        return {m.work.scope for m in self.messages.values() if isinstance(m.work, Sweep)}

    def _named(self) -> set[LoadBalancerId]:
        """The load balancers that messages name."""
        found: set[LoadBalancerId] = set()
        for message in self.messages.values():
            match message.work:
                case Check(load_balancers=several):
                    found |= several
                case SecondLook():
                    found |= {lb for lb in (message.work.load_balancer, message.work.heir) if lb is not None}
        return found
