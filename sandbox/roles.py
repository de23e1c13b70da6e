"""Assuming roles. moto gives anybody a session of any role, also of one that does not exist."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.utilities.arns import parse_arn
from moto.utilities.utils import get_partition

from sandbox import resource_policy
from sandbox.caller import Caller, calling

ACCOUNT_ADMIN_ROLE = "OrganizationAccountAccessRole"
"""The role that AWS Organizations puts into each member account; here everybody may assume it."""

_ONE_DAY = 86400


def role_backend(assumed: Callable[[Caller, AssumedRole], None]) -> type[STSBackend]:
    """An STS backend that asks a role's trust policy, and tells `assumed` about each new session."""

    class SandboxRoles(STSBackend):
        """AssumeRole as AWS does it: no such role, or a trust policy that does not fit, is AccessDenied."""

        def assume_role(self, *args: Any, **kwargs: Any) -> AssumedRole:
            """A session of `role_arn`, if the caller may have one."""
            caller = calling("sts")
            if caller is not None and not kwargs["role_arn"].endswith(f":role/{ACCOUNT_ADMIN_ROLE}"):
                _check_trust(caller, kwargs["role_arn"], kwargs["external_id"])
            session = super().assume_role(*args, **kwargs)
            if caller is not None:
                assumed(caller, session)
            return session

    return SandboxRoles


def session_of(role_arn: str, session_name: str, region: str) -> AssumedRole:
    """A session of a role, as AWS's own services get one (Lambda, for a function's role)."""
    account, partition = parse_arn(role_arn).account, get_partition(region)
    return sts_backends[account][partition].assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=_ONE_DAY,
        external_id="",
    )


def _check_trust(caller: Caller, role_arn: str, external_id: str | None) -> None:
    arn = parse_arn(role_arn)
    denied = AccessDeniedError(caller.arn, f"sts:AssumeRole on resource: {role_arn}")
    partition = role_arn.split(":")[1]
    roles = {role.arn: role for role in iam_backends[arn.account][partition].roles.values()}
    if role_arn not in roles:
        raise denied
    facts = {"aws:PrincipalAccount": caller.account, "aws:PrincipalArn": caller.role_arn or caller.arn}
    if external_id:
        facts["sts:ExternalId"] = external_id
    trust = json.loads(roles[role_arn].assume_role_policy_document)
    if not resource_policy.allows(trust, action="sts:AssumeRole", resource=role_arn, facts=facts):
        raise denied
