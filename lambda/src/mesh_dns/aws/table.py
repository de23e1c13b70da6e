"""The function's table in DynamoDB: small items, each a kind, a key and some numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mesh_dns.aws.calls import ErrorAnswer, Unanswered, call, member, raise_while_left_alone
from mesh_dns.aws.clients import AwsClients
from mesh_dns.back_off import BackOff

# The key schema: both are strings. A number in EXPIRES (seconds since the epoch) is the time to live.
KIND, KEY, EXPIRES = "kind", "key", "expires"

# Of BatchWriteItem.
ITEMS_PER_CALL = 25

_NOT_AS_EXPECTED = "ConditionalCheckFailedException"
_ADVICE = "check the policy of the function's role, and that the table exists"

Numbers = Mapping[str, float]


class Table:
    """Reads are strongly consistent. Every method raises Retryable; a table that did not answer is left alone a while.

    `clock` in seconds since the epoch.
    """

    def __init__(self, clients: AwsClients, name: str, clock: Callable[[], float]) -> None:
        self._clients = clients
        self._name = name
        self._back_off = BackOff(clock)

    def query(self, kind: str) -> dict[str, Numbers]:
        """All items of a kind: key => its numbers. What is no number is left out."""
        return {str(member(member(item, KEY), "S")): _numbers(item) for item in self._items(kind)}

    def query_texts(self, kind: str) -> dict[str, Mapping[str, str]]:
        """All items of a kind: key => its texts and numbers, all of them as text."""
        found: dict[str, Mapping[str, str]] = {}
        for item in self._items(kind):
            texts = {name: next(iter(value.values())) for name, value in item.items()}
            found[texts[KEY]] = {name: text for name, text in texts.items() if isinstance(text, str)}
        return found

    def put_texts(self, kind: str, items: Mapping[str, Mapping[str, str | float]]) -> frozenset[str]:
        """Write items, whatever was there: texts and numbers by key. A call for each `ITEMS_PER_CALL`.

        Returns the keys that were written: a busy DynamoDB leaves some over.
        """
        keys = sorted(items)
        left: set[str] = set()
        for start in range(0, len(keys), ITEMS_PER_CALL):
            requests = [
                {"PutRequest": {"Item": _key(kind, key) | _texts(items[key])}}
                for key in keys[start : start + ITEMS_PER_CALL]
            ]
            answer = self._call("batch_write_item", RequestItems={self._name: requests})
            over = answer.get("UnprocessedItems", {}).get(self._name, [])
            left |= {str(each["PutRequest"]["Item"][KEY]["S"]) for each in over}
        return frozenset(keys) - left

    def put(self, kind: str, key: str, numbers: Numbers) -> None:
        """Write an item, whatever was there."""
        self._call("put_item", TableName=self._name, Item=_key(kind, key) | _values(numbers))

    def put_new(self, kind: str, key: str, numbers: Numbers) -> bool:
        """Write an item unless it is there. Whether it was written."""
        return self._if_as_expected(
            "put_item",
            TableName=self._name,
            Item=_key(kind, key) | _values(numbers),
            ConditionExpression="attribute_not_exists(#key)",
            ExpressionAttributeNames={"#key": KEY},
        )

    def set(self, kind: str, key: str, name: str, number: float) -> bool:
        """Change one number of an item that is there. Whether it was."""
        return self._if_as_expected(
            "update_item",
            TableName=self._name,
            Key=_key(kind, key),
            UpdateExpression="SET #name = :number",
            ConditionExpression="attribute_exists(#key)",
            ExpressionAttributeNames={"#name": name, "#key": KEY},
            ExpressionAttributeValues={":number": _number(number)},
        )

    def delete(self, kind: str, key: str) -> None:
        """Delete an item, if it is there."""
        self._call("delete_item", TableName=self._name, Key=_key(kind, key))

    def _items(self, kind: str) -> Iterator[Mapping[str, Mapping[str, str]]]:
        position: dict[str, object] = {}
        while True:
            answer = self._call(
                "query",
                TableName=self._name,
                ConsistentRead=True,
                KeyConditionExpression="#kind = :kind",
                ExpressionAttributeNames={"#kind": KIND},
                ExpressionAttributeValues={":kind": {"S": kind}},
                **position,
            )
            yield from member(answer, "Items")
            if not answer.get("LastEvaluatedKey"):
                return
            position = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _if_as_expected(self, operation: str, **arguments: object) -> bool:
        try:
            self._call(operation, **arguments)
        except ErrorAnswer as error:
            if error.code != _NOT_AS_EXPECTED:
                raise
            return False
        return True

    def _call(self, operation: str, **arguments: object) -> Mapping[str, Any]:
        raise_while_left_alone(self._back_off, self._name)
        try:
            client = self._clients.client("dynamodb")
            answer = call(client, operation, f"table {self._name}", _ADVICE, **arguments)
        except Unanswered as error:
            self._back_off.lengthen(self._name, str(error))
            raise
        self._back_off.end(self._name)
        return answer


def _key(kind: str, key: str) -> dict[str, Mapping[str, str]]:
    return {KIND: {"S": kind}, KEY: {"S": key}}


def _values(numbers: Numbers) -> dict[str, Mapping[str, str]]:
    return {name: _number(number) for name, number in numbers.items()}


def _texts(values: Mapping[str, str | float]) -> dict[str, Mapping[str, str]]:
    return {name: {"S": value} if isinstance(value, str) else _number(value) for name, value in values.items()}


def _number(number: float) -> Mapping[str, str]:
    # Whole seconds: DynamoDB takes a time to live as a whole number only.
    return {"N": str(int(number))}


def _numbers(item: Mapping[str, Mapping[str, str]]) -> Numbers:
    return {name: float(value["N"]) for name, value in item.items() if "N" in value}
