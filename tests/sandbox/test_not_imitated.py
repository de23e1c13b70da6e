"""What the sandbox cannot do is told where it is asked for, with what to do instead."""

from __future__ import annotations

import json

import pytest

from sandbox import resource_policy
from sandbox.not_imitated import NotImitatedError
from tests.sandbox.account import Account, eventually

ENTRY = {"Source": "mesh-dns", "DetailType": "Mesh DNS Sweep", "Detail": "{}"}
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        pytest.param({"Arn": FUNCTION}, "targets in lambda: deliver to a topic, a queue or a bus", id="a function"),
        pytest.param({"Input": "{}"}, "Input of a target: let it get the whole event", id="an input of its own"),
    ],
)
def test_a_target_of_a_rule_gets_nothing_and_its_dead_letter_says_why(
    aws: Account, target: dict[str, str], said: str
) -> None:
    (url, dead), (_, arn) = aws.queue("dead"), aws.queue("events")
    aws.rule(pattern={"source": ["mesh-dns"]}, **{"target": arn, "DeadLetterConfig": {"Arn": dead}} | target)
    aws.client("events").put_events(Entries=[ENTRY])
    (message,) = eventually(lambda: aws.received(url))
    told = message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert told == f"the sandbox does not imitate {said}, or try it on AWS"


def test_a_schedule_does_not_fire_and_the_log_says_why(aws: Account, caplog: pytest.LogCaptureFixture) -> None:
    target = {"Arn": FUNCTION, "RoleArn": "arn:aws:iam::123456789012:role/r", "Input": json.dumps({})}
    aws.client("scheduler").create_schedule(
        Name="s", ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    eventually(lambda: f"a schedule whose target is {FUNCTION}: take an event bus of" in caplog.text)


def test_a_policy_says_which_operators_there_are() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {"Bool": {"aws:Secure": "true"}}}
    facts = {"aws:PrincipalAccount": "123456789012", "aws:Secure": "true"}
    with pytest.raises(NotImitatedError, match="operator Bool: use one of ArnEquals, ArnLike, StringEquals, StringLi"):
        resource_policy.allows({"Statement": [statement]}, action="a:B", resource="r", facts=facts)
