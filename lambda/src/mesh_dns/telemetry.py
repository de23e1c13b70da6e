"""Log lines and metrics: one structured line for each decision, and metrics in the embedded format."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit

from mesh_dns import faults
from mesh_dns.core.decision import REFUSALS, Decision, Reason
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import Action, Scope
from mesh_dns.core.work import Check
from mesh_dns.dns.provider import Fault

NAMESPACE = "MeshDNS"
_WRITTEN = {
    Action.CREATE: "RecordsCreated",
    Action.UPDATE: "RecordsUpdated",
    Action.DELETE: "RecordsDeleted",
}


class Telemetry:
    """A `Reporter`, with more for the intake. `service`: the function's name."""

    def __init__(self, service: str, hub: Scope) -> None:
        self._hub = hub
        # ASCII only: half a surrogate pair in a tag must not lose a log line.
        self._logger = Logger(service=service, location=None, xray_trace_id=None, json_serializer=_to_json)
        # What adapters log has the same form.
        adapters = logging.getLogger("mesh_dns")
        adapters.handlers, adapters.propagate = list(self._logger.handlers), False
        self._metrics = Metrics(namespace=NAMESPACE, service=service)
        self._reasons: Counter[str] = Counter()
        # Summed here: the library writes a line per hundred values of one metric.
        self._counts: Counter[str] = Counter()
        self._oldest_failed = 0.0

    # Decisions

    def decided(self, decision: Decision, *, outcome: str) -> None:
        """Log a decision and count it. Names that are in sync are logged at DEBUG only: they are the normal case."""
        self._reasons[decision.reason.value] += 1
        if outcome == "done" and decision.change is not None:
            self._count(_WRITTEN[decision.change.action])
        if decision.reason in REFUSALS:
            self._count("ClaimsRefused")
        if decision.reason is Reason.MASS_DELETE_GUARD:
            self._count("DeletesStopped")
        if decision.reason is Reason.DELETE_WAITS:
            self._count("DeletesWaiting")
        fields = {
            "reason": decision.reason.value,
            "hostname": decision.hostname,
            "load_balancer": str(decision.load_balancer),
            "outcome": outcome,
            "detail": decision.detail,
        }
        log = self._logger.debug if decision.reason is Reason.IN_SYNC else self._logger.info
        log("decision", extra={key: value for key, value in fields.items() if value})

    def swept(self, scope: Scope, *, load_balancers: int) -> None:
        """A sweep is complete. An alarm watches those of the hub's own scope."""
        if scope == self._hub:
            self._count("SweepCompleted")
        self._logger.info("swept", extra={"scope": str(scope), "load_balancers": load_balancers})

    def sent_on_too_often(self, check: Check) -> None:
        """A check of our own was sent on too often; the next sweep starts over."""
        fields = {"scope": str(check.scope), "load_balancers": len(check.load_balancers), "hops": check.hops}
        self._logger.warning("sent on too often", extra=fields)

    def unread(self, zones: Mapping[str, UnreadZone]) -> None:
        """Zones that could not be read; those that were given up have an alarm."""
        for zone_id, zone in zones.items():
            if isinstance(zone.error, Fault):
                self._count("Faults")
            if zone.given_up:
                self._count("ZonesDenied")
            fields = {"zone_id": zone_id, "detail": str(zone.error), "given_up": zone.given_up}
            self._logger.warning("zone unread", extra=fields)

    # Scopes

    def faults(self, number: int) -> None:
        """`number` reads of AWS met a fault of the function itself; a line of the adapter says where."""
        if number:
            self._counts["Faults"] += number

    def unknown_scope(self, message_id: str, reason: str) -> None:
        """A message asks for a scope that is not known."""
        self._count("MessagesOfUnknownScopes")
        self._logger.warning("unknown scope", extra={"message_id": message_id, "detail": reason})

    def overdue(self, scopes: Collection[Scope]) -> None:
        """Known scopes that could not be read for three sweep periods; logged at each sweep of the hub's own."""
        self._counts["ScopesOverdue"] += len(scopes)
        if scopes:
            self._logger.warning("overdue", extra={"scopes": sorted(map(str, scopes))})

    # Messages

    def ignored(self, message_id: str, reason: str) -> None:
        """A message does not concern the function."""
        self._logger.info("ignored", extra={"message_id": message_id, "detail": reason})

    def rejected(self, message_id: str, reason: str) -> None:
        """A message could not be understood and went to the dead-letter queue."""
        self._count("MessagesRejected")
        self._logger.error("rejected", extra={"message_id": message_id, "detail": reason})

    def retried(self, message_id: str, reason: str, *, delay: float, age: float) -> None:
        """A message failed and goes back to the queue for `delay` seconds. `age`: seconds since it was first tried."""
        self._count("MessagesRetried")
        self._oldest_failed = max(self._oldest_failed, age)
        self._logger.warning("retried", extra={"message_id": message_id, "detail": reason, "delay_seconds": delay})

    def postponed(self, message_id: str, reason: str, *, delay: float) -> None:
        """AWS does not show yet what an event told: the message comes back after `delay` seconds."""
        self._logger.info("postponed", extra={"message_id": message_id, "detail": reason, "delay_seconds": delay})

    def delay_not_set(self, reason: str) -> None:
        """The queue did not take the delays; failed messages come back when its own visibility timeout ends."""
        self._logger.warning("delay not set", extra={"detail": reason})

    def fault(self, message_id: str, fault: Exception) -> None:
        """A fault of the function itself; only this message fails."""
        self._count("Faults")
        fields = {"message_id": message_id, "detail": type(fault).__name__, "steps": faults.steps(fault)}
        self._logger.error("fault", extra=fields)

    def commanded(self, event: Mapping[str, Any], request_id: str) -> None:
        """Somebody invoked the function by hand."""
        known = ("action", "account", "region", "hostname", "override_guard", "confirm", "why")
        fields = {key: event[key] for key in known if key in event}
        self._logger.info("invoked by hand", extra={**fields, "request_id": request_id})

    def flush(self) -> None:
        """Write the batch's summary and its metrics. Called once per invocation, whatever happened."""
        if self._reasons:
            self._logger.info("summary", extra={"decisions": dict(self._reasons)})
        for name, count in self._counts.items():
            self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=count)
        if self._oldest_failed:
            self._metrics.add_metric(name="OldestFailedMessageAge", unit=MetricUnit.Seconds, value=self._oldest_failed)
        if self._counts:
            self._metrics.flush_metrics()
        self._counts.clear()
        self._oldest_failed = 0.0
        self._reasons.clear()

    def _count(self, metric: str) -> None:
        self._counts[metric] += 1


def _to_json(line: Mapping[str, object]) -> str:
    return json.dumps(line, separators=(",", ":"), default=str)
