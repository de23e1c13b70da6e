"""The messages of one batch: what the queue says of each, which of them come back, why and when."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core.work import Work
from mesh_dns.errors import MeshDnsError, NotYet, Retryable

# A failed message waits this many seconds, doubled at each receive. No wait is longer than a quarter of an hour.
FIRST_DELAY = 10
LONGEST_BACK_OFF = 900
# A message that was received more often than this may have come back because of its neighbours. AWS being late costs
# five receives at most.
RECEIVES_OF_RETURNED = 5

Received = Mapping[str, Any]
"""A message as SQS hands it over."""


def coming_back(
    received: Iterable[str], done: Collection[str], failures: Mapping[str, MeshDnsError]
) -> dict[str, MeshDnsError]:
    """Which messages of a batch the queue must keep, and why, by message id.

    Pure. Only what is `done` and failed in nothing is acknowledged. A message of which nobody said anything comes back.
    """
    return {
        key: failures.get(key) or Retryable("nothing was said of it")
        for key in received
        if key in failures or key not in done
    }


@dataclass
class Batch:
    """The messages of one batch, by message id, and what is said of them while they are worked on.

    `work`: what those that were understood ask for.
    """

    received: Mapping[str, Received]
    work: dict[str, Work] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _failures: dict[str, MeshDnsError] = field(default_factory=dict)

    def finish(self, keys: Iterable[str]) -> None:
        """Nothing is left to do for these messages: all of their work was done, or they ask for none."""
        self._done.update(keys)

    def fail(self, failures: Mapping[str, MeshDnsError]) -> None:
        """Something failed for these messages. It is never taken back, and the first reason is kept."""
        for key, error in failures.items():
            self._failures.setdefault(key, error)

    def coming_back(self) -> dict[str, MeshDnsError]:
        """Which messages the queue must keep, and why."""
        return coming_back(self.received, self._done, self._failures)

    def returned(self) -> frozenset[str]:
        """Understood messages that came back several times."""
        return frozenset(key for key in self.work if self._receives(key) > RECEIVES_OF_RETURNED)

    def delay(self, key: str, error: MeshDnsError) -> int:
        """Seconds before a failed message comes back.

        The larger of what the other side asked for and our own back-off, which grows with each receive. An event that
        AWS does not show yet waits just as long as it says.
        """
        asked = error.after if isinstance(error, Retryable) and error.after is not None else 0.0
        if isinstance(error, NotYet):
            return round(asked)
        own = FIRST_DELAY * 2.0 ** min(self._receives(key) - 1, 10)
        return int(min(LONGEST_BACK_OFF, max(asked, own)))

    def _receives(self, key: str) -> int:
        """How often a message was received."""
        return int(attribute(self.received[key], "ApproximateReceiveCount") or 1)


def attribute(message: Received, name: str) -> str:
    """What SQS says of a message; empty when it does not say."""
    return str(message.get("attributes", {}).get(name, ""))


def sent(message: Received, now: float) -> float:
    """When SQS took a message, in seconds since the epoch; `now` when it does not say."""
    return _time(message, "SentTimestamp", now)


def first_received(message: Received, now: float) -> float:
    """When a message was first tried: a message of our own was sent with a delay, in which nothing failed."""
    return _time(message, "ApproximateFirstReceiveTimestamp", now)


def _time(message: Received, name: str, now: float) -> float:
    text = attribute(message, name)
    return int(text) / 1000 if text.isdecimal() else now
