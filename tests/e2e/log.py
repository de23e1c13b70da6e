"""What an installation's functions print, and waiting for it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import pytest

from sandbox.sandbox import Sandbox

T = TypeVar("T")
PATIENT = 240.0
"""Seconds that a test waits for what it needs; a slow machine takes several times as long as a fast one.

More than a message may rightly take: an event that AWS contradicts comes back until it is 90 s old, its last look is up
to 40 s later, and a look that no event came with is confirmed 45 s after that. A test that is about how soon something
happens gives a time of its own.
"""


class Log:
    """The log of all functions of a sandbox."""

    sandbox: Sandbox

    def wait(self, probe: Callable[[], T | None], what: str, seconds: float = PATIENT) -> T:
        """The first true answer of `probe`; fails the test when there is none in time."""
        until = time.monotonic() + seconds
        while not (answer := probe()):
            if time.monotonic() > until:
                last = "\n".join(line.text for line in self.sandbox.logs[-30:])
                pytest.fail(f"not within {seconds} s: {what}\n{last}")
            time.sleep(0.05)
        return answer

    def runs(self, end: str = "START") -> int:
        """How many runs of the function began (`START`) or came to an end (`END`)."""
        return sum(line.text.startswith(f"{end} ") for line in self.sandbox.logs)

    def busy(self) -> bool:
        """Whether the function runs."""
        return self.runs("START") > self.runs("END")

    def lines(self) -> list[dict[str, Any]]:
        """All log lines that are JSON."""
        return [_read(line.text) for line in self.sandbox.logs if line.text.startswith("{")]

    def told(self, message: str, **fields: object) -> list[dict[str, Any]]:
        """The log lines of this message that have these fields."""
        return [
            line
            for line in self.lines()
            if line.get("message") == message and all(line.get(key) == value for key, value in fields.items())
        ]

    def wait_for_line(self, message: str, seconds: float = PATIENT, **fields: object) -> dict[str, Any]:
        """Wait for such a line; the first one."""
        return self.wait(lambda: self.told(message, **fields), f"log line {message!r} with {fields}", seconds)[0]

    def wait_for_decision(self, hostname: str, reason: str, seconds: float = PATIENT) -> dict[str, Any]:
        """Wait for a decision about a name."""
        return self.wait_for_line("decision", seconds, hostname=hostname, reason=reason)


@cache
def _read(line: str) -> dict[str, Any]:
    """A line, read once: whoever waits asks for all of them twenty times a second."""
    return dict(json.loads(line))
