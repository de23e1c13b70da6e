"""The module's alarms, evaluated on what the sandbox published: time is only data there, so a week takes seconds."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.alarms import Data, MetricKey, State, watch
from sandbox.metrics import recorded
from sandbox.sandbox import ACCOUNT, REGION, Sandbox

SWEEP = 900
"""Seconds of a sweep period."""
START = 1_700_000_040
"""Some full minute, in seconds since the epoch, at which a week begins."""
HOUR, WEEK = 3600, 7 * 24 * 3600
WINDOW = 600
"""Seconds of the schedule's flexible window."""
OFFSETS = (0, WINDOW, 180, 40, 420)
"""Seconds after the beginning of a period at which sweeps come, in turn: first as far apart as two can be."""
GRACE = 600
"""Seconds for which second looks wait in the queue; a grace on the sandbox is shorter."""
AGE = "ApproximateAgeOfOldestMessage"
PROMISE = re.compile(
    r" Starts within (\d+) minutes, ends within (\d+) minutes after it is over\. (When it is made .+)$"
)
MADE = {
    "When it is made it notifies once that it is OK.": [State.OK],
    "When it is made it starts at once, and ends with the first completed sweep, within 15 minutes as a rule.": [
        State.ALARM,
        State.OK,
    ],
}
"""What a description says of a new alarm => its states after it has none."""

Points = dict[MetricKey, list[tuple[float, float]]]
"""What was published: seconds since the recording began, with the values."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What the description of an alarm says. starts, ends: seconds. made: the states of a new one."""

    starts: float
    ends: float
    made: Sequence[State]

    @classmethod
    def of(cls, alarm: Mapping[str, Any]) -> Promise:
        """What it says. Fails for one that says nothing of the kind."""
        said = PROMISE.search(alarm["AlarmDescription"])
        assert said, alarm["AlarmDescription"]
        return cls(60 * float(said[1]), 60 * float(said[2]), MADE[said[3]])


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


@contextmanager
def recording(sandbox: Sandbox) -> Iterator[Points]:
    """What is published while the block runs; known at its end."""
    before = {key: len(points) for key, points in recorded(ACCOUNT, REGION).items()}
    began, made = time.time(), Points()
    yield made
    sandbox.queue_metrics.sample()
    for key, points in recorded(ACCOUNT, REGION).items():
        if new := points[before.get(key, 0) :]:
            made[key] = [(max(0.0, at - began), value) for at, value in new]


@dataclass(frozen=True, slots=True)
class Course:
    """How a fault goes on. It begins right after a sweep, and the next one is as late as can be.

    seconds: how long it lasts; 0: it happens once. every: seconds from one recording of it to the next; None: they come
    with the sweeps. at_once: the first comes when it begins, told by an event, and the others with the sweeps. waits:
    seconds that each takes longer than it was recorded, because the sandbox has a short grace. ages: what is published
    is an age, recorded at the beginning, so that it is a second more each second.
    """

    seconds: float = 0.0
    every: float | None = None
    at_once: bool = False
    waits: float = 0.0
    ages: bool = False

    def is_on(self, at: float) -> bool:
        """Whether the fault is there at this moment, in seconds since the epoch."""
        return BEGAN <= at < BEGAN + self.seconds

    def recordings(self) -> Iterator[float]:
        """Seconds from the beginning of the fault to each recording."""
        if self.at_once or not self.seconds:
            yield 0.0
        if self.every is None:
            yield from (at - BEGAN for at in sweeps() if self.is_on(at))
        else:
            yield from (number * self.every for number in range(int(self.seconds // self.every) + 1))


def sweeps() -> Iterator[float]:
    """When the sweeps of the week come, in seconds since the epoch."""
    for period in range(WEEK // SWEEP):
        yield START + period * SWEEP + OFFSETS[period % len(OFFSETS)]


BEGAN = START + 95 * SWEEP + 1.0
"""When faults begin, in seconds since the epoch: one after a sweep that came first thing in its window."""


@dataclass(frozen=True)
class Story:
    """A week of one alarm, with its metrics as they were recorded.

    healthy: what one sweep period published while all was well. broken: what was published while the fault was there,
    one recording after the other, and the last again and again: see `Course`.
    """

    alarm: Mapping[str, Any]
    healthy: Points
    broken: Sequence[Points] = ()
    course: Course = Course()

    def states(self) -> list[tuple[float, State]]:
        """What the alarm goes through from its first completed sweep on."""
        return watch(self.alarm, self._data(), START + SWEEP, START + WEEK)

    def over(self) -> float:
        """When the fault was there last; a fault that says nothing is over when something is said again."""
        end = BEGAN + self.course.seconds
        said = [at for points in self._faulty().values() for at, _ in points]
        return max(end, *said) if said else min(at for points in self._well().values() for at, _ in points if at >= end)

    def _data(self) -> Data:
        well, faulty = self._well(), self._faulty()
        return {key: sorted([*well.get(key, ()), *faulty.get(key, ())]) for key in metrics_of(self.alarm)}

    def _well(self) -> Points:
        points: Points = {}
        for key in metrics_of(self.alarm):
            if key[1] == AGE:
                # Once in two hours a second look waits for its grace; everything else is done at once.
                ages = ((START + s, float(GRACE) if s % 7200 < GRACE else 0.0) for s in range(0, WEEK, 60))
                points[key] = [(at, age) for at, age in ages if not self.course.is_on(at)]
            else:
                well = [at for at in sweeps() if not self.course.is_on(at)]
                points[key] = [(at + after, value) for at in well for after, value in self.healthy.get(key, ())]
        return points

    def _faulty(self) -> Points:
        points: Points = {}
        recordings = itertools.chain(self.broken, itertools.repeat(self.broken[-1])) if self.broken else ()
        for since, recording in zip(self.course.recordings(), recordings, strict=False):
            for key in recording.keys() & set(metrics_of(self.alarm)):
                older = since if self.course.ages else 0.0
                at = BEGAN + since + self.course.waits
                points.setdefault(key, []).extend((at + after, value + older) for after, value in recording[key])
        return points


def check(story: Story, starts: float | None = None) -> None:
    """In that week an alarm tells of its fault and of nothing else, and of its end, as its description says.

    starts: within how many seconds it must start, where the description is of an installation with another grace.
    """
    states, promise = story.states(), Promise.of(story.alarm)
    (_, new), (_, quiet), (told, alarm), *ends = states
    assert (new, quiet, alarm, ends[-1][1]) == (State.INSUFFICIENT_DATA, State.OK, State.ALARM, State.OK)
    assert 0 < told - BEGAN <= (promise.starts if starts is None else starts)
    # Of several that decide, each leaves its range for itself: it may end, start and end again, all in that time.
    assert all(0 <= at - story.over() <= promise.ends for at, _ in ends), states


def check_first_apply(sandbox: Sandbox, installed: float, wanted: Collection[str]) -> None:
    """These alarms are there, and each went through what its description says of a new one, and nothing else.

    installed: when the first sweeps were through, in seconds since the epoch. The alarms count as ten minutes older,
    which is the longest that a first sweep waits for its window.
    """
    assert set(names(sandbox)) == set(wanted)
    before = {key: [p for p in points if p[0] <= installed] for key, points in recorded(ACCOUNT, REGION).items()}
    for name in wanted:
        alarm = alarm_of(sandbox, name)
        states = [state for _, state in watch(alarm, before, installed - 600, installed + 2 * SWEEP)]
        assert states == [State.INSUFFICIENT_DATA, *Promise.of(alarm).made], name
