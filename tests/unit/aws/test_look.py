"""Looking at load balancers directly: what AWS is asked, how often, and what its answers and failures mean."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
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
    Readiness,
    Scope,
    Sighting,
    Unreadable,
)
from tests.unit.aws.fake_aws import NOW, SPOKE, Balancer, FakeAws, claiming, classic, nlb, plain
from tests.unit.aws.fake_table import AwsError, Call, Clock
from tests.unit.aws.reading import ELB, ELBV2, calls_in, fail_with, inventory_of

DEADLINE = NOW + 100


def look(
    aws: FakeAws, ids: Collection[LoadBalancerId], deadline: float = DEADLINE
) -> Mapping[LoadBalancerId, Sighting]:
    return inventory_of(aws).look(ids, deadline)


def cause(sighting: Sighting) -> Cause | None:
    return sighting.cause if isinstance(sighting, Unreadable) else None


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

    assert cause(seen[load_balancer]) is Cause.DENIED
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
    aws.change = change  # type: ignore[method-assign]
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

    assert {key for key, sighting in seen.items() if cause(sighting) is Cause.DENIED} == set(map(nlb, unreadable))
    assert not any(isinstance(sighting, Gone) for sighting in seen.values())


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


@pytest.mark.parametrize("action", [f"{ELBV2}:DescribeLoadBalancers", f"{ELBV2}:DescribeTags"])
@pytest.mark.parametrize(
    ("error", "means"),
    [
        (AwsError("AccessDenied", status=403), Cause.DENIED),
        (AwsError("OptInRequired", status=403), Cause.DENIED),
        (AwsError("ExpiredToken", status=403), Cause.DENIED),
        (AwsError("SomethingNew"), Cause.DENIED),
        (AwsError("Throttling"), Cause.UNANSWERED),
        (AwsError("ThrottlingException"), Cause.UNANSWERED),
        (AwsError("Whatever", status=429), Cause.UNANSWERED),
        (AwsError("InternalFailure", status=500), Cause.UNANSWERED),
        (AwsError("ServiceUnavailable", status=503), Cause.UNANSWERED),
        (ConnectTimeoutError(endpoint_url="https://x"), Cause.UNANSWERED),
        (ResponseParserError("invalid XML received: <html>"), Cause.UNANSWERED),
        (ValueError("Invalid timestamp"), Cause.DENIED),
        (TypeError("a fault of ours"), Cause.DENIED),
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
    assert cause(seen[nlb(2)]) is Cause.DENIED


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
    assert cause(seen[nlb(2)]) is Cause.DENIED


def test_a_region_that_no_partition_has_is_unreadable() -> None:
    nowhere = nlb(1, Scope("444455556666", "nowhere-1"))

    assert cause(look(FakeAws(), [nowhere])[nowhere]) is Cause.DENIED


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


def test_scopes_are_asked_side_by_side() -> None:
    scopes = [Scope(f"{number:012}", "eu-central-1") for number in range(20)]
    aws = FakeAws()
    aws.add(*(claiming(nlb(1, scope)) for scope in scopes))
    meeting = threading.Barrier(len(scopes), timeout=20)

    def meet(call: Call) -> None:
        if call.action == f"{ELBV2}:DescribeLoadBalancers":
            meeting.wait()

    aws.before = meet

    seen = look(aws, [nlb(1, scope) for scope in scopes])

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
