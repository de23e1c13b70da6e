"""The error tree: four meanings, each with one thing that the intake does about it.

Adapters translate what their library raises into one of these; besides them, only the intake catches broadly, so that a
fault of ours fails one message.
"""

from __future__ import annotations


class MeshDnsError(Exception):
    """Base of all errors that this function raises on purpose."""


class Ignored(MeshDnsError):
    """Understood, and of no concern: one log line, and the message is done."""


class Rejected(MeshDnsError):
    """Cannot be understood, now or later: to the dead-letter queue at once, with this text as the reason."""


class Retryable(MeshDnsError):
    """May work later: the message goes back to the queue.

    `after` is the number of seconds that the other side asked us to wait, or None: the queue's own back-off.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class OutOfTime(Retryable):
    """Not begun, because the invocation's deadline was near."""


class NotYet(Retryable):
    """AWS does not show yet what an event told. Not a failure: the message comes back after `after` seconds."""


class Misconfigured(Retryable):
    """A setting, a permission or a secret must be changed. Retried like any failure, so nothing is lost meanwhile."""
