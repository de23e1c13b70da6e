"""What the function called: every AWS action, as IAM spells it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from sandbox.caller import Caller
    from sandbox.gateway import Call

# Where the IAM prefix is not the name that requests are signed for.
_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}

# Where the IAM action is not called like the API's operation.
_ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "lambda:Invoke": "lambda:InvokeFunction",
}


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One call with a role's credentials. `resource` is an ARN where the call names one, else `*`."""

    action: str
    resource: str
    account: str
    region: str
    role_arn: str


class ActionRecorder:
    """Remembers the calls made with credentials that a function holds: its own and those it assumed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._function_keys: set[str] = set()
        self._calls: list[RecordedCall] = []

    def watch(self, access_key: str) -> None:
        """Record what is called with this key; a function holds it."""
        with self._lock:
            self._function_keys.add(access_key)

    def is_function(self, access_key: str) -> bool:
        """Whether a function holds this key."""
        with self._lock:
            return access_key in self._function_keys

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """All calls so far, oldest first."""
        with self._lock:
            return tuple(self._calls)

    def actions(self, role_arn: str | None = None) -> frozenset[str]:
        """The actions so far, of one role or of all roles that functions used."""
        return frozenset(call.action for call in self.calls if role_arn in {None, call.role_arn})

    def clear(self) -> None:
        """Forget the calls (not the keys)."""
        with self._lock:
            self._calls.clear()

    def before(self, call: Call, caller: Caller) -> None:
        """Record the call before it is made: a function may die in the middle of it."""
        if caller.role_arn is None or not self.is_function(call.access_key):
            return
        action = f"{_PREFIXES.get(call.service, call.service)}:{call.action}"
        recorded = RecordedCall(
            action=_ACTIONS.get(action, action),
            resource=_resource(call, caller),
            account=caller.account,
            region=call.region,
            role_arn=caller.role_arn,
        )
        with self._lock:
            self._calls.append(recorded)

    def after(self, call: Call, caller: Caller, response: Response) -> None:
        """Nothing to do: a call counts whatever came of it."""


def _resource(call: Call, caller: Caller) -> str:
    if call.service == "sts":
        return call.form().get("RoleArn", "*")
    if call.service == "elasticloadbalancing" or not call.body.startswith(b"{"):
        return "*"
    parameters = call.json()
    queue_url = parameters.get("QueueUrl")
    if isinstance(queue_url, str):
        account, name = queue_url.rsplit("/", 2)[-2:]
        return f"arn:aws:sqs:{call.region}:{account}:{name}"
    named = parameters.get("SecretId") or parameters.get("KeyId") or parameters.get("TopicArn")
    if isinstance(named, str):
        return named
    # A call of several items names its one table as a key.
    items = parameters.get("RequestItems")
    table = next(iter(items), None) if isinstance(items, dict) else parameters.get("TableName")
    if isinstance(table, str):
        return table if table.startswith("arn:") else f"arn:aws:dynamodb:{call.region}:{caller.account}:table/{table}"
    path = parameters.get("Path") or parameters.get("Name")
    if call.service == "ssm" and isinstance(path, str):
        return f"arn:aws:ssm:{call.region}:{caller.account}:parameter/{path.strip('/')}"
    return "*"
