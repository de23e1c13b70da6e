"""The function at work in a world: messages, batches and their answers in virtual time, and what batches meet."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mesh_dns.core import events
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Work
from mesh_dns.dns.provider import RateLimited, Unavailable
from mesh_dns.errors import MeshDnsError, Retryable
from tests.simulation import acknowledged, cloud
from tests.simulation import steps as happens
from tests.simulation.acknowledged import concerns
from tests.simulation.dns import LIMITED
from tests.simulation.ending import empty_for_too_long
from tests.simulation.invocation import Invocation
from tests.simulation.law import Law, Violation
from tests.simulation.places import OWNER, SCOPES, zone_of
from tests.simulation.sqs import REDRIVE, Message
from tests.simulation.world import World

WINDOW = 2
# Messages of its own that the function may send in an hour for each record and load balancer, or for each of these and
# each message that others sent in that hour, if that is more; and besides.
MESSAGES_EACH, MESSAGES_TOLD, MESSAGES_BESIDES = 40, 3, 60
# How often a message may be tried in an hour: waits of 10 s, doubled up to 900 s, or four shorter while AWS is late.
# A try costs a batch at most, which has a budget of its own; batches are shared, so that this is plenty in an hour, for
# each message that was tried in it or waits, and besides.
TRIES, CALLS_EACH, CALLS_BESIDES = 12, 100, 1000
HOUR = 3600
# Seconds of an invocation after which a slow call leaves it.
ALMOST = 95
# Seconds that a call takes where all are well. Where each takes longer, AWS and the provider are ill themselves: what a
# message needs may not fit into any invocation.
PROMPT = 2


class Crash(BaseException):
    """The function died: nothing that it would have done next was done."""


@dataclass
class Running:
    """One world and the function in it.

    `calm`: nothing fails in this history, so that at no moment a claimed name may be without a record.
    """

    calm: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    disturbances: list[happens.Disturb] = field(default_factory=list)
    lost_sweeps: Counter[int] = field(default_factory=Counter)
    sweeping: bool = True
    resting: bool = False
    running: list[Invocation] = field(default_factory=list)
    reasons: deque[str] = field(default_factory=lambda: deque(maxlen=2000))
    _calls: int = 0
    _sent_at: deque[float] = field(default_factory=deque)
    _told_at: deque[float] = field(default_factory=deque)
    # Tries of messages in the last hour: when, and the message's id.
    _tried_at: deque[tuple[float, str]] = field(default_factory=deque)
    _called_at: deque[tuple[float, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.world = World(self._meet, self._after, self.counts)
        self.time, self.queue = self.world.time, self.world.queue
        for number in range(len(SCOPES)):
            self._schedule(number, self.time.now + 100 + number * 300)

    # Time

    def wait(self, seconds: float) -> None:
        """Time passes; whoever waits in the queue is worked on."""
        until = self.time.now + seconds
        while True:
            due = self.queue.next_visible()
            happening = self.time.later[0][0] if self.time.later else float("inf")
            if min(due, happening) > until:
                break
            if due <= happening:
                self.time.run_to(max(self.time.now, due) + WINDOW)
                self._poll()
            else:
                self.time.run_to(happening)
            self._demand_names()
        self.time.run_to(max(self.time.now, until))
        self._demand_names()

    def _schedule(self, number: int, moment: float) -> None:
        def sweep() -> None:
            self._schedule(number, moment + self.world.rules.sweep_period)
            if self.lost_sweeps[number]:
                self.lost_sweeps[number] -= 1
                self.counts["sweeps lost"] += 1
            elif self.sweeping:
                self.queue.put(cloud.sweep(SCOPES[number]), self.time.now)

        self.time.at(moment, sweep)

    # The queue

    def _poll(self) -> None:
        """What can be received now is dealt out to the pollers, and worked on one batch after the other."""
        begin = self.world.begin
        hands: list[list[Message]] = [[] for _ in range(begin.pollers)]
        for message in self.queue.receive(self.time.now, begin.batch * begin.pollers):
            self.world.luck.choice(hands).append(message)
        self._judge_dead()
        for hand in hands:
            for start in range(0, len(hand), begin.batch):
                if len(hands) > 1 and not (self.resting or self.calm) and self.world.luck.random() < 0.02:
                    self.counts["batches throttled"] += 1  # they stay invisible for the whole timeout
                else:
                    self._deliver(hand[start : start + begin.batch])

    def _deliver(self, batch: Sequence[Message]) -> None:
        if not batch:
            return
        self.counts["batches"] += 1
        run = Invocation(self.world, {message.id: message for message in batch})
        work = _work_in(batch, self.world.rules.hostname_tag)
        failed: set[str] = set()
        try:
            self._run(run, lambda run: failed.update(run.batch()))
        except Crash:
            return  # everything comes back
        done = run.messages.keys() - failed
        self.counts["messages returned"] += len(failed)
        for message in batch:
            if message.id in done and message.id not in work and message.id not in self.queue.dead:
                raise Violation(Law.UNDERSTOOD, f"acknowledged, and never understood: {message.body}")
            if message.id in self.queue.dead and message.id in work:
                raise Violation(Law.UNDERSTOOD, f"rejected, and it made sense: {self.queue.dead[message.id]}")
        if not run.met:
            acknowledged.judge(run, work, set(done))
        self.queue.delete(list(done))
        self._judge_breeding(run)
        self._judge_hour(run)

    def _run(self, run: Invocation, work: Callable[[Invocation], object]) -> None:
        if not self.running:
            self._calls = 0
        self.running.append(run)
        try:
            work(run)
        except Crash:
            self.counts["crashes"] += 1
            raise
        finally:
            self.running.remove(run)
            self.reasons.extend(decision.reason.value for decision, _ in run.told.decisions)

    def _judge_dead(self) -> None:
        for message, reason in self.queue.dead.values():
            if not reason.strip():
                raise Violation(Law.NOT_DEAD, f"dead without a reason: {message.body}")
            if reason == REDRIVE and message.work is not None and self._only_others_were_sick(message, message.work):
                raise Violation(Law.NOT_DEAD, f"received too often, and only neighbours were sick: {message.body}")

    def _only_others_were_sick(self, message: Message, work: Work) -> bool:
        if self.world.begin.latency > PROMPT:
            return False
        names = {name for lb, name in self.world.chronicle.claims_ever() if concerns(work, lb, name)}
        zone_ids = {zone_id for name in names if (zone_id := zone_of(self.world.rules, name))}
        return self.world.was_well(work.scope, zone_ids, message.sent)

    def _judge_breeding(self, run: Invocation) -> None:
        now = self.time.now
        self._sent_at.extend([now] * len(run.sent))
        self._told_at.extend(now for message in run.messages.values() if message.own is None)
        for moments in (self._sent_at, self._told_at):
            while moments and moments[0] < now - HOUR:
                moments.popleft()
        things = len(self.world.numbers) + len(self.world.dns.provider.records_by_id)
        each = max(MESSAGES_EACH, MESSAGES_TOLD * len(self._told_at))
        if len(self._sent_at) > MESSAGES_BESIDES + each * things:
            raise Violation(
                Law.FEW_MESSAGES, f"{len(self._sent_at)} messages to itself in an hour, for {things} things"
            )

    def _judge_hour(self, run: Invocation) -> None:
        now = self.time.now
        for message in run.messages.values():
            if sum(at > now - HOUR for at in message.tries) > TRIES:
                raise Violation(Law.CALLS_IN_AN_HOUR, f"tried {len(message.tries)} times: {message.body}")
        self._tried_at.extend((now, key) for key in run.messages)
        self._called_at.append((now, self.world.cloud.calls + self.world.dns.calls))
        while self._tried_at and self._tried_at[0][0] < now - HOUR:
            self._tried_at.popleft()
        while self._called_at[0][0] < now - HOUR:
            self._called_at.popleft()
        calls = self._called_at[-1][1] - self._called_at[0][1]
        messages = len({key for _, key in self._tried_at}) + len(self.queue.waiting)
        if calls > CALLS_BESIDES + CALLS_EACH * messages:
            raise Violation(Law.CALLS_IN_AN_HOUR, f"{calls} calls in an hour for {messages} messages")

    def _demand_names(self) -> None:
        if self.calm:
            for empty in empty_for_too_long(self.world):
                raise Violation(Law.NEVER_EMPTY, empty)

    # Faults

    def _meet(self, call: str) -> None:
        """What the n-th call of a run meets."""
        self._calls += 1
        for each in [e for e in self.disturbances if e.call < self._calls and _is_met(e, call)]:
            if each not in self.disturbances:
                continue  # another writer met it, inside this very call
            self.disturbances.remove(each)
            if each.step is not None:
                self.world.change(each.step)
            elif each.writer is not None:
                self._second_writer(SCOPES[each.writer])
            else:
                self._fail(each.what, call)

    def _second_writer(self, scope: Scope) -> None:
        if len(self.running) != 1:
            return
        self.counts["second writers"] += 1
        (first,) = self.running
        first.met = True
        pending, self.time.pending = self.time.pending, 0.0
        message = Message("second", cloud.sweep(scope), self.time.now, self.time.now, receives=1, handle="second.1")
        run = Invocation(self.world, {message.id: message}, met=True)
        with contextlib.suppress(Crash):
            self._run(run, Invocation.batch)
        self.time.pending = pending

    def _fail(self, what: str, call: str) -> None:
        self.counts[{"fail": "calls failed", "throttle": "calls throttled"}.get(what, f"calls {what}")] += 1
        if what == "crash":
            raise Crash
        if what == "slow":
            # As many slow calls would: the function's time is nearly over, and no call takes longer than one may.
            left = self.running[-1].began + ALMOST - self.time.true()
            self.time.pending += max(0.0, left)
        elif call in ("list", "apply"):
            raise RateLimited(LIMITED, after=300) if what == "throttle" else Unavailable("502: <html>")
        else:
            raise Retryable(f"{call}: Throttling")

    def _after(self, call: str) -> None:
        for each in self.disturbances:
            if each.what == "after-commit" and call in ("apply", "send"):
                self.disturbances.remove(each)
                self.counts["timeouts after the commit"] += 1
                raise Unavailable("read timed out")


def _is_met(disturbance: happens.Disturb, call: str) -> bool:
    return disturbance.what != "after-commit" and (disturbance.what != "unsent" or call == "send")


def _work_in(batch: Sequence[Message], tag: str) -> dict[str, Work]:
    """What messages ask for, of those that make sense, under the settings' hostname tag."""
    for message in batch:
        with contextlib.suppress(MeshDnsError):
            message.work = message.own or _read(message, tag)
    return {message.id: message.work for message in batch if message.work is not None}


def _read(message: Message, tag: str) -> Work:
    return events.work_in(events.from_text(message.body), OWNER, tag, message.sent)
