"""A clock, an outbox and an observer in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, cast

from mesh_dns.core import messages
from mesh_dns.core.decision import Decision
from mesh_dns.core.work import SecondLook, Sweep
from tests.doubles.inventory import nothing_happens

Sent = TypeVar("Sent", SecondLook, Sweep)


@dataclass
class VirtualClock:
    """Seconds since the epoch that pass only when told to."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class InMemoryOutbox:
    """What the function asked itself to do later."""

    second_looks: dict[SecondLook, float] = field(default_factory=dict)
    continuations: list[Sweep] = field(default_factory=list)
    before: Callable[[str], None] = nothing_happens

    def send_second_looks(self, looks: Mapping[SecondLook, float]) -> None:
        """Keep them, as they would come back."""
        self.before("send")
        self.second_looks.update({_sent(look): delay for look, delay in looks.items()})

    def send_continuation(self, sweep: Sweep) -> None:
        """Keep it, as it would come back."""
        self.before("send")
        self.continuations.append(_sent(sweep))


def _sent(work: Sent) -> Sent:
    """What is left of work that went through a queue as text."""
    return cast("Sent", messages.decode(json.loads(json.dumps(messages.encode(work)))))


@dataclass
class Told:
    """An observer that remembers."""

    decisions: list[tuple[Decision, str]] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """Remember a decision."""
        self.decisions.append((decision, outcome))

    def swept(self, sweep: Sweep, *, load_balancers: int) -> None:
        """Remember the end of a sweep."""
        self.sweeps.append(sweep)

    def reasons(self) -> list[str]:
        """The reason codes so far, in order."""
        return [decision.reason.value for decision, _ in self.decisions]
