"""The function's messages to itself: what goes out comes in again, and nothing else does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core import own_messages
from mesh_dns.core.values import ClaimState, Kind, LoadBalancerId, Scope
from mesh_dns.core.work import MOST_HOPS, Check, Event, EventKind, OwnMessage, SecondLook, Stage
from mesh_dns.errors import Rejected

SCOPE = Scope("111122223333", "eu-west-1")
NLB = LoadBalancerId("eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188")
FAR = replace(NLB, region="us-east-1")
CLASSIC = LoadBalancerId("eu-west-1", "111122223333", Kind.CLASSIC, "a0123456789abcdef")
HEIR = replace(NLB, id="0" * 16)
LOOK = SecondLook(
    NLB,
    "cluster1.mesh.example.com",
    "0" * 32,
    "f" * 32,
    1_700_000_000.25,
    Stage.HEIR,
    ClaimState.DROPPED,
    HEIR,
    override_guard=True,
    hops=3,
)
CHECK = Check(SCOPE, frozenset({NLB, CLASSIC}))


@pytest.mark.parametrize(
    "work",
    [
        LOOK,
        *(replace(LOOK, stage=stage) for stage in Stage),
        replace(LOOK, state=ClaimState.GONE, heir=None),
        SecondLook(CLASSIC, "a.example", "z", "r", 0.0),
        CHECK,
        replace(CHECK, override_guard=True, hops=100),
    ],
    ids=[
        "second look",
        *Stage,
        "without an heir",
        "of a classic one",
        "check",
        "check with override, sent on often",
    ],
)
def test_comes_back_as_it_was(work: OwnMessage) -> None:
    again = own_messages.decode(json.loads(json.dumps(own_messages.encode(work))))

    assert again == work
    assert type(again) is type(work)


def test_an_event_does_not_travel_in_a_check_of_our_own() -> None:
    told = replace(CHECK, event=Event(EventKind.DELETED, 1.0))
    assert own_messages.decode(own_messages.encode(told)) == CHECK


def second_look(**changes: Any) -> dict[str, Any]:
    content = dict(own_messages.encode(LOOK)[own_messages.KEY]["second-look"]) | changes
    return {own_messages.KEY: {"second-look": {key: value for key, value in content.items() if value is not ...}}}


def check(**changes: Any) -> dict[str, Any]:
    content = dict(own_messages.encode(CHECK)[own_messages.KEY]["check"]) | changes
    return {own_messages.KEY: {"check": {key: value for key, value in content.items() if value is not ...}}}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="empty"),
        pytest.param({own_messages.KEY: {}}, id="no work"),
        pytest.param({own_messages.KEY: [second_look()]}, id="a list"),
        pytest.param({own_messages.KEY: {"forget": {}}}, id="work that does not come by message"),
        pytest.param({own_messages.KEY: second_look()[own_messages.KEY] | check()[own_messages.KEY]}, id="two works"),
        pytest.param(second_look() | {"more": 1}, id="a member beside"),
        pytest.param(second_look(more=1), id="an unknown member"),
        pytest.param(second_look(hostname=...), id="a missing member"),
        pytest.param(second_look(hostname="a" * 254), id="a name that is too long"),
        pytest.param(second_look(load_balancer="eu-west-1/111122223333/net/x"), id="not a load balancer"),
        pytest.param(second_look(load_balancer=f"{NLB} "), id="a load balancer and a space"),
        pytest.param(second_look(since="1700000000"), id="a time as text"),
        pytest.param(second_look(since=float("nan")), id="a time that is no number"),
        pytest.param(second_look(since=float("inf")), id="a time that never comes"),
        pytest.param(second_look(since=True), id="a time that is true"),
        pytest.param(second_look(since=-1), id="a time before time"),
        pytest.param(second_look(override_guard="yes"), id="an override that is not a boolean"),
        pytest.param(second_look(state="cannot be read"), id="a state that is no first look"),
        pytest.param(second_look(stage="later"), id="a stage that is none"),
        pytest.param(second_look(heir="eu-west-1/111122223333/net/x"), id="an heir that is no load balancer"),
        pytest.param(second_look(hops=101), id="more hops than there are"),
        pytest.param(check(hops=-1), id="negative hops"),
        pytest.param(check(hops=1.5), id="half a hop"),
        pytest.param(check(load_balancers=[]), id="a check of nobody"),
        pytest.param(check(load_balancers=[7]), id="a check of a number"),
        pytest.param(check(load_balancers=[str(NLB)] * 1001), id="a check of too many"),
        pytest.param(check(load_balancers=["mesh"]), id="a check of something else"),
        pytest.param(check(load_balancers=[str(NLB), str(FAR)]), id="a check of two scopes"),
        pytest.param(check(override_guard=...), id="a check that says nothing of an override"),
        pytest.param(check(event={}), id="a check with an event"),
    ],
)
def test_anything_else_is_rejected(body: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        own_messages.decode(body)


def test_a_rejection_says_what_is_wrong() -> None:
    with pytest.raises(Rejected, match=r"own_message: .*hops.*minimum"):
        own_messages.decode(check(hops=-1))
    with pytest.raises(Rejected, match="a check is of one scope"):
        own_messages.decode(check(load_balancers=[str(NLB), str(FAR)]))
    with pytest.raises(Rejected, match="a time is not a number"):
        own_messages.decode(second_look(since=float("nan")))
    with pytest.raises(Rejected, match="'mesh_1' does not name a load balancer"):
        own_messages.decode(check(load_balancers=["mesh_1"]))


@pytest.mark.parametrize(
    ("number", "lengths"), [(1, [1]), (1000, [1000]), (1001, [1000, 1]), (2500, [1000, 1000, 500])]
)
def test_a_long_check_is_sent_in_parts_that_say_the_same(number: int, lengths: list[int]) -> None:
    load_balancers = frozenset(replace(NLB, id=f"{n:016x}") for n in range(number))
    long = Check(SCOPE, load_balancers, override_guard=True, hops=4)
    parts = list(own_messages.parts(long))
    assert [len(part.load_balancers) for part in parts] == lengths
    assert frozenset(lb for part in parts for lb in part.load_balancers) == load_balancers
    assert {(part.scope, part.override_guard, part.hops) for part in parts} == {(SCOPE, True, 4)}


def test_the_longest_check_fits_into_a_message() -> None:
    longest = LoadBalancerId("ap-southeast-99", "1" * 12, Kind.NETWORK, "n" * 32)
    ids = frozenset(replace(longest, id=f"{n:016x}") for n in range(own_messages.LONGEST_CHECK))
    assert len(json.dumps(own_messages.encode(Check(longest.scope, ids)))) < 200_000


def test_the_limit_of_hops_fits_into_a_message() -> None:
    assert MOST_HOPS + 1 <= 100
