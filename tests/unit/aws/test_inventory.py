"""What AWS is asked, how often, and what its answers and failures mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.core.values import Gone, Kind, LoadBalancer, LoadBalancerId, Scope, Unreadable
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import (
    HUB,
    NOW,
    SPOKE,
    AwsError,
    Balancer,
    Call,
    FakeAws,
    claiming,
    classic,
    nlb,
    plain,
)

ELB, ELBV2, TAGGING = "elb", "elbv2", "resourcegroupstaggingapi"
ROLE = ReaderRole("mesh-dns-reader", "an-external-id")


def inventory_of(aws: FakeAws, role: ReaderRole | None = ROLE) -> AwsInventory:
    return AwsInventory(Scopes(aws.clients(), HUB, role, lambda: NOW), "hostname")


def refuse(code: str, *actions: str, only_if: Callable[[Call], bool] = lambda call: True) -> Callable[[Call], None]:
    def before(call: Call) -> None:
        if call.action in actions and only_if(call):
            raise AwsError(code)

    return before


class TestLook:
    def test_reads_what_matters_of_both_generations(self) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)), plain(claiming(classic(2)), scheme="internet-facing", created=NOW - 7))

        seen = inventory_of(aws).look([nlb(1), classic(2)])

        tags = {"hostname": "cluster1.mesh.example.com", "team": "platform"}
        dns_name = "internal-name.elb.example.amazonaws.com"
        assert seen == {
            nlb(1): LoadBalancer(nlb(1), dns_name, NOW, True, tags),
            classic(2): LoadBalancer(classic(2), dns_name, NOW - 7, False, tags),
        }

    @pytest.mark.parametrize(
        ("balancer", "expected"),
        [
            pytest.param({"state": "failed"}, {"failed": True}, id="a failed one is failed"),
            pytest.param({"state": "active_impaired"}, {"failed": False}, id="an impaired one is not"),
            pytest.param({"scheme": "internet-facing"}, {"internal": False}, id="a scheme that is not internal"),
            pytest.param(
                {"scheme": None, "dns_name": None},
                {"internal": True, "dns_name": ""},
                id="a gateway load balancer has neither name nor scheme",
            ),
            pytest.param({"dns_name": "A.Elb.Amazonaws.Com."}, {"dns_name": "a.elb.amazonaws.com"}, id="lower case"),
        ],
    )
    def test_state_of_a_v2_load_balancer(self, balancer: dict[str, Any], expected: dict[str, Any]) -> None:
        aws = FakeAws()
        aws.add(plain(Balancer(nlb(1)), **balancer))

        seen = inventory_of(aws).look([nlb(1)])[nlb(1)]

        assert {key: getattr(seen, key) for key in expected} == expected

    @pytest.mark.parametrize("make", [nlb, classic])
    def test_asks_for_twenty_at_a_time(self, make: Callable[[int], LoadBalancerId]) -> None:
        aws = FakeAws()
        aws.add(*(claiming(make(number)) for number in range(45)))

        seen = inventory_of(aws).look([make(number) for number in range(45)])

        assert all(isinstance(sighting, LoadBalancer) for sighting in seen.values())
        assert len(seen) == 45
        assert sorted(Counter(aws.actions()).values()) == [3, 3]

    @pytest.mark.parametrize(
        ("asked", "never"),
        [
            pytest.param([nlb(1)], ELB, id="no classic one asked for, no classic call"),
            pytest.param([classic(1)], ELBV2, id="no v2 one asked for, no v2 call"),
        ],
    )
    def test_a_generation_that_nobody_asks_for_costs_nothing(
        self, asked: Collection[LoadBalancerId], never: str
    ) -> None:
        aws = FakeAws()
        aws.add(*map(claiming, asked))

        inventory_of(aws).look(asked)

        assert not [action for action in aws.actions() if action.startswith(never + ":")]
        assert len(aws.calls) == 2

    @pytest.mark.parametrize("make", [nlb, classic])
    def test_one_that_is_gone_does_not_hide_the_others(self, make: Callable[[int], LoadBalancerId]) -> None:
        aws = FakeAws()
        aws.add(*(claiming(make(number)) for number in range(20)))
        del aws.balancers[make(7)]

        seen = inventory_of(aws).look([make(number) for number in range(20)])

        assert [key for key, sighting in seen.items() if isinstance(sighting, Gone)] == [make(7)]
        assert sum(isinstance(sighting, LoadBalancer) for sighting in seen.values()) == 19

    def test_gone_is_only_what_aws_says_of_one(self) -> None:
        """AWS refuses each call for several: nothing is gone unless a call for that one id says so."""
        aws = FakeAws()
        aws.add(claiming(nlb(1)), claiming(nlb(2)))
        several = refuse("LoadBalancerNotFound", f"{ELBV2}:DescribeTags", only_if=lambda call: _ids(call) > 1)
        aws.before = several

        seen = inventory_of(aws).look([nlb(1), nlb(2)])

        assert all(isinstance(sighting, LoadBalancer) for sighting in seen.values())

    @pytest.mark.parametrize("make", [nlb, classic])
    def test_one_that_vanishes_before_its_tags_are_read_is_gone(self, make: Callable[[int], LoadBalancerId]) -> None:
        aws = FakeAws()
        aws.add(claiming(make(1)), claiming(make(2)))

        def vanish(call: Call) -> None:
            if call.action.endswith("DescribeTags"):
                aws.balancers.pop(make(2), None)

        aws.before = vanish

        seen = inventory_of(aws).look([make(1), make(2)])

        assert isinstance(seen[make(1)], LoadBalancer)
        assert isinstance(seen[make(2)], Gone)

    @pytest.mark.parametrize(
        ("what", "ids"),
        [
            ("LoadBalancers", "a description"),
            ("TagDescriptions", "the tags"),
        ],
    )
    def test_an_answer_that_leaves_one_out_proves_nothing(self, what: str, ids: str) -> None:
        class Forgetful(FakeAws):
            def answer(self, call: Call) -> Any:
                answer = dict(super().answer(call))
                if what in answer:
                    answer[what] = answer[what][1:]
                return answer

        aws = Forgetful()
        aws.add(claiming(nlb(1)))

        (seen,) = inventory_of(aws).look([nlb(1)]).values()

        assert isinstance(seen, Unreadable), f"{ids} was left out"

    @pytest.mark.parametrize("action", [f"{ELBV2}:DescribeLoadBalancers", f"{ELBV2}:DescribeTags"])
    @pytest.mark.parametrize(
        "code", ["Throttling", "AccessDenied", "ExpiredToken", "InternalFailure", "ServiceUnavailable", "OptInRequired"]
    )
    def test_a_failure_is_never_absence(self, action: str, code: str) -> None:
        aws = FakeAws(before=refuse(code, action))
        aws.add(claiming(nlb(1)))

        (seen,) = inventory_of(aws).look([nlb(1)]).values()

        assert isinstance(seen, Unreadable)
        assert f"{action.replace('elbv2', 'elasticloadbalancing')} in 111122223333/eu-west-1: {code}" in seen.reason

    def test_a_failure_ends_the_asking_there_and_spoils_nothing_elsewhere(self) -> None:
        aws = FakeAws(before=refuse("Throttling", f"{ELBV2}:DescribeTags", only_if=lambda call: call.scope == SPOKE))
        spoke = [nlb(number, SPOKE) for number in range(100)]
        aws.add(claiming(nlb(1)), claiming(classic(1)), *map(claiming, spoke))

        seen = inventory_of(aws).look([nlb(1), classic(1), *spoke])

        assert isinstance(seen[nlb(1)], LoadBalancer)
        assert isinstance(seen[classic(1)], LoadBalancer)
        assert all(isinstance(seen[key], Unreadable) for key in spoke)
        assert sum(call.scope == SPOKE and call.action != "sts:AssumeRole" for call in aws.calls) == 2

    def test_an_id_that_aws_finds_malformed_does_not_spoil_the_others(self) -> None:
        aws = FakeAws(
            before=refuse(
                "ValidationError",
                f"{ELBV2}:DescribeLoadBalancers",
                only_if=lambda call: any("lb-2/" in one for one in call.arguments["LoadBalancerArns"]),
            )
        )
        aws.add(claiming(nlb(1)), claiming(nlb(2)))

        seen = inventory_of(aws).look([nlb(1), nlb(2)])

        assert isinstance(seen[nlb(1)], LoadBalancer)
        assert isinstance(seen[nlb(2)], Unreadable)

    def test_a_region_that_does_not_answer_is_asked_once(self) -> None:
        def silent(call: Call) -> None:
            if call.scope == SPOKE:
                raise ConnectTimeoutError(endpoint_url="https://elasticloadbalancing.eu-central-1.amazonaws.com")

        aws = FakeAws(before=silent)
        aws.add(claiming(nlb(1)))
        inventory = inventory_of(aws)

        first = inventory.look([nlb(1), nlb(2, SPOKE), classic(3, SPOKE)])
        with pytest.raises(Retryable, match=r"ConnectTimeoutError.*eu-central-1"):
            inventory.listing(SPOKE)

        assert isinstance(first[nlb(1)], LoadBalancer)
        assert isinstance(first[nlb(2, SPOKE)], Unreadable)
        assert isinstance(first[classic(3, SPOKE)], Unreadable)
        assert sum(call.scope == SPOKE and call.action != "sts:AssumeRole" for call in aws.calls) == 1

    def test_a_region_that_no_partition_has_is_unreadable(self) -> None:
        (seen,) = inventory_of(FakeAws()).look([nlb(1, Scope("444455556666", "nowhere-1"))]).values()

        assert isinstance(seen, Unreadable)


class TestTagged:
    def test_finds_the_tagged_of_both_generations_with_their_tags(self) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)), claiming(classic(2)), Balancer(nlb(3), {"team": "other"}), claiming(nlb(4, SPOKE)))

        found = inventory_of(aws).tagged(HUB)

        assert found.keys() == {nlb(1), classic(2)}
        assert found[classic(2)].tags["hostname"] == "cluster1.mesh.example.com"
        assert Counter(aws.actions()) == {
            f"{TAGGING}:GetResources": 1,
            f"{ELBV2}:DescribeLoadBalancers": 1,
            f"{ELB}:DescribeLoadBalancers": 1,
        }

    @pytest.mark.parametrize("count", [3, 300])
    def test_leaves_out_what_only_the_tagging_api_still_names(self, count: int) -> None:
        aws = FakeAws(still_tagged={nlb(999): {"hostname": "gone.mesh.example.com"}})
        aws.add(*(claiming(nlb(number)) for number in range(count)))

        found = inventory_of(aws).tagged(HUB)

        assert found.keys() == {nlb(number) for number in range(count)}

    def test_three_thousand_cost_thirty_eight_calls(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(3000)))

        assert len(inventory_of(aws).tagged(HUB)) == 3000

        assert Counter(aws.actions()) == {f"{TAGGING}:GetResources": 30, f"{ELBV2}:DescribeLoadBalancers": 8}

    def test_nothing_tagged_costs_one_call(self) -> None:
        aws = FakeAws()

        assert inventory_of(aws).tagged(HUB) == {}
        assert aws.actions() == [f"{TAGGING}:GetResources"]

    @pytest.mark.parametrize("action", [f"{TAGGING}:GetResources", f"{ELBV2}:DescribeLoadBalancers"])
    def test_a_failure_is_raised(self, action: str) -> None:
        aws = FakeAws(before=refuse("AccessDenied", action))
        aws.add(claiming(nlb(1)))

        with pytest.raises(Retryable, match=r"AccessDenied.*; check the policy of the function's role"):
            inventory_of(aws).tagged(HUB)


class TestListing:
    def test_lists_everything_with_tags_of_both_generations(self) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)), claiming(classic(2)), Balancer(nlb(3, kind=Kind.APPLICATION), {"team": "other"}))

        listing = inventory_of(aws).listing(HUB)

        assert {key: dict(value.tags).get("hostname") for key, value in listing.items()} == {
            nlb(1): "cluster1.mesh.example.com",
            classic(2): "cluster1.mesh.example.com",
            nlb(3, kind=Kind.APPLICATION): None,
        }

    def test_goes_by_pages(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(850)))

        assert len(inventory_of(aws).listing(HUB)) == 850
        assert Counter(aws.actions())[f"{ELBV2}:DescribeLoadBalancers"] == 3
        assert Counter(aws.actions())[f"{ELBV2}:DescribeTags"] == 43

    def test_one_that_vanishes_meanwhile_is_not_listed(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(25)))

        def vanish(call: Call) -> None:
            if call.action.endswith("DescribeTags"):
                aws.balancers.pop(nlb(24), None)

        aws.before = vanish

        assert inventory_of(aws).listing(HUB).keys() == {nlb(number) for number in range(24)}

    @pytest.mark.parametrize(
        "action",
        [
            f"{ELBV2}:DescribeLoadBalancers",
            f"{ELBV2}:DescribeTags",
            f"{ELB}:DescribeLoadBalancers",
            f"{ELB}:DescribeTags",
        ],
    )
    def test_a_failure_anywhere_is_raised(self, action: str) -> None:
        """Half a listing would look as if the other half had let its names go."""
        aws = FakeAws(before=refuse("Throttling", action))
        aws.add(claiming(nlb(1)), claiming(classic(2)))

        with pytest.raises(Retryable, match="Throttling"):
            inventory_of(aws).listing(HUB)


def _ids(call: Call) -> int:
    return len(call.arguments["ResourceArns"])
