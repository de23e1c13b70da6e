"""A DNS client that asks for one name all the time."""

from __future__ import annotations

import threading

from tests.e2e.installation import Installation


class Watcher:
    """Asks while the block runs, and remembers every different answer in turn; `[]` is NXDOMAIN or no answer."""

    def __init__(self, mesh: Installation, name: str, record_type: str = "CNAME") -> None:
        self.answers: list[list[str]] = []
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
                self.answers.append(answer)
