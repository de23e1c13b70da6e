"""What AWS's services and functions publish reaches CloudWatch, and alarms that are there can be evaluated from it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.alarms import State, evaluate
from sandbox.metrics import recorded
from tests.sandbox.account import Account, eventually

TELLER = """
import json, time
def handler(event, context):
    if event.get("fail"):
        raise RuntimeError("as asked")
    metrics = [{"Name": "Swept", "Unit": "Count"}, {"Name": "Refused", "Unit": "Count"}]
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Mesh", "Dimensions": [["service"], ["service", "zone"]], "Metrics": metrics}]},
        "service": "fn", "zone": "a", "Swept": 1, "Refused": [2.0, 3.0]}))
"""


def values(aws: Account, namespace: str, name: str, **dimensions: str) -> list[float]:
    """What was published of one metric."""
    data = recorded(aws.account, aws.region)
    return [value for _, value in data.get((namespace, name, frozenset(dimensions.items())), ())]


def test_a_function_tells_metrics_by_its_log_lines(aws: Account) -> None:
    aws.function(TELLER)
    aws.invoke({})
    assert values(aws, "Mesh", "Swept", service="fn") == [1]
    assert sorted(values(aws, "Mesh", "Refused", service="fn", zone="a")) == [2, 3]
    now = datetime.now(UTC)
    (shown,) = aws.client("cloudwatch").get_metric_statistics(
        Namespace="Mesh", MetricName="Refused",
        Dimensions=[{"Name": "service", "Value": "fn"}, {"Name": "zone", "Value": "a"}],
        StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1), Period=300, Statistics=["Sum"],
    )["Datapoints"]  # fmt: skip
    assert shown["Sum"] == 5


def test_lambda_counts_runs_errors_and_what_it_throttled(aws: Account) -> None:
    aws.function(TELLER)
    aws.invoke({})
    aws.invoke({"fail": True})
    aws.client("lambda").put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequests"):
        aws.invoke({})
    of = {"FunctionName": "fn"}
    assert values(aws, "AWS/Lambda", "Invocations", **of) == [1, 1]
    assert values(aws, "AWS/Lambda", "Errors", **of) == [0, 1]
    assert values(aws, "AWS/Lambda", "Throttles", **of) == [1]
    assert all(duration > 0 for duration in values(aws, "AWS/Lambda", "Duration", **of))


def test_a_queue_counts_what_waits_is_delayed_and_is_being_handled(aws: Account) -> None:
    url, _ = aws.queue("events")
    aws.queue("idle")
    sqs = aws.client("sqs")
    for delay in (0, 0, 0, 60):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay)
    aws.received(url, most=1)
    time.sleep(1)
    aws.sandbox.queue_metrics.sample()
    counts = {
        kind: values(aws, "AWS/SQS", f"ApproximateNumberOfMessages{kind}", QueueName="events")
        for kind in ("Visible", "NotVisible", "Delayed")
    }
    assert counts == {"Visible": [2], "NotVisible": [1], "Delayed": [1]}
    (age,) = values(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName="events")
    assert 1 <= age < 30
    assert values(aws, "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="idle") == []


def test_a_message_that_was_received_three_times_has_no_age_any_more(aws: Account) -> None:
    url, _ = aws.queue("events")
    aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    time.sleep(0.5)
    ages = []
    for _ in range(3):
        aws.sandbox.queue_metrics.sample()
        ages.append(values(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName="events")[-1])
        assert aws.received(url, VisibilityTimeout=0)
    aws.sandbox.queue_metrics.sample()
    ages.append(values(aws, "AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName="events")[-1])
    assert [age > 0 for age in ages] == [True, True, True, False]


def put_event(aws: Account) -> None:
    entry = {"Source": "test", "DetailType": "x", "Detail": json.dumps({"a": 1})}
    aws.client("events").put_events(Entries=[entry])


def test_a_rule_counts_what_it_could_not_hand_over(aws: Account) -> None:
    aws.rule("arn:aws:sns:eu-west-1:123456789012:nothing", {"source": ["test"]})
    put_event(aws)
    counted = {
        name: values(aws, "AWS/Events", name, RuleName="rule")
        for name in ("MatchedEvents", "Invocations", "FailedInvocations")
    }
    assert counted == {"MatchedEvents": [1], "Invocations": [1], "FailedInvocations": [1]}


def test_a_topic_counts_whom_it_could_not_reach(aws: Account) -> None:
    url, queue = aws.queue("events")
    aws.rule(aws.topic_to(queue), {"source": ["test"]})
    put_event(aws)
    aws.client("sqs").delete_queue(QueueUrl=url)
    put_event(aws)
    assert values(aws, "AWS/SNS", "NumberOfNotificationsDelivered", TopicName="topic") == [1]
    assert values(aws, "AWS/SNS", "NumberOfNotificationsFailed", TopicName="topic") == [1]
    assert values(aws, "AWS/Events", "FailedInvocations", RuleName="rule") == []


def test_alarms_as_cloudwatch_keeps_them_are_evaluated_from_what_was_published(aws: Account) -> None:
    dimensions = [{"Name": "FunctionName", "Value": "fn"}]
    common = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "EvaluationPeriods": 1}
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="plain", Namespace="AWS/Lambda", MetricName="Errors", Dimensions=dimensions, Statistic="Sum",
        Period=300, TreatMissingData="notBreaching", **common,
    )  # fmt: skip
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": dimensions}
    metrics: list[dict[str, Any]] = [
        {"Id": "e", "Expression": "FILL(m, 0)", "Label": "errors", "ReturnData": True},
        {"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}, "ReturnData": False},
    ]
    cloudwatch.put_metric_alarm(AlarmName="math", Metrics=metrics, **common)
    aws.function(TELLER)

    def states() -> list[State]:
        alarms = cloudwatch.describe_alarms(AlarmNames=["math", "plain"])["MetricAlarms"]
        data, next_minute = recorded(aws.account, aws.region), time.time() + 60
        return [evaluate(alarm, data, next_minute, State.OK) for alarm in alarms]

    aws.invoke({})
    assert states() == [State.OK, State.OK]
    aws.invoke({"fail": True})
    assert eventually(lambda: states() == [State.ALARM, State.ALARM])
