"""Runs a history: the real `converge` on in-memory ports, in virtual time, with every write judged by the laws."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mesh_dns.converge import ROUNDS, Converge
from mesh_dns.core.decision import Reason
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Change, LoadBalancerId, Record, Scope
from mesh_dns.core.work import Check, SecondLook, Sweep, Work
from mesh_dns.dns.provider import RateLimited, Unavailable
from mesh_dns.errors import Retryable
from mesh_dns.ports import KnownScopes
from tests.doubles.inventory import InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryOutbox, Told, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider
from tests.simulation import steps as happens
from tests.simulation.laws import Chronicle, Laws, Violation, empty_for_too_long, wrong_at_the_end
from tests.simulation.steps import SCOPES, History, Step

SCOPE = [Scope(account, region) for account, region in zip("123", ("eu-west-1", "us-east-1", "eu-west-1"), strict=True)]
SCOPE = [Scope(scope.account * 12, scope.region) for scope in SCOPE]
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "all": ("*",),
    "even": tuple(f"c{n}.mesh.example.com" for n in range(0, 100, 2)),
    "none": ("other.mesh.example.com",),
}
RULES = Rules(
    owner="mesh-dns/1f0c9a3e",
    zones={"mesh.example.com": ZONE},
    accounts={scope.account: ("*",) for scope in SCOPE},
)
BATCH = 10
RETRY = 30
VISIBILITY = 720
RECEIVES = 20


class Crash(BaseException):
    """The function died: nothing that it would have done next was done."""


@dataclass
class Simulation:
    """One world. `counts`: what was injected and done, for the summary.

    `calm`: nothing fails in this history, so that at no moment a claimed name may be without a record.
    """

    clock: VirtualClock = field(default_factory=VirtualClock)
    inventory: InMemoryInventory = field(default_factory=lambda: InMemoryInventory(scopes=set(SCOPE)))
    provider: InMemoryProvider = field(default_factory=InMemoryProvider)
    told: Told = field(default_factory=Told)
    rules: Rules = RULES
    calm: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    first_looks: list[SecondLook] = field(default_factory=list)
    numbers: dict[int, LoadBalancerId] = field(default_factory=dict)
    disturbances: list[happens.Disturb] = field(default_factory=list)
    lost_sweeps: Counter[int] = field(default_factory=Counter)
    heard: dict[Scope, float] = field(default_factory=dict)
    _queue: list[tuple[float, int, int, Work]] = field(default_factory=list)
    _sequence: int = 0
    _calls: int = 0
    _writers: int = 0
    writers_met: bool = False

    def __post_init__(self) -> None:
        self.chronicle = Chronicle(self.inventory)
        self.heard = dict.fromkeys(SCOPE, self.clock())
        self.chronicle.note(self.clock())
        self.inventory.before = self._disturb
        self.provider.before = self._disturb
        self.provider.after = self._after
        for number in range(SCOPES):
            self._send(Sweep(SCOPE[number]), 100 + number * 300)

    # A history

    def run(self, history: History) -> None:
        """Take every step, settle, and compare with the truth. Raises Violation."""
        for step in history:
            self.take(step)
        self.settle()

    def take(self, step: Step) -> None:
        """One step."""
        self.counts["steps"] += 1
        if isinstance(step, happens.Wait):
            self._wait(step.seconds)
        elif isinstance(step, happens.Disturb):
            self.disturbances.append(step)
        else:
            self._change(step)
            self.chronicle.note(self.clock())

    def settle(self) -> None:
        """No more faults: every scope is swept twice a grace apart and the queue runs dry; then all must be right."""
        self._quiet()
        for _ in range(3):
            self._sweep_all(override=False)
        if not list(self._wrong()):
            self._demand_silence()
            return
        if any(decision.reason is Reason.MASS_DELETE_GUARD for decision, _ in self.told.decisions[-200:]):
            self.counts["mass deletes stopped"] += 1
            self._sweep_all(override=True)
            self._sweep_all(override=False)
        for wrong in self._wrong():
            raise Violation(f"in the end, {wrong}")
        self._demand_silence()

    def _wrong(self) -> list[str]:
        return list(wrong_at_the_end(self.inventory, self.provider, self.rules, ZONE))

    def _quiet(self) -> None:
        self.disturbances.clear()
        self.lost_sweeps.clear()
        self.inventory.lagging.clear()
        self.inventory.unreadable.clear()
        self.chronicle.note(self.clock())

    def _sweep_all(self, *, override: bool) -> None:
        for scope in SCOPE:
            self._deliver([(0, Sweep(scope, override_guard=override))])
        self._wait(self.rules.grace + 60)

    def _demand_silence(self) -> None:
        before = len(self.provider.written)
        for scope in SCOPE:
            self._deliver([(0, Sweep(scope))])
        if len(self.provider.written) != before:
            raise Violation(f"one more sweep still writes: {self.provider.written[before:]}")

    def _demand_names(self) -> None:
        if self.calm:
            for empty in empty_for_too_long(self.chronicle, self.provider, self.rules, self.clock()):
                raise Violation(empty)

    # Time and the queue

    def _wait(self, seconds: float) -> None:
        until = self.clock.now + seconds
        while self._queue and self._queue[0][0] <= until:
            self.clock.now = max(self.clock.now, self._queue[0][0])
            due: list[tuple[int, Work]] = []
            while self._queue and self._queue[0][0] <= self.clock.now and len(due) < BATCH:
                _, _, received, work = heapq.heappop(self._queue)
                due.append((received, work))
            self._deliver(due)
            self._demand_names()
        self.clock.now = until
        self._demand_names()
        self._refresh_tagging()

    def _send(self, work: Work, delay: float, received: int = 0) -> None:
        self._sequence += 1
        heapq.heappush(self._queue, (self.clock.now + delay, self._sequence, received, work))

    def _deliver(self, due: Sequence[tuple[int, Work]]) -> None:
        self._refresh_tagging()
        batch: dict[str, tuple[int, Work]] = {}
        for received, work in due:
            if isinstance(work, Sweep) and not self._begin_sweep(work, received):
                continue
            batch[str(len(batch))] = (received, work)
        if not batch:
            return
        try:
            failures = _Writer(self).work({key: work for key, (_, work) in batch.items()})
        except Crash:
            self.counts["crashes"] += 1
            for received, work in batch.values():
                self._return(work, VISIBILITY, received)
            return
        for key, error in failures.items():
            received, work = batch[key]
            self._return(work, error.after if error.after is not None else min(900, RETRY * 2**received), received)

    def _begin_sweep(self, sweep: Sweep, received: int) -> bool:
        number = SCOPE.index(sweep.scope)
        if received == 0 and sweep.hops == 0 and not sweep.override_guard:
            if not any(isinstance(entry[3], Sweep) and entry[3].scope == sweep.scope for entry in self._queue):
                self._send(Sweep(sweep.scope), self.rules.sweep_period)
            if self.lost_sweeps[number]:
                self.lost_sweeps[number] -= 1
                self.counts["sweeps lost"] += 1
                return False
        return True

    def _return(self, work: Work, delay: float, received: int) -> None:
        self.counts["messages returned"] += 1
        if received < RECEIVES:
            self._send(work, delay, received + 1)

    def hear(self, scope: Scope) -> None:
        """A sweep could read this scope."""
        self.heard[scope] = self.clock()

    def silent(self) -> frozenset[Scope]:
        """Scopes that were not swept for three periods: what the function's register would tell."""
        oldest = self.clock() - 3 * self.rules.sweep_period
        return frozenset(scope for scope, heard in self.heard.items() if heard < oldest)

    # The world

    def _change(self, step: Step) -> None:
        match step:
            case happens.Create():
                self._create(step)
            case happens.Delete() if step.number in self._alive():
                self.inventory.delete(self.numbers[step.number])
                self._announce(self.numbers[step.number], step.delivery, creates=False)
            case happens.Retag() if step.number in self._alive():
                lb = self.numbers[step.number]
                if step.lag:
                    self._lag(lb, step.lag)
                self.inventory.retag(lb, *map(_name, step.names))
                self._announce(lb, step.delivery, creates=bool(step.names))
            case happens.DeleteAll():
                for number in self._alive():
                    if self.numbers[number].scope == SCOPE[step.scope]:
                        self._change(happens.Delete(number, step.delivery))
            case happens.Outsider():
                self._meddle(step.what, _name(step.name))
            case happens.Readable():
                (self.inventory.unreadable.discard if step.yes else self.inventory.unreadable.add)(SCOPE[step.scope])
                self.counts["scopes unreadable"] += not step.yes
            case happens.Allow():
                accounts = dict(self.rules.accounts) | {SCOPE[step.scope].account: ALLOWED[step.names]}
                self.rules = replace(self.rules, accounts=accounts)
            case happens.LoseSweep():
                self.lost_sweeps[step.scope] += 1

    def _alive(self) -> list[int]:
        return [number for number, lb in self.numbers.items() if lb in self.inventory.load_balancers]

    def _create(self, step: happens.Create) -> None:
        lb = make_id(step.number, SCOPE[step.scope])
        if step.number in self.numbers:
            return
        self.numbers[step.number] = lb
        names = map(_name, step.names)
        self.inventory.put(make(lb, *names, created=self.clock(), internal=step.internal))
        self._announce(lb, step.delivery, creates=True)

    def _announce(self, lb: LoadBalancerId, delivery: Collection[float], *, creates: bool) -> None:
        self.counts["events lost"] += not delivery
        self.counts["events doubled"] += len(delivery) > 1
        for delay in delivery:
            self._send(Check(lb.scope, frozenset({lb}), frees_nothing=creates), delay)

    def _lag(self, lb: LoadBalancerId, seconds: float) -> None:
        self.inventory.lagging[lb] = self.inventory.load_balancers[lb]
        self._lag_ends = {**getattr(self, "_lag_ends", {}), lb: self.clock() + seconds}
        self.counts["tags that lag"] += 1

    def _refresh_tagging(self) -> None:
        for lb, end in getattr(self, "_lag_ends", {}).items():
            if self.clock() >= end:
                self.inventory.lagging.pop(lb, None)

    def _meddle(self, what: str, name: str) -> None:
        at_name = [record for record in self.provider.at(name) if record.type == "CNAME"]
        self.counts["foreign hands"] += 1
        if what == "add-txt":
            if not any(record.type == "TXT" for record in self.provider.at(name)):
                self.provider.add(name, "TXT", "somebody's")
        elif what == "add-cname" and not self.provider.at(name):
            self.provider.add(name, "CNAME", "somewhere.example.net")
        elif what == "delete":
            for record in self.provider.at(name):
                del self.provider.records_by_id[record.id]
        elif what in ("edit", "unmark") and at_name:
            (record,) = at_name
            edited = replace(record, content="x.example.net") if what == "edit" else replace(record, comment="mine")
            self.provider.records_by_id[record.id] = edited

    # Faults

    def _disturb(self, call: str) -> None:
        self._calls += 1
        due = [each for each in self.disturbances if each.call < self._calls and each.what != "after-commit"]
        for disturbance in due:
            if disturbance not in self.disturbances:
                continue  # another writer met it, inside this very call
            self.disturbances.remove(disturbance)
            if disturbance.step is not None:
                self._change(disturbance.step)
                self.chronicle.note(self.clock())
            elif disturbance.writer is not None:
                self._second_writer(SCOPE[disturbance.writer])
            else:
                self._fail(disturbance.what, call)

    def _second_writer(self, scope: Scope) -> None:
        if self._writers > 1:
            return
        self.counts["second writers"] += 1
        self.writers_met = True
        try:
            failures = _Writer(self).work({"sweep": Sweep(scope)})
        except Crash:
            self.counts["crashes"] += 1
        else:
            self.counts["messages returned"] += len(failures)

    def _fail(self, what: str, call: str) -> None:
        self.counts[{"fail": "calls failed", "throttle": "calls throttled"}.get(what, "crashes injected")] += 1
        if what == "crash":
            raise Crash
        if call in ("list", "apply"):
            raise RateLimited("429", after=300) if what == "throttle" else Unavailable("502: <html>")
        raise Retryable(f"{call}: Throttling")

    def _after(self, call: str) -> None:
        for disturbance in self.disturbances:
            if disturbance.what == "after-commit" and call == "apply":
                self.disturbances.remove(disturbance)
                self.counts["timeouts after the commit"] += 1
                raise Unavailable("read timed out")


@dataclass
class _Writer:
    """One running copy of the function; its own view of the provider, so that its writes are judged by what it read."""

    world: Simulation
    snapshot: dict[str, Record] | None = None
    reads_when_listed: int = 0
    overrides: list[SecondLook] = field(default_factory=list)
    batch_size: int = 200
    lists: int = 0
    writes: int = 0
    changes: int = 0

    def work(self, batch: Mapping[str, Work]) -> Mapping[str, Retryable]:
        world = self.world
        world.counts["batches"] += 1
        world._writers += 1
        world._calls = 0 if world._writers == 1 else world._calls
        self.rules, self.began = world.rules, world.clock()
        if world._writers == 1:
            world.inventory.failed_listings.clear()
            world.writers_met = False
        self.overrides = [work for work in batch.values() if isinstance(work, SecondLook) and work.override_guard]
        outbox = InMemoryOutbox(before=world._disturb)
        converge = Converge(world.inventory, self, outbox, world.told, self.rules, world.clock, announce=world.hear)
        try:
            failures = converge(batch, KnownScopes(frozenset(SCOPE), world.silent()), world.clock() + 100)
        finally:
            world._writers -= 1
            for look, delay in outbox.second_looks.items():
                world.first_looks.append(look)
                world._send(look, delay)
            for sweep in outbox.continuations:
                world._send(sweep, 0)
        self._judge_cost()
        return failures

    def records(self, zone_id: str, names: Collection[str]) -> Sequence[Record]:
        self.lists += 1
        found = self.world.provider.records(zone_id, names)
        self.snapshot = {record.id: record for record in found}
        self.reads_when_listed = len(self.world.inventory.calls)
        return found

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        self.writes += 1
        world = self.world
        if not world.writers_met and len(world.inventory.calls) != self.reads_when_listed:
            raise Violation("AWS was asked after the zone was listed, and the zone not again")
        before = len(world.provider.written)
        try:
            world.provider.apply(zone_id, changes)
        finally:
            if changes[-1] in world.provider.written[before:]:
                self._judge(changes)

    def _judge(self, changes: Sequence[Change]) -> None:
        world = self.world
        laws = Laws(
            world.chronicle,
            self.rules,
            self.began,
            world.clock(),
            self.snapshot,
            world.first_looks,
            self.overrides,
            world.inventory.failed_listings,
            world.silent(),
        )
        for change in changes:
            world.counts[f"records {change.action.value}d"] += 1
            laws.judge(change)
        self.changes += len(changes)

    def _judge_cost(self) -> None:
        if self.lists > ROUNDS + 1 or self.writes > -(-self.changes // self.batch_size) + 40:
            raise Violation(f"{self.lists} lists and {self.writes} writes for {self.changes} changes")


def _name(number: int) -> str:
    return f"c{number}.mesh.example.com"
