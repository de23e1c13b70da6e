"""The states of alarms, which moto keeps and never changes: `alarms` tells them from what was published.

They are told when somebody asks (`DescribeAlarms`), minute by minute since the alarm was put. An alarm that is put
again begins anew, which in AWS keeps its state; nothing that a state would do (`alarm_actions`) is done.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import Alarm, Metric, cloudwatch_backends
from werkzeug.wrappers import Response

from sandbox.alarms import Data, State, evaluate
from sandbox.metrics import MINUTE, recorded

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_log = logging.getLogger(__name__)


class AlarmStates:
    """speed: how many times as fast as the clock CloudWatch's minutes pass."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._lock = threading.Lock()
        self._known: dict[tuple[str, datetime], tuple[float, State]] = {}

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """Before moto answers DescribeAlarms, the alarms get their states. Never an answer of its own."""
        if (call.service, call.action) == ("monitoring", "DescribeAlarms"):
            with self._lock:
                self._tell(caller.account, call.region)
        return None

    def _tell(self, account: str, region: str) -> None:
        """Times pass `speed` times as fast here: an hour of data is an hour of CloudWatch's divided by it."""
        published = recorded(account, region)
        data = {key: [(at * self._speed, value) for at, value in points] for key, points in published.items()}
        for alarm in list(cloudwatch_backends[account][region].alarms.values()):
            if alarm.rule is None:  # a composite alarm is none of ours
                state = self._state(alarm, data, time.time() * self._speed)
                if alarm.state_value != state.value:
                    alarm.update_state("by the sandbox's evaluator", "{}", state.value)

    def _state(self, alarm: Alarm, data: Data, now: float) -> State:
        made = alarm.configuration_updated_timestamp
        key = (alarm.alarm_arn, made)
        began = made.replace(tzinfo=made.tzinfo or UTC).timestamp() * self._speed
        minute, state = self._known.get(key, (-(-began // MINUTE) * MINUTE, State.INSUFFICIENT_DATA))
        while minute <= now:
            try:
                state = evaluate(_described(alarm), data, minute, state)
            except (KeyError, ValueError) as unknown:
                _log.warning("alarm %s: the evaluator does not know %s", alarm.name, unknown)
            minute += MINUTE
        self._known[key] = (minute, state)
        return state


def _described(alarm: Alarm) -> dict[str, Any]:
    """An alarm as DescribeAlarms answers it, as far as the evaluator reads it."""
    return {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "TreatMissingData": alarm.treat_missing_data,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "Period": alarm.period,
        "Statistic": alarm.statistic,
        "Namespace": alarm.namespace,
        "MetricName": alarm.metric_name,
        "Dimensions": _dimensions(alarm),
        "Metrics": [
            {"Id": query.id, "Expression": query.expression}
            | ({} if query.return_data is None else {"ReturnData": query.return_data})
            | ({"MetricStat": _stat(query.metric_stat)} if query.metric_stat else {})
            for query in alarm.metric_data_queries
        ],
    }


def _stat(stat: Any) -> dict[str, Any]:
    metric = stat.metric
    named = {"Namespace": metric.namespace, "MetricName": metric.metric_name, "Dimensions": _dimensions(metric)}
    return {"Metric": named, "Period": stat.period, "Stat": stat.stat}


def _dimensions(of: Alarm | Metric) -> list[dict[str, str]]:
    return [{"Name": str(each.name), "Value": str(each.value)} for each in of.dimensions]
