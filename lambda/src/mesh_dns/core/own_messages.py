"""The function's messages to itself, in JSON: `{"mesh-dns": {"second-look": {...}}}`, `{"mesh-dns": {"check": {...}}}`.

Their schema is schemas/own_message.json. The intake checks the sender, which shows whether a message is really our own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesh_dns.core.validation import complaint_about
from mesh_dns.core.values import ClaimState, LoadBalancerId
from mesh_dns.core.work import Check, OwnMessage, SecondLook, Stage
from mesh_dns.errors import Rejected

# The one member of a message of our own.
KEY = "mesh-dns"
# Load balancers in one check. 1,000 of the longest ids take some 90 KB; the queue takes 256 KB.
LONGEST_CHECK = 1000

_STATES = {"dropped": ClaimState.DROPPED, "gone": ClaimState.GONE}
_STATE_WORDS = {state: word for word, state in _STATES.items()}

Json = Mapping[str, Any]


def encode(message: OwnMessage) -> Json:
    """A JSON object that `decode` reads back as the same value."""
    match message:
        case SecondLook():
            content = {
                "load_balancer": str(message.load_balancer),
                "hostname": message.hostname,
                "zone_id": message.zone_id,
                "record_id": message.record_id,
                "since": message.since,
                "stage": message.stage.value,
                "state": _STATE_WORDS[message.state],
                "heir": None if message.heir is None else str(message.heir),
                "override_guard": message.override_guard,
                "hops": message.hops,
            }
            return {KEY: {"second-look": content}}
        case Check():
            content = {
                "load_balancers": sorted(map(str, message.load_balancers)),
                "override_guard": message.override_guard,
                "hops": message.hops,
            }
            return {KEY: {"check": content}}


def decode(body: Json) -> OwnMessage:
    """The work that a message of our own asks for. Raises Rejected."""
    complaint = complaint_about(body, "own_message")
    if complaint is not None:
        raise Rejected(f"does not fit the schema own_message: {complaint}")
    ((kind, content),) = body[KEY].items()
    return _second_look(content) if kind == "second-look" else _check(content)


def parts(check: Check) -> Iterator[Check]:
    """The same check in parts of at most `LONGEST_CHECK` load balancers, one for each message."""
    every = sorted(check.load_balancers)
    for start in range(0, len(every), LONGEST_CHECK):
        part = frozenset(every[start : start + LONGEST_CHECK])
        yield Check(check.scope, part, None, check.override_guard, check.hops)


def _second_look(content: Json) -> SecondLook:
    return SecondLook(
        _load_balancer(content["load_balancer"]),
        content["hostname"],
        content["zone_id"],
        content["record_id"],
        _seconds(content["since"]),
        Stage(content["stage"]),
        _STATES[content["state"]],
        None if content["heir"] is None else _load_balancer(content["heir"]),
        content["override_guard"],
        int(content["hops"]),
    )


def _check(content: Json) -> Check:
    load_balancers = frozenset(map(_load_balancer, content["load_balancers"]))
    scopes = {load_balancer.scope for load_balancer in load_balancers}
    if len(scopes) != 1:
        raise Rejected("a check is of one scope")
    return Check(scopes.pop(), load_balancers, None, content["override_guard"], int(content["hops"]))


def _seconds(value: float) -> float:
    # JSON Schema's bounds let NaN pass, which Python's parser reads.
    if not math.isfinite(value):
        raise Rejected("does not fit the schema own_message: a time is not a number")
    return float(value)


def _load_balancer(text: str) -> LoadBalancerId:
    load_balancer = LoadBalancerId.parse(text)
    if load_balancer is None:
        raise Rejected(f"{text!r} does not name a load balancer")
    return load_balancer
