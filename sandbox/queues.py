"""SQS where moto's differs: senders, threads, and a clock that can run faster."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.models import DEFAULT_SENDER_ID, Message, SQSBackend

from sandbox import caller


@dataclass
class QueueClock:
    """How many times as fast as the clock visibility timeouts and batch windows pass.

    Delays always pass as the clock does: whoever sends a message with one counts on that time, and compares it.
    """

    speed: float = 1.0

    @contextmanager
    def at(self, speed: float) -> Iterator[None]:
        """For a while, another speed."""
        before, self.speed = self.speed, speed
        try:
            yield
        finally:
            self.speed = before

    @contextmanager
    def true(self) -> Iterator[None]:
        """For a while, visibility timeouts pass like the clock, too."""
        with self.at(1.0):
            yield


def queue_backend(clock: QueueClock) -> type[SQSBackend]:
    """An SQS backend whose visibility timeouts pass as fast as `clock` says."""

    class SandboxQueues(SQSBackend):
        """What AWS does and moto does not.

        - `SenderId`: AWS gives the principal of the sender (`AROA...:<session>` for a role) and a fixed
          id of its own for what SNS delivers; moto gives the same id to everybody.
        - Threads: moto rebuilds the list of messages on delete without a lock, so a message that arrives
          in that moment is lost, and two receivers can get the same one. Here one lock guards them all,
          and a long poll waits outside of it.
        - `RedriveAllowPolicy`, which moto takes and does not show, and `RedrivePolicy`, which it shows with
          spaces (Terraform would change it back at every plan).
        - `clock`, which AWS does not have.
        """

        def __init__(self, region_name: str, account_id: str) -> None:
            super().__init__(region_name, account_id)
            self.lock = threading.RLock()

        def send_message(self, *args: Any, **kwargs: Any) -> Message:
            """Send, and remember who did."""
            with self.lock:
                message = super().send_message(*args, **kwargs)
                message.sender_id = _sender()
                return message

        def receive_message(
            self,
            queue_name: str,
            count: int,
            wait_seconds_timeout: int,
            visibility_timeout: int,
            message_attribute_names: list[str] | None = None,
        ) -> list[Message]:
            """Receive; poll in short steps so that the lock is free in between."""
            until = time.monotonic() + wait_seconds_timeout
            while True:
                with self.lock:
                    received = super().receive_message(
                        queue_name, count, 0, visibility_timeout, message_attribute_names
                    )
                    if clock.speed != 1:
                        self._hasten({message.id for message in received}, queue_name)
                if received or time.monotonic() >= until:
                    return received
                time.sleep(0.05)

        def delete_message(self, queue_name: str, receipt_handle: str) -> None:
            """Delete, under the lock."""
            with self.lock:
                super().delete_message(queue_name, receipt_handle)

        def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
            """Change when a message is seen again."""
            with self.lock:
                super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)
                if clock.speed != 1:
                    held = [m for m in self.get_queue(queue_name)._messages if m.had_receipt_handle(receipt_handle)]
                    self._hasten({message.id for message in held}, queue_name)

        def purge_queue(self, queue_name: str) -> None:
            """Purge, under the lock."""
            with self.lock:
                super().purge_queue(queue_name)

        def get_queue_attributes(self, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
            """The attributes, with both redrive policies as they were given."""
            others = [name for name in attribute_names if name != "RedriveAllowPolicy"]
            attributes = dict(super().get_queue_attributes(queue_name, others))
            allowed = getattr(self.get_queue(queue_name), "redrive_allow_policy", None)
            if allowed and {"All", "RedriveAllowPolicy"} & set(attribute_names):
                attributes["RedriveAllowPolicy"] = allowed
            if attributes.get("RedrivePolicy"):
                redrive = json.loads(attributes["RedrivePolicy"])
                attributes["RedrivePolicy"] = json.dumps(redrive, separators=(",", ":"))
            return attributes

        def _hasten(self, message_ids: set[str], queue_name: str) -> None:
            for message in self.get_queue(queue_name)._messages:
                if message.id in message_ids:
                    message.visible_at = _sooner(message.visible_at, clock.speed)

    return SandboxQueues


def _sender() -> str:
    sender = caller.calling("sqs")
    return sender.principal_id if sender is not None else DEFAULT_SENDER_ID


def _sooner(at: float, speed: float) -> float:
    """The point in time (ms since the epoch) `speed` times nearer than `at`."""
    now = unix_time_millis()
    return now + (at - now) / speed if at > now else at
