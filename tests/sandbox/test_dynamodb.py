"""A table: a function uses it with its role, and Terraform makes it and finds nothing to change afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import mirror
from tests.sandbox.account import Account

USER = """
import boto3, os
def handler(event, context):
    table = boto3.resource("dynamodb").Table("names")
    key = {"kind": "scope", "key": "111122223333/eu-west-1"}
    table.put_item(Item=key | {"seen": 1}, ConditionExpression="attribute_not_exists(seen) OR seen < :now",
                   ExpressionAttributeValues={":now": 1})
    table.update_item(Key=key, UpdateExpression="SET seen = :now", ConditionExpression="seen < :now",
                      ExpressionAttributeValues={":now": 2})
    try:
        table.put_item(Item=key | {"seen": 1}, ConditionExpression="seen < :now", ExpressionAttributeValues={":now": 1})
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        pass
    else:
        raise AssertionError("a condition that does not hold was not checked")
    found = table.query(KeyConditionExpression=boto3.dynamodb.conditions.Key("kind").eq("scope"), ConsistentRead=True)
    table.delete_item(Key=key)
    return [int(item["seen"]) for item in found["Items"]] + [table.query(
        KeyConditionExpression=boto3.dynamodb.conditions.Key("kind").eq("scope"))["Count"]]
"""
TABLE = {
    "TableName": "names", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "key")],
    "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "key", "KeyType": "RANGE"}],
}  # fmt: skip


def test_a_function_uses_a_table_and_its_calls_are_recorded(aws: Account) -> None:
    aws.client("dynamodb").create_table(**TABLE)
    role = aws.role()
    aws.function(USER, Role=role)
    answer = aws.invoke({})
    assert answer["Payload"] == [2, 0], answer
    assert aws.sandbox.actions_of(role) == {
        "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query", "dynamodb:DeleteItem"
    }  # fmt: skip
    assert {call.resource for call in aws.sandbox.calls} == {"arn:aws:dynamodb:eu-west-1:123456789012:table/names"}


CONFIGURATION = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

resource "aws_kms_key" "own" {
  description = "the table's"
}

resource "aws_dynamodb_table" "names" {
  for_each     = { own = aws_kms_key.own.arn, aws = null }
  name         = "names-${each.key}"
  billing_mode = "PAY_PER_REQUEST"
  hash_key     = "kind"
  range_key    = "key"

  attribute {
    name = "kind"
    type = "S"
  }

  attribute {
    name = "key"
    type = "S"
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = each.value
  }

  point_in_time_recovery {
    enabled = true
  }

  deletion_protection_enabled = false
  tags                        = { team = "mesh" }
}

resource "aws_dynamodb_table_item" "first" {
  table_name = aws_dynamodb_table.names["own"].name
  hash_key   = "kind"
  range_key  = "key"
  item       = jsonencode({ kind = { S = "hub" }, key = { S = "-" }, since = { N = "1" } })

  lifecycle {
    ignore_changes = [item]
  }
}
"""


def test_terraform_makes_a_table_and_plans_nothing_more(sandbox: Sandbox, tmp_path: Path) -> None:
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not on the path")
    (tmp_path / "main.tf").write_text(CONFIGURATION)
    environment = {**os.environ, **mirror(), **sandbox.environment(), "TF_IN_AUTOMATION": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own arguments
            [terraform, *arguments, "-no-color", "-input=false"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    for command in (("init",), ("apply", "-auto-approve")):
        done = run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    again = run("plan", "-detailed-exitcode")
    assert again.returncode == 0, again.stdout + again.stderr
    destroyed = run("destroy", "-auto-approve")
    assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr
    assert sandbox.client("dynamodb").list_tables()["TableNames"] == []
