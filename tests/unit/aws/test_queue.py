"""What the function sends to its queue, and what it does to messages that failed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from mesh_dns.aws.queue import Queue
from mesh_dns.core import own_messages
from mesh_dns.core.work import SecondLook
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import NOW, FakeAws, nlb
from tests.unit.aws.fake_table import AwsError, Call

OWN, DEAD = "https://sqs.example/own", "https://sqs.example/dead-letter"


def queue_of(aws: FakeAws) -> Queue:
    return Queue(aws.clients(), OWN, DEAD)


def look(number: int) -> SecondLook:
    return SecondLook(nlb(number), f"c{number}.mesh.example.com", "zone", "record", NOW)


def bodies(aws: FakeAws) -> list[Any]:
    return [json.loads(entry["MessageBody"]) for _, entry in aws.sent]


def test_messages_go_by_tens_each_with_its_delay() -> None:
    aws = FakeAws()
    queue_of(aws).send({look(number): 600 - number for number in range(25)})

    assert [len(call.arguments["Entries"]) for call in aws.calls] == [10, 10, 5]
    assert {url for url, _ in aws.sent} == {OWN}
    assert bodies(aws) == [own_messages.encode(look(number)) for number in range(25)]
    assert [entry["DelaySeconds"] for _, entry in aws.sent] == [600 - number for number in range(25)]


@pytest.mark.parametrize(
    ("delay", "sent"),
    [
        pytest.param(0.2, 1, id="rounded up: never before the grace is over"),
        pytest.param(0, 0, id="none"),
        pytest.param(-3, 0, id="one that is over"),
        pytest.param(2000, 900, id="at most what SQS takes"),
    ],
)
def test_a_delay_is_what_sqs_takes(delay: float, sent: int) -> None:
    aws = FakeAws()
    queue_of(aws).send({look(1): delay})

    assert aws.sent[0][1]["DelaySeconds"] == sent


def test_no_messages_cost_no_call() -> None:
    aws = FakeAws()
    queue_of(aws).send({})

    assert aws.calls == []


@pytest.mark.parametrize(
    ("length", "entries"),
    [(100, [10, 2]), (30_000, [8, 4]), (200_000, [1] * 12)],
    ids=["short ones go by tens", "long ones as many as SQS takes", "very long ones alone"],
)
def test_a_call_is_not_longer_than_sqs_takes(length: int, entries: list[int]) -> None:
    aws = FakeAws()
    queue_of(aws).send({SecondLook(nlb(number), "x" * length, "z", "r", NOW): 0 for number in range(12)})

    assert [len(call.arguments["Entries"]) for call in aws.calls] == entries


def test_when_nobody_answers_the_rest_is_not_waited_for() -> None:
    def no_answer(call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="https://sqs.eu-west-1.amazonaws.com")

    aws = FakeAws(before=no_answer)
    with pytest.raises(Retryable, match="ReadTimeoutError"):
        queue_of(aws).send({look(number): 1 for number in range(25)})

    assert len(aws.calls) == 1


def test_one_call_that_fails_does_not_keep_the_others_from_being_made() -> None:
    aws = FakeAws()

    def fail_first(call: Call) -> None:
        if len(aws.calls) == 1:
            raise AwsError("RequestThrottled")

    aws.before = fail_first
    with pytest.raises(Retryable, match=r"sqs:SendMessageBatch in eu-west-1: RequestThrottled.*tried again"):
        queue_of(aws).send({look(number): 1 for number in range(25)})

    assert len(aws.sent) == 15


def test_a_message_that_sqs_does_not_take_in_an_accepted_batch_is_a_failure() -> None:
    aws = FakeAws()

    with pytest.raises(Retryable, match="InternalError"):
        queue_of(aws).delay({"a": 10, "not-this-one": 20, "c": 30})

    assert [entry["ReceiptHandle"] for _, entry in aws.sent] == ["a", "c"]


@pytest.mark.parametrize(("delay", "sent"), [(0, 0), (300, 300), (90_000, 43_200)])
def test_failed_messages_come_back_when_we_say(delay: int, sent: int) -> None:
    aws = FakeAws()
    queue_of(aws).delay({f"handle-{number}": delay for number in range(11)})

    assert [len(call.arguments["Entries"]) for call in aws.calls] == [10, 1]
    assert {entry["VisibilityTimeout"] for _, entry in aws.sent} == {sent}


@pytest.mark.parametrize(
    ("reason", "attribute"),
    [
        pytest.param("not JSON: line 1", "not JSON: line 1", id="as it is"),
        pytest.param("a\x00b\nc\u202ed", "a b c d", id="what is not printable becomes a space"),
        pytest.param("ä" * 300, "ä" * 256, id="at most 256 characters"),
        pytest.param("\n", "none given", id="never empty: SQS takes no empty attribute"),
    ],
)
def test_a_rejected_message_keeps_its_body_and_says_why(reason: str, attribute: str) -> None:
    aws = FakeAws()
    queue_of(aws).reject("id-1", "{not json", reason)

    ((url, sent),) = aws.sent
    assert (url, sent["MessageBody"]) == (DEAD, "{not json")
    assert sent["MessageAttributes"] == {
        "reason": {"DataType": "String", "StringValue": attribute},
        "message_id": {"DataType": "String", "StringValue": "id-1"},
    }


def test_a_rejection_that_fails_is_raised() -> None:
    def fail(call: Call) -> None:
        raise AwsError("KmsAccessDenied")

    with pytest.raises(Retryable, match="KmsAccessDenied"):
        queue_of(FakeAws(before=fail)).reject("id-1", "body", "reason")
