"""Answers of Cloudflare's, made by hand: for those that no emulator gives."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mesh_dns.dns.cloudflare import BASE_URL
from tests.contract.worlds import MARK, TARGET, ZONE, ZONE_ID

LIST_URL = f"{BASE_URL}/zones/{ZONE_ID}/dns_records"
OURS: dict[str, Any] = {
    "id": "a" * 32,
    "name": f"cluster1.{ZONE}",
    "type": "CNAME",
    "content": TARGET,
    "ttl": 60,
    "proxied": False,
    "comment": MARK,
    "created_on": "2026-11-24T03:00:00Z",
    "modified_on": "2026-11-25T03:00:00.123456Z",
}
FOREIGN: dict[str, Any] = {"id": "c" * 32, "name": f"x.{ZONE}", "type": "A", "content": "192.0.2.7", "ttl": 60}


def listed(*items: object, **info: object) -> dict[str, Any]:
    """A list's answer; `info` changes what it says about itself, None leaves it out."""
    counts = {"page": 1, "per_page": 5000, "count": len(items), "total_count": len(items), "total_pages": 1} | info
    told = {key: value for key, value in counts.items() if value is not None}
    return {"success": True, "errors": [], "messages": [], "result": list(items), "result_info": told}


def refused(code: object, message: str = "no", **more: object) -> dict[str, Any]:
    """A refusal's answer."""
    return {"success": False, "errors": [{"code": code, "message": message, **more}], "messages": [], "result": None}


@contextmanager
def raw_server(answer: bytes, *, pieces: Sequence[bytes] = (), pause: float = 0) -> Iterator[str]:
    """A base URL where every request gets these bytes, then each piece after a pause, then the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    try:
                        connection.sendall(answer)
                        for piece in pieces:
                            if stop.wait(pause):
                                return
                            connection.sendall(piece)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stop.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def head(length: int, headers: Mapping[str, str] | None = None) -> bytes:
    """The head of an answer 200 with a body of so many bytes."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {length}", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
