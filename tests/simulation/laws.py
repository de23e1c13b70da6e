"""What must hold at every write, and at the end. Written against the truth of the simulated world, not against code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Action, Change, Kind, LoadBalancer, LoadBalancerId, Record, Scope
from mesh_dns.core.work import SecondLook
from tests.doubles.inventory import InMemoryInventory
from tests.doubles.provider import InMemoryProvider

LONGEST_LAG = 240
LONGEST_DELIVERY = 400
ALWAYS = float("inf")
NEVER = float("-inf")


class Violation(AssertionError):
    """A law was broken."""


# The truth is told without the code under test: a mistake there must not blind the judge.


def claims_of(lb: LoadBalancer) -> list[str]:
    """The hostnames in its tag."""
    return [] if lb.failed else lb.tags.get("hostname", "").split()


def may_have(rules: Rules, lb: LoadBalancer, hostname: str) -> bool:
    """Whether the rules lets a load balancer have a name. Patterns here are `*` or whole names."""
    patterns = rules.accounts.get(lb.id.account, ())
    return lb.internal and ("*" in patterns or hostname in patterns)


def served_by(rules: Rules, record: Record) -> LoadBalancerId | None:
    """Whom a CNAME of ours serves."""
    prefix = f"{rules.owner} "
    if record.type != "CNAME" or not record.comment.startswith(prefix):
        return None
    region, account, kind, name, *number = record.comment.removeprefix(prefix).split("/")
    return LoadBalancerId(region, account, Kind(kind), name, *number)


@dataclass
class Chronicle:
    """When each claim held, when each load balancer was there and each scope readable. Times in clock seconds."""

    inventory: InMemoryInventory
    claimed_since: dict[tuple[LoadBalancerId, str], float] = field(default_factory=dict)
    claimed_until: dict[tuple[LoadBalancerId, str], float] = field(default_factory=dict)
    gone_since: dict[LoadBalancerId, float] = field(default_factory=dict)
    unreadable_since: dict[Scope, float] = field(default_factory=dict)
    _present: set[LoadBalancerId] = field(default_factory=set)

    def note(self, now: float) -> None:
        """Take note of the world after something happened in it."""
        current = {(lb.id, hostname) for lb in self.inventory.load_balancers.values() for hostname in claims_of(lb)}
        for claim in current - self.claimed_since.keys():
            self.claimed_since[claim] = now
        for claim in self.claimed_since.keys() - current:
            del self.claimed_since[claim]
            self.claimed_until[claim] = now
        present = set(self.inventory.load_balancers)
        for lb in self._present - present:
            self.gone_since[lb] = now
        self._present = present
        for scope in self.inventory.scopes:
            if scope in self.inventory.unreadable:
                self.unreadable_since.setdefault(scope, now)
            else:
                self.unreadable_since.pop(scope, None)

    def claims_throughout(self, lb: LoadBalancerId, hostname: str, since: float) -> bool:
        """Whether a claim held without a break from before `since` until now."""
        return self.claimed_since.get((lb, hostname), ALWAYS) < since

    def claimed_lately(self, lb: LoadBalancerId, hostname: str, since: float) -> bool:
        """Whether a claim held at any time since then."""
        return (lb, hostname) in self.claimed_since or self.claimed_until.get((lb, hostname), NEVER) >= since


@dataclass
class Laws:
    """Judges the writes of one batch of one writer. It began at `began` and could not list the `unlisted` scopes."""

    chronicle: Chronicle
    rules: Rules
    began: float
    now: float
    snapshot: Mapping[str, Record] | None
    first_looks: Sequence[SecondLook]
    overrides: Sequence[SecondLook]
    unlisted: Collection[Scope]
    silent: Collection[Scope]

    def judge(self, change: Change) -> None:
        """Raise Violation if this change may not be."""
        lb = change.load_balancer
        if self.snapshot is None:
            raise Violation(f"wrote to a zone that was not listed in this batch: {change}")
        if not change.hostname.endswith(".mesh.example.com"):
            raise Violation(f"write outside the zones: {change}")
        if change.action is Action.CREATE:
            if any(record.name == change.hostname for record in self.snapshot.values()):
                raise Violation(f"created beside another record: {change}")
            self._demand_claim(change, lb)
            return
        record = self.snapshot.get(change.record_id)
        serves = served_by(self.rules, record) if record else None
        if record is None or serves is None or record.name != change.hostname:
            raise Violation(f"touched a record that is not ours: {change}")
        if change.action is Action.DELETE:
            self._judge_delete(change, serves)
        elif serves != lb:
            self._demand_claim(change, lb)
            self._judge_handover(change, serves)
        else:
            self._demand_claim(change, lb)

    def _demand_claim(self, change: Change, lb: LoadBalancerId) -> None:
        if not self.chronicle.claimed_lately(lb, change.hostname, self.began - LONGEST_LAG):
            raise Violation(f"{lb} does not claim {change.hostname}")
        if change.comment != f"{self.rules.owner} {lb}" or change.ttl != self.rules.ttl:
            raise Violation(f"wrong mark or TTL: {change}")
        seen = self.chronicle.inventory.load_balancers.get(lb)
        if seen is not None and (not may_have(self.rules, seen, change.hostname) or change.content != seen.dns_name):
            raise Violation(f"{lb} may not have {change.hostname}, or the content is wrong: {change}")

    def _judge_handover(self, change: Change, old: LoadBalancerId) -> None:
        name = change.hostname
        if self.chronicle.claims_throughout(old, name, self.began):
            raise Violation(f"stole {name} from {old}, which still claims it")
        heir = self.chronicle.inventory.load_balancers.get(change.load_balancer)
        if heir is None:
            return
        left = self.chronicle.claimed_until.get((old, name), NEVER)
        gone = self.chronicle.gone_since.get(old, ALWAYS) < self.began
        if gone and self.now - left < self.rules.grace <= self.now - heir.created:
            raise Violation(f"a stale load balancer took {name} {self.now - left:.0f} s after {old} left it")
        for rival in self._rivals(name, awaited=False):
            newer = (rival.created, heir.id) > (heir.created, rival.id) and rival.id != heir.id
            if newer and rival.id.scope not in self.unlisted:
                raise Violation(f"{heir.id} inherited {name}, and {rival.id} is newer")

    def _judge_delete(self, change: Change, serves: LoadBalancerId) -> None:
        name = change.hostname
        if self.chronicle.claims_throughout(serves, name, self.began):
            raise Violation(f"deleted {name}, which {serves} claims")
        if rivals := [str(lb.id) for lb in self._rivals(name, awaited=True)]:
            raise Violation(f"emptied {name}, which {', '.join(rivals)} claims")
        looks = [
            look
            for look in self.first_looks
            if (look.load_balancer, look.hostname, look.record_id) == (serves, name, change.record_id)
        ]
        if not any(self.now - look.first_look >= self.rules.grace for look in looks):
            raise Violation(f"deleted {name} before the grace was over")
        overridden = any((look.hostname, look.record_id) == (name, change.record_id) for look in self.overrides)
        if not overridden and (why := self._mass_delete(serves.scope)):
            raise Violation(f"deleted {name} although {why}")

    def _rivals(self, hostname: str, *, awaited: bool) -> Iterator[LoadBalancer]:
        """Allowed claimants since before the batch began, in scopes that can be read, or are `awaited` until silent."""
        for lb in self.chronicle.inventory.load_balancers.values():
            readable = lb.id.scope not in self.chronicle.unreadable_since
            if (
                self.chronicle.claims_throughout(lb.id, hostname, self.began)
                and may_have(self.rules, lb, hostname)
                and (readable or (awaited and lb.id.scope not in self.silent))
            ):
                yield lb

    def _mass_delete(self, scope: Scope) -> str | None:
        owned: dict[Scope, int] = defaultdict(int)
        vacant: dict[Scope, int] = defaultdict(int)
        for record in (self.snapshot or {}).values():
            serves = served_by(self.rules, record)
            if serves is None:
                continue
            owned[serves.scope] += 1
            lately = self.chronicle.claimed_lately(serves, record.name, self.began)
            vacant[serves.scope] += not lately and serves.scope not in self.chronicle.unreadable_since
        for lost, all_of_them in ((vacant[scope], owned[scope]), (sum(vacant.values()), sum(owned.values()))):
            if lost > 10 and lost > 0.3 * all_of_them:
                return f"{lost} of {all_of_them} lost their load balancer"
        return None


def wrong_at_the_end(
    inventory: InMemoryInventory, provider: InMemoryProvider, rules: Rules, zone_id: str
) -> Iterator[str]:
    """What DNS says that AWS does not, once everything has settled."""
    claims: dict[str, list[LoadBalancer]] = defaultdict(list)
    for lb in inventory.load_balancers.values():
        for hostname in claims_of(lb):
            claims[hostname].append(lb)
    records = [record for record in provider.records_by_id.values() if record.zone_id == zone_id]
    for hostname in sorted(claims.keys() | {record.name for record in records}):
        at_name = [record for record in records if record.name == hostname]
        ours = [record for record in at_name if served_by(rules, record)]
        allowed = [lb for lb in claims[hostname] if may_have(rules, lb, hostname)]
        if not ours:
            if allowed and not at_name:
                yield f"{hostname} is empty, and {allowed[0].id} claims it"
            continue
        (record,) = ours
        serves = served_by(rules, record)
        mine = [lb for lb in claims[hostname] if lb.id == serves]
        if not mine:
            yield f"{hostname} serves {serves}, which does not claim it"
        elif mine[0] in allowed and (record.content, record.proxied) != (mine[0].dns_name, False):
            yield f"{hostname} points to {record.content} instead of {mine[0].dns_name}"


def empty_for_too_long(chronicle: Chronicle, provider: InMemoryProvider, rules: Rules, now: float) -> Iterator[str]:
    """Names that a live load balancer has claimed for longer than its event may take, and that have no record."""
    for (lb, hostname), since in chronicle.claimed_since.items():
        claimant = chronicle.inventory.load_balancers[lb]
        if now - since > LONGEST_DELIVERY and may_have(rules, claimant, hostname) and not provider.at(hostname):
            yield f"{hostname} has been empty for {now - since:.0f} s, and {lb} claims it"
