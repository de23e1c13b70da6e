"""Looks that fail, and answers that are odd: never absence, and never another one's failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ParamValidationError
from botocore.parsers import ResponseParserError

from mesh_dns.core.values import (
    Cause,
    Gone,
    Kind,
    LoadBalancer,
    LoadBalancerId,
    Scope,
    Unreadable,
)
from tests.unit.aws.fake_aws import SPOKE, FakeAws, claiming, classic, nlb, plain
from tests.unit.aws.fake_table import AwsError, Call
from tests.unit.aws.reading import ELBV2, calls_in, cause, fail_with, look


@pytest.mark.parametrize(
    ("load_balancer", "odd", "says"),
    [
        pytest.param(nlb(1), {"Scheme": None}, "no Scheme", id="v2 without a scheme"),
        pytest.param(classic(1), {"Scheme": None}, "no Scheme", id="classic without a scheme"),
        pytest.param(nlb(1), {"CreatedTime": None}, "no CreatedTime", id="v2 without a time"),
        pytest.param(classic(1), {"CreatedTime": None}, "no CreatedTime", id="classic without a time"),
        pytest.param(nlb(1), {"State": None}, "no State", id="without a state"),
        pytest.param(nlb(1), {"State": {}}, "no Code", id="with a state that says nothing"),
        pytest.param(nlb(1), {"State": {"Code": "melting"}}, "melting", id="in a state that nobody knows"),
        pytest.param(nlb(1), {"DNSName": None}, "no DNSName", id="without a name"),
    ],
)
@pytest.mark.parametrize("others", [1, 30], ids=["asked for by id", "found on a page"])
def test_an_odd_description_is_unreadable_and_spoils_no_other(
    load_balancer: LoadBalancerId, odd: Mapping[str, Any], says: str, others: int
) -> None:
    make = classic if load_balancer.kind is Kind.CLASSIC else nlb
    healthy = [make(number) for number in range(2, 2 + others)]
    aws = FakeAws()
    aws.add(plain(claiming(load_balancer), odd=odd), *map(claiming, healthy))

    seen = look(aws, [load_balancer, *healthy])

    assert cause(seen[load_balancer]) is Cause.ERROR
    assert says in str(seen[load_balancer])
    assert all(isinstance(seen[key], LoadBalancer) for key in healthy)


class Strange(FakeAws):
    """AWS with answers that somebody changed."""

    change: Callable[[dict[str, Any]], None] = staticmethod(lambda answer: None)

    def answer(self, call: Call) -> Mapping[str, Any]:
        answer = dict(super().answer(call))
        self.change(answer)
        return answer


def strange(change: Callable[[dict[str, Any]], None]) -> Strange:
    aws = Strange()
    aws.change = change
    aws.add(claiming(nlb(1)), claiming(nlb(2)))
    return aws


def without(member: str) -> Callable[[dict[str, Any]], None]:
    return lambda answer: answer.pop(member, None)


def with_item(member: str, item: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        if member in answer:
            answer[member] = [*answer[member], item]

    return change


def with_first(member: str, change: Mapping[str, Any]) -> Callable[[dict[str, Any]], None]:
    def apply(answer: dict[str, Any]) -> None:
        if member in answer:
            first = {key: value for key, value in {**answer[member][0], **change}.items() if value is not None}
            answer[member] = [first, *answer[member][1:]]

    return apply


def leaving_one_out(member: str) -> Callable[[dict[str, Any]], None]:
    def change(answer: dict[str, Any]) -> None:
        if member in answer:
            answer[member] = answer[member][1:]

    return change


_STRANGER = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/stranger/00000000000000ff"


@pytest.mark.parametrize(
    ("change", "unreadable"),
    [
        pytest.param(without("LoadBalancers"), {1, 2}, id="no list of load balancers: all, never gone"),
        pytest.param(without("TagDescriptions"), {1, 2}, id="no list of tags: all"),
        pytest.param(with_first("TagDescriptions", {"Tags": None}), {1}, id="one without tags: that one"),
        pytest.param(with_first("TagDescriptions", {"Tags": [{"Value": "x"}]}), {1}, id="a tag without a key"),
        pytest.param(leaving_one_out("LoadBalancers"), {1}, id="a description left out proves nothing"),
        pytest.param(leaving_one_out("TagDescriptions"), {1}, id="tags left out prove nothing"),
        pytest.param(with_item("LoadBalancers", {"LoadBalancerArn": "x"}), set(), id="one we did not ask for"),
        pytest.param(
            with_item("TagDescriptions", {"ResourceArn": _STRANGER, "Tags": []}), set(), id="tags we did not ask for"
        ),
        pytest.param(
            with_first("LoadBalancers", {"CreatedTime": 7}), {1, 2}, id="a time that is none: a fault of ours"
        ),
    ],
)
def test_strange_answers(change: Callable[[dict[str, Any]], None], unreadable: set[int]) -> None:
    seen = look(strange(change), [nlb(1), nlb(2)])

    assert {key for key, sighting in seen.items() if cause(sighting) in (Cause.ERROR, Cause.FAULT)} == set(
        map(nlb, unreadable)
    )
    assert not any(isinstance(sighting, Gone) for sighting in seen.values())


@pytest.mark.parametrize("action", [f"{ELBV2}:DescribeLoadBalancers", f"{ELBV2}:DescribeTags"])
@pytest.mark.parametrize(
    ("error", "means"),
    [
        (AwsError("AccessDenied", status=403), Cause.ERROR),
        (AwsError("OptInRequired", status=403), Cause.ERROR),
        (AwsError("ExpiredToken", status=403), Cause.ERROR),
        (AwsError("SomethingNew"), Cause.ERROR),
        (AwsError("Throttling"), Cause.UNANSWERED),
        (AwsError("ThrottlingException"), Cause.UNANSWERED),
        (AwsError("Whatever", status=429), Cause.UNANSWERED),
        (AwsError("InternalFailure", status=500), Cause.UNANSWERED),
        (AwsError("ServiceUnavailable", status=503), Cause.UNANSWERED),
        (ConnectTimeoutError(endpoint_url="https://x"), Cause.UNANSWERED),
        (ResponseParserError("invalid XML received: <html>"), Cause.UNANSWERED),
        (ValueError("Invalid timestamp"), Cause.ERROR),
        (TypeError("a fault of ours"), Cause.FAULT),
    ],
    ids=str,
)
@pytest.mark.parametrize("others", [0, 30], ids=["asked for by id", "found on a page"])
def test_a_failure_is_never_absence(action: str, error: Exception, means: Cause, others: int) -> None:
    def fail(call: Call) -> None:
        if call.action == action:
            raise error

    ids = [nlb(number) for number in range(others + 1)]
    aws = FakeAws(before=fail)
    aws.add(*map(claiming, ids))

    seen = look(aws, ids)

    assert seen.keys() == set(ids)
    assert {cause(sighting) for sighting in seen.values()} == {means}
    assert "<html>" not in str(seen)


@pytest.mark.parametrize(
    ("after", "waits"),
    [("30", 30), (None, None), ("soon", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
    ids=["seconds", "nothing", "a word", "a date"],
)
def test_what_aws_asks_us_to_wait(after: str | None, waits: float | None) -> None:
    def throttle(call: Call) -> None:
        raise AwsError("Throttling", after=after)

    seen = look(FakeAws(before=throttle), [nlb(1)])[nlb(1)]

    assert isinstance(seen, Unreadable)
    assert seen.after == waits


def test_a_failure_ends_the_asking_there_and_spoils_nothing_elsewhere() -> None:
    aws = FakeAws(before=fail_with("AccessDenied", f"{ELBV2}:DescribeTags", only_if=lambda call: call.scope == SPOKE))
    spoke = [nlb(number, SPOKE) for number in range(300)]
    aws.add(claiming(nlb(1)), claiming(classic(1)), claiming(classic(1, SPOKE)), *map(claiming, spoke))

    seen = look(aws, [nlb(1), classic(1), classic(1, SPOKE), *spoke])

    assert all(isinstance(seen[key], LoadBalancer) for key in (nlb(1), classic(1), classic(1, SPOKE)))
    assert all(isinstance(seen[key], Unreadable) for key in spoke)
    assert len(calls_in(aws, SPOKE, f"{ELBV2}:DescribeTags")) <= 4, "those that were under way, of 15"


def test_a_page_that_fails_spoils_only_what_it_would_have_shown() -> None:
    aws = FakeAws(
        before=fail_with("AccessDenied", f"{ELBV2}:DescribeLoadBalancers", only_if=lambda c: "Marker" in c.arguments)
    )
    ids = sorted(nlb(number) for number in range(405))
    aws.add(*map(claiming, ids))

    seen = look(aws, ids)

    assert [key for key in ids if isinstance(seen[key], Unreadable)] == ids[400:]


def test_an_id_that_aws_finds_malformed_does_not_spoil_the_others() -> None:
    aws = FakeAws(
        before=fail_with(
            "ValidationError",
            f"{ELBV2}:DescribeLoadBalancers",
            only_if=lambda call: any("lb-2/" in one for one in call.arguments.get("LoadBalancerArns", ())),
        )
    )
    aws.add(claiming(nlb(1)), claiming(nlb(2)))

    seen = look(aws, [nlb(1), nlb(2)])

    assert isinstance(seen[nlb(1)], LoadBalancer)
    assert cause(seen[nlb(2)]) is Cause.ERROR


def test_an_id_that_botocore_finds_malformed_says_nothing_about_the_scope() -> None:
    class Strict(FakeAws):
        def answer(self, call: Call) -> Mapping[str, Any]:
            if "lb-2/" in str(call.arguments):
                raise ParamValidationError(report="lb-2")
            return super().answer(call)

    aws = Strict()
    aws.add(claiming(nlb(1)))

    seen = look(aws, [nlb(1), nlb(2)])

    assert isinstance(seen[nlb(1)], LoadBalancer)
    assert cause(seen[nlb(2)]) is Cause.ERROR


def test_a_region_that_no_partition_has_is_unreadable() -> None:
    nowhere = nlb(1, Scope("444455556666", "nowhere-1"))

    assert cause(look(FakeAws(), [nowhere])[nowhere]) is Cause.ERROR
