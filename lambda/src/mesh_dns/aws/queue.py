"""The function's own queue and its dead-letter queue."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesh_dns.aws.calls import call
from mesh_dns.aws.clients import AwsClients
from mesh_dns.core import messages
from mesh_dns.core.work import SecondLook, Sweep
from mesh_dns.errors import Retryable

ENTRIES_PER_CALL = 10
LONGEST_DELAY = 900
LONGEST_VISIBILITY = 43_200
LONGEST_ATTRIBUTE = 256
_ADVICE = "check the policies of the function's role and of the queue"


class Queue:
    """An `Outbox`, and what becomes of messages that failed or make no sense.

    A method that takes several sends all it can before it raises; sending again what went through is harmless.
    """

    def __init__(self, clients: AwsClients, queue_url: str, dead_letter_queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url
        self._dead_letter_queue_url = dead_letter_queue_url

    def send_second_looks(self, looks: Mapping[SecondLook, float]) -> None:
        """Send each after its delay in seconds (0-900, rounded up). Raises Retryable."""
        entries = [
            {"MessageBody": _body(look), "DelaySeconds": max(0, min(LONGEST_DELAY, math.ceil(delay)))}
            for look, delay in looks.items()
        ]
        self._in_batches("send_message_batch", entries)

    def send_continuation(self, sweep: Sweep) -> None:
        """Send the rest of a sweep. Raises Retryable."""
        self._in_batches("send_message_batch", [{"MessageBody": _body(sweep)}])

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Send a body to the dead-letter queue as it came, with the reason and its old id as attributes.

        Raises Retryable; then redrive brings it there after some more receives, without a reason.
        """
        texts = {"reason": _printable(reason), "message_id": _printable(message_id)}
        self._call(
            "send_message",
            QueueUrl=self._dead_letter_queue_url,
            MessageBody=body,
            MessageAttributes={key: {"DataType": "String", "StringValue": text} for key, text in texts.items()},
        )

    def postpone(self, delays: Mapping[str, int]) -> None:
        """Let messages come back later: receipt handle => seconds. Raises Retryable.

        If that fails they come back after the queue's own visibility timeout.
        """
        entries = [
            {"ReceiptHandle": receipt, "VisibilityTimeout": max(0, min(LONGEST_VISIBILITY, delay))}
            for receipt, delay in delays.items()
        ]
        self._in_batches("change_message_visibility_batch", entries)

    def _in_batches(self, operation: str, entries: Sequence[Mapping[str, object]]) -> None:
        """Make as many calls as it takes, all of them, and raise for what was not accepted."""
        failures: list[Retryable] = []
        for batch in _batches(entries):
            numbered = [{"Id": str(index), **entry} for index, entry in enumerate(batch)]
            try:
                answer = self._call(operation, QueueUrl=self._queue_url, Entries=numbered)
            except Retryable as error:
                failures.append(error)
                continue
            for failed in answer.get("Failed", ()):
                text = f"{failed.get('Code')}: {failed.get('Message', 'no reason given')}"
                failures.append(Retryable(f"{operation} to {self._queue_url}: {text}; {_ADVICE}"))
        if failures:
            raise Retryable(f"the queue refused {len(failures)} times, first: {failures[0]}")

    def _call(self, operation: str, **arguments: object) -> Mapping[str, Any]:
        return call(self._clients.client("sqs"), operation, self._clients.region, _ADVICE, **arguments)


def _body(work: SecondLook | Sweep) -> str:
    return json.dumps(messages.encode(work), separators=(",", ":"))


def _batches(entries: Sequence[Mapping[str, object]]) -> Iterator[Sequence[Mapping[str, object]]]:
    for start in range(0, len(entries), ENTRIES_PER_CALL):
        yield entries[start : start + ENTRIES_PER_CALL]


def _printable(text: str) -> str:
    """An attribute's value: not empty, and of characters that SQS takes and a console shows."""
    printable = "".join(character if character.isprintable() else " " for character in text).strip()
    return printable[:LONGEST_ATTRIBUTE] or "none given"
