"""Who may claim which names, where that is too long for the function's environment: one item of its table."""

from __future__ import annotations

from typing import Any

from mesh_dns.aws.calls import call
from mesh_dns.aws.clients import AwsClients
from mesh_dns.errors import Misconfigured

_ADVICE = "check the policy of the function's role, and that the table exists"


def read_accounts(clients: AwsClients, table_name: str) -> dict[str, list[str]]:
    """Account => hostname patterns, as Terraform wrote them. Raises Retryable, and Misconfigured without the item."""
    answer = call(
        clients.client("dynamodb"),
        "query",  # as for everything else in the table: no right of its own
        f"table {table_name}",
        _ADVICE,
        TableName=table_name,
        ConsistentRead=True,
        KeyConditionExpression="#kind = :kind AND #key = :key",
        ExpressionAttributeNames={"#kind": "kind", "#key": "key"},
        ExpressionAttributeValues={":kind": {"S": "settings"}, ":key": {"S": "accounts"}},
    )
    try:
        accounts: dict[str, Any] = answer["Items"][0]["value"]["M"]
        return {account: [pattern["S"] for pattern in patterns["L"]] for account, patterns in accounts.items()}
    except (AttributeError, LookupError, TypeError):
        raise Misconfigured(
            f"table {table_name} has no item settings/accounts as Terraform writes it; apply the Terraform module again"
        ) from None
