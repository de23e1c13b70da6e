"""DescribeAlarms tells the states that CloudWatch would give its alarms."""

from __future__ import annotations

import pytest

from sandbox.lateness import INSTANT
from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account, eventually

SPEED = 60.0
"""A minute of CloudWatch's is a second."""


def put_alarm(aws: Account, expression: str | None = None) -> None:
    dimensions = [{"Name": "QueueName", "Value": "events"}]
    metric = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": dimensions}
    plain = metric | {"Period": 60, "Statistic": "Maximum"}
    stat = {"Metric": metric, "Period": 60, "Stat": "Maximum"}
    math = [{"Id": "m", "MetricStat": stat, "ReturnData": False}, {"Id": "e", "Expression": expression}]
    aws.client("cloudwatch").put_metric_alarm(
        AlarmName="waiting", ComparisonOperator="GreaterThanThreshold", Threshold=0, EvaluationPeriods=1,
        TreatMissingData="notBreaching", **({"Metrics": math} if expression else plain),
    )  # fmt: skip


def state(aws: Account, **which: object) -> str:
    found = aws.client("cloudwatch").describe_alarms(**which)["MetricAlarms"]
    return str(found[0]["StateValue"]) if found else "none"


@pytest.mark.parametrize(
    "expression", [None, "FILL(m, 0)"], ids=["an alarm of a metric", "an alarm of an expression, which returns data"]
)
def test_an_alarm_is_quiet_then_raised_then_quiet_again(expression: str | None) -> None:
    with Sandbox(lateness=INSTANT, cloudwatch_speed=SPEED) as sandbox:
        aws = Account(sandbox)
        url, _ = aws.queue("events")
        put_alarm(aws, expression)
        assert eventually(lambda: state(aws) == "OK")
        aws.client("sqs").send_message(QueueUrl=url, MessageBody="x")
        assert eventually(lambda: state(aws, AlarmNames=["waiting"]) == "ALARM")
        assert state(aws, StateValue="ALARM") == "ALARM"
        aws.client("sqs").purge_queue(QueueUrl=url)
        assert eventually(lambda: state(aws) == "OK")


def test_a_new_alarm_has_no_data_before_its_first_period_ends() -> None:
    with Sandbox(lateness=INSTANT, cloudwatch_speed=1) as sandbox:
        aws = Account(sandbox)
        aws.queue("events")
        put_alarm(aws)
        assert state(aws) == "INSUFFICIENT_DATA"


def test_an_alarm_that_nobody_can_evaluate_spoils_none_of_the_others() -> None:
    with Sandbox(lateness=INSTANT, cloudwatch_speed=SPEED) as sandbox:
        aws = Account(sandbox)
        put_alarm(aws)
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName="a percentile", ComparisonOperator="GreaterThanThreshold", Threshold=0, EvaluationPeriods=1,
            Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", ExtendedStatistic="p99", Period=60,
        )  # fmt: skip
        assert eventually(lambda: state(aws, AlarmNames=["waiting"]) == "OK")
        assert state(aws, AlarmNames=["a percentile"]) == "INSUFFICIENT_DATA"
