"""What AWS can do and the sandbox cannot: it says so, instead of an answer that AWS would not give."""

from __future__ import annotations


class NotImitatedError(Exception):
    """what: the sandbox cannot do. instead: what whoever asked for it can do."""

    def __init__(self, what: str, instead: str) -> None:
        super().__init__(f"the sandbox does not imitate {what}: {instead}, or try it on AWS")
