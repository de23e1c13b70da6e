"""Event source mappings: queues feed functions, as Lambda's own pollers do it."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterable
from typing import Any

from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.sqs.models import Message, SQSBackend, sqs_backends
from moto.utilities.arns import parse_arn

from sandbox.functions import FunctionService, ThrottledError, deployed_function
from sandbox.queues import QueueClock
from sandbox.runtime_api import Outcome

_log = logging.getLogger(__name__)
_POLLERS = 5
"""With so many AWS starts. A function with less reserved concurrency gets as many as it may run: AWS would poll
with five and put up with throttled batches, which only delays them."""
_IDLE = 0.1


class EventSources:
    """Keeps pollers running for every mapping that moto knows. Batch windows pass as fast as `clock` says."""

    def __init__(self, functions: FunctionService, clock: QueueClock) -> None:
        self._functions = functions
        self._clock = clock
        self._stop = threading.Event()
        self._pollers: dict[tuple[str, int], threading.Thread] = {}
        self._thread = threading.Thread(target=self._watch, name="event-sources", daemon=True)

    def start(self) -> None:
        """Look for mappings from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling. Call it after the functions were stopped: a poller may wait for one."""
        self._stop.set()
        self._thread.join()
        for poller in self._pollers.values():
            poller.join()

    def _watch(self) -> None:
        while not self._stop.wait(_IDLE):
            for mapping in _mappings():
                for number in range(_poller_count(mapping)):
                    key = (mapping.uuid, number)
                    if key not in self._pollers:
                        poller = threading.Thread(target=self._poll, args=key, name="poller", daemon=True)
                        self._pollers[key] = poller
                        poller.start()

    def _poll(self, uuid: str, number: int) -> None:
        while not self._stop.is_set():
            mapping = next((m for m in _mappings() if m.uuid == uuid), None)
            if mapping is None:
                return
            try:
                worked = number < _poller_count(mapping) and mapping.enabled and self._poll_once(mapping)
            except Exception:  # a poller that died would look like a lost message
                _log.exception("polling %s failed", mapping.event_source_arn)
                worked = False
            if not worked:
                self._stop.wait(_IDLE)

    def _poll_once(self, mapping: EventSourceMapping) -> bool:
        arn = parse_arn(mapping.event_source_arn)
        backend = sqs_backends[arn.account][arn.region]
        queue = backend.queues.get(arn.resource_id)
        if queue is None:
            return False
        timeout = int(queue.visibility_timeout)  # type: ignore[attr-defined]  # moto sets attributes by name
        batch = self._collect(mapping, backend, queue.name, timeout)
        if not batch:
            return False
        event = {"Records": [_record(message, mapping.event_source_arn, arn.region) for message in batch]}
        try:
            # AWS retries a throttled batch while its messages stay invisible.
            outcome, _ = self._functions.invoke(mapping.function_arn, json.dumps(event).encode(), patience=timeout)
        except (ThrottledError, KeyError):
            return False
        for message in _handled(batch, outcome, mapping):
            backend.delete_message(queue.name, str(message.receipt_handle))
        return True

    def _collect(self, mapping: EventSourceMapping, backend: SQSBackend, queue: str, timeout: int) -> list[Message]:
        """Up to a batch of messages, not longer than the window after the first one."""
        batch = backend.receive_message(queue, mapping.batch_size, 0, timeout, ["All"])
        until = time.monotonic() + float(mapping.max_batch_window or 0) / self._clock.speed
        while batch and len(batch) < mapping.batch_size and time.monotonic() < until:
            if self._stop.wait(_IDLE):
                return []
            batch += backend.receive_message(queue, mapping.batch_size - len(batch), 0, timeout, ["All"])
        return batch


def _mappings() -> list[EventSourceMapping]:
    return [
        mapping
        for regions in list(lambda_backends.values())
        for backend in list(regions.values())
        for mapping in list(backend._event_source_mappings.values())
        if ":sqs:" in mapping.event_source_arn
    ]


def _poller_count(mapping: EventSourceMapping) -> int:
    scaling = (mapping.scaling_config or {}).get("MaximumConcurrency")
    try:
        reserved = deployed_function(mapping.function_arn).reserved_concurrency
    except KeyError:
        return 0
    return int(min(limit for limit in (_POLLERS, scaling, reserved) if limit is not None))


def _handled(batch: list[Message], outcome: Outcome, mapping: EventSourceMapping) -> Iterable[Message]:
    """The messages to delete: none after an error or an answer that AWS does not understand."""
    if outcome.error is not None:
        return []
    if "ReportBatchItemFailures" not in (mapping.function_response_types or ()):
        return batch
    failed = _failed_ids(outcome.payload)
    if failed is None or not failed <= {message.id for message in batch}:
        return []
    return [message for message in batch if message.id not in failed]


def _failed_ids(payload: bytes) -> set[str] | None:
    """The ids that a partial batch response names; None if it is malformed."""
    try:
        answer: Any = json.loads(payload or b"null")
        failures = (answer or {}).get("batchItemFailures") or []
        ids = {failure["itemIdentifier"] for failure in failures}
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    return None if None in ids or "" in ids else ids


def _record(message: Message, queue_arn: str, region: str) -> dict[str, object]:
    attributes = {
        "ApproximateReceiveCount": message.approximate_receive_count,
        "SentTimestamp": message.sent_timestamp,
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": message.approximate_first_receive_timestamp,
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {name: str(value) for name, value in attributes.items()},
        "messageAttributes": {
            name: {
                "stringValue": value.get("StringValue"),
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": value["DataType"],
            }
            for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": region,
    }
