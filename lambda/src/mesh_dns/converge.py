"""Observe, plan, apply, for one batch of messages: the only place that orders I/O.

AWS is read first and the zones last, right before deciding; whenever deciding shows that AWS must be asked more, the
zones are read again afterwards. Events and sweeps go the same way. What fails, fails for the messages that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Plan, Question, permitted
from mesh_dns.core.plan import plan
from mesh_dns.core.rules import Rules
from mesh_dns.core.sweep import SweepRun
from mesh_dns.core.values import Gone, LoadBalancer, LoadBalancerId, Scope, Unreadable
from mesh_dns.core.work import Check, SecondLook, Sweep, Work
from mesh_dns.dns.provider import BatchRejected, Provider
from mesh_dns.errors import Retryable
from mesh_dns.ports import Inventory, KnownScopes, Outbox, Reporter
from mesh_dns.reading import Observation
from mesh_dns.writing import OutOfTime, Writer

# One list of a zone when AWS needs not be asked after it, two when it does, more if the zone changes meanwhile; a name
# that then still needs something waits for its retry.
ROUNDS = 3
MOST_HOPS = 100
# A second look that has to wait beyond its grace comes back after this many seconds at least.
SHORTEST_WAIT = 300
LONGEST_DELAY = 900


@dataclass(frozen=True)
class Converge:
    """The ports and settings that a batch is worked on with.

    `announce` is told of each scope that AWS let a sweep read, whatever the provider does; it may raise Retryable.
    """

    inventory: Inventory
    provider: Provider
    outbox: Outbox
    observer: Reporter
    rules: Rules
    clock: Callable[[], float]
    dry_run: bool = False
    announce: Callable[[Scope], None] = lambda scope: None

    def __call__(self, batch: Mapping[str, Work], scopes: KnownScopes, deadline: float) -> Mapping[str, Retryable]:
        """Make DNS say what AWS says, for everything that the batch asks about.

        `batch` maps a message's id to its work, all of it in `scopes`. No new write starts after `deadline`
        (clock seconds). Returns the failures by message id; a message that is not among them is done.
        """
        return _Batch(self, batch, scopes, deadline).run()


class _Batch:
    def __init__(self, ports: Converge, batch: Mapping[str, Work], scopes: KnownScopes, deadline: float) -> None:
        self.ports = ports
        self.rules = ports.rules
        self.batch = batch
        self.deadline = deadline
        self.seen = Observation(ports.inventory, ports.provider, ports.rules, scopes.known, scopes.silent, ports.clock)
        self.failures: dict[str, Retryable] = {}
        self.sweeps: dict[str, SweepRun] = {}

    def run(self) -> Mapping[str, Retryable]:
        self._observe()
        decided = self._decide(self._zones_that_matter())
        self._report_unsettled(decided)
        writer = self._write(decided)
        self._settle(decided, writer)
        self._finish_sweeps(decided, writer)
        return self.failures

    # Observe

    def _observe(self) -> None:
        for key, work in sorted(self.batch.items()):
            if isinstance(work, Sweep):
                self._start_sweep(key, work)
        checked: set[LoadBalancerId] = set()
        for work in self.batch.values():
            checked |= _asked_for(work)
        self.seen.look(checked)
        for key, work in self.batch.items():
            for load_balancer in sorted(_asked_for(work)):
                sighting = self.seen.looks[load_balancer]
                if isinstance(sighting, Unreadable):
                    self._fail(key, Retryable(f"{load_balancer}: {sighting.reason}", after=sighting.after))

    def _start_sweep(self, key: str, sweep: Sweep) -> None:
        try:
            if self.ports.clock() > self.deadline:
                raise OutOfTime("not begun: the function's time was up", after=0)
            if sweep.hops > MOST_HOPS:
                raise Retryable(f"the sweep of {sweep.scope} went on {MOST_HOPS} times and did not reach its end")
            tagged = self.seen.find_tagged(sweep.scope)
            self.ports.announce(sweep.scope)
        except Retryable as error:
            self._fail(key, error)
            return
        self.sweeps[key] = SweepRun.of(sweep, tagged)

    def _zones_that_matter(self) -> frozenset[str]:
        """All of them, unless nothing in the batch can have freed a name: then `plan` asks for what it needs."""
        every = frozenset(self.rules.zones.values())
        if self.sweeps:
            return every
        for work in self.batch.values():
            for load_balancer in _asked_for(work):
                if self._may_free_a_name(work, load_balancer):
                    return every
        return frozenset()

    def _may_free_a_name(self, work: Work, load_balancer: LoadBalancerId) -> bool:
        match self.seen.looks[load_balancer]:
            case Gone():
                return True
            case LoadBalancer() as sighted:
                certain = isinstance(work, Check) and work.frees_nothing
                return not certain or self.rules.hostname_tag in sighted.tags
            case Unreadable():
                return False

    # Decide

    def _decide(self, zone_ids: frozenset[str]) -> Plan:
        """Plan on zones that were read after AWS was: where AWS has to be asked more, they are read once more."""
        for _ in range(ROUNDS):
            self.seen.read_zones(zone_ids, self._names())
            decided, asked = self._plan_and_ask()
            zones = {zone for need in decided.needs for zone in need.zones} - self.seen.unread_zones.keys()
            if not asked and not zones:
                return decided
            zone_ids = zone_ids | zones
        self.seen.read_zones(zone_ids, self._names())
        return plan(self._question(), self.seen.facts(), self.seen.zones)

    def _plan_and_ask(self) -> tuple[Plan, bool]:
        """Ask AWS what the plan needs, until it needs nothing more, or only what failed. Whether anything was asked."""
        asked = False
        while True:
            decided = plan(self._question(), self.seen.facts(), self.seen.zones)
            looks = {lb for need in decided.needs for lb in need.looks} - self.seen.looks.keys()
            listings = {scope for need in decided.needs for scope in need.listings} - self.seen.listings.keys()
            if not looks and not listings:
                return decided, asked
            self.seen.look(looks)
            self.seen.list_scopes(listings)
            asked = True

    def _names(self) -> frozenset[str]:
        facts = self.seen.facts()
        names = {
            hostname
            for load_balancer in self._question().load_balancers
            if load_balancer in facts.live
            for hostname in self.rules.hostnames_of(facts.live[load_balancer])
        }
        return frozenset(names | {work.hostname for work in self.batch.values() if isinstance(work, SecondLook)})

    def _question(self) -> Question:
        in_question = {lb for work in self.batch.values() for lb in _asked_for(work) if not self._unreadable(lb)}
        served = self._served()
        for run in self.sweeps.values():
            run.cover(served)
            in_question |= run.load_balancers
        return Question(
            frozenset(in_question),
            frozenset(work for work in self.batch.values() if isinstance(work, SecondLook)),
            any(run.sweep.override_guard for run in self.sweeps.values()),
        )

    def _served(self) -> frozenset[LoadBalancerId]:
        marks = (mark.served_by(self.rules.owner, record) for records in self.seen.zones.values() for record in records)
        return frozenset(serves for serves in marks if serves is not None)

    def _report_unsettled(self, decided: Plan) -> None:
        for need in decided.needs:
            error = next((self.seen.unread_zones[z] for z in need.zones if z in self.seen.unread_zones), None)
            self._fail_for(decided, need.hostname, error or Retryable(f"{need.hostname}: read too much, undecided"))
        for error in self.seen.unread_zones.values():
            for key, work in self.batch.items():
                if key in self.sweeps or any(self._may_free_a_name(work, lb) for lb in _asked_for(work)):
                    self._fail(key, error)

    # Apply

    def _write(self, decided: Plan) -> Writer:
        writer = Writer(self.ports.provider, self._replan, self._out_of_time, self.seen.rate_limit)
        if not self.ports.dry_run:
            writable = [d for d in decided.decisions if d.change and permitted(d, self.rules.policy)]
            for zone_id in sorted({d.change.zone_id for d in writable if d.change}):
                of_zone = [d for d in writable if d.change and d.change.zone_id == zone_id]
                writer.apply(zone_id, sorted(of_zone, key=lambda d: (d.load_balancer, d.hostname)))
        return writer

    def _replan(self, zone_id: str, names: frozenset[str]) -> Sequence[Decision]:
        self.seen.read_zones([zone_id], self._names())
        if zone_id in self.seen.unread_zones:
            raise self.seen.unread_zones[zone_id]
        again = plan(self._question(), self.seen.facts(), self.seen.zones)
        return [
            decision
            for decision in again.decisions
            if decision.hostname in names and permitted(decision, self.rules.policy)
        ]

    def _out_of_time(self) -> bool:
        return self.ports.clock() > self.deadline

    def _settle(self, decided: Plan, writer: Writer) -> None:
        """Send second looks, tell the observer, and let failures fall on the messages that they concern."""
        rewritten = {hostname for hostname, _ in writer.settled}
        final: list[tuple[Decision, Retryable | None]] = [
            (d, None) for d in decided.decisions if d.change is None or d.hostname not in rewritten
        ]
        final += writer.settled.values()
        unsent = self._send_second_looks([decision for decision, _ in final])
        for decision, failure in final:
            error = unsent if decision.look_again is not None else failure
            if decision.retry:
                error = Retryable(f"{decision.hostname}: {decision.detail}")
            if error is not None and not isinstance(error, OutOfTime):
                self._fail_for(decided, decision.hostname, error)
            outcome = self._outcome(decision) if error is None else f"failed: {error}"
            self.ports.observer.decided(decision, outcome=outcome)

    def _outcome(self, decision: Decision) -> str:
        if decision.change is None:
            return ""
        if self.ports.dry_run:
            return "dry-run"
        return "done" if permitted(decision, self.rules.policy) else "held-by-policy"

    def _send_second_looks(self, decisions: Collection[Decision]) -> Retryable | None:
        looks = {d.look_again: self._delay(d.look_again) for d in decisions if d.look_again is not None}
        if not looks or self.ports.dry_run:
            return None
        try:
            self.ports.outbox.send_second_looks(looks)
        except Retryable as error:
            return error
        return None

    def _delay(self, look: SecondLook) -> float:
        waited = self.ports.clock() - look.first_look
        remaining = self.rules.grace - waited
        return min(LONGEST_DELAY, remaining if remaining > 0 or waited < 1 else SHORTEST_WAIT)

    def _finish_sweeps(self, decided: Plan, writer: Writer) -> None:
        late = {d.hostname for d, error in writer.settled.values() if isinstance(error, OutOfTime)}
        undone = frozenset(lb for hostname in late for lb in decided.concerns.get(hostname, ()))
        for key, work in self.batch.items():
            if not isinstance(work, Sweep) and undone & _asked_for(work):
                self._fail(key, OutOfTime("the function's time was up", after=0))
        for key, run in self.sweeps.items():
            if key in self.failures:
                continue
            rest = run.rest(undone)
            unread = next((lb for lb in sorted(run.load_balancers) if self._unreadable(lb)), None)
            if unread is not None:
                self._fail(key, Retryable(f"{unread}, which a record names, could not be read"))
            elif rest is None:
                self.ports.observer.swept(run.sweep, load_balancers=len(run.load_balancers))
            else:
                self._continue_sweep(key, run, rest)

    def _unreadable(self, load_balancer: LoadBalancerId) -> bool:
        return isinstance(self.seen.looks.get(load_balancer), Unreadable)

    def _continue_sweep(self, key: str, run: SweepRun, rest: Sweep) -> None:
        try:
            if rest.after == run.sweep.after:
                raise Retryable(f"the sweep of {run.sweep.scope} made no progress in the function's time")
            self.ports.outbox.send_continuation(rest)
        except Retryable as error:
            self._fail(key, error)

    # Whom a failure concerns

    def _fail_for(self, decided: Plan, hostname: str, error: Retryable) -> None:
        """A hostname failed. A sweep is not failed by one name that the provider refuses: the next one tries again."""
        concerned = decided.concerns.get(hostname, frozenset())
        for key, work in self.batch.items():
            if isinstance(work, Sweep):
                if key in self.sweeps and self.sweeps[key].load_balancers & concerned and not _is_refusal(error):
                    self._fail(key, error)
            elif _asked_for(work) & concerned:
                self._fail(key, error)

    def _fail(self, key: str, error: Retryable) -> None:
        """The first failure of a message counts, but one that says how long to wait counts more."""
        if key not in self.failures or (self.failures[key].after is None and error.after is not None):
            self.failures[key] = error


def _asked_for(work: Work) -> frozenset[LoadBalancerId]:
    match work:
        case Check():
            return work.load_balancers
        case SecondLook():
            return frozenset({work.load_balancer})
        case Sweep():
            return frozenset()


def _is_refusal(error: Retryable) -> bool:
    return isinstance(error, BatchRejected)
