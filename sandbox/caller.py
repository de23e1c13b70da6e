"""Who makes the call that is being handled: the identity behind an access key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from moto.iam.models import get_account_id_from, iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition


@dataclass(frozen=True, slots=True)
class Caller:
    """An identity as AWS names it.

    principal_id is `AIDA...` for a user and `AROA...:<session name>` for an assumed role: what CloudTrail
    calls principalId and SQS calls SenderId.
    """

    access_key: str
    account: str
    principal_id: str
    arn: str
    role_arn: str | None


_current: ContextVar[tuple[Caller, str] | None] = ContextVar("caller", default=None)


def calling(service: str) -> Caller | None:
    """Who called `service` in the request that this thread handles.

    None when the sandbox itself acts, or another service on a caller's behalf: what a user publishes to SNS
    is SNS's message when it reaches SQS.
    """
    caller, called = _current.get() or (None, "")
    return caller if called == service else None


@contextmanager
def acting_as(caller: Caller, service: str) -> Iterator[None]:
    """Handle a request that `caller` makes to `service` (a signing name)."""
    token = _current.set((caller, service))
    try:
        yield
    finally:
        _current.reset(token)


def identify(access_key: str, region: str) -> Caller:
    """The identity that `access_key` belongs to. A key that nobody issued is a user of the default account."""
    partition = get_partition(region)
    account = get_account_id_from(access_key)
    session = sts_backends[account][partition].get_assumed_role_from_access_key(access_key)
    if session is not None:
        return Caller(access_key, account, session.user_id, session.arn, session.role_arn)
    user = iam_backends[account][partition].get_user_from_access_key_id(access_key)
    if user is not None:
        return Caller(access_key, account, user.id, user.arn, None)
    return Caller(access_key, account, "AIDASANDBOXUSER000000", f"arn:{partition}:iam::{account}:user/sandbox", None)
