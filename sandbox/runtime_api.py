"""The Lambda runtime API: what `awslambdaric` inside a function's process talks to.

The paths and headers are those of the published API, version 2018-06-01.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_ROOT = "/2018-06-01/runtime"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an invocation came to. `error` is None, or `Unhandled`; then the payload describes the error."""

    payload: bytes
    error: str | None = None


@dataclass(slots=True)
class Invocation:
    """One event on its way through the function."""

    payload: bytes
    function_arn: str
    timeout: float
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: queue.SimpleQueue[Outcome] = field(default_factory=queue.SimpleQueue)

    def headers(self) -> dict[str, str]:
        """What the runtime API says about the invocation, besides the event itself."""
        trace = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
        return {
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + self.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": f"Root={trace};Parent={uuid.uuid4().hex[:16]};Sampled=0",
        }


class RuntimeApi:
    """One runtime API on a loopback port, for one process."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._running: Invocation | None = None
        self.ready = threading.Event()
        """The process asked for work: its start-up is over."""
        self.init_error: bytes | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self._thread = threading.Thread(target=self._server.serve_forever, name="runtime-api", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """`host:port`, as AWS_LAMBDA_RUNTIME_API wants it."""
        return f"127.0.0.1:{self._server.server_port}"

    def submit(self, invocation: Invocation) -> None:
        """Give the process its next event."""
        self._running = invocation
        self._waiting.put(invocation)

    def close(self) -> None:
        """End the process's wait for work, and the server."""
        self._waiting.put(None)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def next_invocation(self) -> Invocation | None:
        """Wait for the next event; None when there will be no more."""
        self.ready.set()
        return self._waiting.get()

    def finish(self, request_id: str, outcome: Outcome) -> None:
        """The process reports what the running invocation came to."""
        if self._running is not None and self._running.request_id == request_id:
            self._running.outcome.put(outcome)
            self._running = None

    def fail_start(self, error: bytes) -> None:
        """The process reports that the handler could not be imported."""
        self.init_error = error
        self.ready.set()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    api: RuntimeApi


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """`/invocation/next`: long poll for an event."""
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        self._answer(200, invocation.payload, invocation.headers())

    def do_POST(self) -> None:
        """`/invocation/<id>/response`, `/invocation/<id>/error`, `/init/error`."""
        body = self._body()
        parts = self.path.removeprefix(_ROOT).strip("/").split("/")
        match parts:
            case ["invocation", request_id, "response"]:
                self.server.api.finish(request_id, Outcome(body))
            case ["invocation", request_id, "error"]:
                self.server.api.finish(request_id, Outcome(body, "Unhandled"))
            case ["init", "error"]:
                self.server.api.fail_start(body)
            case _:
                self._answer(404, b"{}")
                return
        self._answer(202, b'{"status":"OK"}')

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
