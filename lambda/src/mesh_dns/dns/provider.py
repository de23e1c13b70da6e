"""What a DNS provider must do for us, and how it may fail.

An adapter for another provider implements `Provider`, translates every failure into one of the errors below, and joins
the contract tests (tests/contract), which run the same rows against every implementation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from mesh_dns.core.values import Change, Record
from mesh_dns.errors import Misconfigured, Retryable


class RateLimited(Retryable):
    """The provider asked for a pause of `after` seconds. Nothing was written; this token makes no more calls now."""


class Unavailable(Retryable):
    """No answer, a broken one, or a server error. A write may or may not have happened: list before deciding again."""


class Fault(Unavailable):
    """The adapter met a fault of its own; the text says where, and nothing that the provider said."""


class Denied(Misconfigured):
    """The token is wrong or lacks a permission on the zone; the text says which, and where the token is kept."""


class TransactionRejected(Retryable):
    """The provider rejected what it understood. Nothing was written; which item was wrong is not known."""


class QuotaReached(TransactionRejected):
    """The zone is full: these records cannot be created in it for now."""


class Provider(Protocol):
    """The zones of one provider."""

    transaction_size: int
    """How many changes one `apply` takes at most."""

    def read(
        self, wanted: Mapping[str, Collection[str]], deadline: float
    ) -> Mapping[str, Sequence[Record] | Retryable]:
        """Read zones, now, side by side. `wanted`: zone id => the hostnames in question there.

        For each zone: every record that carries our owner mark, everything at the hostnames, of any type and owner,
        and the NS records at or above them, the zone's apex excepted; or why it could not be read (RateLimited,
        Unavailable, Denied, OutOfTime). Each zone is in the answer; never raises. May return more, and may leave out
        what is beside or above a CNAME of ours. Names and contents come normalized (`hostnames.normalize`). A record
        with odd fields is returned, too: its name is taken.

        A list known to be incomplete is Unavailable, never returned. No call starts after `deadline` (clock seconds).
        """
        ...

    def apply(self, zone_id: str, changes: Sequence[Change]) -> None:
        """Write up to `transaction_size` changes in one transaction: all of them or none.

        Updates keep the record's id. Records are never proxied. A single delete of a record that is already gone is
        success. Raises RateLimited, Unavailable, Denied, TransactionRejected, QuotaReached.
        """
        ...

    def token_name(self, zone_id: str) -> str:
        """The name of the token that is used for a zone: zones with one name share one allowance."""
        ...
