"""The Lambda service: functions run as they were deployed.

moto keeps functions and their settings (and would run them in Docker). Here each runs from its own zip, with its
own handler, environment, timeout, concurrency and role, as an ordinary process.
"""

from __future__ import annotations

import io
import json
import logging
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.utilities.arns import parse_arn

from sandbox.function_logs import FunctionLogs
from sandbox.function_process import FunctionProcess, runtime_path
from sandbox.metrics import publish
from sandbox.roles import session_of
from sandbox.runtime_api import Invocation, Outcome

_log = logging.getLogger(__name__)
_UNRESERVED = 10
"""Processes of a function without reserved concurrency: enough here, where AWS has 1,000."""


class ThrottledError(Exception):
    """All processes that the function may have are busy."""


@dataclass(slots=True)
class _Slot:
    """A process of a function, of one state of its code and configuration."""

    generation: str
    process: FunctionProcess
    busy: bool = True
    request_id: str = ""


class FunctionService:
    """Runs functions on demand, keeps their processes warm, and replaces them when they were deployed anew.

    `environment()` is what every function gets besides its own variables; `watch(access_key)` is called for each
    access key that a function gets.
    """

    def __init__(
        self, environment: Callable[[], Mapping[str, str]], watch: Callable[[str], None], logs: FunctionLogs
    ) -> None:
        self._environment = environment
        self._watch = watch
        self._logs = logs
        self._lock = threading.Condition()
        self._slots: dict[str, list[_Slot]] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="sandbox-functions-")
        self._path = runtime_path(Path(self._folder.name))
        self._stopping = False

    def stop(self) -> None:
        """End all processes."""
        with self._lock:
            self._stopping = True
            slots = [slot for slots in self._slots.values() for slot in slots]
            self._lock.notify_all()
        for slot in slots:
            slot.process.close()
        self._folder.cleanup()

    def kill(self) -> int:
        """Kill every process that runs an event right now, as a crash would; how many there were."""
        with self._lock:
            busy = [slot for slots in self._slots.values() for slot in slots if slot.busy]
        for slot in busy:
            slot.process.kill()
        return len(busy)

    def invoke(self, function_arn: str, payload: bytes, *, patience: float = 0.0) -> tuple[Outcome, str]:
        """Run the function; its outcome and the request id.

        Waits up to `patience` seconds for a free process, then raises ThrottledError. Raises KeyError for a
        function that does not exist.
        """
        function = deployed_function(function_arn)
        slot = self._take_slot(function, patience)
        invocation = Invocation(payload, function.function_arn, float(function.timeout))
        slot.request_id = invocation.request_id
        started = time.monotonic()
        self._logs.add(function, f"START RequestId: {invocation.request_id} Version: $LATEST", slot.request_id)
        try:
            outcome = slot.process.invoke(invocation)
            slot.process.drain()
        finally:
            self._give_back(function_arn, slot)
        self._log_end(function, invocation, outcome, time.monotonic() - started)
        return outcome, invocation.request_id

    def _log_end(self, function: LambdaFunction, invocation: Invocation, outcome: Outcome, seconds: float) -> None:
        if outcome.error is not None:
            self._logs.add(function, outcome.payload.decode(errors="replace"), invocation.request_id)
        self._logs.add(function, f"END RequestId: {invocation.request_id}", invocation.request_id)
        measured = {"Invocations": 1, "Errors": int(outcome.error is not None), "Duration": seconds * 1000}
        _publish(function, measured)
        report = f"REPORT RequestId: {invocation.request_id}\tDuration: {seconds * 1000:.2f} ms"
        self._logs.add(function, report, invocation.request_id)

    def _take_slot(self, function: LambdaFunction, patience: float) -> _Slot:
        generation, arn = _generation(function), function.function_arn
        limit = _UNRESERVED if function.reserved_concurrency is None else int(function.reserved_concurrency)
        until = time.monotonic() + patience
        with self._lock:
            slots = self._slots.setdefault(arn, [])
            while sum(slot.busy for slot in slots) >= limit or self._stopping:
                if self._stopping or not self._lock.wait(max(0.0, until - time.monotonic())):
                    _publish(function, {"Throttles": 1})
                    raise ThrottledError(arn)
            for slot in [s for s in slots if not s.busy]:
                if slot.generation == generation and slot.process.alive:
                    slot.busy = True
                    return slot
                slots.remove(slot)
                slot.process.close()
            new = _Slot(generation, self._start(function))
            slots.append(new)
            return new

    def _give_back(self, arn: str, slot: _Slot) -> None:
        with self._lock:
            slot.busy = False
            self._lock.notify_all()

    def _start(self, function: LambdaFunction) -> FunctionProcess:
        code = Path(self._folder.name) / f"{abs(hash(function.code_bytes)):x}"
        if not code.exists():
            with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as package:
                package.extractall(code)
        environment = {
            **function.environment_vars,
            **self._environment(),
            **self._credentials(function),
            **_function_variables(function),
        }
        return FunctionProcess(
            str(function.handler), code, self._path, environment, lambda line: self._on_line(function, line)
        )

    def _on_line(self, function: LambdaFunction, line: str) -> None:
        running = [slot.request_id for slot in self._slots.get(function.function_arn, ()) if slot.busy]
        self._logs.add(function, line, running[0] if running else "")

    def _credentials(self, function: LambdaFunction) -> dict[str, str]:
        session = session_of(function.role, function.function_name, function.region)
        self._watch(session.access_key_id)
        return {
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
        }


def deployed_function(name_or_arn: str, account: str = "", region: str = "") -> LambdaFunction:
    """The function as moto keeps it. Raises KeyError if there is none."""
    if name_or_arn.startswith("arn:"):
        arn = parse_arn(name_or_arn)
        account, region, name_or_arn = arn.account, arn.region, arn.resource_id
    for function in lambda_backends[account][region].list_functions():
        if function.function_name == name_or_arn.split(":")[0]:
            return function
    raise KeyError(name_or_arn)


def _publish(function: LambdaFunction, values: Mapping[str, float]) -> None:
    publish((function.account_id, function.region), "AWS/Lambda", values, {"FunctionName": function.function_name})


def _generation(function: LambdaFunction) -> str:
    """A name for the function's code and configuration: another one means other processes."""
    settings = json.dumps(
        [function.function_arn, function.code_sha_256, function.handler, function.role,
         function.environment_vars, function.timeout, function.memory_size],
        sort_keys=True,
    )  # fmt: skip
    return f"{function.function_name}-{abs(hash(settings)):x}"


def _function_variables(function: LambdaFunction) -> dict[str, str]:
    """What AWS tells every function about itself."""
    return {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logs_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
    }
