"""A clock, a queue, a register, a memory and a reporter in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from mesh_dns.core import own_messages
from mesh_dns.core.decision import Decision
from mesh_dns.core.history import NameState
from mesh_dns.core.scopes import Entry
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Check, OwnMessage, SecondLook
from mesh_dns.errors import Retryable
from mesh_dns.ports import Remembered
from tests.doubles.inventory import nothing_happens


@dataclass
class VirtualClock:
    """Seconds since the epoch that pass only when told to."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class InMemoryOutbox:
    """What the function asked itself to do later, with the delay of each, until somebody takes it.

    `before(call)` runs before each send and may raise.
    """

    clock: Callable[[], float]
    delays: dict[OwnMessage, float] = field(default_factory=dict)
    due: dict[OwnMessage, float] = field(default_factory=dict)
    before: Callable[[str], None] = nothing_happens

    def send(self, sent: Mapping[OwnMessage, float]) -> None:
        """Keep them, as they would come back."""
        self.before("send")
        for message, delay in sent.items():
            text = json.dumps(own_messages.encode(message))
            received = own_messages.decode(json.loads(text))
            self.delays[received] = delay
            self.due[received] = self.clock() + delay

    @property
    def second_looks(self) -> list[SecondLook]:
        """Those that wait."""
        return [message for message in self.delays if isinstance(message, SecondLook)]

    @property
    def checks(self) -> list[Check]:
        """Those that wait."""
        return [message for message in self.delays if isinstance(message, Check)]

    def next_due(self) -> float:
        """When the next one comes back; infinite for never."""
        return min(self.due.values(), default=float("inf"))

    def take(self, until: float = float("inf")) -> list[OwnMessage]:
        """Take those out that are due by then."""
        taken = [message for message, due in self.due.items() if due <= until]
        for message in taken:
            del self.delays[message], self.due[message]
        return taken


@dataclass
class InMemoryMemory:
    """Remembers as the table does: when a name was refused last, and since when a zone could not be read."""

    clock: Callable[[], float]
    remembered: Remembered = field(default_factory=Remembered)
    names: dict[str, NameState] = field(default_factory=dict)

    def recall(self) -> Remembered:
        """Everything."""
        return self.remembered

    def remember(
        self,
        *,
        refused: Collection[str] = (),
        written: Collection[str] = (),
        read: Collection[str] = (),
        unread: Collection[str] = (),
    ) -> None:
        """Keep it."""
        now = self.clock()
        names = dict(self.remembered.refused) | dict.fromkeys(refused, now)
        zones = dict.fromkeys(unread, now) | dict(self.remembered.unread)
        self.remembered = Remembered(
            {name: at for name, at in names.items() if name not in written},
            {zone_id: since for zone_id, since in zones.items() if zone_id not in read},
        )

    def note(self, names: Mapping[str, NameState]) -> None:
        """Keep the last state of each."""
        self.names.update(names)


@dataclass
class InMemoryRegister:
    """Known scopes. `broken`: it can neither be read nor written. `read_only`: it cannot be written."""

    clock: Callable[[], float]
    scopes: dict[Scope, Entry] = field(default_factory=dict)
    open: bool = True
    broken: bool = False
    read_only: bool = False

    def entries(self) -> Mapping[Scope, Entry]:
        """All of them."""
        self._try()
        return dict(self.scopes)

    def announce(self, scope: Scope) -> None:
        """Remember it."""
        self._try(writes=True)
        self.scopes.setdefault(scope, Entry(self.clock()))

    def note_read(self, scope: Scope) -> None:
        """Remember the time."""
        self._try(writes=True)
        self.scopes[scope] = replace(self.scopes[scope], read=self.clock())

    def forget(self, scope: Scope) -> None:
        """Forget it."""
        self._try(writes=True)
        self.scopes.pop(scope, None)

    def _try(self, *, writes: bool = False) -> None:
        if self.broken or (writes and self.read_only):
            raise Retryable("the register is not to be reached")


@dataclass
class InMemoryMailbox:
    """A queue whose dead letters and delays are remembered. `broken`: it takes nothing."""

    dead: dict[str, tuple[str, str]] = field(default_factory=dict)
    delays: dict[str, int] = field(default_factory=dict)
    broken: bool = False

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Keep body and reason."""
        self._try()
        self.dead[message_id] = (body, reason)

    def delay(self, delays: Mapping[str, int]) -> None:
        """Keep the delays by receipt handle."""
        self._try()
        self.delays.update(delays)

    def _try(self) -> None:
        if self.broken:
            raise Retryable("the queue is not to be reached")


@dataclass
class RememberingReporter:
    """A reporter that remembers."""

    decisions: list[tuple[Decision, str]] = field(default_factory=list)
    sweeps: list[tuple[Scope, int]] = field(default_factory=list)
    given_up: list[Check] = field(default_factory=list)
    unread_zones: dict[str, UnreadZone] = field(default_factory=dict)
    read_faults: int = 0

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """Remember a decision."""
        self.decisions.append((decision, outcome))

    def swept(self, scope: Scope, *, load_balancers: int) -> None:
        """Remember the end of a sweep."""
        self.sweeps.append((scope, load_balancers))

    def sent_on_too_often(self, check: Check) -> None:
        """Remember a check that will not be sent on."""
        self.given_up.append(check)

    def faults(self, number: int) -> None:
        """Count them."""
        self.read_faults += number

    def unread(self, zones: Mapping[str, UnreadZone]) -> None:
        """Remember the zones of the last batch."""
        self.unread_zones = dict(zones)

    def reasons(self) -> list[str]:
        """The reason codes so far, in order."""
        return [decision.reason.value for decision, _ in self.decisions]

    def outcomes(self) -> dict[str, str]:
        """The last outcome of each reason."""
        return {decision.reason.value: outcome for decision, outcome in self.decisions}
