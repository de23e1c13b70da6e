"""What a run left whose Terraform state is lost goes by its name."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.lateness import INSTANT
from sandbox.sandbox import ACCOUNT, REGION, Sandbox
from smoke import removal
from smoke.installation import terraform
from smoke.place import Place
from smoke.report import Report
from tests.smoke.command import TOKEN, ZONE, Smoke

RUN = "abc123"
NAME = f"smoke-{RUN}"
ALLOW = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
)
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def a_function_and_its_event_source(client: Callable[[str], Any]) -> None:
    """With the role, the queue and the mapping, which Lambda keeps when the function goes."""
    role = client("iam").create_role(RoleName=NAME, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").put_role_policy(RoleName=NAME, PolicyName="all", PolicyDocument=ALLOW)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass")
    client("lambda").create_function(
        FunctionName=NAME, Role=role, Runtime="python3.13", Handler="index.handler", Code={"ZipFile": packed.getvalue()}
    )
    client("sqs").create_queue(QueueName=f"{NAME}-events")
    source = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-events"
    client("lambda").create_event_source_mapping(EventSourceArn=source, FunctionName=NAME, Enabled=False)


def a_schedule(client: Callable[[str], Any]) -> None:
    """In its group, which takes it along."""
    client("scheduler").create_schedule_group(Name=NAME)
    client("scheduler").create_schedule(
        Name=f"{NAME}-sweep", GroupName=NAME, ScheduleExpression="rate(1 minute)", FlexibleTimeWindow={"Mode": "OFF"},
        State="DISABLED", Target={"Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default", "RoleArn": "arn:x"},
    )  # fmt: skip


def a_rule_with_targets(client: Callable[[str], Any]) -> None:
    """AWS deletes no rule that has any."""
    client("events").put_rule(Name=f"{NAME}-events", EventPattern='{"source": ["x"]}')
    target = {"Id": "nowhere", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{NAME}-nowhere"}
    client("events").put_targets(Rule=f"{NAME}-events", Targets=[target])


def test_everything_that_bears_its_name_goes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "SECONDS_BETWEEN_LOOKS", 0)
    with Sandbox(lateness=INSTANT) as sandbox:
        smoke = Smoke(sandbox)
        for name, value in smoke.environment.items():
            monkeypatch.setenv(name, value)
        sandbox.client("sqs").create_queue(QueueName=f"{NAME}4-of-somebody-else")
        others = smoke.left()
        for make in (a_function_and_its_event_source, a_schedule, a_rule_with_targets):
            make(sandbox.client)
        place = Place(RUN, REGION, ZONE, smoke.zone_id, TOKEN)
        place.add_record(f"stray-1.{place.suffix}", "gone.example.net", "")
        assert len(smoke.left()) > len(others) + 5

        report = Report({})
        removal.remove_everything(place, terraform(place, tmp_path, 5, own_trail=True), report)
        assert smoke.left() == others
    assert (report.left, report.failed) == ([], [])
