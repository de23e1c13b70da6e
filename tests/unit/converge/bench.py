"""A provider to write to, and decisions to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh_dns.core import mark
from mesh_dns.core.decision import Decision, Reason
from mesh_dns.core.report import Written
from mesh_dns.core.values import Action, Change, Record
from mesh_dns.writing import Writer
from tests.doubles.hub import OWNER
from tests.doubles.inventory import make, make_id
from tests.doubles.provider import ZONE, InMemoryProvider


def name(number: int) -> str:
    return f"c{number:03}.mesh.example.com"


def create(number: int, *, lb: int | None = None, zone_id: str = ZONE) -> Decision:
    owner = make_id(number if lb is None else lb)
    comment = mark.comment_for(OWNER, owner)
    change = Change(Action.CREATE, zone_id, name(number), owner, "", make(owner).dns_name, 60, comment)
    return Decision(name(number), Reason.CREATE, owner, change=change)


def creates(numbers: range, **different: Any) -> list[Decision]:
    return [create(number, **different) for number in numbers]


def update(record: Record, number: int) -> Decision:
    made = create(number)
    assert made.change is not None
    return replace(made, reason=Reason.UPDATE, change=replace(made.change, action=Action.UPDATE, record_id=record.id))


@dataclass
class Bench:
    """A provider, and how often the decisions were made anew. `again`: what they are then, if they change."""

    provider: InMemoryProvider = field(default_factory=InMemoryProvider)
    again: Sequence[Decision] | None = None
    decided_anew: list[frozenset[str]] = field(default_factory=list)
    calls_left: int = 10_000
    batches: list[list[str]] = field(default_factory=list)

    def write(self, decisions: Sequence[Decision], **options: Any) -> dict[str, Written]:
        """What came of each hostname."""

        def replan(zone_id: str, hostnames: frozenset[str]) -> Sequence[Decision]:
            self.decided_anew.append(hostnames)
            return [
                each for each in (self.again if self.again is not None else decisions) if each.hostname in hostnames
            ]

        apply = self.provider.apply

        def recorded(zone_id: str, changes: Sequence[Change]) -> None:
            self.batches.append([change.hostname for change in changes])
            apply(zone_id, changes)

        self.provider.apply = recorded  # type: ignore[method-assign]
        if not isinstance(options.get("suspects", {}), Mapping):
            options["suspects"] = dict.fromkeys(options["suspects"], 0.0)
        writer = Writer(self.provider, replan, lambda: len(self.provider.calls) >= self.calls_left, **options)
        written = writer.write(decisions)
        self.refused = writer.refused
        return {hostname: each for (hostname, *_), each in written.items()}

    def names(self) -> set[str]:
        """The names that were written."""
        return {change.hostname for change in self.provider.written}


def refused(written: dict[str, Written]) -> set[str]:
    return {hostname for hostname, each in written.items() if each.decision.reason is Reason.PROVIDER_REFUSES}


def failed(written: dict[str, Written]) -> set[str]:
    return {hostname for hostname, each in written.items() if each.failure is not None}


def fail(error: Exception) -> None:
    raise error
