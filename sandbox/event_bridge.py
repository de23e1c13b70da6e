"""EventBridge: rules that deliver. moto keeps buses, rules and targets; delivery is here.

| | AWS | moto |
|---|---|---|
| targets | SNS, SQS, buses and more | no SNS |
| patterns | see `event_pattern` | not into arrays of objects |
| disabled rule | delivers nothing | delivers |
| bus to bus | account, region, id and resources stay the sender's; one hop only | replaced; any number |
| ... of another account | only if the bus's policy allows it | always |
| a delivery that fails | goes to the target's dead-letter queue | raises in the caller |
| `PutEvents` from `aws.*` | denied | accepted |
| `TestEventPattern` | answers | answers without `Result` |
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.events.models import EventsBackend, Rule, events_backends
from moto.sns.models import Topic, sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn
from werkzeug.wrappers import Response

from sandbox import event_pattern, resource_policy
from sandbox.metrics import publish
from sandbox.not_imitated import NotImitatedError

if TYPE_CHECKING:
    from sandbox.caller import Caller
    from sandbox.gateway import Call

_log = logging.getLogger(__name__)
_JSON = "application/x-amz-json-1.1"
_NEEDED_TO_TEST = ("id", "account", "source", "time", "region", "resources", "detail-type")


@dataclass(frozen=True, slots=True)
class Event:
    """An event on a bus. `account` and `region` are the sender's, and AWS sets them."""

    id: str
    detail_type: str
    source: str
    account: str
    time: str
    region: str
    resources: tuple[str, ...]
    detail: dict[str, object]

    def envelope(self) -> dict[str, object]:
        """The event as targets get it."""
        fields = {name.replace("_", "-"): value for name, value in asdict(self).items()}
        return {"version": "0"} | fields | {"resources": list(self.resources)}


def utc_timestamp(moment: datetime) -> str:
    """`2019-06-25T18:02:28Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class EventBridge:
    """Matches events with the rules that moto keeps, and delivers them."""

    def answer(self, call: Call, caller: Caller) -> Response | None:
        """PutEvents and TestEventPattern of any client."""
        if (call.service, call.action) == ("events", "TestEventPattern"):
            return _test_pattern(call.json())
        if (call.service, call.action) != ("events", "PutEvents"):
            return None
        entries = call.json().get("Entries")
        results = [self._put(entry, caller.account, call.region) for entry in entries or ()]  # type: ignore[attr-defined]
        body = {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}
        return Response(json.dumps(body), content_type=_JSON)

    def _put(self, entry: dict[str, Any], account: str, region: str) -> dict[str, str]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
        if entry["Source"].startswith("aws."):
            message = "Not authorized for the source."
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": message}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        event = Event(
            id=str(uuid.uuid4()),
            detail_type=entry["DetailType"],
            source=entry["Source"],
            account=account,
            time=utc_timestamp(datetime.fromtimestamp(entry["Time"], UTC) if "Time" in entry else datetime.now(UTC)),
            region=region,
            resources=tuple(entry.get("Resources", ())),
            detail=detail,
        )
        bus = entry.get("EventBusName") or "default"
        owner = parse_arn(bus).account if bus.startswith("arn:") else account
        self.publish(event, account=owner, region=region, bus=bus.rsplit("/", 1)[-1])
        return {"EventId": event.id}

    def publish(
        self, event: Event, *, account: str | None = None, region: str | None = None, bus: str = "default"
    ) -> None:
        """Put an event on a bus: without `account` and `region`, on one of the event's own."""
        self._run_rules(events_backends[account or event.account][region or event.region], bus, event, hops_left=1)

    def _run_rules(self, backend: EventsBackend, bus: str, event: Event, hops_left: int) -> None:
        rules = list(backend.event_buses[bus].rules.values()) if bus in backend.event_buses else []
        for rule in rules:
            pattern = rule.event_pattern.get_pattern()
            if rule.state != "ENABLED" or not pattern or not event_pattern.matches(pattern, event.envelope()):
                continue
            _publish(backend, bus, rule, "MatchedEvents")
            for target in list(rule.targets):
                _publish(backend, bus, rule, "Invocations")
                try:
                    self._deliver(target, event, hops_left)
                except Exception as failure:  # a failure of one target must not stop the others
                    _publish(backend, bus, rule, "FailedInvocations")
                    _log.warning("rule %s could not deliver to %s: %r", rule.arn, target["Arn"], failure)
                    _dead_letter(rule, target, event, failure)

    def _deliver(self, target: dict[str, Any], event: Event, hops_left: int) -> None:
        unsupported = {"Input", "InputPath", "InputTransformer"} & target.keys()
        if unsupported:
            raise NotImitatedError(f"{', '.join(sorted(unsupported))} of a target", "let it get the whole event")
        arn = parse_arn(target["Arn"])
        message = json.dumps(event.envelope())
        if arn.service == "sns":
            _notify(sns_backends[arn.account][arn.region].topics[target["Arn"]], message)
        elif arn.service == "sqs":
            sqs_backends[arn.account][arn.region].send_message(arn.resource_id, message)
        elif arn.service == "events" and arn.resource_type == "event-bus":
            if hops_left:
                backend = events_backends[arn.account][arn.region]
                _check_bus_policy(backend, arn.resource_id, target["Arn"], event)
                self._run_rules(backend, arn.resource_id, event, hops_left - 1)
        else:
            raise NotImitatedError(f"targets in {arn.service}", "deliver to a topic, a queue or a bus")


def _test_pattern(asked: dict[str, Any]) -> Response:
    """Whether a pattern matches an event, both given as JSON."""
    try:
        pattern, event = json.loads(asked["EventPattern"]), json.loads(asked["Event"])
    except ValueError as error:
        return _invalid_pattern(f"Event pattern or event is not valid JSON: {error}")
    missing = [name for name in _NEEDED_TO_TEST if name not in event]
    if missing:
        return _invalid_pattern(f"Parameter Event is not valid. Reason: {missing[0]} is a required field.")
    return Response(json.dumps({"Result": event_pattern.matches(pattern, event)}), content_type=_JSON)


def _invalid_pattern(message: str) -> Response:
    body = {"__type": "InvalidEventPatternException", "message": message}
    return Response(json.dumps(body), status=400, content_type=_JSON)


def _notify(topic: Topic, message: str) -> None:
    """Publish to a topic. A failed delivery to a subscriber is no failure of the rule."""
    metric = "NumberOfNotificationsDelivered"
    try:
        topic.publish(message)
    except Exception as failure:  # whatever fails at a subscriber
        _log.warning("topic %s could not deliver: %r", topic.arn, failure)
        metric = "NumberOfNotificationsFailed"
    publish((topic.account_id, topic.sns_backend.region_name), "AWS/SNS", {metric: 1}, {"TopicName": topic.name})


def _publish(backend: EventsBackend, bus: str, rule: Rule, metric: str) -> None:
    dimensions = {"RuleName": rule.name} | ({"EventBusName": bus} if bus != "default" else {})
    publish((backend.account_id, backend.region_name), "AWS/Events", {metric: 1}, dimensions)


def _check_bus_policy(backend: EventsBackend, bus: str, bus_arn: str, event: Event) -> None:
    """Another account's event needs the bus's resource policy to allow `events:PutEvents`."""
    if backend.account_id == event.account:
        return
    policy = backend.event_buses[bus].policy
    facts = {"aws:PrincipalAccount": event.account, "events:source": event.source}
    if policy is None or not resource_policy.allows(
        json.loads(policy), action="events:PutEvents", resource=bus_arn, facts=facts
    ):
        raise PermissionError(f"the policy of {bus_arn} lets account {event.account} put no events")


def _dead_letter(rule: Rule, target: dict[str, Any], event: Event, failure: Exception) -> None:
    queue_arn = target.get("DeadLetterConfig", {}).get("Arn")
    if not queue_arn:
        return
    attributes = {
        "RULE_ARN": rule.arn,
        "TARGET_ARN": target["Arn"],
        "ERROR_CODE": "NO_PERMISSIONS" if isinstance(failure, PermissionError) else "NO_RESOURCE",
        "ERROR_MESSAGE": str(failure) or type(failure).__name__,
    }
    arn = parse_arn(queue_arn)
    sqs_backends[arn.account][arn.region].send_message(
        arn.resource_id,
        json.dumps(event.envelope()),
        message_attributes={k: {"DataType": "String", "StringValue": v} for k, v in attributes.items()},
    )
