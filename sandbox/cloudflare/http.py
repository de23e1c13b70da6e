"""The loopback HTTP server under the emulator: keep-alive, and connections that can be left or broken.

The standard library's server, because werkzeug's closes every connection, which would hide whether a
client reuses its own.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHORTEST_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `target` is path and query, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer at all: the connection stays open for this long, then it is closed."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """No answer at all: the connection is reset (RST)."""


Respond = Callable[[Request], Answer | Silence | Reset]


class LoopbackServer:
    """Serves `respond` on a free loopback port, in daemon threads. `connections` counts accepted ones."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self._stopping = threading.Event()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.connections = 0

    @property
    def port(self) -> int:
        """The port that it listens on; RuntimeError unless started."""
        if self._server is None:
            raise RuntimeError("not started")
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen. A second start without a stop between does nothing."""
        if self._server is not None:
            return
        self._stopping.clear()
        self._server = _Server(("127.0.0.1", 0), self._handler(), self._count)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(SHORTEST_POLL,), name="cloudflare", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port and close idle connections."""
        if self._server is None or self._thread is None:
            return
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server = self._thread = None

    def _count(self) -> None:
        self.connections += 1

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            server_version = "cloudflare"
            sys_version = ""
            # One write per answer and no Nagle: else each costs a delayed acknowledgement of 40 ms.
            wbufsize = -1
            disable_nagle_algorithm = True

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, self.rfile.read(length))
                answer = outer._respond(request)
                if isinstance(answer, Answer):
                    self._send(answer)
                    return
                self.close_connection = True
                if isinstance(answer, Silence):
                    outer._stopping.wait(answer.seconds)
                else:
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

            def _send(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], accepted: Callable[[], None]
    ) -> None:
        super().__init__(address, handler)
        self._accepted = accepted

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        self._accepted()
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        # Without the usual shutdown(): closing a socket that lingers for 0 seconds is what sends RST.
        self.close_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not news."""
