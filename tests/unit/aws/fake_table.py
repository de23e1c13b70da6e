"""DynamoDB as `mesh_dns.aws` uses it, and what all calls to a fake AWS have in common."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesh_dns.core.values import Scope


class AwsError(Exception):
    """An error that AWS answers with."""

    def __init__(self, code: str, message: str = "said AWS", status: int = 400, after: str | None = None) -> None:
        super().__init__(code)
        headers = {} if after is None else {"retry-after": after}
        metadata = {"HTTPStatusCode": status, "HTTPHeaders": headers}
        self.answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}
        self.status = status


class Clock:
    """Seconds since the epoch that pass while somebody sleeps."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._lock = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


@dataclass(frozen=True)
class Call:
    """What was called, where, with what."""

    scope: Scope
    action: str
    arguments: Mapping[str, Any]


@dataclass
class FakeTable:
    """One table: (kind, key) => the other attributes."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    items_per_page: int = 100
    # How many items of a batch are left over, since DynamoDB is busy.
    unprocessed: int = 0

    def _dynamodb_Query(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        assert call.arguments["ConsistentRead"] is True
        kind = call.arguments["ExpressionAttributeValues"][":kind"]["S"]
        last = call.arguments.get("ExclusiveStartKey", {"key": {"S": ""}})["key"]["S"]
        keys = sorted(key for of, key in self.items if of == kind and key > last)
        page = keys[: self.items_per_page]
        more = {"LastEvaluatedKey": {"kind": {"S": kind}, "key": {"S": page[-1]}}} if len(page) < len(keys) else {}
        return {"Items": [{**table_key(kind, key), **self.items[kind, key]} for key in page], **more}

    def _dynamodb_PutItem(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        item = dict(call.arguments["Item"])
        key = item.pop("kind")["S"], item.pop("key")["S"]
        if call.arguments.get("ConditionExpression") == "attribute_not_exists(#key)" and key in self.items:
            raise AwsError("ConditionalCheckFailedException", "The conditional request failed")
        self.items[key] = item
        return {}

    def _dynamodb_BatchWriteItem(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        (requests,) = call.arguments["RequestItems"].values()
        assert 0 < len(requests) <= 25
        taken, left = requests[self.unprocessed :], requests[: self.unprocessed]
        for request in taken:
            item = dict(request["PutRequest"]["Item"])
            self.items[item.pop("kind")["S"], item.pop("key")["S"]] = item
        return {"UnprocessedItems": {next(iter(call.arguments["RequestItems"])): left} if left else {}}

    def _dynamodb_UpdateItem(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        arguments = call.arguments
        key = arguments["Key"]["kind"]["S"], arguments["Key"]["key"]["S"]
        assert arguments["ConditionExpression"] == "attribute_exists(#key)"
        if key not in self.items:
            raise AwsError("ConditionalCheckFailedException", "The conditional request failed")
        self.items[key][arguments["ExpressionAttributeNames"]["#name"]] = arguments["ExpressionAttributeValues"][
            ":number"
        ]
        return {}

    def _dynamodb_DeleteItem(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        self.items.pop((call.arguments["Key"]["kind"]["S"], call.arguments["Key"]["key"]["S"]), None)
        return {}


def table_key(kind: str, key: str) -> dict[str, Any]:
    return {"kind": {"S": kind}, "key": {"S": key}}
