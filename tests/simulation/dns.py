"""The DNS provider in virtual time: tokens that fail, names that are refused, and strangers at work in the zones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mesh_dns.core.values import Change, LoadBalancer, LoadBalancerId, Record
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import Retryable
from tests.doubles.provider import InMemoryProvider
from tests.simulation.cloud import Time
from tests.simulation.places import APEXES, OWNER, RULES, TOKENS, name_of, zone_of

HANG = 10.0
LIMITED = "429"


@dataclass
class Dns:
    """Implements `Provider` over zones in memory. `meets(call)` may raise or change the world; `after` may raise."""

    time: Time
    meets: Callable[[str], None]
    after: Callable[[str], None]
    latency: float = 0.0
    provider: InMemoryProvider = field(init=False)
    states: dict[str, str] = field(default_factory=dict)
    paused: dict[str, float] = field(default_factory=dict)
    calls: int = 0

    def __post_init__(self) -> None:
        self.provider = InMemoryProvider(tokens=dict(TOKENS), apexes=dict(APEXES), clock=self.time.true)
        self.provider.before = self._before
        self.provider.after = self.after

    def token_name(self, zone_id: str) -> str:
        """The name of a zone's token."""
        return self.provider.token_name(zone_id)

    def state(self, zone_id: str) -> str:
        """How a zone answers: as it was told itself, or as its token was."""
        own = self.states.get(zone_id, "ok")
        return self.states.get(self.token_name(zone_id), "ok") if own == "ok" else own

    def read(
        self, wanted: Mapping[str, Collection[str]], deadline: float
    ) -> Mapping[str, Sequence[Record] | Retryable]:
        """Whole zones, side by side."""
        found: dict[str, Sequence[Record] | Retryable] = {}
        longest = 0.0
        for zone_id in sorted(wanted):
            self.time.pending = 0.0
            found.update(self.provider.read({zone_id: wanted[zone_id]}, deadline + self.time.behind))
            longest = max(longest, self.time.pending)
        self.time.pending = 0.0
        self.time.run_to(self.time.now + longest)
        return found

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """One transaction."""
        try:
            self.provider.apply(zone_id, changes)
        finally:
            took, self.time.pending = self.time.pending, 0.0
            self.time.run_to(self.time.now + took)

    def _before(self, call: str) -> None:
        zone_id = self.provider.zone
        token = self.token_name(zone_id)
        left = self.paused.get(token, 0.0) - self.time.true()
        if left > 0:
            raise RateLimited("still told to wait", after=left)
        self.calls += 1
        self.time.pending += self.latency
        try:
            self.meets(call)
            self._answer(self.state(zone_id), call)
        except RateLimited as error:
            self.paused[token] = self.time.true() + (error.after or 0)
            raise
        self.provider.zone = zone_id  # a second writer may have been in another one meanwhile

    def _answer(self, state: str, call: str) -> None:
        match state:
            case "read-only" if call == "apply":
                raise Denied("the token lacks Zone / DNS / Edit")
            case "busy-writes" if call == "apply":
                raise RateLimited(LIMITED, after=30)
            case "denied":
                raise Denied("the token lacks Zone / DNS / Edit")
            case "busy":
                raise RateLimited(LIMITED, after=30)
            case "broken":
                raise Unavailable("502: <html>")
            case "hangs":
                self.time.pending += HANG
                raise Unavailable("no answer")

    # Strangers

    def meddle(self, what: str, name: str, claimant: LoadBalancer | None, gone: LoadBalancerId | None) -> None:
        """Somebody edits a zone by hand (see `steps.Outsider`)."""
        at_name = self.provider.at(name)
        ours = [r for r in at_name if r.type == "CNAME" and r.comment.startswith(f"{OWNER} ")]
        match what:
            case "txt" if not any(record.type == "TXT" for record in at_name):
                self._add(name, "TXT", "somebody's")
            case "odd" if gone is not None and not any(record.type == "TXT" for record in at_name):
                self._add(name, "TXT", "somebody's", f"{OWNER} {gone}")
            case "cname" if not at_name:
                self._add(name, "CNAME", "somewhere.example.net")
            case "same" if not at_name and claimant is not None:
                self._add(name, "CNAME", f"{'dualstack.' if claimant.created % 2 else ''}{claimant.dns_name}")
            case "other-owner" if not at_name and gone is not None:
                self._add(name, "CNAME", "somewhere.example.net", f"mesh-dns/another {gone}")
            case "delegate" if not at_name:
                self._add(name, "NS", "ns.example.org")
            case "delegate-suffix" if name.partition(".")[2] not in APEXES.values():
                self._delegate(name.partition(".")[2])
            case "twin" if len(ours) == 1 and gone is not None:
                self._add(name, "CNAME", "twin.example.net", f"{OWNER} {gone}")
            case "delete":
                for record in at_name:
                    del self.provider.records_by_id[record.id]
            case "edit" | "unmark" if ours:
                self._edit(ours[0], what)

    def _delegate(self, suffix: str) -> None:
        """Give a suffix to other name servers, or take it back from them."""
        there = [record for record in self.provider.at(suffix) if record.type == "NS"]
        for record in there:
            del self.provider.records_by_id[record.id]
        if not there:
            self.provider.add(suffix, "NS", "ns.example.org", zone_id=RULES.zones[suffix])

    def _edit(self, record: Record, what: str) -> None:
        edited = {"content": "x.example.net"} if what == "edit" else {"comment": "mine"}
        changed = replace(record, edited=self.time.true(), **edited)  # type: ignore[arg-type]
        self.provider.records_by_id[record.id] = changed

    def _add(self, name: str, type_: str, content: str, comment: str = "") -> None:
        zone_id = zone_of(RULES, name)
        assert zone_id is not None
        self.provider.add(name, type_, content, comment=comment, zone_id=zone_id)


def delegate_nested_zone(dns: Dns) -> None:
    """The nested zone is delegated by its parent, as it has to be."""
    parent = zone_of(RULES, name_of(0))
    assert parent is not None
    dns.provider.add(APEXES[RULES.zones["eu.mesh.example.com"]], "NS", "ns.example.org", zone_id=parent)
