"""A function uses a table with its role."""

from __future__ import annotations

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
