"""The module's alarms, evaluated on what the sandbox published: time is only data there, so a week takes seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sandbox.alarms import Data, MetricKey, State, watch
from sandbox.metrics import recorded
from sandbox.sandbox import ACCOUNT, REGION, Sandbox

SWEEP = 900
"""Seconds of a sweep period."""
START = 1_700_000_040
"""Some full minute, in seconds since the epoch, at which synthetic points begin."""
WINDOW = (0, 180, 40, 299, 120)
"""Seconds after the beginning of a period at which sweeps come, in turn: the schedule's window is flexible."""


def alarm_of(sandbox: Sandbox, name: str) -> Mapping[str, Any]:
    """An alarm as it was applied, as DescribeAlarms answers it; `name` without the module's."""
    (found,) = sandbox.client("cloudwatch").describe_alarms(AlarmNames=[f"mesh-dns-{name}"])["MetricAlarms"]
    return dict(found)


def names(sandbox: Sandbox) -> list[str]:
    """The names of all alarms, without the module's."""
    found = sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"]
    return sorted(alarm["AlarmName"].removeprefix("mesh-dns-") for alarm in found)


def metrics_of(alarm: Mapping[str, Any]) -> Iterator[MetricKey]:
    """What an alarm looks at."""
    metrics = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics") or () if "MetricStat" in query]
    for metric in metrics or [alarm]:
        dimensions = frozenset((item["Name"], item["Value"]) for item in metric["Dimensions"])
        yield metric["Namespace"], metric["MetricName"], dimensions


def published(alarm: Mapping[str, Any]) -> int:
    """How many points there are so far of what an alarm looks at."""
    points = recorded(ACCOUNT, REGION)
    return sum(len(points.get(key, ())) for key in metrics_of(alarm))


def healthy(alarm: Mapping[str, Any], seconds: float) -> dict[MetricKey, list[tuple[float, float]]]:
    """What the metrics of an alarm are while all is well, from `START` on: sweeps end, queues are nearly empty."""
    points: dict[MetricKey, list[tuple[float, float]]] = {}
    for key in metrics_of(alarm):
        match key[1]:
            case "SweepCompleted":
                starts = range(0, int(seconds), SWEEP)
                points[key] = [(START + s + WINDOW[n % len(WINDOW)], 1.0) for n, s in enumerate(starts)]
            case "ApproximateAgeOfOldestMessage":
                # A second look waits for the grace, sometimes, and everything else is done at once.
                points[key] = [(START + s, 600.0 if s % 7200 < 600 else 0.0) for s in range(0, int(seconds), 60)]
            case "ScopesOverdue":
                points[key] = [(START + s, 0.0) for s in range(0, int(seconds), SWEEP)]
            case "ApproximateNumberOfMessagesVisible" | "Errors":
                points[key] = [(START + s, 0.0) for s in range(0, int(seconds), 60)]
            case _:
                points[key] = []  # told only when there is something to tell
    return points


@dataclass(frozen=True)
class Fault:
    """What was published while a fault was there, with the seconds since it began."""

    points: dict[MetricKey, list[tuple[float, float]]] = field(default_factory=dict)

    def seconds_to_alarm(self, alarm: Mapping[str, Any], every: float | None, limit: float) -> float | None:
        """How long after the fault an alarm tells; None if not within `limit`, or if it told before.

        An hour is healthy, then the fault begins; with `every` the same is published again after so many seconds, as
        long as it lasts.
        """
        began = START + 3600.0
        data: dict[MetricKey, list[tuple[float, float]]] = healthy(alarm, 3600)
        for again in [0.0] if every is None else [every * number for number in range(int(limit // every) + 1)]:
            for key in data:
                data[key] += [(began + again + after, value) for after, value in self.points.get(key, ())]
        changes = watch(alarm, data, START + SWEEP, began + limit)  # before the first sweep there is silence
        told = [at for at, state in changes if state is State.ALARM]
        return told[0] - began if told and told[0] > began else None


@contextmanager
def fault(sandbox: Sandbox) -> Iterator[Fault]:
    """What is published while the block runs, which makes a fault; known at its end."""
    before = {key: len(points) for key, points in recorded(ACCOUNT, REGION).items()}
    began, made = time.time(), Fault()
    yield made
    sandbox.queue_metrics.sample()
    for key, points in recorded(ACCOUNT, REGION).items():
        made.points[key] = [(max(0.0, at - began), value) for at, value in points[before.get(key, 0) :]]


def tells(alarm: Mapping[str, Any], data: Data, start: float, end: float) -> list[float]:
    """When an alarm told."""
    return [at for at, state in watch(alarm, data, start, end) if state is State.ALARM]
