"""Looks by several threads, within a deadline."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from botocore.exceptions import ConnectTimeoutError

from mesh_dns.core.values import (
    Cause,
    Gone,
    LoadBalancer,
    Scope,
)
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, FakeAws, claiming, classic, nlb
from tests.unit.aws.fake_table import Call, Clock
from tests.unit.aws.reading import DEADLINE, ELBV2, TAGGING, cause, inventory_of, look


def test_nobody_asks_behind_the_deadline() -> None:
    aws = FakeAws()

    seen = look(aws, [nlb(1), classic(2), nlb(3, SPOKE)], deadline=NOW)

    assert {cause(sighting) for sighting in seen.values()} == {Cause.OUT_OF_TIME}
    assert aws.calls == []


def test_what_there_was_no_time_for_is_said_so_and_the_rest_is_read() -> None:
    aws = FakeAws()
    inventory = inventory_of(aws, clock := Clock(NOW))
    gone = [nlb(number) for number in range(30)]

    def slow(call: Call) -> None:
        clock.sleep(10)

    aws.before = slow
    seen = inventory.look(gone, NOW + 45)

    by_cause = Counter(cause(sighting) for sighting in seen.values())
    assert by_cause[None] + by_cause[Cause.OUT_OF_TIME] == 30
    assert 1 <= by_cause[None] == sum(isinstance(sighting, Gone) for sighting in seen.values())
    assert len(aws.calls) == by_cause[None] + 1, "a page, and one for each that is known to be gone"


@pytest.mark.parametrize("read", ["look", "tagged", "listings"])
def test_scopes_are_asked_side_by_side(read: str) -> None:
    scopes = [Scope(f"{number:012}", "eu-central-1") for number in range(20)]
    aws = FakeAws()
    aws.add(*(claiming(nlb(1, scope)) for scope in scopes))
    meeting = threading.Barrier(len(scopes), timeout=20)
    first = f"{TAGGING}:GetResources" if read == "tagged" else f"{ELBV2}:DescribeLoadBalancers"

    def meet(call: Call) -> None:
        if call.action == first:
            meeting.wait()

    aws.before = meet
    inventory = inventory_of(aws)

    if read == "look":
        seen: dict[object, object] = dict(inventory.look([nlb(1, scope) for scope in scopes], DEADLINE))
    else:
        found = getattr(inventory, read)(scopes, DEADLINE)
        seen = {key: lb for scope in scopes for key, lb in found[scope].items()}

    assert len(seen) == 20
    assert all(isinstance(sighting, LoadBalancer) for sighting in seen.values())


def test_ids_of_one_scope_are_asked_side_by_side_four_at_a_time() -> None:
    aws = FakeAws()
    meeting = threading.Barrier(4, timeout=20)
    at_once: list[int] = []

    def meet(call: Call) -> None:
        if "LoadBalancerArns" in call.arguments:
            meeting.wait()
            at_once.append(meeting.n_waiting)

    aws.before = meet

    seen = look(aws, [nlb(number) for number in range(16)])

    assert all(isinstance(sighting, Gone) for sighting in seen.values())
    assert len(at_once) == 16


def test_scopes_that_do_not_answer_cost_one_wait_and_leave_the_others_alone() -> None:
    dead = [Scope(f"{number:012}", "eu-central-1") for number in range(12)]
    living = [Scope(f"{number:012}", "eu-north-1") for number in range(30)]
    aws = FakeAws()
    aws.add(*(claiming(nlb(1, scope)) for scope in living))

    def no_answer(call: Call) -> None:
        if call.scope in dead:
            raise ConnectTimeoutError(endpoint_url="https://elasticloadbalancing.eu-central-1.amazonaws.com")

    aws.before = no_answer
    inventory = inventory_of(aws)
    ids = [nlb(number, scope) for scope in dead for number in range(30)] + [nlb(1, scope) for scope in living]

    seen = inventory.look(ids, DEADLINE)
    inventory.listings(dead, DEADLINE)

    assert {cause(seen[key]) for key in ids if key.scope in dead} == {Cause.UNANSWERED}
    assert all(isinstance(seen[nlb(1, scope)], LoadBalancer) for scope in living)
    tries = Counter(call.scope for call in aws.calls if call.scope in dead)
    assert set(tries.values()) == {2}, "two tries of one call, whatever is asked afterwards"


@pytest.mark.parametrize("read", ["tagged", "listings"])
def test_a_fault_of_ours_in_one_scope_costs_no_other_one(read: str) -> None:
    aws = FakeAws()
    aws.add(claiming(nlb(1)), claiming(nlb(1, SPOKE)))

    def fault(call: Call) -> None:
        if call.scope == SPOKE:
            raise TypeError("a fault of ours")

    aws.before = fault

    found = getattr(inventory_of(aws), read)([HUB, SPOKE], DEADLINE)

    assert found[SPOKE].cause is Cause.FAULT
    assert list(found[HUB]) == [nlb(1)]
