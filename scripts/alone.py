"""One build at a time into .tools: `python -m scripts.alone COMMAND...` runs a command when no other build is at work.

The lock belongs to an open file: it ends with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

TOOLS = Path(__file__).resolve().parents[1] / ".tools"


@contextmanager
def alone() -> Iterator[TextIO]:
    """Wait, and say so, until no other build is at work in this copy of the repository; the open file of the lock."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "build.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another build is at work here; waiting for its end.", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock


def main(command: list[str]) -> None:
    """Become the command, which holds the lock then."""
    with alone() as lock:
        os.set_inheritable(lock.fileno(), True)
        os.execvp(command[0], command)  # noqa: S606 - the caller's own command


if __name__ == "__main__":
    main(sys.argv[1:])
