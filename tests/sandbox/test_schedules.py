"""Schedules fire onto the default bus of their own account and region."""

from __future__ import annotations

import json

from tests.doubles.hub import OWNER
from tests.sandbox.account import Account, eventually


def test_a_rate_schedule_fires_at_once_and_whenever_a_test_wants(aws: Account) -> None:
    spoke = Account(aws.sandbox, "444455556666", "eu-central-1")
    url, arn = spoke.queue("events")
    spoke.rule(arn, {"source": ["mesh-dns"], "detail-type": ["Mesh DNS Sweep"]})
    spoke.client("scheduler").create_schedule(
        Name="sweep",
        ScheduleExpression="rate(15 minutes)",
        FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        Target={
            "Arn": "arn:aws:events:eu-central-1:444455556666:event-bus/default",
            "RoleArn": "arn:aws:iam::444455556666:role/sweep",
            "Input": json.dumps({"owner": OWNER}),
            "EventBridgeParameters": {"Source": "mesh-dns", "DetailType": "Mesh DNS Sweep"},
        },
    )
    event = json.loads(eventually(lambda: spoke.received(url))[0]["Body"])
    assert (event["account"], event["region"]) == ("444455556666", "eu-central-1")
    assert event["detail"] == {"owner": OWNER}
    assert spoke.received(url) == []
    assert aws.sandbox.schedules.fire("sweep") == 1
    assert len(spoke.received(url)) == 1
    assert aws.sandbox.schedules.fire("other") == 0
