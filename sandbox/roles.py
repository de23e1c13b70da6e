"""Assuming roles. moto gives anybody a session of any role, also of one that does not exist, and ends none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends
from moto.utilities.arns import parse_arn
from moto.utilities.utils import get_partition
from werkzeug.wrappers import Response

from sandbox import resource_policy
from sandbox.caller import Caller, calling
from sandbox.lateness import query_error

if TYPE_CHECKING:
    from sandbox.gateway import Call

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


class EndedSessions:
    """Denies calls with the session of a role that was deleted."""

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """The refusal, in the protocol of the service."""
        role_arn = caller.role_arn
        if role_arn is None or role_arn.endswith(f":role/{ACCOUNT_ADMIN_ROLE}") or _role(role_arn) is not None:
            return None
        message = "The security token included in the request is invalid."
        if call.body.startswith(b"{"):
            refusal = {"__type": "UnrecognizedClientException", "message": message}
            return Response(json.dumps(refusal), status=400, content_type="application/x-amz-json-1.1")
        return query_error("InvalidClientTokenId", message, status=403)


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
    denied = AccessDeniedError(caller.arn, f"sts:AssumeRole on resource: {role_arn}")
    role = _role(role_arn)
    if role is None:
        raise denied
    facts = {"aws:PrincipalAccount": caller.account, "aws:PrincipalArn": caller.role_arn or caller.arn}
    if external_id:
        facts["sts:ExternalId"] = external_id
    trust = json.loads(role.assume_role_policy_document)
    if not resource_policy.allows(trust, action="sts:AssumeRole", resource=role_arn, facts=facts):
        raise denied


def _role(role_arn: str) -> Any:
    """moto's role of that ARN, or None."""
    partition, account = role_arn.split(":")[1], parse_arn(role_arn).account
    return next((role for role in iam_backends[account][partition].roles.values() if role.arn == role_arn), None)
