"""The accounts in the function's table, on moto's DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from mesh_dns.aws.accounts import read_accounts
from mesh_dns.aws.clients import AwsClients
from mesh_dns.errors import Misconfigured, Retryable

KEY = {"kind": {"S": "settings"}, "key": {"S": "accounts"}}


@pytest.fixture
def clients() -> Iterator[AwsClients]:
    with mock_aws():
        clients = AwsClients("eu-west-1")
        clients.client("dynamodb").create_table(
            TableName="mesh-dns",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "key")],
            KeySchema=[
                {"AttributeName": "kind", "KeyType": "HASH"},
                {"AttributeName": "key", "KeyType": "RANGE"},
            ],
        )
        yield clients


def put(clients: AwsClients, **attributes: Any) -> None:
    clients.client("dynamodb").put_item(TableName="mesh-dns", Item=KEY | attributes)


def test_they_are_read_as_terraform_wrote_them(clients: AwsClients) -> None:
    put(
        clients,
        value={
            "M": {
                "111122223333": {"L": [{"S": "*"}]},
                "444455556666": {"L": [{"S": "*.eu.mesh.example.com"}, {"S": "a.mesh.example.com"}]},
                "777788889999": {"L": []},
            }
        },
    )
    assert read_accounts(clients, "mesh-dns") == {
        "111122223333": ["*"],
        "444455556666": ["*.eu.mesh.example.com", "a.mesh.example.com"],
        "777788889999": [],
    }


@pytest.mark.parametrize(
    "attributes",
    [None, {}, {"value": {"S": "{}"}}, {"value": {"M": {"111122223333": {"S": "*"}}}}],
    ids=["no item", "an item without a value", "a text", "an account without a list"],
)
def test_an_item_that_terraform_did_not_write_is_named(clients: AwsClients, attributes: dict[str, Any] | None) -> None:
    if attributes is not None:
        put(clients, **attributes)
    with pytest.raises(Misconfigured, match="table mesh-dns has no item settings/accounts"):
        read_accounts(clients, "mesh-dns")


def test_a_table_that_is_missing_is_tried_again(clients: AwsClients) -> None:
    with pytest.raises(Retryable, match="dynamodb:Query in table other: ResourceNotFoundException"):
        read_accounts(clients, "other")
