"""The function's messages to itself: what goes out comes in again, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mesh_dns.core import messages
from mesh_dns.core.values import Kind, LoadBalancerId, Scope
from mesh_dns.core.work import SecondLook, Sweep
from mesh_dns.errors import Rejected

SCOPE = Scope("111122223333", "eu-west-1")
NLB = LoadBalancerId("eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188")
CLASSIC = LoadBalancerId("eu-west-1", "111122223333", Kind.CLASSIC, "a0123456789abcdef")
LOOK = SecondLook(NLB, "cluster1.mesh.example.com", "0" * 32, "f" * 32, 1_700_000_000.25, override_guard=True)


@pytest.mark.parametrize(
    "work",
    [
        LOOK,
        SecondLook(CLASSIC, "a.example", "z", "r", 0.0),
        Sweep(SCOPE),
        Sweep(SCOPE, NLB, hops=100, override_guard=True),
        Sweep(SCOPE, CLASSIC, hops=1),
    ],
    ids=[
        "second look",
        "of a classic one",
        "sweep",
        "rest of a sweep with override",
        "rest behind a classic one",
    ],
)
def test_comes_back_as_it_was(work: SecondLook | Sweep) -> None:
    again = messages.decode(json.loads(json.dumps(messages.encode(work))))

    assert again == work
    assert type(again) is type(work)


def second_look(**changes: Any) -> dict[str, Any]:
    content = dict(messages.encode(LOOK)[messages.KEY]["second-look"]) | changes
    return {messages.KEY: {"second-look": {key: value for key, value in content.items() if value is not ...}}}


def sweep(**changes: Any) -> dict[str, Any]:
    content = dict(messages.encode(Sweep(SCOPE, NLB))[messages.KEY]["sweep"]) | changes
    return {messages.KEY: {"sweep": {key: value for key, value in content.items() if value is not ...}}}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({messages.KEY: {}}, id="no work"),
        pytest.param({messages.KEY: [second_look()]}, id="a list"),
        pytest.param({messages.KEY: {"release": {}}}, id="work that does not come by message"),
        pytest.param({messages.KEY: second_look()[messages.KEY] | sweep()[messages.KEY]}, id="two works"),
        pytest.param(second_look() | {"more": 1}, id="a member beside"),
        pytest.param(second_look(more=1), id="an unknown member"),
        pytest.param(second_look(hostname=...), id="a missing member"),
        pytest.param(second_look(hostname="a" * 254), id="a name that is too long"),
        pytest.param(second_look(load_balancer="eu-west-1/111122223333/net/x"), id="not a load balancer"),
        pytest.param(second_look(load_balancer=f"{NLB} "), id="a load balancer and a space"),
        pytest.param(second_look(first_look="1700000000"), id="a time as text"),
        pytest.param(second_look(first_look=float("nan")), id="a time that is no number"),
        pytest.param(second_look(first_look=float("inf")), id="a time that never comes"),
        pytest.param(second_look(first_look=True), id="a time that is true"),
        pytest.param(second_look(first_look=-1), id="a time before time"),
        pytest.param(second_look(override_guard="yes"), id="an override that is not a boolean"),
        pytest.param(sweep(account="1111"), id="not an account"),
        pytest.param(sweep(region="eu west"), id="not a region"),
        pytest.param(sweep(hops=-1), id="negative hops"),
        pytest.param(sweep(hops=1.5), id="half a hop"),
        pytest.param(sweep(after=7), id="behind a number"),
        pytest.param(sweep(region="eu-west-2"), id="behind a load balancer of another scope"),
    ],
)
def test_anything_else_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        messages.decode(body)


def test_a_rejection_says_what_is_wrong() -> None:
    with pytest.raises(Rejected, match=r"own_message: .*hops.*minimum"):
        messages.decode(sweep(hops=-1))
