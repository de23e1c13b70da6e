"""What CloudWatch would make of an alarm: a pure evaluator of its documented rules.

From CloudWatch's user guide ("Using CloudWatch alarms", "Using math expressions"): an alarm is evaluated every minute,
on windows of its period that end with that minute. It looks further back than its evaluation periods, so that real
data points can stand in for missing ones; how far is not documented, and this takes the two more of the examples there.
What is not documented either: a metric that was never published is a series without data points, which FILL fills.
"""

from __future__ import annotations

import ast
import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

MetricKey = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name and dimensions."""
Data = Mapping[MetricKey, Sequence[tuple[float, float]]]
"""Times in seconds since the epoch, in order, with their values."""
Points = list[float | None]
"""A series of data points, the newest last; None where one is missing."""

_MINUTE = 60
_MORE = 2


class State(Enum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """When an alarm changes its state: `to_alarm` breaching points out of `periods`; `missing` as in the API."""

    periods: int
    to_alarm: int
    missing: str


def watch(alarm: Mapping[str, Any], data: Data, start: float, end: float) -> list[tuple[float, State]]:
    """The states that an alarm goes through, with the minutes in which it enters them.

    alarm: as DescribeAlarms answers it. start, end: seconds since the epoch; a new alarm has insufficient data.
    """
    state, changes = State.INSUFFICIENT_DATA, [(start, State.INSUFFICIENT_DATA)]
    minute = -(-start // _MINUTE) * _MINUTE
    while minute <= end:
        before, state = state, evaluate(alarm, data, minute, state)
        if state is not before:
            changes.append((minute, state))
        minute += _MINUTE
    return changes


def evaluate(alarm: Mapping[str, Any], data: Data, now: float, before: State) -> State:
    """The state at the end of the minute before `now`, when it was `before`."""
    periods = int(alarm["EvaluationPeriods"])
    rule = Rule(periods, int(alarm.get("DatapointsToAlarm") or periods), alarm.get("TreatMissingData") or "missing")
    compare, threshold = _COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    points = _points(alarm, data, now // _MINUTE * _MINUTE, periods + _MORE)
    return judge([None if point is None else compare(point, threshold) for point in points], rule, before)


def judge(breaching: Sequence[bool | None], rule: Rule, before: State) -> State:
    """The state by what each point of the evaluation range is, the newest last; None is a missing one."""
    real = [point for point in breaching if point is not None]
    lacking = max(0, rule.periods - len(real))
    if lacking and rule.missing in ("breaching", "notBreaching"):
        real += [rule.missing == "breaching"] * lacking
        lacking = 0
    if not real:
        return before if rule.missing == "ignore" else State.INSUFFICIENT_DATA
    if real[-rule.periods :].count(True) >= rule.to_alarm:
        return State.ALARM
    if not (lacking and all(real)):
        return State.OK
    # Only breaching points, but too few: enough if the oldest is old enough, else the next one decides.
    old_enough = len(breaching) - list(breaching).index(True) >= rule.to_alarm
    return State.ALARM if old_enough and rule.missing == "missing" else before


def _points(alarm: Mapping[str, Any], data: Data, now: float, count: int) -> Points:
    """The data points of a metric, or of the one metric query that returns data."""
    queries = alarm.get("Metrics") or ()
    if not queries:
        ends = _ends(now, int(alarm["Period"]), count)
        return _series(alarm, alarm["Statistic"], data, ends)
    series: dict[str, Points] = {}
    for query in queries:
        if "MetricStat" in query:
            stat = query["MetricStat"]
            series[query["Id"]] = _series(stat["Metric"], stat["Stat"], data, _ends(now, int(stat["Period"]), count))
    expressions = {query["Id"]: query["Expression"] for query in queries if query.get("Expression")}
    (wanted,) = (query["Id"] for query in queries if query.get("ReturnData", True))
    return _Math(expressions, series, count).points(wanted)


def _ends(now: float, period: int, count: int) -> list[float]:
    """Where the windows of the newest points begin and end, the newest last: one number more than points."""
    return [now - number * period for number in range(count, -1, -1)]


def _series(metric: Mapping[str, Any], statistic: str, data: Data, ends: Sequence[float]) -> Points:
    dimensions = frozenset((item["Name"], item["Value"]) for item in metric.get("Dimensions", ()))
    published = data.get((metric["Namespace"], metric["MetricName"], dimensions), ())
    cuts = [bisect_left(published, (end,)) for end in ends]
    return [
        _STATISTICS[statistic]([value for _, value in published[first:last]]) if last > first else None
        for first, last in pairwise(cuts)
    ]


Value = float | Points | list[Points]
_OPERATORS: Mapping[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Lt: operator.lt, ast.LtE: operator.le,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
    ast.And: lambda a, b: bool(a) and bool(b), ast.Or: lambda a, b: bool(a) or bool(b),
}  # fmt: skip
_TOTALS: Mapping[str, Callable[[list[float]], float]] = {
    "SUM": lambda values: float(sum(values)),
    "MAX": max,
    "MIN": min,
}
_WORDS = {"AND": " and ", "&&": " and ", "OR": " or ", "||": " or "}


class _Math:
    """Metric math: numbers, ids, `+ - * /`, comparisons, AND, OR, IF, FILL with a number or REPEAT, SUM, MAX, MIN."""

    def __init__(self, expressions: Mapping[str, str], series: Mapping[str, Points], count: int) -> None:
        self._expressions = expressions
        self._series = series
        self._count = count

    def points(self, name: str) -> Points:
        """The series that an id stands for. Raises ValueError for what is none, or not known here."""
        if name in self._series:
            return self._series[name]
        text = re.sub(r"\b(AND|OR)\b|&&|\|\|", lambda found: _WORDS[found[0]], self._expressions[name])
        return _as_points(self._value(ast.parse(text.strip(), mode="eval").body), self._count)

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.points(name)
            case ast.List(elts=elements):
                return [_as_points(self._value(element), self._count) for element in elements]
            case ast.BinOp(left=left, op=op, right=right):
                return self._each(_OPERATORS[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._each(_OPERATORS[type(op)], left, right)
            case ast.BoolOp(op=op, values=[first, *others]):
                value = self._value(first)
                for other in others:
                    value = _each(_OPERATORS[type(op)], value, self._value(other), self._count)
                return value
            case ast.Call(func=ast.Name(id=function), args=arguments):
                return self._call(function, arguments)
        raise ValueError(f"the evaluator does not know {ast.unparse(node)}")

    def _each(self, function: Callable[[float, float], float], left: ast.expr, right: ast.expr) -> Value:
        return _each(function, self._value(left), self._value(right), self._count)

    def _call(self, function: str, arguments: list[ast.expr]) -> Value:
        if function == "FILL":
            filling = arguments[1]
            repeat = isinstance(filling, ast.Name) and filling.id == "REPEAT"
            points = _as_points(self._value(arguments[0]), self._count)
            return list(_repeated(points)) if repeat else _filled(points, self._value(filling))
        if function == "IF":
            conditions, yes, no = (_as_points(self._value(argument), self._count) for argument in arguments)
            chosen = zip(conditions, yes, no, strict=True)
            return [None if condition is None else (a if condition else b) for condition, a, b in chosen]
        if function in _TOTALS:
            return self._total(_TOTALS[function], self._value(arguments[0]))
        raise ValueError(f"the evaluator does not know {function}")

    def _total(self, total: Callable[[list[float]], float], value: Value) -> Value:
        """Of several series, one series; of one series, a number."""
        if isinstance(value, list) and value and isinstance(value[0], list):
            series = [_as_points(each, self._count) for each in value]
            columns = [[x for x in column if x is not None] for column in zip(*series, strict=True)]
            return [total(column) if column else None for column in columns]
        there = [point for point in _as_points(value, self._count) if point is not None]
        return total(there) if there else 0.0


def _each(function: Callable[[float, float], float], left: Value, right: Value, count: int) -> Value:
    """Point by point; missing where either is missing."""
    if isinstance(left, float) and isinstance(right, float):
        return float(function(left, right))
    pairs = zip(_as_points(left, count), _as_points(right, count), strict=True)
    return [None if a is None or b is None else float(function(a, b)) for a, b in pairs]


def _as_points(value: Value, count: int) -> Points:
    if isinstance(value, list):
        if value and isinstance(value[0], list):
            raise ValueError("an array of series where one series is needed")
        return value  # type: ignore[return-value]
    return [value] * count


def _filled(points: Points, value: Value) -> Points:
    if not isinstance(value, float):
        raise ValueError("FILL takes a number or REPEAT here")
    return [value if point is None else point for point in points]


def _repeated(points: Points) -> Iterator[float | None]:
    last = None
    for point in points:
        last = last if point is None else point
        yield last
