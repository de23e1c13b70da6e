"""What an intake needs besides the ports of `converge`, in memory, and messages as a queue hands them over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core.values import Scope
from mesh_dns.errors import Retryable
from tests.doubles.inventory import HUB

ROLE = "AROAEXAMPLE0000000000"
FUNCTION = f"{ROLE}:mesh-dns"
TOPIC = "AIDAEXAMPLE0000000000"

Json = Mapping[str, Any]


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

    def postpone(self, delays: Mapping[str, int]) -> None:
        """Keep the delays by receipt handle."""
        self._try()
        self.delays.update(delays)

    def _try(self) -> None:
        if self.broken:
            raise Retryable("the queue is not to be reached")


@dataclass
class InMemoryRegister:
    """Known scopes. `broken`: it can neither be read nor written. `read_only`: it cannot be written."""

    scopes: set[Scope] = field(default_factory=lambda: {HUB})
    unheard: set[Scope] = field(default_factory=set)
    announced: list[Scope] = field(default_factory=list)
    open: bool = True
    broken: bool = False
    read_only: bool = False

    def known(self) -> frozenset[Scope]:
        """All of them."""
        self._try()
        return frozenset(self.scopes)

    def silent(self) -> frozenset[Scope]:
        """Those that are said to be silent."""
        return frozenset(self.unheard)

    def announce(self, scope: Scope) -> None:
        """Remember it."""
        self._try(writes=True)
        self.announced.append(scope)
        self.scopes.add(scope)

    def release(self, scope: Scope) -> None:
        """Forget it."""
        self._try(writes=True)
        self.scopes.discard(scope)

    def _try(self, *, writes: bool = False) -> None:
        if self.broken or (writes and self.read_only):
            raise Retryable("the register is not to be reached")


def notification(event: object) -> str:
    """An event inside an SNS notification, as a topic without raw delivery sends it."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:...", "Message": json.dumps(event)})


def message(body: object, number: int = 1, *, sender: str = TOPIC, received: int = 1) -> dict[str, Any]:
    """The n-th message of a batch. A body that is not a text goes in as JSON."""
    return {
        "messageId": f"message-{number}",
        "receiptHandle": f"receipt-{number}",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": str(received), "SenderId": sender},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:111122223333:mesh-dns",
        "awsRegion": "eu-west-1",
    }
