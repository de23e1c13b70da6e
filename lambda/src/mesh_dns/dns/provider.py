"""What a DNS provider must do for us, and how it may fail.

An adapter for another provider implements `Provider`, translates every failure into one of the errors below, and joins
the contract tests (tests/contract), which run the same rows against every implementation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from mesh_dns.core.values import Change, Record
from mesh_dns.errors import Misconfigured, Retryable


class RateLimited(Retryable):
    """The provider asked for a pause of `after` seconds. Nothing was written; call nothing more in this batch."""


class Unavailable(Retryable):
    """No answer, a broken one, or a server error. A write may or may not have happened: list before deciding again."""


class Denied(Misconfigured):
    """The token is wrong or lacks a permission on the zone; the text says which, and where the token lives."""


class BatchRejected(Retryable):
    """The provider understood the batch and refused it. Nothing was written; which item was wrong is not known."""


class QuotaReached(BatchRejected):
    """The zone is full: nothing can be created in it for now."""


class Provider(Protocol):
    """The zones of one provider."""

    batch_size: int
    """How many changes one `apply` takes at most."""

    def records(self, zone_id: str, names: Collection[str]) -> Sequence[Record]:
        """Read a zone, now: every record that carries our owner mark, and everything at `names`, of any type and owner.

        May return more, and may leave out what is beside a CNAME of ours: it changes nothing for that record.
        Names and contents come in lower case without a trailing dot.
        Raises RateLimited, Unavailable, Denied.
        """
        ...

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Write up to `batch_size` changes in one transaction: all of them or none.

        Updates keep the record's id. Records are never proxied. A single delete of a record that is already gone is
        success. Raises RateLimited, Unavailable, Denied, BatchRejected, QuotaReached.
        """
        ...
