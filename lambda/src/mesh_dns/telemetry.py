"""What the function tells: one structured log line per decision, and metrics in the embedded format."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from mesh_dns.core.decision import REFUSALS, Decision, Reason
from mesh_dns.core.values import Action, Scope
from mesh_dns.core.work import Sweep

NAMESPACE = "MeshDNS"
_WRITTEN = {
    Action.CREATE: "RecordsCreated",
    Action.UPDATE: "RecordsUpdated",
    Action.DELETE: "RecordsDeleted",
}


class Telemetry:
    """Implements `Reporter`, and what the handler has to tell besides. `service`: the function's name."""

    def __init__(self, service: str, hub: Scope) -> None:
        self._hub = hub
        # ASCII only: half a surrogate pair in somebody's tag must not cost a log line.
        self._logger = Logger(service=service, location=None, xray_trace_id=None, json_serializer=_to_json)
        self._metrics = Metrics(namespace=NAMESPACE, service=service)
        self._reasons: Counter[str] = Counter()
        # Summed here: the library writes a line per hundred values of one metric.
        self._counts: Counter[str] = Counter()

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """Log a decision and count it. Names that are in sync are the rule: only counted, unless debugging."""
        self._reasons[decision.reason.value] += 1
        if outcome == "done" and decision.change is not None:
            self._count(_WRITTEN[decision.change.action])
        if decision.reason in REFUSALS:
            self._count("ClaimsRefused")
        if decision.reason is Reason.MASS_DELETE_GUARD:
            self._count("GuardTripped")
        fields = {
            "reason": decision.reason.value,
            "hostname": decision.hostname,
            "load_balancer": str(decision.load_balancer),
            "outcome": outcome,
            "detail": decision.detail,
        }
        log = self._logger.debug if decision.reason is Reason.IN_SYNC else self._logger.info
        log("decision", extra={key: value for key, value in fields.items() if value})

    def swept(self, sweep: Sweep, *, load_balancers: int) -> None:
        """A sweep reached its end. That of the hub's own scope is the sign of life that an alarm waits for."""
        if sweep.scope == self._hub:
            self._count("SweepCompleted")
        self._logger.info("swept", extra={"scope": str(sweep.scope), "load_balancers": load_balancers})

    def ignored(self, message_id: str, reason: str) -> None:
        """A message was none of our business."""
        self._logger.info("ignored", extra={"message_id": message_id, "detail": reason})

    def refused(self, message_id: str, reason: str) -> None:
        """A message asks for a scope that nobody let speak."""
        self._count("EventsRefused")
        self._logger.warning("refused", extra={"message_id": message_id, "detail": reason})

    def silent(self, scopes: Collection[Scope]) -> None:
        """Known scopes that did not announce themselves for three periods; told at each sweep of the hub's own."""
        self._counts["ScopesSilent"] += len(scopes)
        if scopes:
            self._logger.warning("silent", extra={"scopes": sorted(map(str, scopes))})

    def rejected(self, message_id: str, reason: str) -> None:
        """A message could not be understood and went to the dead-letter queue."""
        self._count("MessagesRejected")
        self._logger.error("rejected", extra={"message_id": message_id, "detail": reason})

    def retried(self, message_id: str, reason: str, *, delay: float) -> None:
        """A message failed and goes back to the queue for `delay` seconds."""
        self._count("MessagesRetried")
        self._logger.warning("retried", extra={"message_id": message_id, "detail": reason, "delay_seconds": delay})

    def postponing_failed(self, reason: str) -> None:
        """The queue did not take the delays; failed messages come back when its own visibility timeout ends."""
        self._logger.warning("postponing failed", extra={"detail": reason})

    def flush(self) -> None:
        """Write the batch's summary and its metrics. Called once per invocation, whatever happened."""
        if self._reasons:
            self._logger.info("summary", extra={"decisions": dict(self._reasons)})
        for name, count in self._counts.items():
            self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        if self._counts:
            self._metrics.flush_metrics()
        self._counts.clear()
        self._reasons.clear()

    def _count(self, metric: str) -> None:
        self._counts[metric] += 1


def _to_json(line: Mapping[str, object]) -> str:
    return json.dumps(line, separators=(",", ":"), default=str)
