"""What an event asks us to look at. An event is a trigger, never a fact: only *which* load balancer is taken from it.

    call                 v2 names it in                                  classic names it in
    -------------------  ----------------------------------------------  ----------------------------------
    CreateLoadBalancer   responseElements.loadBalancers[].loadBalancerArn  requestParameters.loadBalancerName
    DeleteLoadBalancer   requestParameters.loadBalancerArn                 requestParameters.loadBalancerName
    AddTags, RemoveTags  requestParameters.resourceArns[]                  requestParameters.loadBalancerNames[]

Scope: the envelope's account and region, which AWS sets; what the record inside says of them is not believed.
To add a call: a row in `_CALLS`, its two `$defs` in schemas/event.json, a fixture, and the pattern in events.tf.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mesh_dns.core.validation import complaint_about
from mesh_dns.core.values import LoadBalancerId, Scope
from mesh_dns.core.work import Check, Release, Sweep
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


def work_in(event: Json, owner: str) -> Check | Sweep:
    """What an EventBridge event asks for.

    Raises Ignored for what is none of our business, Rejected for what cannot be understood.
    """
    _demand(event, "event", "")
    scope = Scope(event["account"], event["region"])
    match event["source"]:
        case "mesh-dns":
            return _sweep(event, scope, owner)
        case "aws.elasticloadbalancing":
            return _check(event["detail"], scope)
        case other:
            raise Ignored(f"an event of {str(other)[:100]!r}, not of a load balancer")


def _sweep(event: Json, scope: Scope, owner: str) -> Sweep:
    _demand(event["detail"], "event", "Sweep")
    if event["detail"]["owner"] != owner:
        raise Ignored("a sweep of another installation")
    return Sweep(scope)


def _check(call: Json, scope: Scope) -> Check:
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
        raise Ignored(f"{name} of something that is not a load balancer")
    return Check(scope, load_balancers, frees_nothing=name in ("CreateLoadBalancer", "AddTags"))


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


def command_in(event: Json, hub: Scope) -> Sweep | Release:
    """What a person asks for by direct invocation. Raises Rejected."""
    _demand(event, "command", "")
    scope = Scope(event.get("account", hub.account), event.get("region", hub.region))
    if event["action"] == "release":
        return Release(scope, event.get("confirm", False))
    return Sweep(scope, override_guard=event.get("override_guard", False))


def _demand(value: Any, schema: str, definition: str) -> None:
    complaint = complaint_about(value, schema, definition)
    if complaint is not None:
        raise Rejected(f"does not fit the schema {schema}{definition and '/' + definition}: {complaint}")
