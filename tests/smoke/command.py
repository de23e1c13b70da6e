"""`python -m smoke` as somebody runs it on an account, on a sandbox instead."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
ZONE, TOKEN = "example.com", "token-of-the-emulated-zone-0123456789"
OPTIONS = ("--own-trail", "--yes", "--grace", "5", "--patience", "60")
CLOUDWATCH_SPEED = 20.0


class Smoke:
    """The command, on a running sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.zone_id = sandbox, sandbox.cloudflare.add_zone(ZONE)
        sandbox.cloudflare.add_token(TOKEN, [self.zone_id])
        name_server = f"{sandbox.dns.host}:{sandbox.dns.port}"
        given = {"CLOUDFLARE_API_TOKEN": TOKEN, "SMOKE_DNS": name_server, "PYTHONUNBUFFERED": "1"}
        self.environment = {**os.environ, **sandbox.environment(), **given}

    def start(self, *more: str) -> subprocess.Popen[str]:
        """Run it with little patience, as a shell does: in a process group of its own."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "smoke", "--zone", ZONE, "--zone-id", self.zone_id, *OPTIONS, *more],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def left(self) -> list[str]:
        """What is in the account and the zone, also secrets that could be restored."""
        client = self.sandbox.client
        found = [each["LoadBalancerName"] for each in client("elbv2").describe_load_balancers()["LoadBalancers"]]
        found += client("sqs").list_queues().get("QueueUrls", [])
        found += [each["FunctionName"] for each in client("lambda").list_functions()["Functions"]]
        found += [each["TopicArn"] for each in client("sns").list_topics()["Topics"]]
        found += [each["RoleName"] for each in client("iam").list_roles()["Roles"] if "smoke" in each["RoleName"]]
        found += [each["Name"] for each in client("s3").list_buckets()["Buckets"]]
        found += [
            each["Name"] for each in client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
        ]
        found += client("dynamodb").list_tables()["TableNames"]
        found += [each["FunctionArn"] for each in client("lambda").list_event_source_mappings()["EventSourceMappings"]]
        found += [each["Name"] for each in client("events").list_rules()["Rules"]]
        found += [each["Name"] for each in client("scheduler").list_schedules()["Schedules"]]
        groups = client("scheduler").list_schedule_groups()["ScheduleGroups"]
        found += [each["Name"] for each in groups if each["Name"] != "default"]
        found += [each["logGroupName"] for each in client("logs").describe_log_groups()["logGroups"]]
        found += [each["AlarmName"] for each in client("cloudwatch").describe_alarms()["MetricAlarms"]]
        found += [each["Name"] for each in client("cloudtrail").list_trails()["Trails"]]
        return found + [record.name for record in self.sandbox.cloudflare.records(self.zone_id)]


@contextmanager
def on_a_sandbox() -> Iterator[Smoke]:
    """The command and its sandbox; skipped without Terraform."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    with Sandbox(cloudwatch_speed=CLOUDWATCH_SPEED) as sandbox:
        yield Smoke(sandbox)


def wait_for_line(run: subprocess.Popen[str], words: str) -> str:
    """Read what it says up to and with the first line with these words; all of that."""
    said = ""
    for line in run.stdout or ():
        said += line
        if words in line:
            return said
    raise AssertionError(f"it never said {words!r}:\n{said}")
