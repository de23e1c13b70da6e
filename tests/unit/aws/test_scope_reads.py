"""Reading whole scopes, by the tagging API and directly: half a scope must never look like all of it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.values import Cause, Kind, LoadBalancer, LoadBalancers, Scope, Unreadable
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, Balancer, FakeAws, claiming, classic, nlb, plain
from tests.unit.aws.fake_table import AwsError, Call, Clock
from tests.unit.aws.reading import ELB, ELBV2, TAGGING, fail_with, inventory_of

DEADLINE = NOW + 100
OTHER = {"team": "other"}


def tagged(aws: FakeAws, scope: Scope = HUB) -> LoadBalancers | Unreadable:
    return inventory_of(aws).tagged([scope], DEADLINE)[scope]


def listing(aws: FakeAws, scope: Scope = HUB) -> LoadBalancers | Unreadable:
    return inventory_of(aws).listings([scope], DEADLINE)[scope]


def hostnames(found: LoadBalancers | Unreadable) -> Mapping[Any, Any]:
    assert not isinstance(found, Unreadable), found
    return {key: value.tags.get("hostname") for key, value in found.items()}


class TestTagged:
    def test_finds_the_tagged_of_both_generations_with_their_tags(self) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)), claiming(classic(2)), Balancer(nlb(3), OTHER), claiming(nlb(4, SPOKE)))

        assert hostnames(tagged(aws)) == dict.fromkeys([nlb(1), classic(2)], "cluster1.mesh.example.com")
        assert Counter(aws.actions()) == {
            f"{TAGGING}:GetResources": 1,
            f"{ELBV2}:DescribeLoadBalancers": 1,
            f"{ELBV2}:DescribeTags": 1,
            f"{ELB}:DescribeLoadBalancers": 1,
            f"{ELB}:DescribeTags": 1,
        }

    def test_the_tags_are_those_of_the_tagging_api(self) -> None:
        aws = FakeAws(still_tagged={nlb(1): {"hostname": "old.mesh.example.com"}})
        aws.add(claiming(nlb(1)))

        assert hostnames(tagged(aws)) == {nlb(1): "old.mesh.example.com"}

    @pytest.mark.parametrize("count", [0, 3, 300])
    def test_leaves_out_what_only_the_tagging_api_still_names(self, count: int) -> None:
        aws = FakeAws(still_tagged={nlb(999): {"hostname": "gone.mesh.example.com"}})
        aws.add(*(claiming(nlb(number)) for number in range(count)))

        assert hostnames(tagged(aws)).keys() == {nlb(number) for number in range(count)}

    def test_three_thousand_cost_thirty_nine_calls(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(3000)))

        assert len(hostnames(tagged(aws))) == 3000

        assert Counter(aws.actions()) == {
            f"{TAGGING}:GetResources": 30,
            f"{ELBV2}:DescribeLoadBalancers": 8,
            f"{ELBV2}:DescribeTags": 1,
        }

    @pytest.mark.parametrize(
        ("balancers", "denied"),
        [
            pytest.param([claiming(nlb(1))], f"{TAGGING}:GetResources", id="tags by the tagging API"),
            pytest.param([claiming(nlb(1))], f"{ELBV2}:DescribeLoadBalancers", id="v2 descriptions"),
            pytest.param([claiming(nlb(1))], f"{ELBV2}:DescribeTags", id="v2 tags"),
            pytest.param([claiming(classic(1))], f"{ELB}:DescribeTags", id="classic tags"),
            pytest.param([], f"{ELBV2}:DescribeLoadBalancers", id="descriptions, where there is nothing"),
            pytest.param([Balancer(nlb(1), OTHER)], f"{ELBV2}:DescribeTags", id="v2 tags, where nothing is tagged"),
            pytest.param([Balancer(classic(1), OTHER)], f"{ELB}:DescribeTags", id="classic tags, where nothing is"),
        ],
    )
    def test_it_is_readable_only_where_all_that_a_delete_needs_is(self, balancers: list[Balancer], denied: str) -> None:
        aws = FakeAws(before=fail_with("AccessDenied", denied))
        aws.add(*balancers)

        seen = tagged(aws)

        assert isinstance(seen, Unreadable)
        assert seen.cause is Cause.ERROR
        assert "check the policy of the function's role" in seen.reason

    def test_it_is_no_proof_that_all_which_is_tagged_is_gone(self) -> None:
        aws = FakeAws(still_tagged={nlb(9): {"hostname": "gone.mesh.example.com"}})
        aws.before = fail_with("AccessDenied", f"{ELBV2}:DescribeTags")
        aws.add(Balancer(nlb(1), OTHER))

        assert isinstance(tagged(aws), Unreadable)

    def test_one_that_vanishes_before_the_proof_proves_as_much(self) -> None:
        aws = FakeAws(before=fail_with("LoadBalancerNotFound", f"{ELBV2}:DescribeTags"))
        aws.add(claiming(nlb(1)))

        assert hostnames(tagged(aws)).keys() == {nlb(1)}

    def test_an_odd_one_is_left_out_so_that_a_look_tells_why(self) -> None:
        aws = FakeAws()
        aws.add(plain(claiming(nlb(1)), odd={"Scheme": None}), claiming(nlb(2)))

        assert hostnames(tagged(aws)).keys() == {nlb(2)}

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"PaginationToken": "again"}, "given twice"),
            ({"ResourceTagMappingList": None}, "no ResourceTagMappingList"),
            ({"ResourceTagMappingList": [{"Tags": []}]}, "no ResourceARN"),
            (
                {
                    "ResourceTagMappingList": [
                        {"ResourceARN": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/x"}
                    ]
                },
                "no Tags",
            ),
        ],
        ids=["pages without an end", "no list", "no ARN", "no tags"],
    )
    def test_strange_answers_of_the_tagging_api(self, change: Mapping[str, Any], says: str) -> None:
        class Strange(FakeAws):
            def _resourcegroupstaggingapi_GetResources(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
                call.arguments.pop("PaginationToken", None)  # type: ignore[attr-defined]
                return {**super()._resourcegroupstaggingapi_GetResources(call), **change}

        seen = tagged(Strange())

        assert isinstance(seen, Unreadable)
        assert says in seen.reason


class TestListings:
    def test_lists_everything_with_tags_of_both_generations(self) -> None:
        aws = FakeAws()
        application = nlb(3, kind=Kind.APPLICATION)
        aws.add(claiming(nlb(1)), claiming(classic(2)), Balancer(application, OTHER))

        assert hostnames(listing(aws)) == {
            nlb(1): "cluster1.mesh.example.com",
            classic(2): "cluster1.mesh.example.com",
            application: None,
        }

    def test_goes_by_pages(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(850)))

        assert len(hostnames(listing(aws))) == 850
        assert Counter(aws.actions())[f"{ELBV2}:DescribeLoadBalancers"] == 3
        assert Counter(aws.actions())[f"{ELBV2}:DescribeTags"] == 43

    def test_one_that_vanishes_meanwhile_is_not_listed(self) -> None:
        aws = FakeAws()
        aws.add(*(claiming(nlb(number)) for number in range(25)))

        def vanish(call: Call) -> None:
            if call.action.endswith("DescribeTags"):
                aws.balancers.pop(nlb(24), None)

        aws.before = vanish

        assert hostnames(listing(aws)).keys() == {nlb(number) for number in range(24)}

    @pytest.mark.parametrize(
        "action",
        [
            f"{ELBV2}:DescribeLoadBalancers",
            f"{ELBV2}:DescribeTags",
            f"{ELB}:DescribeLoadBalancers",
            f"{ELB}:DescribeTags",
        ],
    )
    @pytest.mark.parametrize(
        ("code", "cause"), [("Throttling", Cause.UNANSWERED), ("AccessDenied", Cause.ERROR)], ids=str
    )
    def test_a_failure_anywhere_is_one_of_the_scope_and_of_no_other(self, action: str, code: str, cause: Cause) -> None:
        """Half a listing would look as if the other half had let its names go."""
        aws = FakeAws(before=fail_with(code, action, only_if=lambda call: call.scope == HUB))
        aws.add(claiming(nlb(1)), claiming(classic(2)), claiming(nlb(3, SPOKE)))

        seen = inventory_of(aws).listings([HUB, SPOKE], DEADLINE)

        hub = seen[HUB]
        assert isinstance(hub, Unreadable)
        assert hub.cause is cause
        assert hostnames(seen[SPOKE]).keys() == {nlb(3, SPOKE)}

    @pytest.mark.parametrize(
        ("tags", "readable"),
        [
            pytest.param({"hostname": "a.mesh.example.com"}, False, id="which could be an heir: not readable"),
            pytest.param(OTHER, True, id="which could not: left out"),
        ],
    )
    def test_an_odd_one(self, tags: Mapping[str, str], readable: bool, caplog: pytest.LogCaptureFixture) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)), Balancer(nlb(2), tags, odd={"CreatedTime": None}))

        seen = listing(aws)

        assert isinstance(seen, Unreadable) != readable
        if readable:
            assert hostnames(seen).keys() == {nlb(1)}
            assert caplog.messages == []
        else:
            assert "no CreatedTime" in str(seen)
            assert caplog.messages == [f"{HUB} cannot be listed for heirs: {seen.reason}"]
            assert str(nlb(2)) in caplog.messages[0]

    def test_pages_without_an_end_have_one(self) -> None:
        class Circle(FakeAws):
            def _elbv2_DescribeLoadBalancers(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
                return {"LoadBalancers": [], "NextMarker": "again"}

        seen = listing(Circle())

        assert isinstance(seen, Unreadable)
        assert "given twice" in seen.reason


@pytest.mark.parametrize("read", ["tagged", "listings"])
class TestBoth:
    def test_every_scope_is_in_the_answer(self, read: str) -> None:
        def deny_one(call: Call) -> None:
            if call.scope == SPOKE:
                raise AwsError("AccessDenied")

        nowhere = Scope("444455556666", "nowhere-1")
        aws = FakeAws(before=deny_one)

        seen = getattr(inventory_of(aws), read)([HUB, SPOKE, nowhere, HUB], DEADLINE)

        assert seen[HUB] == {}
        assert isinstance(seen[SPOKE], Unreadable)
        assert isinstance(seen[nowhere], Unreadable)

    def test_no_call_starts_behind_the_deadline(self, read: str) -> None:
        clock = Clock(NOW)
        aws = FakeAws(before=lambda call: clock.sleep(60))
        aws.add(claiming(nlb(1)), claiming(classic(1)))

        seen = getattr(inventory_of(aws, clock), read)([HUB], NOW + 100)[HUB]

        assert isinstance(seen, Unreadable)
        assert seen.cause is Cause.OUT_OF_TIME
        assert len(aws.calls) == 2

    def test_scopes_are_read_side_by_side(self, read: str) -> None:
        scopes = [Scope(f"{number:012}", "eu-central-1") for number in range(24)]
        aws = FakeAws()
        meeting = threading.Barrier(len(scopes), timeout=20)

        def meet(call: Call) -> None:
            if call.action == f"{ELBV2}:DescribeLoadBalancers":
                meeting.wait()

        aws.before = meet

        assert getattr(inventory_of(aws), read)(scopes, DEADLINE) == {scope: {} for scope in scopes}

    def test_what_belongs_to_another_scope_is_not_in_it(self, read: str) -> None:
        class Mixed(FakeAws):
            def answer(self, call: Call) -> Mapping[str, Any]:
                return super().answer(replace(call, scope=HUB) if call.scope == SPOKE else call)

        aws = Mixed()
        aws.add(claiming(nlb(1)))

        assert getattr(inventory_of(aws), read)([SPOKE], DEADLINE) == {SPOKE: {}}
        assert "lb-1" not in str([call.arguments for call in aws.calls]), "nor is it asked for"

    def test_what_it_shows_is_what_a_look_shows(self, read: str) -> None:
        aws = FakeAws()
        aws.add(claiming(nlb(1)))
        inventory = inventory_of(aws)

        (seen,) = inventory.look([nlb(1)], DEADLINE).values()

        assert isinstance(seen, LoadBalancer)
        assert getattr(inventory, read)([HUB], DEADLINE) == {HUB: {nlb(1): seen}}
