"""A small world for requests: what is in it, messages about it, and a batch in which all went well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import strategies as st

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Plan
from mesh_dns.core.plan import plan
from mesh_dns.core.report import Report, Result, Written, key_of
from mesh_dns.core.request import Request
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot
from mesh_dns.core.values import ClaimState, Gone, LoadBalancer, LoadBalancerId, Record, Scope
from mesh_dns.core.work import Check, Event, EventKind, SecondLook, Stage, Sweep, Work
from mesh_dns.errors import Retryable
from tests.doubles.hub import SUFFIX_2, ZONE_2
from tests.doubles.inventory import make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import AWAY, HUB, NOW, OWNER, RULES

SCOPES = (HUB, AWAY)
IDS = [make_id(n, SCOPES[n % 2]) for n in range(6)]
ZONES = {ZONE: ["a.mesh.example.com", "b.mesh.example.com"], ZONE_2: [f"a.{SUFFIX_2}", f"b.{SUFFIX_2}"]}
NAMES = [name for names in ZONES.values() for name in names]
TWO_ZONES = replace(RULES, zones={**RULES.zones, SUFFIX_2: ZONE_2})
LONG_AGO = NOW - 1000


def result_of(snapshot: Snapshot, decided: Plan | None = None, report: Report | None = None) -> Result:
    """What a batch came to in which nothing was decided, unless it is said what."""
    return Result(decided or Plan((), (), {}), snapshot, report or Report())


def report_of(decision: Decision, failure: Retryable | None = None) -> Report:
    """What came of one decision."""
    return Report({key_of(decision): Written(decision, failure)})


def zone_of(name: str) -> str:
    return next(zone_id for zone_id, names in ZONES.items() if name in names)


@dataclass(frozen=True)
class World:
    """Load balancers with the names that they claim (None: gone), and records with whom they serve."""

    claims: Mapping[LoadBalancerId, Sequence[str] | None]
    serves: Mapping[str, LoadBalancerId]
    messages: Mapping[str, Work] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        return Request(self.messages)

    def live(self) -> dict[LoadBalancerId, LoadBalancer]:
        return {lb: make(lb, *names) for lb, names in self.claims.items() if names is not None}

    def snapshot(self) -> Snapshot:
        """Everything was read."""
        live = self.live()
        zones: dict[str, list[Record]] = {zone_id: [] for zone_id in ZONES}
        for name, lb in self.serves.items():
            comment = mark.comment_for(OWNER, lb)
            record = Record(name, zone_of(name), name, "CNAME", make(lb).dns_name, 60, False, comment)
            zones[zone_of(name)].append(record)
        shown = {scope: {lb: seen for lb, seen in live.items() if lb.scope == scope} for scope in SCOPES}
        sightings = {lb: live.get(lb, Gone()) for lb in self.claims}
        return Snapshot(NOW, TWO_ZONES, KnownScopes(frozenset(SCOPES)), sightings, shown, shown, dict(zones))

    def result(self, report: Report | None = None) -> Result:
        """Everything went well."""
        snapshot = self.snapshot()
        return Result(plan(self.request.question(snapshot), snapshot), snapshot, report or Report())

    def asked(self) -> set[LoadBalancerId]:
        """Those whom checks and sweeps are about."""
        checks = [work for work in self.messages.values() if isinstance(work, Check)]
        swept = {work.scope for work in self.messages.values() if isinstance(work, Sweep)}
        return {lb for check in checks for lb in check.load_balancers} | {lb for lb in IDS if lb.scope in swept}

    def concerned_by(self, name: str) -> set[str]:
        """The messages that a name concerns: about somebody who claims it or whom its record serves."""
        whom = {lb for lb, names in self.claims.items() if names and name in names}
        whom |= {self.serves[name]} & self.claims.keys() if name in self.serves else set()
        return {key for key, work in self.messages.items() if _is_about(work, whom, name, self)}

    def challengers_of(self, incumbent: LoadBalancerId) -> set[Scope]:
        """The scopes in which somebody claims a name that this one's record holds."""
        held = {name for name, lb in self.serves.items() if lb == incumbent}
        return {lb.scope for lb, names in self.claims.items() if held & set(names or ())}

    def may_free(self) -> set[str]:
        """The messages that may be about a name that fell vacant, in any zone."""
        return {key for key, work in self.messages.items() if self._may_free(work)}

    def _may_free(self, work: Work) -> bool:
        if isinstance(work, Sweep):
            return True
        if isinstance(work, SecondLook):
            return False
        adds = work.event is not None and work.event.kind is EventKind.TAGGED
        return any(self.claims[lb] is None or not adds or bool(self.claims[lb]) for lb in work.load_balancers)


def _is_about(work: Work, whom: set[LoadBalancerId], name: str, world: World) -> bool:
    match work:
        case SecondLook():
            in_question = work.load_balancer in whom & world.asked()
            return work.hostname == name and (in_question or world.serves.get(name) == work.load_balancer)
        case Check():
            return bool(work.load_balancers & whom)
        case Sweep():
            return any(lb.scope == work.scope for lb in whom)


@st.composite
def _check(draw: st.DrawFn) -> Check:
    scope = draw(st.sampled_from(SCOPES))
    ids = st.sampled_from([lb for lb in IDS if lb.scope == scope])
    event = draw(
        st.sampled_from(
            [
                None,
                Event(EventKind.DELETED, LONG_AGO),
                Event(EventKind.TAGGED, LONG_AGO),
                Event(EventKind.UNTAGGED, LONG_AGO, untags=True),
            ]
        )
    )
    return Check(scope, frozenset(draw(st.sets(ids, min_size=1, max_size=2))), event)


@st.composite
def _second_look(draw: st.DrawFn) -> SecondLook:
    name = draw(st.sampled_from(NAMES))
    stage = draw(st.sampled_from(Stage))
    heir = draw(st.sampled_from(IDS)) if stage is Stage.HEIR else None
    serves = draw(st.sampled_from(IDS))
    return SecondLook(serves, name, zone_of(name), name, NOW - 50, stage, ClaimState.GONE, heir)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any of them, with up to five messages; nothing was read late, and nothing is left to do."""
    names = st.one_of(st.none(), st.lists(st.sampled_from(NAMES), max_size=2, unique=True))
    work = st.one_of(_check(), _second_look(), st.builds(Sweep, st.sampled_from(SCOPES)))
    messages = draw(st.lists(work, min_size=1, max_size=5))
    return World(
        {lb: draw(names) for lb in IDS},
        draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(IDS))),
        {str(number): each for number, each in enumerate(messages)},
    )
