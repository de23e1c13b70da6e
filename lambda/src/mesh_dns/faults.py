"""Where a fault of the function itself happened, for the log: never its text, which may quote what is secret."""

from __future__ import annotations

import traceback

MOST_STEPS = 8


def steps(fault: Exception) -> list[str]:
    """The last `<file>:<line>` of a fault's way, the place itself at the end."""
    return [f"{step.filename}:{step.lineno}" for step in traceback.extract_tb(fault.__traceback__)][-MOST_STEPS:]
