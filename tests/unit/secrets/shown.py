"""Everything that an exception could ever show."""

from __future__ import annotations

import traceback


def everything_in(error: BaseException) -> str:
    """Its text, its arguments and attributes, its traceback, and all of that for every exception it keeps."""
    texts, seen, queue = [], set(), [error]
    while queue:
        current = queue.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        texts += [str(current), repr(current), repr(current.args), repr(getattr(current, "__dict__", {}))]
        texts += traceback.format_exception(current)
        queue += [chained for chained in (current.__cause__, current.__context__) if chained is not None]
    return "\n".join(texts)
