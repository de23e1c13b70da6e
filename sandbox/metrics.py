"""Metrics as AWS's own services and functions publish them; moto's CloudWatch keeps them, and clients can ask it.

| from | metrics | dimensions |
|---|---|---|
| functions, by lines in the embedded metric format | what they name | what they name |
| Lambda | `Invocations`, `Errors`, `Throttles`, `Duration` | `FunctionName` |
| SQS, each minute | `ApproximateNumberOfMessages...`, `ApproximateAgeOfOldestMessage` | `QueueName` |
| EventBridge | `MatchedEvents`, `Invocations`, `FailedInvocations` | `RuleName`, and `EventBusName` of another bus |
| SNS | `NumberOfNotificationsDelivered`, `NumberOfNotificationsFailed` | `TopicName` |

Others are not published, and none of these goes without its dimensions as well, as some do in AWS.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.cloudwatch.models import MetricDatum, cloudwatch_backends
from moto.sqs.models import Queue, sqs_backends

from sandbox.alarms import Data, MetricKey

MINUTE = 60.0
"""Seconds between two looks at queues, and between two evaluations of an alarm."""
_MOST_RECEIVES = 3


def publish(scope: tuple[str, str], namespace: str, values: Mapping[str, float], dimensions: Mapping[str, str]) -> None:
    """Publish values now. `scope`: account and region."""
    _put(scope, namespace, {name: [value] for name, value in values.items()}, dimensions, time.time())


def publish_embedded(scope: tuple[str, str], line: str) -> None:
    """Publish what a log line in the embedded metric format says; any other line says nothing."""
    if '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        at = document["_aws"]["Timestamp"] / 1000
    except (ValueError, KeyError, TypeError):
        return
    for directive in directives:
        values = {metric["Name"]: document[metric["Name"]] for metric in directive["Metrics"]}
        lists = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
        for dimensions in directive["Dimensions"]:
            _put(scope, directive["Namespace"], lists, {name: document[name] for name in dimensions}, at)


def _put(
    scope: tuple[str, str], namespace: str, values: Mapping[str, list[float]], of: Mapping[str, str], at: float
) -> None:
    account, region = scope
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)  # moto compares with times of that kind
    dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": moment, "Values": listed}
        for name, listed in values.items()
    ]
    cloudwatch_backends[account][region].put_metric_data(namespace, data)


def recorded(account: str, region: str) -> Data:
    """Everything published there, as the evaluator of alarms takes it: times in seconds since the epoch, in order."""
    data: dict[MetricKey, list[tuple[float, float]]] = {}
    for datum in list(cloudwatch_backends[account][region].metric_data):
        if isinstance(datum, MetricDatum):
            key = (datum.namespace, datum.name, frozenset((d.name or "", d.value or "") for d in datum.dimensions))
            moment = datum.timestamp if datum.timestamp.tzinfo else datum.timestamp.replace(tzinfo=UTC)
            data.setdefault(key, []).append((moment.timestamp(), datum.value))
    return {key: sorted(points) for key, points in data.items()}


class QueueMetrics:
    """Looks at every queue once a minute. speed: how many times as fast as the clock CloudWatch's minutes pass."""

    def __init__(self, speed: float = 1.0) -> None:
        self._every = MINUTE / speed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="queue-metrics", daemon=True)

    def start(self) -> None:
        """Look from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            self.sample()

    def sample(self) -> None:
        """Look now. A queue that is empty and that nobody polls reports nothing, as an idle one of AWS."""
        polled = set(_polled())
        for account, region, queue in _queues():
            messages = list(queue._messages)
            if messages or queue.queue_arn in polled:
                visible = sum(message.visible and not message.delayed for message in messages)
                delayed = sum(message.delayed for message in messages)
                values = {
                    "ApproximateNumberOfMessagesVisible": visible,
                    "ApproximateNumberOfMessagesDelayed": delayed,
                    "ApproximateNumberOfMessagesNotVisible": len(messages) - visible - delayed,
                    "ApproximateAgeOfOldestMessage": _age(messages),
                }
                publish((account, region), "AWS/SQS", values, {"QueueName": queue.name})


def _age(messages: list[Any]) -> float:
    """Seconds since the oldest message was sent; those received three times or more are left out, as by AWS."""
    sent = [float(m.sent_timestamp) for m in messages if m.approximate_receive_count < _MOST_RECEIVES]
    return max(0.0, time.time() - min(sent) / 1000) if sent else 0.0


def _queues() -> Iterator[tuple[str, str, Queue]]:
    for account, regions in list(sqs_backends.items()):
        for region, backend in list(regions.items()):
            for queue in list(backend.queues.values()):
                yield account, region, queue


def _polled() -> Iterator[str]:
    for regions in list(lambda_backends.values()):
        for backend in list(regions.values()):
            for mapping in list(backend._event_source_mappings.values()):
                yield str(mapping.event_source_arn)
