"""A DNS client that asks for one name all the time."""

from __future__ import annotations

import threading
import time

from tests.e2e.installation import Installation


class Watcher:
    """Asks while the block runs, and remembers every different answer in turn; `[]` is NXDOMAIN or no answer.

    since: for each answer, since when it was given, in seconds of `time.monotonic`.
    """

    def __init__(self, mesh: Installation, name: str, record_type: str = "CNAME") -> None:
        self.answers: list[list[str]] = []
        self.since: list[float] = []
        self.asked = 0
        self._mesh, self._name, self._type = mesh, name, record_type
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            answer = self._mesh.resolve(self._name, self._type)
            self.asked += 1
            if self.answers[-1:] != [answer]:
                self.since.append(time.monotonic())
                self.answers.append(answer)

    def gaps(self) -> list[tuple[float, float]]:
        """From when until when there was no answer, each time; until infinity if it is so now."""
        ends = [*self.since[1:], float("inf")]
        return [(at, end) for answer, at, end in zip(self.answers, self.since, ends, strict=False) if not answer]
