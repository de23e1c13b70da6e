"""Queues feed functions: batches, partial failures, timeouts, delays and the dead-letter queue."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.lateness import INSTANT
from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account, eventually

REPORT = """
import json
def handler(event, context):
    print(json.dumps({"batch": [record["body"] for record in event["Records"]]}))
    print(json.dumps({"records": event["Records"]}))
    bad = [r for r in event["Records"] if r["body"].startswith("bad")]
    if any(r["body"] == "bad all" for r in bad):
        raise RuntimeError("all of it")
    if any(r["body"] == "bad answer" for r in bad):
        return {"batchItemFailures": [{"itemIdentifier": "nobody"}]}
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in bad]}
"""


def batches(aws: Account) -> list[list[str]]:
    return [json.loads(line.text)["batch"] for line in aws.sandbox.logs if line.text.startswith('{"batch"')]


def fed_function(aws: Account, queue: str, **options: Any) -> None:
    aws.function(REPORT)
    settings = {"BatchSize": 10, "FunctionResponseTypes": ["ReportBatchItemFailures"]} | options
    aws.client("lambda").create_event_source_mapping(FunctionName="fn", EventSourceArn=queue, **settings)


def waiting(aws: Account, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in found.values())


@pytest.fixture
def fast() -> Iterator[Account]:
    """An account whose queues run twenty times as fast as the clock."""
    with Sandbox(queue_speed=20, lateness=INSTANT) as running:
        yield Account(running)


def test_a_window_gathers_a_batch_and_success_deletes_it(aws: Account) -> None:
    url, arn = aws.queue("events")
    fed_function(aws, arn, BatchSize=100, MaximumBatchingWindowInSeconds=2)
    for number in range(12):
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=str(number))
    eventually(lambda: waiting(aws, url) == 0)
    assert [len(batch) for batch in batches(aws)] == [12]


def test_a_record_looks_as_in_aws(aws: Account) -> None:
    url, arn = aws.queue("events")
    fed_function(aws, arn)
    attributes = {"reason": {"DataType": "String", "StringValue": "why"}}
    sent = aws.client("sqs").send_message(QueueUrl=url, MessageBody="x", MessageAttributes=attributes)
    line = eventually(lambda: next((x for x in aws.sandbox.logs if x.text.startswith('{"records"')), None))
    record = json.loads(line.text)["records"][0]
    assert record["messageId"] == sent["MessageId"]
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", arn, "eu-west-1")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"]["reason"]["stringValue"] == "why"
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]


def records(aws: Account) -> list[dict[str, Any]]:
    """Every record that the function got, in their order."""
    batches = [json.loads(line.text)["records"] for line in aws.sandbox.logs if line.text.startswith('{"records"')]
    return [record for batch in batches for record in batch]


def test_a_record_tells_when_and_by_whom_it_was_sent_and_how_often_it_came(fast: Account) -> None:
    dead_url, dead = fast.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = fast.queue("events", RedrivePolicy=redrive, VisibilityTimeout="30")
    began = int(time.time() * 1000)
    fast.client("sqs").send_message(QueueUrl=url, MessageBody="bad by a role")
    fast.client("sns").publish(TopicArn=fast.topic_to(arn, raw=True), Message="by a topic")
    sent = int(time.time() * 1000)
    fed_function(fast, arn)
    eventually(lambda: len(records(fast)) >= 3 and waiting(fast, url) == 0)

    first, again = (record["attributes"] for record in records(fast) if record["body"] == "bad by a role")
    assert re.fullmatch(r"AROA[A-Z0-9]+:sandbox-user", first["SenderId"])
    assert first["SenderId"] == again["SenderId"]
    assert began <= int(first["SentTimestamp"]) <= sent
    assert first["SentTimestamp"] == again["SentTimestamp"]
    assert (first["ApproximateReceiveCount"], again["ApproximateReceiveCount"]) == ("1", "2")
    assert int(first["ApproximateFirstReceiveTimestamp"]) >= int(first["SentTimestamp"])
    assert first["ApproximateFirstReceiveTimestamp"] == again["ApproximateFirstReceiveTimestamp"]
    (by_topic,) = (record["attributes"] for record in records(fast) if record["body"] == "by a topic")
    assert by_topic["SenderId"].startswith("AIDA")
    (dead_letter,) = fast.received(dead_url)
    assert dead_letter["Attributes"]["SentTimestamp"] == first["SentTimestamp"]
    assert dead_letter["Attributes"]["SenderId"] == first["SenderId"]


@pytest.mark.parametrize(
    ("bodies", "retried"),
    [
        (["good", "bad one"], {"bad one"}),
        (["good", "bad all"], {"good", "bad all"}),
        (["good", "bad answer"], {"good", "bad answer"}),
    ],
    ids=["the reported one", "all after an error", "all after an answer that names an unknown message"],
)
def test_what_failed_comes_again_and_ends_in_the_dead_letter_queue(
    fast: Account, bodies: list[str], retried: set[str]
) -> None:
    dead_url, dead = fast.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = fast.queue("events", RedrivePolicy=redrive, VisibilityTimeout="30")
    for body in bodies:
        fast.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    fed_function(fast, arn)
    seen: set[str] = set()

    def all_dead() -> bool:
        seen.update(message["Body"] for message in fast.received(dead_url))
        return waiting(fast, url) == 0 and seen >= retried

    eventually(all_dead)
    assert seen == retried
    seen = [body for batch in batches(fast) for body in batch]
    assert {body: seen.count(body) for body in bodies} == {b: 2 if b in retried else 1 for b in bodies}


def test_a_delayed_message_comes_later(fast: Account) -> None:
    url, arn = fast.queue("events")
    fed_function(fast, arn)
    started = time.monotonic()
    fast.client("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=2)
    eventually(lambda: batches(fast) == [["later"]])
    assert time.monotonic() - started >= 2  # however fast the queue's visibility timeouts pass


def test_a_batch_comes_again_after_its_function_was_killed(fast: Account) -> None:
    url, arn = fast.queue("events", VisibilityTimeout="30")
    fast.function("import time\ndef handler(e, c):\n    print('got', e['Records'][0]['attributes']"
                  "['ApproximateReceiveCount'])\n    time.sleep(5 if len(e) else 0)", Timeout=10)  # fmt: skip
    fast.client("lambda").create_event_source_mapping(FunctionName="fn", EventSourceArn=arn, BatchSize=10)
    fast.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    eventually(lambda: "got 1" in [line.text for line in fast.sandbox.logs])
    assert fast.sandbox.kill_function() == 1
    eventually(lambda: "got 2" in [line.text for line in fast.sandbox.logs])


def test_a_disabled_mapping_polls_nothing(aws: Account) -> None:
    url, arn = aws.queue("events")
    fed_function(aws, arn, Enabled=False)
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(1)
    assert (batches(aws), waiting(aws, url)) == ([], 1)


def test_no_message_is_lost_when_many_arrive_while_others_leave(aws: Account) -> None:
    url, arn = aws.queue("events")
    fed_function(aws, arn)
    for start in range(0, 100, 10):
        entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(start, start + 10)]
        aws.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    eventually(lambda: waiting(aws, url) == 0)
    assert sorted(int(body) for batch in batches(aws) for body in batch) == list(range(100))
