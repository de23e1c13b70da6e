"""The example as this run applies it, what it logs, and what passes by its topic."""

from __future__ import annotations

import fcntl
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.terraform import Terraform
from smoke.place import TAG, Place

EXAMPLE = "quickstart"
LAST_WORDS = 30
"""Seconds within which Terraform ends when nobody reads it: it says every ten that it is at work, and cannot."""


def override(place: Place, grace: int, own_trail: bool) -> dict[str, object]:
    """What differs from the example: a name, a short grace, a sweep every minute, and tags to find it by."""
    module: dict[str, object] = {
        "name": place.name,
        "records": {"grace_seconds": grace},
        "sweep": {"minutes": 1, "flexible_window_minutes": 1},
        "trail": {"force_destroy": True} if own_trail else None,
        "tags": {TAG: place.run},
    }
    if not place.may_reserve:
        module["function"] = {"reserved_concurrency": False}
    return {"provider": {"aws": {"region": place.region}}, "module": {"mesh_dns": module}}


def terraform(place: Place, folder: Path, grace: int, own_trail: bool) -> Terraform:
    """Terraform in a new folder of the run, with the state of an earlier one that was killed.

    Killed while it wrote, it left half a state, which nobody can read: then what it made goes by its name alone.
    """
    states = sorted(folder.glob("*/examples/*/terraform.tfstate"), key=lambda path: path.stat().st_mtime)
    wait(lambda: not any(_is_at_work(state) for state in states), LAST_WORDS)
    whole = [state for state in states if _is_whole(state)]
    variables = {
        "TF_VAR_zones": json.dumps({place.suffix: place.zone_id}),
        "TF_VAR_cloudflare_api_token": place.token,
        "AWS_REGION": place.region,
    }
    number = len(list(folder.glob("*/"))) + 1
    made = Terraform(EXAMPLE, folder / str(number), variables, override(place, grace, own_trail))
    if whole:
        shutil.copy(whole[-1], made.folder)
    return made


def _is_at_work(state: Path) -> bool:
    """Whether a Terraform that outlived its run still works on this state: as long as it does, it locks the file."""
    with state.open("r+") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def _is_whole(state: Path) -> bool:
    try:
        json.loads(state.read_text())
    except ValueError:
        return False
    return True


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


def called_at(event: Mapping[str, Any]) -> float:
    """When the call of CloudTrail's event was made, in seconds since 1970; CloudTrail counts whole ones."""
    return datetime.fromisoformat(event["detail"]["eventTime"]).timestamp()


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
        """Everything that passed so far, as it left EventBridge; `arrived`: when, in seconds since 1970."""
        while got := self._sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SentTimestamp"]
        ).get("Messages"):
            for message in got:
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                arrived = int(message["Attributes"]["SentTimestamp"]) / 1000
                self.seen.append(json.loads(message["Body"]) | {"arrived": arrived})
        return self.seen

    def call(self, event_name: str, load_balancer: str) -> dict[str, Any] | None:
        """The event of a call that names a load balancer; None before it came."""
        for event in self.look():
            if event["detail"].get("eventName") == event_name and load_balancer in json.dumps(event["detail"]):
                return event
        return None
