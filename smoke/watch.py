"""Whether a name leads somewhere all the time."""

from __future__ import annotations

import threading

from smoke.place import Place


class Watch:
    """Asks for a name again and again while the block runs. `empty`: answers that led nowhere. every: seconds."""

    def __init__(self, place: Place, hostname: str, every: float = 0.2) -> None:
        self.asked, self.empty = 0, 0
        self._place, self._hostname, self._every = place, hostname, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(self._every):
            said = self._place.answer(self._hostname)
            self.asked += 1
            self.empty += said in {"NXDOMAIN", "NODATA"}
