"""What the shell needs from outside; the DNS provider is in dns/provider.py."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mesh_dns.core.decision import Decision, permits
from mesh_dns.core.history import NameState
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import Entry
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import LoadBalancerId, LoadBalancers, Scope, Sighting, Unreadable
from mesh_dns.core.work import Check, OwnMessage
from mesh_dns.dns.provider import Provider


class Inventory(Protocol):
    """Load balancers, read from AWS. "Could not read" and "not there" are different answers.

    Scopes, and ids within one, are read side by side, within what AWS allows. No call starts after `deadline` (clock
    seconds): what was not asked by then is Unreadable with the cause OUT_OF_TIME. Nothing here ever raises.
    """

    def look(self, ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        """Look at each directly, with its tags. Every id that was asked for is in the answer.

        `Gone` only from a call that asked for that one id, with a session of that scope's account.
        """
        ...

    def tagged(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """Every load balancer with the hostname tag, by the tagging API, which lags. Each scope is in the answer.

        Unreadable unless everything that a delete needs can be read there; so tags are described once, too.
        """
        ...

    def listings(self, scopes: Collection[Scope], deadline: float) -> Mapping[Scope, LoadBalancers | Unreadable]:
        """Every load balancer of each scope with its tags, read directly. Each scope is in the answer."""
        ...


class Register(Protocol):
    """The hub's own scope, and those that announced themselves and were not forgotten."""

    open: bool
    """Whether scopes other than the hub's own may announce themselves."""

    def entries(self) -> Mapping[Scope, Entry]:
        """All of them, the hub's own always among them. Raises Retryable."""
        ...

    def announce(self, scope: Scope) -> None:
        """A sweep of this scope arrived: it is known from now on. Raises Retryable."""
        ...

    def note_read(self, scope: Scope) -> None:
        """Everything that a delete needs could be read there just now. Raises Retryable."""
        ...

    def forget(self, scope: Scope) -> None:
        """Not known any more, until it announces itself again. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class Remembered:
    """What may be lost at any time. Times are seconds since the epoch.

    `refused`: hostname => when the provider last refused it alone. `unread`: since when a zone could not be
    read (by zone id), or a scope could not be listed (by scope as text).
    """

    refused: Mapping[str, float] = field(default_factory=dict)
    unread: Mapping[str, float] = field(default_factory=dict)


class Memory(Protocol):
    """What outlives an invocation and may be lost. Never raises: what cannot be read counts as lost."""

    def recall(self) -> Remembered:
        """Everything that is remembered."""
        ...

    def remember(
        self,
        *,
        refused: Collection[str] = (),
        written: Collection[str] = (),
        read: Collection[str] = (),
        unread: Collection[str] = (),
    ) -> None:
        """Hostnames that the provider refused just now, or took; zones, or scopes to be listed (as text), that could
        be read, or could not.
        """
        ...

    def note(self, names: Mapping[str, NameState]) -> None:
        """The last state of each hostname, for people. No code reads it."""
        ...


class Outbox(Protocol):
    """The function's own queue, for its own messages."""

    def send(self, messages: Mapping[OwnMessage, float]) -> None:
        """Send each after its delay in seconds (0-900). Raises Retryable if one was not taken; twice is harmless."""
        ...


class Mailbox(Protocol):
    """The function's own queue and its dead-letter queue, for messages that failed or make no sense."""

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Put a body into the dead-letter queue with the reason as an attribute. Raises Retryable."""
        ...

    def delay(self, delays: Mapping[str, int]) -> None:
        """Set what is left of each message's invisibility: receipt handle => seconds. Raises Retryable."""
        ...


class Reporter(Protocol):
    """Receives decisions and outcomes: logs and metrics, or a test."""

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """One decision. `outcome`: `done`, `sent`, `held-by-policy`, `dry-run`, `failed: <why>`, or empty: no write."""
        ...

    def swept(self, scope: Scope, *, load_balancers: int) -> None:
        """A sweep reached its end."""
        ...

    def sent_on_too_often(self, check: Check) -> None:
        """A check of our own was sent on too often; the next sweep starts over."""
        ...

    def faults(self, number: int) -> None:
        """How many reads of AWS met a fault of the function itself; 0 for none."""
        ...

    def unread(self, zones: Mapping[str, UnreadZone]) -> None:
        """Zones that could not be read: zone id => why."""
        ...


@dataclass(frozen=True)
class Ports:
    """The adapters and the settings for a batch. `clock`: seconds since the epoch."""

    inventory: Inventory
    provider: Provider
    outbox: Outbox
    memory: Memory
    reporter: Reporter
    rules: Rules
    clock: Callable[[], float]
    dry_run: bool = False

    def carries_out(self, decision: Decision) -> bool:
        """Whether mode and policy let a decision be carried out."""
        return not self.dry_run and permits(self.rules.policy, decision)
