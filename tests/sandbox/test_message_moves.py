"""Dead letters go back into a queue as AWS's own task moves them."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account


def queues(aws: Account) -> tuple[str, str, str, str]:
    """URL and ARN of a dead-letter queue, then of the queue whose it is."""
    dead_url, dead = aws.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3})
    return dead_url, dead, *aws.queue("events", RedrivePolicy=policy)


def test_what_waits_is_moved_whole_and_the_task_tells_how_much(aws: Account) -> None:
    dead_url, dead, url, events = queues(aws)
    sqs = aws.client("sqs")
    reason = {"reason": {"DataType": "String", "StringValue": "no JSON"}}
    sent = [
        sqs.send_message(QueueUrl=dead_url, MessageBody=body, MessageAttributes=reason)["MessageId"] for body in "ab"
    ]

    assert sqs.start_message_move_task(SourceArn=dead, DestinationArn=events)["TaskHandle"]

    moved = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert sorted(message["Body"] for message in moved) == ["a", "b"]
    assert [message["MessageAttributes"]["reason"]["StringValue"] for message in moved] == ["no JSON"] * 2
    assert not {message["MessageId"] for message in moved} & set(sent)
    assert "Messages" not in sqs.receive_message(QueueUrl=dead_url)
    (task,) = sqs.list_message_move_tasks(SourceArn=dead)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 2)


def test_the_newest_task_is_told_first_and_alone_unless_more_are_asked_for(aws: Account) -> None:
    dead_url, dead, _, events = queues(aws)
    sqs = aws.client("sqs")
    for count in (1, 2):
        for _ in range(count):
            sqs.send_message(QueueUrl=dead_url, MessageBody="x")
        sqs.start_message_move_task(SourceArn=dead, DestinationArn=events)

    def told(**more: int) -> list[int]:
        found = sqs.list_message_move_tasks(SourceArn=dead, **more)["Results"]
        return [task["ApproximateNumberOfMessagesMoved"] for task in found]

    assert (told(), told(MaxResults=10)) == ([2], [2, 1])


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        pytest.param("nowhere", "events", "ResourceNotFoundException", id="from a queue that is not there"),
        pytest.param("events", "dead", "UnsupportedOperation", id="from a queue that takes no dead letters"),
        pytest.param("dead", "nowhere", "UnsupportedOperation", id="to a queue that is not there"),
    ],
)
def test_nothing_is_moved(aws: Account, source: str, target: str, code: str) -> None:
    _, dead, _, _ = queues(aws)
    prefix = dead.removesuffix("dead")
    with pytest.raises(ClientError, match=code):
        aws.client("sqs").start_message_move_task(SourceArn=prefix + source, DestinationArn=prefix + target)
