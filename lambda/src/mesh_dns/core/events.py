"""What an event asks us to look at. An event is a trigger, never a fact. It tells two things: *which* load balancer to
look at, and what AWS should show by now. The second decides only when to look again.

    call                 v2 names it in                                  classic names it in
    -------------------  ----------------------------------------------  ----------------------------------
    CreateLoadBalancer   responseElements.loadBalancers[].loadBalancerArn  requestParameters.loadBalancerName
    DeleteLoadBalancer   requestParameters.loadBalancerArn                 requestParameters.loadBalancerName
    AddTags, RemoveTags  requestParameters.resourceArns[]                  requestParameters.loadBalancerNames[]

The scope is the envelope's account and region, which AWS sets. Account and region in `detail` are ignored.
To add a call: CONTRIBUTING.md, "Add an event".
"""

from __future__ import annotations

import calendar
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mesh_dns.core.hostnames import normalize
from mesh_dns.core.validation import complaint_about
from mesh_dns.core.values import LoadBalancerId, Scope
from mesh_dns.core.work import Check, Command, Event, EventKind, ForgetName, ForgetScope, Sweep
from mesh_dns.errors import Ignored, Rejected

_EVENT_SOURCE = "elasticloadbalancing.amazonaws.com"

Json = Mapping[str, Any]


def from_text(text: str) -> Json:
    """The JSON object that a message's body holds, taken out of its SNS notification if it is wrapped in one.

    Raises Rejected.
    """
    body = _parse(text)
    if body.get("Type") == "Notification" and isinstance(body.get("Message"), str):
        return _parse(body["Message"])
    return body


def _parse(text: str) -> Json:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Rejected(f"not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Rejected(f"not a JSON object but a {type(body).__name__}")
    return body


def work_in(event: Json, owner: str, hostname_tag: str, sent: float) -> Check | Sweep:
    """What an EventBridge event asks for. `sent`: when its message was sent, in seconds since the epoch.

    Raises Ignored for what is none of our business, Rejected for what cannot be understood.
    """
    _demand(event, "event", "")
    scope = Scope(event["account"], event["region"])
    match event["source"]:
        case "mesh-dns":
            return _sweep(event, scope, owner)
        case "aws.elasticloadbalancing":
            return _check(event["detail"], scope, hostname_tag, sent)
        case other:
            raise Ignored(f"an event of {str(other)[:100]!r}, not of a load balancer")


def _sweep(event: Json, scope: Scope, owner: str) -> Sweep:
    _demand(event["detail"], "event", "Sweep")
    if event["detail"]["owner"] != owner:
        raise Ignored("a sweep of another installation")
    return Sweep(scope)


def _check(call: Json, scope: Scope, hostname_tag: str, sent: float) -> Check:
    _demand(call, "event", "Call")
    name = call["eventName"]
    if call["eventSource"] != _EVENT_SOURCE:
        raise Ignored(f"a call of {call['eventSource'][:100]!r}, not of a load balancer")
    if name not in _CALLS:
        raise Ignored(f"{name[:100]} changes neither load balancers nor their tags")
    if call.get("errorCode"):
        raise Ignored(f"{name} failed with {call['errorCode'][:100]}, so nothing changed")
    generation, named = _named_by(call, name)
    _demand(call, "event", f"{name}.{generation}")
    load_balancers = frozenset(_in_scope(named(call), scope))
    if not load_balancers:
        raise Ignored(f"{name} of target groups, listeners or rules")
    return Check(scope, load_balancers, _event(call, name, hostname_tag, sent))


def _event(call: Json, name: str, hostname_tag: str, sent: float) -> Event:
    parameters = call.get("requestParameters") or {}
    set_here = dict(_tags(parameters))
    return Event(
        _KINDS[name],
        min(_seconds(call.get("eventTime")), sent),
        tag=set_here.get(hostname_tag) if name != "RemoveTags" else None,
        untags=name == "RemoveTags" and hostname_tag in {*set_here, *_texts(parameters.get("tagKeys"))},
    )


def _tags(parameters: Json) -> Iterator[tuple[str, str]]:
    """Tags as a request names them. Tags in an unknown form are skipped: they are no reason to reject the event."""
    tags = parameters.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, dict) and isinstance(tag.get("key"), str):
            yield tag["key"], str(tag.get("value") or "")


def _texts(value: Any) -> Iterable[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})")


def _seconds(text: Any) -> float:
    """An ISO 8601 time, always UTC in CloudTrail, in seconds since the epoch; infinite when it is anything else."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return math.inf
    year, month, day, hour, minute, second = map(int, match.groups())
    if not (year >= 1 and 1 <= month <= 12 and 1 <= day <= 31):
        return math.inf
    return float(calendar.timegm((year, month, day, hour, minute, second)))


Names = Callable[[Json], Iterable[str]]

# Call => generation => (the request parameter that tells the generation, the ARNs or names in it).
# The generations are told apart by shape: `apiVersion` can be missing.
_CALLS: Mapping[str, Mapping[str, tuple[str, Names]]] = {
    "CreateLoadBalancer": {
        "v2": ("name", lambda call: [lb["loadBalancerArn"] for lb in call["responseElements"]["loadBalancers"]]),
        "classic": ("loadBalancerName", lambda call: [call["requestParameters"]["loadBalancerName"]]),
    },
    "DeleteLoadBalancer": {
        "v2": ("loadBalancerArn", lambda call: [call["requestParameters"]["loadBalancerArn"]]),
        "classic": ("loadBalancerName", lambda call: [call["requestParameters"]["loadBalancerName"]]),
    },
    **{
        name: {
            "v2": ("resourceArns", lambda call: call["requestParameters"]["resourceArns"]),
            "classic": ("loadBalancerNames", lambda call: call["requestParameters"]["loadBalancerNames"]),
        }
        for name in ("AddTags", "RemoveTags")
    },
}


_KINDS: Mapping[str, EventKind] = {
    "CreateLoadBalancer": EventKind.CREATED,
    "DeleteLoadBalancer": EventKind.DELETED,
    "AddTags": EventKind.TAGGED,
    "RemoveTags": EventKind.UNTAGGED,
}


def _named_by(call: Json, name: str) -> tuple[str, Names]:
    parameters = call.get("requestParameters") or {}
    for generation, (telltale, named) in _CALLS[name].items():
        if telltale in parameters:
            return generation, named
    expected = " or ".join(telltale for telltale, _ in _CALLS[name].values())
    raise Rejected(f"{name} without {expected} in its requestParameters")


def _in_scope(names: Iterable[str], scope: Scope) -> Iterable[LoadBalancerId]:
    for name in names:
        if ":loadbalancer/" not in name and name.startswith("arn:"):
            continue  # a target group, a listener, a rule: they have tags as well
        load_balancer = (
            LoadBalancerId.from_arn(name)
            if name.startswith("arn:")
            else LoadBalancerId.from_path(scope.region, scope.account, name, classic=True)
        )
        if load_balancer is None:
            raise Rejected(f"{name[:120]!r} does not name a load balancer")
        if load_balancer.scope != scope:
            raise Rejected(f"an event of {scope} names a load balancer of {load_balancer.scope}")
        yield load_balancer


def command_in(event: Json, hub: Scope) -> Command:
    """What a person asks for by direct invocation. Raises Rejected."""
    _demand(event, "command", "")
    scope = Scope(event.get("account", hub.account), event.get("region", hub.region))
    if event["action"] == "sweep":
        return Sweep(scope, override_guard=event.get("override_guard", False))
    if "hostname" in event:
        return ForgetName(normalize(event["hostname"]), event.get("confirm", False))
    return ForgetScope(scope, event.get("confirm", False))


def _demand(value: Any, schema: str, definition: str) -> None:
    complaint = complaint_about(value, schema, definition)
    if complaint is not None:
        raise Rejected(f"does not fit the schema {schema}{definition and '/' + definition}: {complaint}")
