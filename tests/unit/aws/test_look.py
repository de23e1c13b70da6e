"""Looking at load balancers directly: what AWS is asked, how often, and what its answers and failures mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pytest

from mesh_dns.core.values import (
    Gone,
    Kind,
    LoadBalancer,
    LoadBalancerId,
    Readiness,
)
from tests.unit.aws.fake_aws import NOW, Balancer, FakeAws, claiming, classic, nlb, plain
from tests.unit.aws.fake_table import Call
from tests.unit.aws.reading import ELB, ELBV2, fail_with, look


def gateway(number: int) -> LoadBalancerId:
    return nlb(number, kind=Kind.GATEWAY)


def test_reads_what_matters_of_both_generations() -> None:
    aws = FakeAws()
    aws.add(claiming(nlb(1)), plain(claiming(classic(2)), scheme="internet-facing", created=NOW - 7))

    tags = {"hostname": "cluster1.mesh.example.com", "team": "platform"}
    dns_name = "internal-name.elb.example.amazonaws.com"
    assert look(aws, [nlb(1), classic(2)]) == {
        nlb(1): LoadBalancer(nlb(1), dns_name, NOW, True, tags),
        classic(2): LoadBalancer(classic(2), dns_name, NOW - 7, False, tags),
    }


@pytest.mark.parametrize(
    ("balancer", "expected"),
    [
        pytest.param(plain(Balancer(nlb(1)), state="failed"), {"readiness": Readiness.FAILED}, id="failed"),
        pytest.param(
            plain(Balancer(nlb(1)), state="provisioning"), {"readiness": Readiness.PROVISIONING}, id="provisioning"
        ),
        pytest.param(
            plain(Balancer(nlb(1)), state="active_impaired"),
            {"readiness": Readiness.ACTIVE},
            id="an impaired one works",
        ),
        pytest.param(Balancer(classic(1)), {"readiness": Readiness.ACTIVE}, id="a classic one has no state"),
        pytest.param(
            plain(Balancer(nlb(1)), scheme="internet-facing"), {"internal": False}, id="a scheme that is not internal"
        ),
        pytest.param(
            plain(Balancer(gateway(1)), scheme=None, dns_name=None),
            {"internal": True, "dns_name": ""},
            id="a gateway load balancer has neither name nor scheme",
        ),
        pytest.param(
            plain(Balancer(nlb(1)), dns_name="A.Elb.Amazonaws.Com."), {"dns_name": "a.elb.amazonaws.com"}, id="the name"
        ),
    ],
)
def test_what_a_description_means(balancer: Balancer, expected: Mapping[str, Any]) -> None:
    aws = FakeAws()
    aws.add(balancer)

    seen = look(aws, [balancer.id])[balancer.id]

    assert {key: getattr(seen, key) for key in expected} == expected


@pytest.mark.parametrize("make", [nlb, classic])
@pytest.mark.parametrize(
    ("asked", "gone", "descriptions", "tags"),
    [
        pytest.param(1, 0, 1, 1, id="one: a call each"),
        pytest.param(1, 1, 1, 0, id="one that is gone: a call"),
        pytest.param(3, 0, 1, 1, id="few: together"),
        pytest.param(3, 1, 4, 1, id="few, one gone: together, then one by one"),
        pytest.param(45, 0, 1, 3, id="many: a page"),
        pytest.param(20, 15, 16, 1, id="a wave of replacements: a page, and the gone one by one"),
        pytest.param(420, 0, 2, 21, id="more than a page"),
    ],
)
def test_what_looks_cost(
    make: Callable[[int], LoadBalancerId], asked: int, gone: int, descriptions: int, tags: int
) -> None:
    aws = FakeAws()
    ids = [make(number) for number in range(asked)]
    aws.add(*map(claiming, ids[gone:]))

    seen = look(aws, ids)

    assert seen.keys() == set(ids)
    assert {key for key, sighting in seen.items() if isinstance(sighting, Gone)} == set(ids[:gone])
    assert sum(isinstance(sighting, LoadBalancer) for sighting in seen.values()) == asked - gone
    count = Counter(action.partition(":")[2] for action in aws.actions())
    assert (count["DescribeLoadBalancers"], count["DescribeTags"]) == (descriptions, tags)


def test_pages_end_where_all_were_found() -> None:
    aws = FakeAws()
    every = sorted(nlb(number) for number in range(3000))
    aws.add(*map(claiming, every))

    look(aws, every[:10])

    assert Counter(aws.actions())[f"{ELBV2}:DescribeLoadBalancers"] == 1


@pytest.mark.parametrize(
    ("asked", "never"),
    [
        pytest.param([nlb(1)], ELB, id="no classic one asked for, no classic call"),
        pytest.param([classic(1)], ELBV2, id="no v2 one asked for, no v2 call"),
    ],
)
def test_a_generation_that_nobody_asks_for_costs_nothing(asked: Collection[LoadBalancerId], never: str) -> None:
    aws = FakeAws()
    aws.add(*map(claiming, asked))

    look(aws, asked)

    assert not [action for action in aws.actions() if action.startswith(never + ":")]
    assert len(aws.calls) == 2


def test_gone_is_only_what_aws_says_of_one() -> None:
    """AWS fails each call for several: nothing is gone unless a call for that one id says so."""
    aws = FakeAws()
    aws.add(claiming(nlb(1)), claiming(nlb(2)))
    aws.before = fail_with(
        "LoadBalancerNotFound", f"{ELBV2}:DescribeTags", only_if=lambda call: len(call.arguments["ResourceArns"]) > 1
    )

    seen = look(aws, [nlb(1), nlb(2)])

    assert all(isinstance(sighting, LoadBalancer) for sighting in seen.values())


@pytest.mark.parametrize("others", [1, 30], ids=["asked for by id", "found on a page"])
@pytest.mark.parametrize("make", [nlb, classic])
def test_one_that_vanishes_before_its_tags_are_read_is_gone(make: Callable[[int], LoadBalancerId], others: int) -> None:
    aws = FakeAws()
    stay = [make(number) for number in range(others)]
    aws.add(claiming(make(99)), *map(claiming, stay))

    def vanish(call: Call) -> None:
        if call.action.endswith("DescribeTags"):
            aws.balancers.pop(make(99), None)

    aws.before = vanish

    seen = look(aws, [*stay, make(99)])

    assert isinstance(seen[make(99)], Gone)
    assert all(isinstance(seen[key], LoadBalancer) for key in stay)
