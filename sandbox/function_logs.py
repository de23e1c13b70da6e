"""What functions print: kept for tests, put into their CloudWatch log groups, and read for metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from moto.awslambda.models import LambdaFunction
from moto.core.utils import unix_time_millis
from moto.logs.models import logs_backends

from sandbox.metrics import publish_embedded

_STREAM = "sandbox"
_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `request_id` is empty while the function starts."""

    function: str
    request_id: str
    text: str


class FunctionLogs:
    """All lines of all functions, oldest first. `echo` gets each as it comes."""

    def __init__(self, echo: Callable[[LogLine], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._lines: list[LogLine] = []
        self._echo = echo

    @property
    def lines(self) -> tuple[LogLine, ...]:
        """Everything so far."""
        with self._lock:
            return tuple(self._lines)

    def clear(self) -> None:
        """Forget everything so far (CloudWatch keeps it)."""
        with self._lock:
            self._lines.clear()

    def tail(self, request_id: str) -> bytes:
        """The end of what one invocation printed, as much as Invoke returns."""
        text = "\n".join(line.text for line in self.lines if line.request_id == request_id)
        return text.encode()[-_TAIL_BYTES:]

    def add(self, function: LambdaFunction, text: str, request_id: str) -> None:
        """Take a line from a function."""
        line = LogLine(function.function_name, request_id, text)
        with self._lock:
            self._lines.append(line)
            _to_cloudwatch(function, text)
            publish_embedded((function.account_id, function.region), text)
        if self._echo is not None:
            self._echo(line)


def _to_cloudwatch(function: LambdaFunction, text: str) -> None:
    """Into the function's log group, if there is one: unlike AWS, the sandbox makes none by itself."""
    backend = logs_backends[function.account_id][function.region]
    group = backend.groups.get(function.logs_group_name)
    if group is None or not text:
        return
    if _STREAM not in group.streams:
        backend.create_log_stream(function.logs_group_name, _STREAM)
    event = {"timestamp": int(unix_time_millis()), "message": text}
    backend.put_log_events(function.logs_group_name, _STREAM, [event])
