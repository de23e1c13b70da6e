"""CloudTrail: load balancer calls of any client become events on the default bus of their account and region.

moto keeps trails but records nothing. AWS delivers a management event to EventBridge while a trail of the
account that logs covers the region, and never delivers a call that only reads.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.parsers import create_parser
from moto.cloudtrail.models import CloudTrailBackend, Trail, cloudtrail_backends
from moto.core.parse import QueryParser
from moto.core.utils import get_service_model

from sandbox.event_bridge import Event, utc_timestamp

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from sandbox.caller import Caller
    from sandbox.gateway import Call
    from sandbox.lateness import LateCloud

_GENERATIONS = {"2012-06-01": "elb", "2015-12-01": "elbv2"}
_SOURCE = "elasticloadbalancing.amazonaws.com"


class SandboxTrails(CloudTrailBackend):
    """Trails where moto's differ: AWS deletes one by its ARN, too, and moto answers as if it did."""

    def delete_trail(self, name: str) -> None:
        """Delete a trail by its name or ARN."""
        super().delete_trail(name.rsplit(":trail/", 1)[-1])


class CloudTrail:
    """Watches load balancer calls and hands their events to `publish`, each as late as `late` draws.

    AWS may deliver an event late, twice or (rarely) not at all: `delay` (seconds more than drawn), `repeat_next` and
    `drop_next`, which count calls about load balancers only, not those about target groups and listeners.
    """

    def __init__(self, publish: Callable[[Event], None], late: LateCloud) -> None:
        self.delay = 0.0
        self._publish = publish
        self._late = late
        self._to_drop = 0
        self._to_repeat = 0
        self._on_their_way = 0
        self._lock = threading.Lock()
        self._order = itertools.count()
        self._due: queue.PriorityQueue[tuple[float, int, Event | None]] = queue.PriorityQueue()
        self._thread = threading.Thread(target=self._deliver, name="cloudtrail", daemon=True)

    def start(self) -> None:
        """Deliver from a thread, as AWS does after the call was answered."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; what was not delivered yet is lost."""
        self._due.put((0.0, -1, None))
        self._thread.join()

    @property
    def on_their_way(self) -> int:
        """How many events were not handed on yet."""
        return self._on_their_way

    def drop_next(self, events: int = 1) -> None:
        """Lose the next `events` events."""
        self._to_drop += events

    def repeat_next(self, events: int = 1) -> None:
        """Deliver each of the next `events` events twice."""
        self._to_repeat += events

    def before(self, call: Call, caller: Caller) -> None:
        """Nothing to do: CloudTrail records what came of a call."""

    def after(self, call: Call, caller: Caller, response: Response) -> None:
        """Turn the call into an event, if it wrote and a trail logs it."""
        if call.service != "elasticloadbalancing" or call.action.startswith("Describe"):
            return
        if not _is_logged(caller.account, call.region):
            return
        about = _load_balancer(call)
        if about and self._to_drop:
            self._to_drop -= 1
            return
        event = _event(call, caller, response)
        subject = f"{caller.account}/{call.region}/{call.action}/{about}"
        times = 1 + (self._late.draw("event_again", subject) < self._late.lateness.event_again)
        if about and self._to_repeat:
            self._to_repeat -= 1
            times = 2
        with self._lock:
            self._on_their_way += times
        for _ in range(times):
            due = time.monotonic() + self.delay + self._late.draw("event", subject)
            self._due.put((due, next(self._order), event))

    def _deliver(self) -> None:
        while True:
            due, order, event = self._due.get()
            if event is None:
                return
            wait = due - time.monotonic()
            if wait > 0:
                self._due.put((due, order, event))
                time.sleep(min(wait, 0.05))
                continue
            try:
                self._publish(event)
            finally:
                with self._lock:
                    self._on_their_way -= 1


def _load_balancer(call: Call) -> str:
    """The name of the load balancer that a call is about; empty when it is about something else."""
    parameters = call.form()
    if call.action in ("CreateLoadBalancer", "DeleteLoadBalancer"):
        named = ["Name", "LoadBalancerName", "LoadBalancerArn"]
    else:
        named = ["LoadBalancerNames.member.1", "ResourceArns.member.1"]
    value = next((parameters[name] for name in named if name in parameters), "")
    if value.startswith("arn:"):
        return value.split("/")[2] if ":loadbalancer/" in value else ""
    return value


def _is_logged(account: str, region: str) -> bool:
    trails = [trail for backend in cloudtrail_backends[account].values() for trail in backend.trails.values()]
    return any(
        trail.status.is_logging
        and (trail.is_multi_region or trail.region_name == region)
        and _selects_load_balancer_writes(trail)
        for trail in trails
    )


def _selects_load_balancer_writes(trail: Trail) -> bool:
    if trail.advanced_event_selectors:
        return any(_matches(selector["FieldSelectors"]) for selector in trail.advanced_event_selectors)
    if trail.event_selectors:
        return any(
            selector.get("IncludeManagementEvents", True) and selector.get("ReadWriteType", "All") != "ReadOnly"
            for selector in trail.event_selectors
        )
    return True


def _matches(fields: list[dict[str, Any]]) -> bool:
    facts = {"eventCategory": "Management", "readOnly": "false", "eventSource": _SOURCE}
    return all(
        facts.get(field["Field"]) in field.get("Equals", [facts.get(field["Field"])])
        and facts.get(field["Field"]) not in field.get("NotEquals", [])
        for field in fields
    )


def _event(call: Call, caller: Caller, response: Response) -> Event:
    now = datetime.now(UTC)
    detail = {
        "eventVersion": "1.11",
        "userIdentity": _identity(caller),
        "eventTime": utc_timestamp(now),
        "eventSource": _SOURCE,
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.headers.get("user-agent", ""),
        **_outcome(call, response),
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "apiVersion": call.form().get("Version"),
        "managementEvent": True,
        "recipientAccountId": caller.account,
        "eventCategory": "Management",
    }
    return Event(
        id=str(uuid.uuid4()),
        detail_type="AWS API Call via CloudTrail",
        source="aws.elasticloadbalancing",
        account=caller.account,
        time=utc_timestamp(now),
        region=call.region,
        resources=(),
        detail=detail,
    )


def _identity(caller: Caller) -> dict[str, object]:
    return {
        "type": "AssumedRole" if caller.role_arn else "IAMUser",
        "principalId": caller.principal_id,
        "arn": caller.arn,
        "accountId": caller.account,
        "accessKeyId": caller.access_key,
    }


def _outcome(call: Call, response: Response) -> dict[str, object]:
    """requestParameters and responseElements, or errorCode and errorMessage, from the service's own model."""
    model = get_service_model(_GENERATIONS[call.form()["Version"]]).operation_model(call.action)
    answer = create_parser("query").parse(
        {"body": response.get_data(), "headers": dict(response.headers), "status_code": response.status_code},
        model.output_shape,
    )
    error = answer.get("Error", {})
    refused = error.get("Code") == "AccessDenied"
    parameters = QueryParser(model).parse({"values": call.form()})  # type: ignore[typeddict-item]
    outcome: dict[str, object] = {"requestParameters": None if refused else _as_cloudtrail(parameters) or None}
    if response.status_code >= 400:
        return outcome | {
            "responseElements": None,
            "errorCode": error.get("Code", "InternalFailure"),
            "errorMessage": error.get("Message", ""),
        }
    answer.pop("ResponseMetadata", None)
    return outcome | {"responseElements": _as_cloudtrail(answer) or None}


def _as_cloudtrail(value: Any) -> Any:
    """The first letter of each member in lower case (`dNSName`), and dates as `Jun 25, 2019 6:02:28 PM`."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _as_cloudtrail(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_cloudtrail(member) for member in value]
    if isinstance(value, datetime):
        return value.strftime("%b %-d, %Y %-I:%M:%S %p")
    return value
