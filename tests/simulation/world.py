"""One world in virtual time, and what the steps of a history do to it."""

from __future__ import annotations

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.scopes import Entry
from mesh_dns.core.values import Kind, LoadBalancer, LoadBalancerId, Readiness, Scope
from mesh_dns.core.work import SecondLook
from mesh_dns.errors import Retryable
from tests.doubles.inventory import Allowance, InMemoryInventory
from tests.doubles.others import InMemoryMemory, InMemoryRegister
from tests.simulation import steps as happens
from tests.simulation.chronicle import ALWAYS, NEVER, Chronicle, may_have
from tests.simulation.cloud import Cloud, Time, event, id_of, made_by
from tests.simulation.dns import Dns, delegate_nested_zone
from tests.simulation.places import HUB, PATTERNS, RULES, SCOPES, SUFFIXES, TOKEN_NAMES, ZONES, name_of, normal
from tests.simulation.sqs import Queue
from tests.simulation.steps import Step

LONG_AGO = 0.0
# A load balancer is not hidden twice within this many seconds: two lies in a row are believed, and that is said aloud.
BETWEEN_FLICKERS = 120
REGISTER = "register"


@dataclass
class HubRegister(InMemoryRegister):
    """The register's promises: the hub's own scope is always in it. `meets(call)` may raise."""

    meets: Callable[[str], None] = lambda call: None

    def entries(self) -> Mapping[Scope, Entry]:
        """All of them."""
        self.meets("entries")
        return {HUB: Entry(self.clock()), **super().entries()}

    def announce(self, scope: Scope) -> None:
        """Remember it."""
        self.meets("announce")
        super().announce(scope)

    def note_read(self, scope: Scope) -> None:
        """Remember the time, of a scope that is there."""
        self.meets("note_read")
        self._try(writes=True)
        if scope in self.scopes:
            super().note_read(scope)


@dataclass
class World:
    """Everything outside the function. `counts`: what was injected and done, for the summary."""

    meets: Callable[[str], None]
    after: Callable[[str], None]
    counts: Counter[str] = field(default_factory=Counter)
    time: Time = field(default_factory=Time)
    queue: Queue = field(default_factory=Queue)
    rules: Rules = RULES
    dry_run: bool = False
    begin: happens.Begin = field(default_factory=happens.Begin)
    numbers: dict[int, LoadBalancerId] = field(default_factory=dict)
    looks: list[tuple[float, SecondLook]] = field(default_factory=list)
    overridden: dict[Scope, float] = field(default_factory=dict)
    register_lost: float = NEVER
    ill_until: dict[object, float] = field(default_factory=dict)
    _flickered: dict[LoadBalancerId, float] = field(default_factory=dict)
    _made: int = 0

    def __post_init__(self) -> None:
        inventory = InMemoryInventory(scopes=set(SCOPES))
        self.cloud = Cloud(self.time, self.meets, inventory)
        self.dns = Dns(self.time, self.meets, self.after)
        delegate_nested_zone(self.dns)
        self.chronicle = Chronicle(inventory, self.cloud.hanging)
        self.memory = InMemoryMemory(self.time)
        self.register = HubRegister(self.time, meets=self.meets)
        self.register.scopes = {scope: Entry(LONG_AGO, self.time()) for scope in SCOPES}
        self.start(self.begin)
        self.note()

    def start(self, begin: happens.Begin) -> None:
        """What kind of world it is."""
        self.begin = begin
        self.luck = random.Random(begin.luck)
        self.cloud.latency = self.dns.latency = begin.latency
        self.dns.provider.transaction_size = begin.changes
        self.cloud.inventory.allowance = Allowance() if begin.bucket else None

    def note(self) -> None:
        """Something happened."""
        self.chronicle.note(self.time.now)

    @property
    def there(self) -> dict[LoadBalancerId, LoadBalancer]:
        """Every load balancer that exists."""
        return self.cloud.inventory.load_balancers

    # Steps

    def change(self, step: Step) -> None:
        """A step that needs no invocation of the function."""
        match step:
            case happens.Begin():
                self.start(step)
            case happens.Create():
                self._create(step)
            case happens.Delete() | happens.Retag() | happens.Flicker() if step.number in self._alive():
                self._change_one(step, self.numbers[step.number])
            case happens.DeleteAll():
                for number in self._alive():
                    if self.numbers[number].scope == SCOPES[step.scope]:
                        self.change(happens.Delete(number, step.delivery))
            case happens.Outsider():
                self._meddle(step)
            case happens.Garbage():
                self.queue.put(step.body, self.time.now)
            case _:
                self._set(step)
        self.note()

    def _set(self, step: Step) -> None:
        """Faults and settings."""
        match step:
            case happens.Region():
                self._trouble(SCOPES[step.scope], step.state, "scopes")
                self.cloud.set_region(SCOPES[step.scope], step.state)
            case happens.Token():
                self._trouble(TOKEN_NAMES[step.token], step.state, "tokens")
                self.dns.states[TOKEN_NAMES[step.token]] = step.state
            case happens.Zone():
                self._trouble(ZONES[step.zone], step.state, "zones")
                self.dns.states[ZONES[step.zone]] = step.state
            case happens.Refuse():
                self.dns.provider.poison = set(map(name_of, step.names))
                self.counts["names refused"] += len(step.names)
            case happens.Quota():
                held = len(self.dns.provider.records_by_id)
                self.dns.provider.quota = None if step.room is None else held + step.room
            case happens.Setting():
                self.counts["settings changed"] += 1
                self._configure(step.what, step.value)
            case happens.Allow():
                accounts = dict(self.rules.accounts) | {SCOPES[step.scope].account: PATTERNS[step.patterns]}
                self.rules = replace(self.rules, accounts=accounts)
            case happens.Register():
                self._break_register(step.state)
            case happens.ClockBack():
                self.counts["clocks set back"] += 1
                self.time.behind += step.seconds

    def _trouble(self, what: object, state: str, kind: str) -> None:
        """Something is ill from now on, or well again. Whoever was, needs a while."""
        if state != "ok":
            self.ill_until[what] = ALWAYS
            self.counts[f"{kind} {state}"] += 1
        elif what in self.ill_until:
            self.ill_until[what] = min(self.ill_until[what], self.time.now)

    def was_well(self, scope: Scope, zone_ids: Collection[str], since: float) -> bool:
        """Whether a scope, the tokens of zones, and the register have answered all the time since then."""
        needed = {scope, REGISTER, *zone_ids, *map(self.dns.token_name, zone_ids)}
        return all(self.ill_until.get(each, NEVER) < since for each in needed)

    def _configure(self, what: str, value: str) -> None:
        match what:
            case "policy":
                self.rules = replace(self.rules, policy=Policy(value))
            case "adopt":
                self.rules = replace(self.rules, adopt_matching=value == "matching")
            case "dry_run":
                self.dry_run = value == "yes"
            case "internal_only":
                self.rules = replace(self.rules, internal_only=value == "yes")
            case "required":
                self.rules = replace(self.rules, required_tags={"team": "mesh"} if value == "team" else {})
            case "ttl":
                self.rules = replace(self.rules, ttl=int(value))
            case "grace":
                self.rules = replace(self.rules, grace=int(value))
            case "sweep":
                self.rules = replace(self.rules, sweep_period=int(value))
            case "tag":
                self.rules = replace(self.rules, hostname_tag=value)
                self.cloud.inventory.tag = value
            case "suffixes":
                fewer = {suffix: zone for suffix, zone in SUFFIXES.items() if suffix.startswith("mesh.")}
                self.rules = replace(self.rules, zones=SUFFIXES if value == "all" else fewer)

    def _break_register(self, state: str) -> None:
        self._trouble(REGISTER, state, "registers")
        self.register.broken = state == "broken"
        self.register.read_only = state == "read-only"
        if state == "lost":
            self.register.scopes.clear()
            self.register_lost = self.time.now

    # Load balancers

    def _alive(self) -> list[int]:
        return [number for number, lb in self.numbers.items() if lb in self.there]

    def _create(self, step: happens.Create) -> None:
        before = self.numbers.get(step.number)
        lb = id_of(step.number, SCOPES[step.scope], step.kind)
        if before is not None and (before in self.there or before != lb or step.kind is not Kind.CLASSIC):
            return
        self.numbers[step.number] = lb
        self._made += 1
        made = made_by(step, SCOPES[step.scope], self.time.now, self.begin.tie, self._made)
        self.cloud.inventory.put(made, shown_from=self.time.now + step.late if step.late else None)
        if made.readiness is Readiness.PROVISIONING:
            self.time.at(self.time.now + step.provisioning, lambda: self._provisioned(made, step.ends))
        self._tell("CreateLoadBalancer", lb, step.delivery, made.tags)

    def _provisioned(self, made: LoadBalancer, ends: Readiness) -> None:
        now = self.there.get(made.id)
        if now is not None:
            self.there[made.id] = replace(now, readiness=ends)
            self.note()

    def _change_one(self, step: Step, lb: LoadBalancerId) -> None:
        inventory, now = self.cloud.inventory, self.time.now
        match step:
            case happens.Delete():
                inventory.delete(lb, shown_from=now + step.late if step.late else None)
                self._tell("DeleteLoadBalancer", lb, step.delivery)
            case happens.Retag():
                self._retag(step, lb)
            case happens.Flicker():
                fresh = self.chronicle.claimed_since and self.there[lb].created > now - BETWEEN_FLICKERS
                if not fresh and self._flickered.get(lb, NEVER) < now - BETWEEN_FLICKERS:
                    self._flickered[lb] = now
                    inventory.late[lb].insert(0, (now + step.seconds, None))

    def _retag(self, step: happens.Retag, lb: LoadBalancerId) -> None:
        inventory, now = self.cloud.inventory, self.time.now
        if step.lag:
            self.counts["tags that lag"] += 1
            inventory.lagging[lb] = self.there[lb]
            self.time.at(now + step.lag, lambda: _drop(inventory.lagging, lb))
        names = tuple(map(name_of, step.names))
        inventory.retag(lb, *names, shown_from=now + step.late if step.late else None)
        call = "AddTags" if names else "RemoveTags"
        self._tell(call, lb, step.delivery, {self.rules.hostname_tag: " ".join(names)})

    def _tell(
        self, call: str, lb: LoadBalancerId, delivery: happens.Delivery, tags: Mapping[str, str] | None = None
    ) -> None:
        self.counts["events lost"] += not delivery
        self.counts["events doubled"] += len(delivery) > 1
        body, now = event(call, lb, self.time.now, tags), self.time.now
        for delay in delivery:
            self.time.at(now + delay, lambda: self._arrive(body))

    def _arrive(self, body: str) -> None:
        self.queue.put(body, self.time.now)

    def _meddle(self, step: happens.Outsider) -> None:
        self.counts["foreign hands"] += 1
        name = normal(name_of(step.name))
        newest = max(self.chronicle.claimants(self.rules, name), key=lambda lb: lb.created, default=None)
        some = next(iter(self.numbers.values()), None)
        with contextlib.suppress(Retryable):
            self.dns.meddle(step.what, name, newest, some)

    def may_claim(self, scope: Scope) -> bool:
        """Whether the settings let the account of a scope claim anything."""
        return bool(self.rules.accounts.get(scope.account))

    def is_allowed(self, lb: LoadBalancerId, name: str) -> bool:
        """Whether a load balancer that exists may have a name."""
        return may_have(self.rules, self.there[lb], name)


def _drop(shown: dict[LoadBalancerId, LoadBalancer | None], lb: LoadBalancerId) -> None:
    shown.pop(lb, None)
