"""The function's own queue and its dead-letter queue."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mesh_dns.aws.calls import Unanswered, call
from mesh_dns.aws.clients import AwsClients
from mesh_dns.core import own_messages
from mesh_dns.core.work import LONGEST_DELAY, OwnMessage
from mesh_dns.errors import Retryable

# SQS's limits. Bytes: of one message and of all in one call, as the module sets them (SQS itself allows four times as
# much); seconds: of a visibility timeout (that of a delay is in core/work.py); characters: of an attribute, by our own
# choice.
ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 262_144
LONGEST_VISIBILITY = 43_200
LONGEST_ATTRIBUTE = 256
_ADVICE = "check the policies of the function's role and of the queue"

Entry = Mapping[str, object]


class Queue:
    """An `Outbox`, and what becomes of messages that failed or make no sense.

    A method that takes several sends all it can before it raises; sending again what went through is harmless.
    """

    def __init__(self, clients: AwsClients, queue_url: str, dead_letter_queue_url: str) -> None:
        self._clients = clients
        self._queue_url = queue_url
        self._dead_letter_queue_url = dead_letter_queue_url

    def send(self, messages: Mapping[OwnMessage, float]) -> None:
        """Send each after its delay in seconds (0-900, rounded up). Raises Retryable if one was not taken."""
        entries = [
            {"MessageBody": _body(message), "DelaySeconds": _whole(math.ceil(delay), LONGEST_DELAY)}
            for message, delay in messages.items()
        ]
        self._in_batches("send_message_batch", entries)

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Send a body to the dead-letter queue as it came, with the reason and its old id as attributes.

        Raises Retryable. SQS then moves the message after 30 receives, without a reason.
        """
        texts = {"reason": _printable(reason), "message_id": _printable(message_id)}
        self._call(
            "send_message",
            QueueUrl=self._dead_letter_queue_url,
            MessageBody=body,
            MessageAttributes={key: {"DataType": "String", "StringValue": text} for key, text in texts.items()},
        )

    def delay(self, delays: Mapping[str, int]) -> None:
        """Let messages come back later: receipt handle => seconds. Raises Retryable.

        If that fails they come back after the queue's own visibility timeout.
        """
        entries = [
            {"ReceiptHandle": receipt, "VisibilityTimeout": _whole(delay, LONGEST_VISIBILITY)}
            for receipt, delay in delays.items()
        ]
        self._in_batches("change_message_visibility_batch", entries)

    def _in_batches(self, operation: str, entries: Sequence[Entry]) -> None:
        """Make as many calls as it takes, and raise for what was not accepted.

        After a failed call the next is tried. When SQS does not answer, the rest is not tried: that would take longer
        than the function has.
        """
        failures: list[Retryable] = []
        for batch in _batches(entries):
            numbered = [{"Id": str(index), **entry} for index, entry in enumerate(batch)]
            try:
                answer = self._call(operation, QueueUrl=self._queue_url, Entries=numbered)
            except Unanswered as error:
                failures.append(error)
                break
            except Retryable as error:
                failures.append(error)
                continue
            for failed in answer.get("Failed", ()):
                text = f"{failed.get('Code')}: {failed.get('Message', 'no reason given')}"
                failures.append(Retryable(f"{operation} to {self._queue_url}: {text}; {_ADVICE}"))
        if failures:
            raise Retryable(f"the queue did not take everything ({len(failures)} failures), first: {failures[0]}")

    def _call(self, operation: str, **arguments: object) -> Mapping[str, Any]:
        return call(self._clients.client("sqs"), operation, self._clients.region, _ADVICE, **arguments)


def _body(message: OwnMessage) -> str:
    return json.dumps(own_messages.encode(message), separators=(",", ":"))


def _whole(seconds: int, longest: int) -> int:
    return max(0, min(longest, seconds))


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        bytes_of_it = len(str(entry.get("MessageBody", "")).encode())
        if batch and (len(batch) == ENTRIES_PER_CALL or size + bytes_of_it > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += bytes_of_it
    if batch:
        yield batch


def _printable(text: str) -> str:
    """An attribute's value: not empty, and of characters that SQS takes and a console shows."""
    printable = "".join(character if character.isprintable() else " " for character in text).strip()
    return printable[:LONGEST_ATTRIBUTE] or "none given"
