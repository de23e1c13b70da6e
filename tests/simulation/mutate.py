"""Makes almost-right messages out of right ones: by their structure, by their bytes, and by their wrapping."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.doubles.hub import OWNER

_ARN = "arn:aws:elasticloadbalancing:"
ODD: Sequence[Any] = (
    None, True, False, 0, -1, 1.5, 1e308, float("nan"), float("inf"), 10**30, "", " ", "\n", "\x00", "\ud800", "\u202e",
    "\u212a", "\U0001f600" * 50, "x" * 10_000, "../../etc/passwd", "%s{0.__class__}", "'; drop table", "*", "null",
    [], {}, [[]], [None], {"": None}, [{}] * 300, ["x"] * 300, {"mesh-dns": {}}, "111122223333", "444455556666",
    "999999999999", "eu-west-1", "us-east-1", "aws.elasticloadbalancing", "mesh-dns", OWNER,
    "CreateLoadBalancer", "DeleteLoadBalancer", "AddTags", "RemoveTags", "a" * 32, "a" * 33, "mesh\n",
    f"{_ARN}eu-west-1:111122223333:loadbalancer/net/mesh/0000000000000064",
    f"{_ARN}eu-west-1:444455556666:loadbalancer/net/mesh/0000000000000001",
    f"{_ARN}eu-west-1:111122223333:loadbalancer/classic-lb",
    f"{_ARN}eu-west-1:111122223333:targetgroup/x/0000000000000001",
    f"{_ARN}eu-west-1:111122223333:loadbalancer/net/mesh/0000000000000003\n",
    f"{_ARN}eu-west-1:111122223333:loadbalancer/", "eu-west-1/111122223333/net/mesh/0000000000000066",
    [f"{_ARN}eu-west-1:111122223333:loadbalancer/net/mesh/{n:016x}" for n in range(99)],
)  # fmt: skip

# Stands for a value nested as deeply as a parser just takes; put into the text, since few tools could handle it before.
_DEEP = "@deep@"

Json = Any


def mutated(rng: random.Random, templates: Sequence[Json]) -> str:
    """The body of a message: one of the templates with up to four mistakes in it, in one of the wrappings."""
    value = copy.deepcopy(rng.choice(templates))
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 4])):
        value = _mistake(rng, value, templates)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.8)
    depth = rng.randrange(900, 1000)
    text = text.replace(json.dumps(_DEEP), rng.choice(["[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth]))
    text = rng.choice(_WRAPPINGS)(text)
    return _damaged(rng, text) if rng.random() < 0.15 else text


def _notification(text: str) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "Message": text})


def _unfinished(text: str) -> str:
    return f'{{"Type": "Notification", "Message": {text}}}'


_WRAPPINGS: Sequence[Callable[[str], str]] = (
    *[str] * 8,
    *[_notification] * 8,
    lambda text: _notification(_notification(text)),
    _unfinished,
    lambda text: f" \r\n{text}\t",
    lambda text: f"[{text}]",
    lambda text: f"{text}{text}",
)


def _places(value: Json) -> list[tuple[Any, Any]]:
    """Every place in a JSON value that holds something: (container, key or index)."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        container = waiting.pop()
        keys = container.keys() if isinstance(container, dict) else range(len(container))
        for key in list(keys)[:50]:
            found.append((container, key))
            if isinstance(container[key], dict | list) and container[key]:
                waiting.append(container[key])
    return found


def _mistake(rng: random.Random, value: Json, templates: Sequence[Json]) -> Json:
    places = _places(value) if isinstance(value, dict | list) else []
    if not places:
        return rng.choice(ODD)
    container, key = rng.choice(places)
    match rng.randrange(8):
        case 0:
            del container[key]
        case 1 | 2:
            container[key] = copy.deepcopy(rng.choice(ODD))
        case 3:
            container[key] = _something_of(rng, rng.choice(templates))
        case 4:
            container[key] = [copy.deepcopy(container[key])] * rng.choice([1, 2, 120])
        case 5:
            container[key] = _nested(rng, container[key])
        case 6 if isinstance(container, dict):
            container[rng.choice(["mesh-dns", "x", "errorCode", "Type", "action", key.swapcase()])] = container.pop(key)
        case _:
            container[key] = json.dumps(container[key])
    return value


def _something_of(rng: random.Random, template: Json) -> Json:
    container, key = rng.choice(_places(template))
    return copy.deepcopy(container[key])


def _nested(rng: random.Random, value: Json) -> Json:
    if rng.random() < 0.3:
        return _DEEP
    for _ in range(rng.choice([1, 10])):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _damaged(rng: random.Random, text: str) -> str:
    """A few bytes flipped, lost, doubled or made up. A queue hands over text, so what is no UTF-8 is replaced."""
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(rng.choice([1, 2, 8])):
        if not data:
            break
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.choice([1, 1, 5, 200]))
        match rng.randrange(5):
            case 0:
                data[start] ^= 1 << rng.randrange(8)
            case 1:
                del data[start:end]
            case 2:
                data[start:start] = data[start:end]
            case 3:
                data[start:end] = rng.randbytes(end - start)
            case _:
                data[start:start] = rng.choice([b"[" * 990, b'{"a":' * 3000, b"\\ud800", b'"', b"}", b"1e999", b"\x00"])
    return data.decode("utf-8", "replace")
