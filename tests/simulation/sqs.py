"""A queue in virtual time: delays, visibility, receive counts, redrive, and who sent what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core import own_messages
from mesh_dns.core.work import OwnMessage, Work
from tests.doubles.hub import FUNCTION, TOPIC

RECEIVES = 30
VISIBILITY = 720
REDRIVE = "received too often"


@dataclass
class Message:
    """One message. `own`: what the function sent, as it meant it; `sent`: when, in the world's time.
    `work`: what it asks for, once somebody read it. `tries`: when it was received, each time.
    """

    id: str
    body: str
    sent: float
    visible: float
    own: OwnMessage | None = None
    receives: int = 0
    handle: str = ""
    work: Work | None = None
    tries: list[float] = field(default_factory=list)

    def record(self) -> dict[str, Any]:
        """As the function sees it."""
        attributes = {
            "ApproximateReceiveCount": str(self.receives),
            "SenderId": TOPIC if self.own is None else FUNCTION,
            "SentTimestamp": str(int(self.sent * 1000)),
        }
        return {
            "messageId": self.id,
            "receiptHandle": self.handle,
            "body": self.body,
            "attributes": attributes,
            "messageAttributes": {},
            "eventSource": "aws:sqs",
        }


@dataclass
class Queue:
    """The function's queue and its dead-letter queue: message id => body and reason."""

    waiting: dict[str, Message] = field(default_factory=dict)
    dead: dict[str, tuple[Message, str]] = field(default_factory=dict)
    sent: int = 0

    def put(self, body: str, now: float, delay: float = 0, own: OwnMessage | None = None) -> Message:
        """Somebody sends a message; it can be received after the delay."""
        self.sent += 1
        message = Message(f"m{self.sent}", body, now, now + delay, own)
        self.waiting[message.id] = message
        return message

    def put_own(self, work: OwnMessage, now: float, delay: float) -> Message:
        """The function sends itself a message."""
        assert 0 <= delay <= 900, f"SQS takes no delay of {delay} s"
        return self.put(json.dumps(own_messages.encode(work)), now, delay, work)

    def next_visible(self) -> float:
        """When the next message can be received; infinite for never."""
        return min((message.visible for message in self.waiting.values()), default=float("inf"))

    def receive(self, now: float, most: int) -> list[Message]:
        """Messages that can be received now; those that were received too often go to the dead-letter queue."""
        due = sorted((m.visible, m.sent, m.id) for m in self.waiting.values() if m.visible <= now)
        taken = []
        for _, _, key in due[:most]:
            message = self.waiting[key]
            message.receives += 1
            message.tries.append(now)
            if message.receives > RECEIVES:
                self.dead[key] = (self.waiting.pop(key), REDRIVE)
                continue
            message.visible = now + VISIBILITY
            message.handle = f"{key}.{message.receives}"
            taken.append(message)
        return taken

    def delete(self, keys: Sequence[str]) -> None:
        """The batch was answered: these are done."""
        for key in keys:
            self.waiting.pop(key, None)

    def delay(self, delays: Mapping[str, int], now: float) -> None:
        """Receipt handle => seconds."""
        for message in self.waiting.values():
            if message.handle in delays:
                message.visible = now + delays[message.handle]
