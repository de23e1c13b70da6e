"""The function's messages to itself, in JSON: `{"mesh-dns": {"second-look": {...}}}`, `{"mesh-dns": {"sweep": {...}}}`.

Their schema is schemas/own_message.json. Whether one is really our own is for the handler to tell, by its sender.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from mesh_dns.core.validation import complaint_about
from mesh_dns.core.values import LoadBalancerId, Scope
from mesh_dns.core.work import SecondLook, Sweep
from mesh_dns.errors import Rejected

# The one member of a message of our own.
KEY = "mesh-dns"

Json = Mapping[str, Any]


def encode(work: SecondLook | Sweep) -> Json:
    """A JSON object that `decode` reads back as the same value."""
    match work:
        case SecondLook():
            return {
                KEY: {
                    "second-look": {
                        "load_balancer": str(work.load_balancer),
                        "hostname": work.hostname,
                        "zone_id": work.zone_id,
                        "record_id": work.record_id,
                        "first_look": work.first_look,
                        "override_guard": work.override_guard,
                    }
                }
            }
        case Sweep():
            return {
                KEY: {
                    "sweep": {
                        "account": work.scope.account,
                        "region": work.scope.region,
                        "after": None if work.after is None else str(work.after),
                        "hops": work.hops,
                        "override_guard": work.override_guard,
                    }
                }
            }


def decode(body: Json) -> SecondLook | Sweep:
    """The work that a message of our own asks for. Raises Rejected."""
    complaint = complaint_about(body, "own_message")
    if complaint is not None:
        raise Rejected(f"does not fit the schema own_message: {complaint}")
    ((kind, content),) = body[KEY].items()
    return _second_look(content) if kind == "second-look" else _sweep(content)


def _second_look(content: Json) -> SecondLook:
    return SecondLook(
        _load_balancer(content["load_balancer"]),
        content["hostname"],
        content["zone_id"],
        content["record_id"],
        _seconds(content["first_look"]),
        content["override_guard"],
    )


def _seconds(value: float) -> float:
    # JSON Schema's bounds let NaN pass, which Python's parser reads.
    if not math.isfinite(value):
        raise Rejected("does not fit the schema own_message: a time is not a number")
    return float(value)


def _sweep(content: Json) -> Sweep:
    scope = Scope(content["account"], content["region"])
    after = None if content["after"] is None else _load_balancer(content["after"])
    if after is not None and after.scope != scope:
        raise Rejected(f"a sweep of {scope} cannot go on behind a load balancer of {after.scope}")
    return Sweep(scope, after, int(content["hops"]), content["override_guard"])


def _load_balancer(text: str) -> LoadBalancerId:
    load_balancer = LoadBalancerId.parse(text)
    if load_balancer is None:
        raise Rejected(f"{text!r} does not name a load balancer")
    return load_balancer
