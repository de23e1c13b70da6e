"""Runs a history: the real intake on in-memory ports, in virtual time, with every write and every answer judged."""

from __future__ import annotations

import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core import events
from mesh_dns.core.decision import Reason
from mesh_dns.core.values import Scope
from mesh_dns.core.work import ForgetName, ForgetScope, Work
from mesh_dns.dns.provider import RateLimited, Unavailable
from mesh_dns.errors import MeshDnsError, Retryable
from tests.simulation import acknowledged, cloud
from tests.simulation import steps as happens
from tests.simulation.ending import empty_for_too_long, unhealed, wrong_at_the_end
from tests.simulation.invocation import TIMEOUT, Invocation
from tests.simulation.laws import Violation
from tests.simulation.places import OWNER, RULES, SCOPES, name_of, normal
from tests.simulation.sqs import REDRIVE, Message
from tests.simulation.steps import History, Step
from tests.simulation.world import World

WINDOW = 2
# Messages of its own that the function may send in an hour for each record and load balancer, and besides.
MESSAGES_EACH, MESSAGES_BESIDES = 40, 60
# Batches in which the queue runs dry for each message in it, and besides.
BATCHES_EACH, BATCHES_BESIDES = 12, 60
SLOW = 70


class Crash(BaseException):
    """The function died: nothing that it would have done next was done."""


@dataclass
class Simulation:
    """One world and the function in it.

    `calm`: nothing fails in this history, so that at no moment a claimed name may be without a record.
    """

    calm: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    disturbances: list[happens.Disturb] = field(default_factory=list)
    lost_sweeps: Counter[int] = field(default_factory=Counter)
    sweeping: bool = True
    running: list[Invocation] = field(default_factory=list)
    reasons: deque[str] = field(default_factory=lambda: deque(maxlen=2000))
    _calls: int = 0
    _sent_at: deque[float] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.world = World(self._meet, self._after, self.counts)
        self.time, self.queue = self.world.time, self.world.queue
        for number in range(len(SCOPES)):
            self._schedule(number, self.time.now + 100 + number * 300)

    # A history

    def run(self, history: History) -> None:
        """Take every step, come to rest, and compare with the truth. Raises Violation."""
        for step in history:
            self.take(step)
        self.rest()

    def take(self, step: Step) -> None:
        """One step."""
        self.counts["steps"] += 1
        match step:
            case happens.Wait():
                self.wait(step.seconds)
            case happens.Disturb():
                self.disturbances.append(step)
            case happens.LoseSweep():
                self.lost_sweeps[step.scope] += 1
            case happens.Forget():
                self._forget(step)
            case happens.Override():
                self.override(SCOPES[step.scope])
            case _:
                self.world.change(step)

    # By hand

    def override(self, scope: Scope) -> None:
        """Somebody sweeps a scope past the guard."""
        self.counts["overrides"] += 1
        self.world.overridden[scope] = self.time.now
        self._command({"action": "sweep", "override_guard": True, **_named(scope)})

    def _forget(self, step: happens.Forget) -> None:
        self.counts["forgotten" if step.confirmed else "told what to forget"] += 1
        command: dict[str, Any] = {"action": "forget", "confirm": step.confirmed}
        before = len(self.world.dns.provider.written)
        if step.scope is not None:
            self._command(command | _named(SCOPES[step.scope]), ForgetScope(SCOPES[step.scope], step.confirmed))
        else:
            name = normal(name_of(step.name))
            self._command(command | {"hostname": name}, ForgetName(name, step.confirmed))
        if not step.confirmed and len(self.world.dns.provider.written) != before:
            raise Violation("what was only to be told was done")

    def _command(self, command: dict[str, Any], forgetting: ForgetScope | ForgetName | None = None) -> None:
        with contextlib.suppress(MeshDnsError, Crash):
            self._run(Invocation(self.world, forgetting=forgetting), lambda run: run.command(command))

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
        begin, hands = self.world.begin, [[] for _ in range(self.world.begin.pollers)]  # type: list[Message]
        for message in self.queue.receive(self.time.now, begin.batch * begin.pollers):
            self.world.luck.choice(hands).append(message)
        self._judge_dead()
        for hand in hands:
            for start in range(0, len(hand), begin.batch):
                if len(hands) > 1 and self.sweeping and self.world.luck.random() < 0.02:
                    self.counts["batches throttled"] += 1  # they stay invisible for the whole timeout
                else:
                    self._deliver(hand[start : start + begin.batch])

    def _deliver(self, batch: Sequence[Message]) -> None:
        if not batch:
            return
        self.counts["batches"] += 1
        run = Invocation(self.world, {message.id: message for message in batch})
        work = _work_in(batch)
        failed: set[str] = set()
        try:
            self._run(run, lambda run: failed.update(run.batch()))
        except Crash:
            return  # everything comes back
        done = run.messages.keys() - failed
        self.counts["messages returned"] += len(failed)
        for message in batch:
            if message.id in done and message.id not in work and message.id not in self.queue.dead:
                raise Violation(f"acknowledged, and never understood: {message.body}")
            if message.id in self.queue.dead and message.id in work:
                raise Violation(f"rejected, and it made sense: {self.queue.dead[message.id]}")
        if not run.met:
            acknowledged.judge(run, work, set(done))
        self.queue.delete(list(done))
        self._judge_breeding(run)

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
                raise Violation(f"dead without a reason: {message.body}")
            if reason == REDRIVE and not self.counts["troubles"] and not any("scopes" in what for what in self.counts):
                pass

    def _judge_breeding(self, run: Invocation) -> None:
        now = self.time.now
        self._sent_at.extend([now] * len(run.sent))
        while self._sent_at and self._sent_at[0] < now - 3600:
            self._sent_at.popleft()
        things = len(self.world.numbers) + len(self.world.dns.provider.records_by_id)
        if len(self._sent_at) > MESSAGES_BESIDES + MESSAGES_EACH * things:
            raise Violation(f"{len(self._sent_at)} messages to itself in an hour, for {things} things")

    def _demand_names(self) -> None:
        if self.calm:
            for empty in empty_for_too_long(self.world):
                raise Violation(empty)

    # Rest

    def rest(self) -> None:
        """No more faults: twice swept, what is healthy is right; all repaired and twice swept, everything is right."""
        self._quiet()
        began = self.time.now
        self._sweep_for(3 * RULES.sweep_period)
        for wrong in unhealed(self.world, began):
            raise Violation(f"after two sweeps, {wrong}")
        self._repair()
        self._sweep_for(5 * RULES.sweep_period)
        if list(wrong_at_the_end(self.world)) and Reason.MASS_DELETE_GUARD.value in self.reasons:
            self.counts["mass deletes stopped"] += 1
            for scope in SCOPES:
                self.override(scope)
            self._sweep_for(2 * RULES.sweep_period)
        for wrong in wrong_at_the_end(self.world):
            raise Violation(f"in the end, {wrong}")
        self._demand_dryness()
        self._demand_silence()

    def _quiet(self) -> None:
        """What passes by itself is over; who is sick stays so."""
        self.disturbances.clear()
        self.lost_sweeps.clear()
        self.world.change(happens.Register("ok"))
        self.world.cloud.latency = self.world.dns.latency = min(0.3, self.world.begin.latency)

    def _repair(self) -> None:
        for number in range(len(SCOPES)):
            self.world.change(happens.Region(number, "ok"))
        self.world.dns.states.clear()
        for step in (happens.Refuse(()), happens.Quota(None), happens.Setting("dry_run", "no")):
            self.world.change(step)
        self.world.change(happens.Setting("policy", "sync"))
        self.world.change(happens.Setting("suffixes", "all"))

    def _sweep_for(self, seconds: float) -> None:
        self.wait(seconds)

    def _demand_dryness(self) -> None:
        """Without new sweeps the queue runs dry within a bounded number of batches."""
        self.sweeping = False
        before = self.counts["batches"]
        most = BATCHES_BESIDES + BATCHES_EACH * len(self.queue.waiting)
        self.wait(3 * 3600)
        if self.queue.waiting:
            raise Violation(f"the queue does not run dry: {next(iter(self.queue.waiting.values())).body}")
        if self.counts["batches"] - before > most:
            raise Violation(f"the queue took {self.counts['batches'] - before} batches to run dry")

    def _demand_silence(self) -> None:
        before = len(self.world.dns.provider.written)
        for scope in SCOPES:
            self.queue.put(cloud.sweep(scope), self.time.now)
        self.wait(TIMEOUT)
        if len(self.world.dns.provider.written) != before:
            raise Violation(f"one more sweep still writes: {self.world.dns.provider.written[before:]}")
        if self.queue.waiting:
            raise Violation(f"one more sweep still asks: {next(iter(self.queue.waiting.values())).body}")

    # Faults

    def _meet(self, call: str) -> None:
        """What the n-th call of a run meets."""
        self._calls += 1
        for each in [e for e in self.disturbances if e.call < self._calls and e.what != "after-commit"]:
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
            self.time.pending += SLOW
        elif call in ("list", "apply"):
            raise RateLimited("429", after=300) if what == "throttle" else Unavailable("502: <html>")
        else:
            raise Retryable(f"{call}: Throttling")

    def _after(self, call: str) -> None:
        for each in self.disturbances:
            if each.what == "after-commit" and call in ("apply", "send"):
                self.disturbances.remove(each)
                self.counts["timeouts after the commit"] += 1
                raise Unavailable("read timed out")


def _named(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}


def _work_in(batch: Sequence[Message]) -> dict[str, Work]:
    """What messages ask for, of those that make sense."""
    for message in batch:
        with contextlib.suppress(MeshDnsError):
            message.work = message.work or message.own or _read(message)
    return {message.id: message.work for message in batch if message.work is not None}


def _read(message: Message) -> Work:
    return events.work_in(events.from_text(message.body), OWNER, "hostname", message.sent)
