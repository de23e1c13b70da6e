"""The table: what is asked of DynamoDB, and what its answers and failures mean."""

from __future__ import annotations

from collections import Counter

import pytest
from botocore.exceptions import ReadTimeoutError

from mesh_dns.aws.table import Table
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import NOW, FakeAws
from tests.unit.aws.fake_table import AwsError, Call, Clock


def table_of(aws: FakeAws, clock: Clock | None = None) -> Table:
    return Table(aws.clients(), "mesh-dns", clock or Clock(NOW))


def test_what_is_put_is_found_among_its_kind() -> None:
    aws = FakeAws()
    table = table_of(aws)
    table.put("scope", "a", {"announced": 1, "read": 2.9})
    table.put("refused", "a", {"at": 3})

    assert table.query("scope") == {"a": {"announced": 1, "read": 2}}
    assert {call.arguments["TableName"] for call in aws.calls} == {"mesh-dns"}


def test_it_is_read_by_pages() -> None:
    aws = FakeAws(items_per_page=2)
    table = table_of(aws)
    for number in range(5):
        table.put("scope", str(number), {"at": number})

    assert table.query("scope") == {str(number): {"at": number} for number in range(5)}
    assert Counter(aws.actions())["dynamodb:Query"] == 3


def test_a_new_item_is_written_once() -> None:
    aws = FakeAws()
    table = table_of(aws)

    assert [table.put_new("scope", "a", {"at": number}) for number in (1, 2)] == [True, False]
    assert table.query("scope") == {"a": {"at": 1}}


def test_one_number_of_an_item_that_is_there_is_changed() -> None:
    aws = FakeAws()
    table = table_of(aws)
    table.put("scope", "a", {"announced": 1, "read": 2})

    assert table.set("scope", "a", "read", 7)
    assert not table.set("scope", "b", "read", 7)
    assert table.query("scope") == {"a": {"announced": 1, "read": 7}}


def test_deleting_what_is_not_there_is_no_failure() -> None:
    table = table_of(FakeAws())
    table.put("scope", "a", {"at": 1})
    table.delete("scope", "a")
    table.delete("scope", "a")

    assert table.query("scope") == {}


def test_what_is_no_number_is_left_out() -> None:
    aws = FakeAws(items={("scope", "a"): {"announced": {"S": "soon"}, "read": {"N": "7"}}})

    assert table_of(aws).query("scope") == {"a": {"read": 7}}


@pytest.mark.parametrize("method", ["query", "put", "put_new", "set", "delete"])
def test_a_failure_says_what_to_check(method: str) -> None:
    def deny(call: Call) -> None:
        raise AwsError("AccessDeniedException", "not authorized")

    arguments = {"query": (), "delete": ("a",), "set": ("a", "read", 7)}.get(method, ("a", {"at": 1}))
    with pytest.raises(
        Retryable, match=r"dynamodb:\w+ in table mesh-dns: AccessDeniedException: .*; check the policy .* table exists"
    ):
        getattr(table_of(FakeAws(before=deny)), method)("scope", *arguments)


def test_an_odd_answer_is_not_an_empty_table() -> None:
    class Strange(FakeAws):
        def _dynamodb_Query(self, call: Call) -> dict[str, object]:  # noqa: N802
            return {}

    with pytest.raises(Retryable, match="no Items"):
        table_of(Strange()).query("scope")


def test_a_table_that_does_not_answer_is_left_alone_a_while() -> None:
    def no_answer(call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com")

    clock = Clock(NOW)
    aws = FakeAws(before=no_answer)
    table = table_of(aws, clock)
    for _ in range(3):
        with pytest.raises(Retryable, match="ReadTimeoutError"):
            table.query("scope")
    assert len(aws.calls) == 1

    for _ in range(2):
        clock.now += 30
        aws.before = lambda call: None
        assert table.query("scope") == {}, "after an answer, pauses are short again"
        aws.before = no_answer
        with pytest.raises(Retryable, match="ReadTimeoutError"):
            table.query("scope")
