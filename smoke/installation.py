"""The example as this run applies it, what it logs, and how all of it goes away again."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.terraform import Terraform, TerraformError
from smoke.place import TAG, Place
from smoke.report import Report

# AWS shows load balancers late, when they are made and when they are deleted.
LOOKS, SECONDS_BETWEEN_LOOKS = 12, 5

EXAMPLE = "quickstart"


def override(place: Place, grace: int, own_trail: bool) -> dict[str, object]:
    """What differs from the example: a name, a short grace, a sweep every minute, and tags to find it by."""
    module = {
        "name": place.name,
        "records": {"grace_seconds": grace},
        "sweep": {"minutes": 1, "flexible_window_minutes": 1},
        "trail": {"force_destroy": True} if own_trail else None,
        "tags": {TAG: place.run},
    }
    return {"provider": {"aws": {"region": place.region}}, "module": {"mesh_dns": module}}


def terraform(place: Place, folder: Path, grace: int, own_trail: bool) -> Terraform:
    """Terraform in a new folder of the run, with the state of an earlier one that was killed."""
    states = sorted(folder.glob("*/examples/*/terraform.tfstate"), key=lambda path: path.stat().st_mtime)
    variables = {
        "TF_VAR_zones": json.dumps({place.suffix: place.zone_id}),
        "TF_VAR_cloudflare_api_token": place.token,
        "AWS_REGION": place.region,
    }
    number = len(list(folder.glob("*/"))) + 1
    made = Terraform(EXAMPLE, folder / str(number), variables, override(place, grace, own_trail))
    if states:
        shutil.copy(states[-1], made.folder)
    return made


def wait(happened: Callable[[], Any], patience: float, every: float = 0.2) -> Any:
    """The first true answer; the last false one when patience ends."""
    end = time.monotonic() + patience
    while not (answer := happened()) and time.monotonic() < end:
        time.sleep(every)
    return answer


class Log:
    """The function's lines that are JSON, as CloudWatch has them."""

    def __init__(self, place: Place, function: str) -> None:
        self._logs, self._group = place.client("logs"), f"/aws/lambda/{function}"

    def lines(self, message: str, **fields: str) -> Iterator[dict[str, Any]]:
        """Lines with this message and these fields, the oldest first; `at`: when, in seconds since 1970."""
        try:
            pages = list(self._logs.get_paginator("filter_log_events").paginate(logGroupName=self._group))
        except ClientError:
            return  # nothing was logged yet
        for event in (event for page in pages for event in page["events"]):
            if not event["message"].startswith("{"):
                continue
            line = json.loads(event["message"])
            if line.get("message") == message and all(line.get(key) == value for key, value in fields.items()):
                yield line | {"at": event["timestamp"] / 1000}


class Spectator:
    """A queue of our own at the module's topic: sees what passes by, and when."""

    def __init__(self, place: Place, topic_arn: str) -> None:
        self._sqs = place.client("sqs")
        name = f"{place.name}-spectator"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": "*",
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
                }
            ],
        }
        self.url = self._sqs.create_queue(QueueName=name, Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        place.client("sns").subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        self.seen: list[dict[str, Any]] = []

    def look(self) -> list[dict[str, Any]]:
        """Everything that passed so far, as it left EventBridge."""
        while got := self._sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                self.seen.append(json.loads(message["Body"]))
        return self.seen

    def call(self, event_name: str, load_balancer: str) -> dict[str, Any] | None:
        """The event of a call that names a load balancer; None before it came."""
        for event in self.look():
            if event["detail"].get("eventName") == event_name and load_balancer in json.dumps(event["detail"]):
                return event
        return None


def remove_everything(place: Place, applied: Terraform, report: Report) -> None:
    """Take away all that a run may have made, as often as called; what stays is noted in the report."""

    def attempt(what: str, action: Callable[[], Any]) -> None:
        try:
            action()
        except (ClientError, TerraformError, OSError) as error:
            report.left.append(f"{what}: {str(error)[-600:]}")

    report.act("Everything is taken away", "Load balancers, `terraform destroy`, and what the run made besides.")
    elb, sqs = place.client("elbv2"), place.client("sqs")

    def delete(load_balancers: Iterable[str]) -> None:
        for arn in load_balancers:
            attempt(arn, lambda arn=arn: elb.delete_load_balancer(LoadBalancerArn=arn))  # type: ignore[misc]

    delete({*place.made, *place.load_balancers()})
    if (applied.folder / "terraform.tfstate").exists():
        attempt("terraform init", applied.init)
        attempt("terraform destroy", applied.destroy)
    for url in sqs.list_queues(QueueNamePrefix=f"{place.name}-spectator").get("QueueUrls", []):
        attempt(url, lambda url=url: sqs.delete_queue(QueueUrl=url))  # type: ignore[misc]
    for record in place.records():
        attempt(record["name"], lambda record=record: place.delete_record(record["id"]))  # type: ignore[misc]
    for _ in range(LOOKS):  # what a killed run made last may not have been shown before
        if not (shown := place.load_balancers()):
            break
        delete(shown)
        time.sleep(SECONDS_BETWEEN_LOOKS)
    report.left += leftovers(place)
    report.check("nothing of it is left", not report.left, f"{len(_KINDS) + 2} kinds of things were asked for")


_KINDS = (
    ("sqs", "list_queues", "QueueUrls", ""),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("cloudtrail", "list_trails", "Trails", "Name"),
    ("events", "list_rules", "Rules", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
)
"""Service, listing, where its items are, and what their name is called (empty: they are names)."""


def leftovers(place: Place) -> list[str]:
    """What of the run is still there, by asking each service; a secret that is scheduled for deletion is gone."""
    found = [*place.load_balancers(), *(record["name"] for record in place.records())]
    for service, listing, items, name in _KINDS:
        pages = place.client(service).get_paginator(listing).paginate()
        names = (each[name] if name else each for page in pages for each in page.get(items, ()))
        found += [f"{service}: {each}" for each in names if re.search(rf"(^|[/:]){place.name}(-|$)", each)]
    return found
