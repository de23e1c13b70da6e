"""Observe, plan, apply, for one batch of messages: the only place that orders I/O.

AWS is read first and the zones last, right before deciding; whenever deciding shows that AWS must be asked more, the
zones are read again afterwards. Events and sweeps go the same way. What fails, fails for the messages that it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from mesh_dns.apply import OutOfTime, Writer
from mesh_dns.core import ownership
from mesh_dns.core.model import Gone, LoadBalancer, LoadBalancerId, Scope, Unreadable
from mesh_dns.core.plan import Decision, Plan, Question, permitted, plan
from mesh_dns.core.policy import Policy
from mesh_dns.core.work import Check, SecondLook, Sweep, Work
from mesh_dns.dns.provider import BatchRejected, Provider
from mesh_dns.errors import Retryable
from mesh_dns.observe import Observation
from mesh_dns.ports import Inventory, Observer, Outbox

# Claims, then incumbents, then heirs, then whatever changed meanwhile; a name that needs more waits for its retry.
ROUNDS = 4
# One run of a sweep looks at this many tagged load balancers, and at this many that only a record still names.
TAGGED_PER_RUN = 5000
ORPHANS_PER_RUN = 200
MOST_HOPS = 100
# A second look that has to wait beyond its grace comes back after this many seconds at least.
SHORTEST_WAIT = 60
LONGEST_DELAY = 900


@dataclass(frozen=True)
class Converge:
    """The ports and settings that a batch is worked on with."""

    inventory: Inventory
    provider: Provider
    outbox: Outbox
    observer: Observer
    policy: Policy
    clock: Callable[[], float]
    dry_run: bool = False

    def __call__(self, batch: Mapping[str, Work], known: frozenset[Scope], deadline: float) -> Mapping[str, Retryable]:
        """Make DNS say what AWS says, for everything that the batch asks about.

        `batch` maps a message's id to its work, all of it in `known` scopes. No new write starts after `deadline`
        (clock seconds). Returns the failures by message id; a message that is not among them is done.
        """
        return _Batch(self, batch, known, deadline).run()


class _Batch:
    def __init__(self, ports: Converge, batch: Mapping[str, Work], known: frozenset[Scope], deadline: float) -> None:
        self.ports = ports
        self.policy = ports.policy
        self.batch = batch
        self.deadline = deadline
        self.seen = Observation(ports.inventory, ports.provider, ports.policy, known, ports.clock)
        self.failures: dict[str, Retryable] = {}
        self.sweeps: dict[str, _Run] = {}

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
        except Retryable as error:
            self._fail(key, error)
            return
        behind = sorted(lb for lb in tagged if sweep.after is None or lb > sweep.after)
        self.sweeps[key] = _Run(sweep, behind[:TAGGED_PER_RUN], cut=len(behind) > TAGGED_PER_RUN)

    def _zones_that_matter(self) -> frozenset[str]:
        """All of them, unless nothing in the batch can have freed a name: then `plan` asks for what it needs."""
        every = frozenset(self.policy.zones.values())
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
                certain = isinstance(work, Check) and work.settles_nothing
                return not certain or self.policy.hostname_tag in sighted.tags
            case Unreadable():
                return False

    # Decide

    def _decide(self, zone_ids: frozenset[str]) -> Plan:
        """Plan, and read what the plan still needs, until it needs nothing or a read that failed."""
        for _ in range(ROUNDS):
            self.seen.read_zones(zone_ids, self._names())
            decided = plan(self._question(), self.seen.facts(), self.seen.zones)
            looks = {lb for need in decided.needs for lb in need.looks} - self.seen.looks.keys()
            listings = {scope for need in decided.needs for scope in need.listings} - self.seen.listings.keys()
            zones = {zone for need in decided.needs for zone in need.zones} - self.seen.unread_zones.keys()
            if not looks and not listings and not zones:
                break
            self.seen.look(looks)
            self.seen.list_scopes(listings)
            zone_ids = zone_ids | zones
        return decided

    def _names(self) -> frozenset[str]:
        facts = self.seen.facts()
        names = {
            hostname
            for load_balancer in self._question().load_balancers
            if load_balancer in facts.live
            for hostname in self.policy.hostnames_of(facts.live[load_balancer])
        }
        return frozenset(names | {work.hostname for work in self.batch.values() if isinstance(work, SecondLook)})

    def _question(self) -> Question:
        in_question = {
            lb
            for work in self.batch.values()
            for lb in _asked_for(work)
            if not isinstance(self.seen.looks.get(lb), Unreadable)
        }
        served = self._served()
        for run in self.sweeps.values():
            run.extend(served)
            in_question |= run.load_balancers
        return Question(
            frozenset(in_question),
            frozenset(work for work in self.batch.values() if isinstance(work, SecondLook)),
            any(run.sweep.override_guard for run in self.sweeps.values()),
        )

    def _served(self) -> frozenset[LoadBalancerId]:
        marks = (
            ownership.served_by(self.policy.owner, record) for records in self.seen.zones.values() for record in records
        )
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
            writable = [d for d in decided.decisions if d.change and permitted(d, self.policy.writes)]
            for zone_id in sorted({d.change.zone_id for d in writable if d.change}):
                of_zone = [d for d in writable if d.change and d.change.zone_id == zone_id]
                writer.apply(zone_id, sorted(of_zone, key=lambda d: (d.load_balancer, d.hostname)))
        return writer

    def _replan(self, zone_id: str, names: frozenset[str]) -> Sequence[Decision]:
        self.seen.read_zones([zone_id], self._names())
        if zone_id in self.seen.unread_zones:
            raise self.seen.unread_zones[zone_id]
        again = plan(self._question(), self.seen.facts(), self.seen.zones)
        undecided = {need.hostname for need in again.needs} & names
        for hostname in undecided:
            self._fail_for(again, hostname, Retryable(f"{hostname}: changed while it was written"))
        return [
            decision
            for decision in again.decisions
            if decision.hostname in names and permitted(decision, self.policy.writes)
        ]

    def _out_of_time(self) -> bool:
        return self.ports.clock() > self.deadline

    def _settle(self, decided: Plan, writer: Writer) -> None:
        """Send second looks, tell the observer, and let failures fall on the messages that they concern."""
        final = {(d.hostname, d.load_balancer): (d, self._outcome(d)) for d in decided.decisions}
        written = {d.hostname for d, _ in writer.settled.values()}
        final = {key: value for key, value in final.items() if key[0] not in written or value[0].change is None}
        failed = self._send_second_looks([d for d, _ in final.values()] + [d for d, _ in writer.settled.values()])
        for key, (decision, error) in writer.settled.items():
            final[key] = (decision, self._outcome(decision) if error is None else f"failed: {error}")
            if error is not None and not isinstance(error, OutOfTime):
                self._fail_for(decided, decision.hostname, error)
        for decision, outcome in final.values():
            if decision.retry:
                self._fail_for(decided, decision.hostname, Retryable(f"{decision.hostname}: {decision.detail}"))
            error = failed if decision.look_again else None
            if error is not None:
                self._fail_for(decided, decision.hostname, error)
            self.ports.observer.decided(decision, outcome=outcome if error is None else f"failed: {error}")

    def _outcome(self, decision: Decision) -> str:
        if decision.change is None:
            return ""
        if self.ports.dry_run:
            return "dry-run"
        return "done" if permitted(decision, self.policy.writes) else "held-by-policy"

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
        remaining = self.policy.grace - waited
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
            if rest is None:
                self.ports.observer.swept(run.sweep, load_balancers=len(run.load_balancers))
            else:
                self._continue_sweep(key, run, rest)

    def _continue_sweep(self, key: str, run: _Run, rest: Sweep) -> None:
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


@dataclass
class _Run:
    """The part of a sweep that this run covers: tagged load balancers, and those that only a record names."""

    sweep: Sweep
    tagged: Sequence[LoadBalancerId]
    cut: bool
    load_balancers: frozenset[LoadBalancerId] = frozenset()

    def extend(self, served: Collection[LoadBalancerId]) -> None:
        """Take in the load balancers that records name, in the order of the sweep, as many as one run may look at."""
        end = self.tagged[-1] if self.cut else None
        orphans = sorted(
            lb
            for lb in set(served) - set(self.tagged)
            if lb.scope == self.sweep.scope
            and (self.sweep.after is None or lb > self.sweep.after)
            and (end is None or lb <= end)
        )
        if len(orphans) > ORPHANS_PER_RUN:
            orphans = orphans[:ORPHANS_PER_RUN]
            self.cut = True
            self.tagged = [lb for lb in self.tagged if lb <= orphans[-1]]
        self.load_balancers = frozenset(self.tagged) | frozenset(orphans)

    def rest(self, undone: Collection[LoadBalancerId]) -> Sweep | None:
        """What a later run has to cover; None when this one reached the end."""
        mine = sorted(self.load_balancers)
        first = min((lb for lb in undone if lb in self.load_balancers), default=None)
        if first is not None:
            mine = [lb for lb in mine if lb < first]
        elif not self.cut:
            return None
        after = mine[-1] if mine else self.sweep.after
        return replace(self.sweep, after=after, hops=self.sweep.hops + 1)


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
