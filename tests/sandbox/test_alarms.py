"""Alarms change their state as CloudWatch's user guide says: its own tables of examples, and its words."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.alarms import Data, Rule, State, evaluate, judge, watch

OK, ALARM, LACKING = State.OK, State.ALARM, State.INSUFFICIENT_DATA
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")
FLAGS = {"0": False, "X": True, "-": None}
KEPT = None
"""The state that was before."""

# "How alarm state is evaluated when data is missing": points, datapoints to alarm, and the state for each treatment.
TABLES: list[tuple[str, int, tuple[State | None, ...]]] = [
    ("0-X-X", 3, (OK, OK, OK, OK)),
    ("----0", 3, (OK, OK, OK, OK)),
    ("-----", 3, (LACKING, KEPT, ALARM, OK)),
    ("0XX-X", 3, (ALARM, ALARM, ALARM, ALARM)),
    ("--X--", 3, (ALARM, KEPT, ALARM, OK)),
    ("0-X-X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("00X0X", 2, (ALARM, ALARM, ALARM, ALARM)),
    ("0-X--", 2, (OK, OK, ALARM, OK)),
    ("----0", 2, (OK, OK, ALARM, OK)),
    ("---X-", 2, (ALARM, KEPT, ALARM, OK)),
]


@pytest.mark.parametrize("before", State, ids=lambda state: f"was {state.name}")
@pytest.mark.parametrize(("points", "to_alarm", "states"), TABLES, ids=lambda value: str(value)[:6])
def test_the_examples_of_the_guide(points: str, to_alarm: int, states: tuple[State | None, ...], before: State) -> None:
    flags = [FLAGS[point] for point in points]
    got = tuple(judge(flags, Rule(3, to_alarm, treatment), before) for treatment in TREATMENTS)
    assert got == tuple(before if state is KEPT else state for state in states)


@pytest.mark.parametrize(("points", "to_alarm"), [("XX000", 2), ("X-000", 1), ("XX-00", 2)])
def test_points_that_are_not_needed_are_not_counted(points: str, to_alarm: int) -> None:
    assert judge([FLAGS[point] for point in points], Rule(3, to_alarm, "breaching"), ALARM) is OK


@pytest.mark.parametrize("points", ["----X", "---X-"])
@pytest.mark.parametrize("treatment", ["missing", "ignore"])
def test_a_young_breach_among_missing_points_does_not_alarm_yet(points: str, treatment: str) -> None:
    assert judge([FLAGS[point] for point in points], Rule(3, 3, treatment), OK) is OK


@pytest.mark.parametrize("points", ["---X0", "--X-0"])
def test_what_comes_after_a_young_breach_decides(points: str) -> None:
    assert judge([FLAGS[point] for point in points], Rule(3, 3, "missing"), ALARM) is OK


def alarm(**settings: Any) -> dict[str, Any]:
    """An alarm as DescribeAlarms answers it: more than one failure within five minutes."""
    return {
        "Namespace": "Mesh", "MetricName": "Failed", "Dimensions": [{"Name": "service", "Value": "x"}],
        "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1.0, "TreatMissingData": "notBreaching",
    } | settings  # fmt: skip


def data(*points: tuple[float, float], name: str = "Failed", service: str = "x") -> Data:
    """Points of one metric; times in minutes."""
    return {("Mesh", name, frozenset({("service", service)})): [(minute * 60.0, value) for minute, value in points]}


def test_windows_move_on_minute_by_minute() -> None:
    """At the end of minute 5 minutes 1 to 5 count, at the end of minute 6 minutes 2 to 6."""
    seen = watch(alarm(), data((10.5, 1), (14.2, 1)), 6 * 60, 17 * 60)
    assert [(at / 60, state) for at, state in seen] == [(6, LACKING), (6, OK), (15, ALARM), (16, OK)]


def test_the_last_points_count_again_after_a_metric_stopped() -> None:
    """As the guide's note says: where enough real points are in reach, how missing ones are treated does not matter."""
    seen = watch(alarm(), data((10.5, 2)), 10 * 60, 60 * 60)
    assert [(at / 60, state) for at, state in seen][-2:] == [(11, ALARM), (26, OK)]


@pytest.mark.parametrize(
    ("statistic", "above"), [("Sum", 5.5), ("Average", 1.5), ("Maximum", 2.5), ("Minimum", 0.5), ("SampleCount", 2.5)]
)
def test_statistics(statistic: str, above: float) -> None:
    published = data((1, 1), (2, 2), (3, 3))
    for threshold, state in ((above, ALARM), (above + 1, OK)):
        assert evaluate(alarm(Statistic=statistic, Threshold=threshold), published, 300, OK) is state


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("GreaterThanThreshold", (OK, OK, ALARM)),
        ("GreaterThanOrEqualToThreshold", (OK, ALARM, ALARM)),
        ("LessThanThreshold", (ALARM, OK, OK)),
        ("LessThanOrEqualToThreshold", (ALARM, ALARM, OK)),
    ],
)
def test_comparisons(comparison: str, expected: tuple[State, ...]) -> None:
    asked = alarm(ComparisonOperator=comparison, Threshold=2)
    assert tuple(evaluate(asked, data((1, value)), 300, OK) for value in (1, 2, 3)) == expected


@pytest.mark.parametrize("other", [data((1, 9), service="y"), data((1, 9), name="Other"), {}])
def test_only_the_very_metric_counts(other: Data) -> None:
    assert evaluate(alarm(), other, 300, OK) is OK


def silence(**settings: Any) -> dict[str, Any]:
    """Nothing for three periods of 15 minutes."""
    return alarm(Threshold=1, ComparisonOperator="LessThanThreshold", Period=900, EvaluationPeriods=3) | settings


def query(identity: str, name: str = "Failed", period: int = 900) -> dict[str, Any]:
    metric = {"Namespace": "Mesh", "MetricName": name, "Dimensions": [{"Name": "service", "Value": "x"}]}
    return {"Id": identity, "ReturnData": False, "MetricStat": {"Metric": metric, "Stat": "Sum", "Period": period}}


def math(expression: str, *queries: dict[str, Any], **settings: Any) -> dict[str, Any]:
    without = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period")
    metrics = [{"Id": "e", "Expression": expression, "ReturnData": True}, *queries]
    return {k: v for k, v in silence(Metrics=metrics, **settings).items() if k not in without}


SWEEPS = [(minute, 1.0) for minute in range(1, 121, 15)]
"""One every 15 minutes, the last one at minute 106."""


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        pytest.param(math("FILL(m, 0)", query("m")), 3 * 15, id="filled: three periods, as it says"),
        pytest.param(
            silence(TreatMissingData="breaching"), 5 * 15, id="breaching: as long as a real point is in reach"
        ),
    ],
)
def test_how_long_silence_takes_to_alarm(asked: dict[str, Any], minutes: int) -> None:
    seen = watch(asked, data(*SWEEPS), 60 * 60, 240 * 60)
    assert [(at / 60, state) for at, state in seen] == [(60, LACKING), (60, OK), (106 + minutes + 1, ALARM)]


def point(expression: str, **values: float) -> State:
    """An alarm that is on when the newest point of an expression is above 1, with one-minute metrics."""
    published = {key: points for name, value in values.items() for key, points in data((4.5, value), name=name).items()}
    queries = [query(name, name, period=60) for name in ("a", "b")]
    asked = math(expression, *queries, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    return evaluate(asked | {"TreatMissingData": "missing"}, published, 300, OK)


@pytest.mark.parametrize(
    ("expression", "values", "state"),
    [
        pytest.param("a + b", {"a": 1, "b": 1}, ALARM, id="a sum of two metrics"),
        pytest.param("a + b", {"a": 9}, LACKING, id="nothing where one of them is missing"),
        pytest.param("FILL(a, 0) + FILL(b, 0)", {"a": 9}, ALARM, id="filled it is there"),
        pytest.param("SUM([a, b])", {"a": 9}, ALARM, id="the sum of an array leaves out what is missing"),
        pytest.param("SUM([FILL(a, 0), b])", {"b": 1}, OK, id="the sum of an array with a filled one"),
        pytest.param("MAX([a, b])", {"a": 1, "b": 2}, ALARM, id="the larger one"),
        pytest.param("MIN([a, b])", {"a": 1, "b": 2}, OK, id="the smaller one"),
        pytest.param("SUM(a)", {"a": 2}, ALARM, id="the sum of a series over its range"),
        pytest.param("IF(a > 0, b, 0)", {"a": 1, "b": 5}, ALARM, id="a condition that holds"),
        pytest.param("IF(a > 0, b, 0)", {"a": 0, "b": 5}, OK, id="a condition that does not"),
        pytest.param("IF(a > 0, b, 0)", {"b": 5}, LACKING, id="a condition without a value"),
        pytest.param("IF(a == 1 AND b >= 1, 2, 0)", {"a": 1, "b": 1}, ALARM, id="both"),
        pytest.param("IF(a == 1 && b > 1 || a != 1, 2, 0)", {"a": 1, "b": 1}, OK, id="neither of two"),
        pytest.param("(a - b) * 2 / 3", {"a": 4, "b": 1}, ALARM, id="arithmetic"),
        pytest.param("FILL(a, REPEAT)", {"a": 5}, ALARM, id="the last value goes on"),
    ],
)
def test_metric_math(expression: str, values: dict[str, float], state: State) -> None:
    assert point(expression, **values) is state


@pytest.mark.parametrize("expression", ["RATE(a)", "FILL(a, LINEAR)", "a ** 2", "'x'", "[a, b]"])
def test_what_the_evaluator_does_not_know_it_says(expression: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        point(expression, a=1, b=1)
