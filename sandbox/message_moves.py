"""SQS's message move tasks, which put dead letters back into a queue. moto does not know them.

| | AWS | here |
|---|---|---|
| a task | takes its time, at a rate that may be given | has moved everything when it is answered |
| without `DestinationArn` | each message goes back to the queue that it was received from | UnsupportedOperation |
| a moved message | is sent anew: another id and time; body and attributes stay | so too, by whoever moves it |
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from moto.sqs.models import Queue, sqs_backends
from moto.utilities.arns import parse_arn
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_HIDDEN = 30
_KEPT = 10


class MessageMoves:
    """`StartMessageMoveTask` and `ListMessageMoveTasks`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: list[dict[str, Any]] = []

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """Move, or tell what was moved, the newest first."""
        if call.service != "sqs" or call.action not in {"StartMessageMoveTask", "ListMessageMoveTasks"}:
            return None
        asked: dict[str, Any] = call.json()
        source = _queue(str(asked.get("SourceArn")))
        if source is None:
            return _error("ResourceNotFoundException", "The resource that you specified for the SourceArn is missing.")
        if call.action.startswith("List"):
            return _answer({"Results": self._of(source)[: int(asked.get("MaxResults") or 1)]})
        target = _queue(str(asked.get("DestinationArn")))
        if target is None:
            return _error("UnsupportedOperation", "the sandbox moves messages to a DestinationArn that is there only")
        if not _is_dead_letter_queue(source):
            return _error("UnsupportedOperation", "Source queue must be configured as a Dead Letter Queue.")
        with self._lock:
            self._tasks.append(_moved(source, target))
        return _answer({"TaskHandle": str(uuid.uuid4())})

    def _of(self, source: Queue) -> list[dict[str, Any]]:
        with self._lock:
            return [task for task in reversed(self._tasks) if task["SourceArn"] == source.queue_arn][:_KEPT]


def _moved(source: Queue, target: Queue) -> dict[str, Any]:
    """What a task says of itself, once it has moved what was there when it began: some may come back at once."""
    started, there, moved = int(time.time() * 1000), len(source.messages), 0
    giving, taking = _backend(source.queue_arn), _backend(target.queue_arn)
    for _ in range(there):
        for message in giving.receive_message(source.name, 1, 0, _HIDDEN, ["All"]):
            taking.send_message(target.name, message.body, message_attributes=message.message_attributes)
            giving.delete_message(source.name, str(message.receipt_handle))
            moved += 1
    return {
        "Status": "COMPLETED",
        "SourceArn": source.queue_arn,
        "DestinationArn": target.queue_arn,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": there,
        "StartedTimestamp": started,
    }


def _is_dead_letter_queue(queue: Queue) -> bool:
    arn = parse_arn(queue.queue_arn)
    others = list(sqs_backends[arn.account][arn.region].queues.values())
    return any((other.redrive_policy or {}).get("deadLetterTargetArn") == queue.queue_arn for other in others)


def _queue(arn: str) -> Queue | None:
    return _backend(arn).queues.get(arn.rsplit(":", 1)[-1]) if arn.startswith("arn:") else None


def _backend(queue_arn: str) -> Any:
    arn = parse_arn(queue_arn)
    return sqs_backends[arn.account][arn.region]


def _answer(document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), content_type="application/x-amz-json-1.0")


def _error(code: str, message: str) -> Response:
    body = json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message})
    return Response(body, status=400, content_type="application/x-amz-json-1.0")
