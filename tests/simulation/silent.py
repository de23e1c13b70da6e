"""What the function tells: nobody hears it, and the judges remember it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mesh_dns.core.values import Scope
from mesh_dns.telemetry import Telemetry
from tests.doubles.others import RememberingReporter


class Silent(RememberingReporter, Telemetry):
    """Tells nobody, and remembers what was told."""

    def __init__(self) -> None:
        RememberingReporter.__init__(self)
        self.met: list[Exception] = []

    def fault(self, message_id: str, fault: Exception) -> None:
        """Remember a fault of the function."""
        self.met.append(fault)

    def unknown_scope(self, message_id: str, reason: str) -> None:
        """Not told."""

    def overdue(self, scopes: Collection[Scope]) -> None:
        """Not told."""

    def ignored(self, message_id: str, reason: str) -> None:
        """Not told."""

    def rejected(self, message_id: str, reason: str) -> None:
        """Not told."""

    def retried(self, message_id: str, reason: str, *, delay: float, age: float) -> None:
        """Not told."""

    def postponed(self, message_id: str, reason: str, *, delay: float) -> None:
        """Not told."""

    def delay_not_set(self, reason: str) -> None:
        """Not told."""

    def commanded(self, event: Mapping[str, Any], request_id: str) -> None:
        """Not told."""
