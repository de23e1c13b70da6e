"""What a run left goes by its name, also where the Terraform state is lost; what stays is told."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.lateness import INSTANT
from sandbox.sandbox import ACCOUNT, REGION, Sandbox
from smoke import place as places
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


def a_topic_a_table_an_alarm_and_a_log_group(client: Callable[[str], Any]) -> None:
    client("sns").create_topic(Name=f"{NAME}-events")
    client("dynamodb").create_table(
        TableName=f"{NAME}-state", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )  # fmt: skip
    client("cloudwatch").put_metric_alarm(
        AlarmName=f"{NAME}-errors", Namespace="x", MetricName="x", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{NAME}")


def a_trail_and_its_bucket(client: Callable[[str], Any]) -> None:
    """With an object in two versions and a third that was deleted: AWS deletes no bucket that has any."""
    s3, bucket = client("s3"), f"{NAME}-trail-{ACCOUNT}-{REGION}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("kept", "kept", "deleted"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    s3.delete_object(Bucket=bucket, Key="deleted")
    client("cloudtrail").create_trail(Name=f"{NAME}-trail", S3BucketName=bucket)


def two_secrets(client: Callable[[str], Any]) -> None:
    """One of them as Terraform leaves it: it could be restored."""
    for name in ("default", "other"):
        client("secretsmanager").create_secret(Name=f"{NAME}-token-{name}", SecretString=TOKEN)
    client("secretsmanager").delete_secret(SecretId=f"{NAME}-token-default", RecoveryWindowInDays=30)


def a_load_balancer(client: Callable[[str], Any]) -> None:
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]
    client("elbv2").create_load_balancer(Name=f"{NAME}-blue", Type="network", Subnets=subnets)


ONE_OF_EACH = (
    a_function_and_its_event_source, a_schedule, a_rule_with_targets, a_topic_a_table_an_alarm_and_a_log_group,
    a_trail_and_its_bucket, two_secrets, a_load_balancer,
)  # fmt: skip


def test_everything_that_bears_its_name_goes_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "SECONDS_BETWEEN_LOOKS", 0)
    with Sandbox(lateness=INSTANT) as sandbox:
        smoke = Smoke(sandbox)
        for name, value in smoke.environment.items():
            monkeypatch.setenv(name, value)
        sandbox.client("sqs").create_queue(QueueName=f"{NAME}4-of-somebody-else")
        others = smoke.left()
        for make in ONE_OF_EACH:
            make(sandbox.client)
        place = Place(RUN, REGION, ZONE, smoke.zone_id, TOKEN)
        monkeypatch.setattr(places, "RECORDS_A_PAGE", 1)  # a zone holds more than a page
        for number in range(3):
            place.add_record(f"stray-{number}.{place.suffix}", "gone.example.net", "")
        assert len(place.records()) == 3
        assert [kind.items for kind in removal.KINDS if not list(kind.found(place))] == []

        report = Report({})
        removal.remove_everything(place, terraform(place, tmp_path, 5, own_trail=True), report)
        assert smoke.left() == others
    assert (report.left, report.failed) == ([], [])


@pytest.mark.parametrize("kind", removal.KINDS, ids=lambda kind: kind.items)
def test_a_list_is_read_under_the_name_that_aws_gives_it(kind: removal.Kind) -> None:
    api = boto3.client(kind.service, region_name=REGION).meta
    operation = api.method_to_api_mapping[kind.listing]
    answer = api.service_model.operation_model(operation).output_shape
    items = answer.members[kind.items].member
    assert {each for each in (kind.name, kind.key) if each} <= set(getattr(items, "members", ()))


class Clients:
    """Lists as they are given, each on one page; a service without one denies it. Deletes nothing."""

    def __init__(self, **lists: dict[str, Any]) -> None:
        self.run, self.name, self.made, self._lists = RUN, NAME, [], lists

    def records(self) -> list[Any]:
        raise OSError("Cloudflare is down")

    def client(self, service: str) -> Any:
        given = self._lists

        class Client:
            def get_paginator(self, _listing: str) -> Any:
                return self

            def paginate(self, **_: object) -> list[dict[str, Any]]:
                if service not in given:
                    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "List")
                return [given[service]]

            def delete_secret(self, **_: object) -> None:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteSecret")

        return Client()


def test_what_cannot_be_listed_or_deleted_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "SECONDS_BETWEEN_LOOKS", 0)
    place: Any = Clients(secretsmanager={"SecretList": [{"Name": f"{NAME}-token-x"}]}, sqs={}, sns={"Other": []})
    report = Report({})
    removal.remove_everything(place, terraform_that_made_nothing(tmp_path), report)
    assert f"secretsmanager {NAME}-token-x (it holds the token, and can be restored for 30 days)" in report.left
    assert "perhaps records: they cannot be listed" in report.left
    assert "perhaps Topics of sns: they cannot be listed" in report.left  # an answer of another shape
    assert "perhaps Roles of iam: they cannot be listed" in report.left
    assert not [each for each in report.left if "sqs" in each]  # it leaves an empty list out
    assert len(report.left) == len(removal.KINDS)
    assert report.failed == ["nothing of it is left"]


def terraform_that_made_nothing(folder: Path) -> Any:
    class Applied:
        def __init__(self) -> None:
            self.folder = folder

    return Applied()


def states_of(folder: Path, *texts: str) -> list[Path]:
    """States of earlier Terraforms of a run, the oldest first."""
    paths = [folder / str(number) / "examples" / "quickstart" / "terraform.tfstate" for number in range(1, 9)]
    for age, (path, text) in enumerate(zip(paths, texts, strict=False)):
        path.parent.mkdir(parents=True)
        path.write_text(text)
        os.utime(path, (age, age))
    return paths[: len(texts)]


@pytest.mark.parametrize(
    ("texts", "taken"),
    [
        pytest.param(['{"serial": 1}', '{"serial": 2}'], '{"serial": 2}', id="the newest one is taken"),
        pytest.param(['{"serial": 1}', '{"serial": 2'], '{"serial": 1}', id="the newest of those that can be read"),
        pytest.param(['{"serial"'], None, id="none, if it is half written"),
        pytest.param([""], None, id="none, if Terraform was killed before it wrote"),
        pytest.param([], None, id="none, if there was no Terraform"),
    ],
)
def test_which_state_of_a_killed_run_goes_on(texts: list[str], taken: str | None, tmp_path: Path) -> None:
    states_of(tmp_path, *texts)
    place: Any = Named()
    found = terraform(place, tmp_path, 5, own_trail=True).folder / "terraform.tfstate"
    assert (found.read_text() if found.exists() else None) == taken


LAST_WRITE = """
import fcntl, sys, time
state = open(sys.argv[1], "r+")
fcntl.lockf(state, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(0.5)
print('{"serial": 2}', file=state, flush=True)
"""


def test_the_state_of_a_terraform_that_is_still_at_work_is_waited_for(tmp_path: Path) -> None:
    (state,) = states_of(tmp_path, "")
    with subprocess.Popen([sys.executable, "-c", LAST_WRITE, state], stdout=subprocess.PIPE, text=True) as at_work:  # noqa: S603
        assert at_work.stdout is not None
        at_work.stdout.readline()
        place: Any = Named()
        found = terraform(place, tmp_path, 5, own_trail=True).folder / "terraform.tfstate"
    assert json.loads(found.read_text()) == {"serial": 2}


class Named:
    """A place that nobody goes to."""

    run, name, region, suffix, zone_id, token, may_reserve = RUN, NAME, REGION, "x", "x", "x", True
