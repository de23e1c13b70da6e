"""AWS is late, the same for everybody and the same each time."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from typing import Any

import boto3
import dns.message
import dns.query
import dns.rcode
import pytest
from botocore.exceptions import ClientError

from sandbox.lateness import INSTANT, VARIABLE, LateCloud, Lateness
from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account, eventually

LISTENER = {"Protocol": "TCP", "LoadBalancerPort": 2379, "InstancePort": 32379}
NAME, TAGS = "k8s-one", [{"Key": "hostname", "Value": "a"}, {"Key": "team", "Value": "mesh"}]
BOTH = {"hostname": "a", "team": "mesh"}
STEP = (0.5, 0.5)


def late(**spans: Any) -> Lateness:
    """Nothing is late but these."""
    return dataclasses.replace(INSTANT, **spans)


class V2:
    """A network load balancer, made by the account and looked at by a client of somebody's own."""

    def __init__(self, aws: Account) -> None:
        self.elb, self.key, self._aws = aws.client("elbv2"), "", aws
        environment = aws.sandbox.environment()
        self.reader = boto3.client(
            "elbv2", region_name="eu-west-1", endpoint_url=aws.sandbox.endpoint,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"], aws_session_token=environment["AWS_SESSION_TOKEN"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip

    def create(self) -> None:
        self.key = self._aws.load_balancer(NAME, Tags=TAGS)["LoadBalancerArn"]

    def delete(self) -> None:
        self.elb.delete_load_balancer(LoadBalancerArn=self.key)

    def change_tags(self) -> None:
        self.elb.add_tags(ResourceArns=[self.key], Tags=[{"Key": "hostname", "Value": "b"}, {"Key": "x", "Value": "y"}])
        time.sleep(0.4)  # so that a reader has time to see what is in between
        self.elb.remove_tags(ResourceArns=[self.key], TagKeys=["team", "x"])

    def visible(self) -> bool:
        try:
            self.reader.describe_load_balancers(LoadBalancerArns=[self.key])
        except self.reader.exceptions.LoadBalancerNotFoundException:
            return False
        return True

    def tags(self) -> dict[str, str] | None:
        try:
            (described,) = self.reader.describe_tags(ResourceArns=[self.key])["TagDescriptions"]
        except self.reader.exceptions.LoadBalancerNotFoundException:
            return None
        return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


class Classic:
    """A classic load balancer."""

    def __init__(self, aws: Account) -> None:
        self.elb, self._aws = aws.client("elb"), aws

    def create(self) -> None:
        subnet = self._aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        self.elb.create_load_balancer(LoadBalancerName=NAME, Listeners=[LISTENER], Subnets=[subnet], Tags=TAGS)

    def delete(self) -> None:
        self.elb.delete_load_balancer(LoadBalancerName=NAME)

    def change_tags(self) -> None:
        self.elb.add_tags(
            LoadBalancerNames=[NAME], Tags=[{"Key": "hostname", "Value": "b"}, {"Key": "x", "Value": "y"}]
        )
        time.sleep(0.4)
        self.elb.remove_tags(LoadBalancerNames=[NAME], Tags=[{"Key": "team"}, {"Key": "x"}])

    def visible(self) -> bool:
        try:
            self.elb.describe_load_balancers(LoadBalancerNames=[NAME])
        except self.elb.exceptions.AccessPointNotFoundException:
            return False
        return True

    def tags(self) -> dict[str, str] | None:
        try:
            (described,) = self.elb.describe_tags(LoadBalancerNames=[NAME])["TagDescriptions"]
        except self.elb.exceptions.AccessPointNotFoundException:
            return None
        return {tag["Key"]: tag["Value"] for tag in described["Tags"]}


Kind = V2 | Classic
both_kinds = pytest.mark.parametrize("kind", [V2, Classic], ids=["network", "classic"])


def resources(aws: Account) -> dict[str, str] | None:
    """The tags that GetResources shows of the one load balancer."""
    found = aws.client("resourcegroupstaggingapi").get_resources(ResourceTypeFilters=["elasticloadbalancing"])
    tags = [{tag["Key"]: tag["Value"] for tag in each["Tags"]} for each in found["ResourceTagMappingList"]]
    return tags[0] if tags else None


def stages(probe: Callable[[], Any], last: Any, seconds: float = 10) -> list[Any]:
    """The different answers of `probe`, in their order, until the last one comes."""
    seen, until = [probe()], time.monotonic() + seconds
    while seen[-1] != last:
        assert time.monotonic() < until, seen
        answer = probe()
        if answer != seen[-1]:
            seen.append(answer)
    return seen


@both_kinds
def test_a_load_balancer_appears_late_then_its_tags_then_the_tagging_api_has_it(kind: Callable[..., Kind]) -> None:
    with Sandbox(lateness=late(appears=STEP, classic_appears=STEP, tags_appear=STEP, listed=STEP)) as sandbox:
        aws = Account(sandbox)
        balancer = kind(aws)
        balancer.create()
        seen = stages(lambda: (balancer.visible(), balancer.tags(), resources(aws)), (True, BOTH, BOTH))
    whole = [(False, None, None), (True, {}, None), (True, BOTH, None), (True, BOTH, BOTH)]
    assert [stage for stage in seen if stage in whole] == whole  # between two calls of a probe a stage may begin


@both_kinds
def test_a_load_balancer_is_shown_with_the_tags_that_it_was_made_with(kind: Callable[..., Kind]) -> None:
    with Sandbox(lateness=late(appears=STEP, classic_appears=STEP, tags_change=(60, 60))) as sandbox:
        balancer = kind(Account(sandbox))
        balancer.create()
        assert stages(balancer.tags, BOTH) == [None, BOTH]


@both_kinds
def test_a_listing_is_as_late_as_a_direct_look(kind: Callable[..., Kind]) -> None:
    with Sandbox(lateness=late(appears=(60, 60), classic_appears=(60, 60))) as sandbox:
        balancer = kind(Account(sandbox))
        balancer.create()
        (listed,) = (x for x in balancer.elb.describe_load_balancers().values() if isinstance(x, list))
        assert (listed, balancer.visible(), balancer.tags()) == ([], False, None)


def test_a_classic_load_balancer_is_there_at_once_as_cloud_provider_aws_counts_on() -> None:
    with Sandbox() as sandbox:
        balancer = Classic(Account(sandbox))
        balancer.create()
        assert balancer.visible()


@both_kinds
def test_a_deleted_load_balancer_is_shown_a_moment_longer(kind: Callable[..., Kind]) -> None:
    with Sandbox(lateness=late(leaves=STEP, listed=STEP)) as sandbox:
        aws = Account(sandbox)
        balancer = kind(aws)
        balancer.create()
        stages(lambda: resources(aws), BOTH)
        balancer.delete()
        seen = stages(lambda: (balancer.visible(), balancer.tags(), resources(aws)), (False, None, None))
    whole = [(True, BOTH, BOTH), (False, None, BOTH), (False, None, None)]
    assert [stage for stage in seen if stage in whole] == whole


@both_kinds
def test_changed_tags_are_shown_late_call_by_call_and_later_in_the_tagging_api(kind: Callable[..., Kind]) -> None:
    with Sandbox(lateness=late(tags_change=STEP, listed=(1.5, 1.5))) as sandbox:
        aws = Account(sandbox)
        balancer = kind(aws)
        balancer.create()
        stages(lambda: resources(aws), BOTH)
        balancer.change_tags()
        seen = stages(balancer.tags, {"hostname": "b"})
        assert seen == [BOTH, {"hostname": "b", "team": "mesh", "x": "y"}, {"hostname": "b"}]
        assert resources(aws) == BOTH
        stages(lambda: resources(aws), {"hostname": "b"})


def test_a_classic_name_that_is_made_again_shows_the_old_one_first() -> None:
    with Sandbox(lateness=late(classic_appears=STEP, leaves=(0.3, 0.3))) as sandbox:
        balancer = Classic(Account(sandbox))
        balancer.create()
        stages(balancer.visible, True)
        balancer.delete()
        balancer.create()
        assert stages(balancer.visible, False) + stages(balancer.visible, True) == [True, False, False, True]


def rcode(sandbox: Sandbox, name: str) -> str:
    reply = dns.query.udp(dns.message.make_query(name, "A"), sandbox.dns.host, port=sandbox.dns.port, timeout=3)
    return dns.rcode.to_text(reply.rcode())


def test_a_network_load_balancer_is_provisioning_and_nxdomain_before_it_is_active() -> None:
    with Sandbox(lateness=late(active=STEP)) as sandbox:
        aws = Account(sandbox)
        made = aws.load_balancer()
        assert made["State"]["Code"] == "provisioning"

        def now() -> tuple[str, str]:
            state = aws.client("elbv2").describe_load_balancers()["LoadBalancers"][0]["State"]["Code"]
            return state, rcode(sandbox, made["DNSName"])

        seen = stages(now, ("active", "NOERROR"))
    assert seen[0] == ("provisioning", "NXDOMAIN")


@pytest.mark.parametrize(
    ("state", "answer"), [("provisioning", "NXDOMAIN"), ("failed", "NXDOMAIN"), ("active_impaired", "NOERROR")]
)
def test_a_load_balancer_can_be_held_in_a_state(aws: Account, state: str, answer: str) -> None:
    aws.sandbox.late.hold("held", state)
    made, other = aws.load_balancer("held"), aws.load_balancer("other")
    shown = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert [balancer["State"]["Code"] for balancer in shown] == [state, "active"]
    assert (rcode(aws.sandbox, made["DNSName"]), rcode(aws.sandbox, other["DNSName"])) == (answer, "NOERROR")
    aws.sandbox.late.let_go("held")
    assert rcode(aws.sandbox, made["DNSName"]) == "NOERROR"


def answered(client: Any, tries: int) -> int:
    """How many of so many describes were not throttled."""
    count = 0
    for _ in range(tries):
        try:
            client.describe_load_balancers()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "Throttling"
        else:
            count += 1
    return count


def test_describes_have_an_allowance_per_account_region_and_generation() -> None:
    with Sandbox(lateness=late(throttles=True)) as sandbox:
        client = sandbox.client("elbv2")
        client.describe_load_balancers()  # the client is ready, so that what follows is fast
        began = time.monotonic()
        count = answered(client, 120)
        assert 39 <= count <= 41 + (time.monotonic() - began) * 10
        assert count < 120
        for other in (
            sandbox.client("elb"),
            sandbox.client("elbv2", region="us-east-1"),
            sandbox.client("elbv2", account="222222222222"),
        ):
            assert answered(other, 20) == 20
        time.sleep(1)
        assert answered(client, 9) == 9


def test_a_region_can_hang_in_one_account_or_in_all(aws: Account) -> None:
    aws.load_balancer()
    elsewhere = aws.sandbox.client("elbv2", account="222222222222")

    def seconds(client: Any) -> float:
        began = time.monotonic()
        client.describe_load_balancers()
        return time.monotonic() - began

    seconds(elsewhere)
    aws.sandbox.late.hang(aws.region, 1.0, account=aws.account)
    assert seconds(aws.client("elbv2")) >= 1 > seconds(elsewhere)
    aws.sandbox.late.hang(aws.region, 0.0, account=aws.account)
    aws.sandbox.late.hang(aws.region, 1.0)
    assert seconds(elsewhere) >= 1
    assert seconds(aws.sandbox.client("elbv2", region="us-east-1")) < 1


def test_events_come_late_out_of_order_and_twice() -> None:
    with Sandbox(lateness=late(event=(0.0, 2.0), event_again=1.0)) as sandbox:
        aws = Account(sandbox)
        aws.trail()
        url, arn = aws.queue("watch")
        aws.rule(arn)
        made = [aws.load_balancer(f"lb-{number}")["LoadBalancerName"] for number in range(5)]
        names: list[str] = []

        def all_of_them() -> bool:
            for message in aws.received(url):
                names.append(json.loads(message["Body"])["detail"]["requestParameters"]["name"])
                aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(names) == 10

        eventually(all_of_them)
    assert sorted(names) == sorted(made * 2)
    assert list(dict.fromkeys(names)) != made


def drawn(seed: int, *subjects: str) -> list[float]:
    cloud = LateCloud(Lateness(seed=seed))
    return [cloud.draw("appears", subject) for subject in subjects]


def test_a_seed_draws_the_same_again_whatever_others_draw_in_between() -> None:
    assert drawn(1, "a", "a", "b") == drawn(1, "a", "a", "b")
    assert drawn(1, "b", "a", "c", "a")[1::2] == drawn(1, "a", "a")
    assert len({*drawn(1, "a", "a", "b"), *drawn(2, "a", "a", "b")}) == 6
    assert all(1 <= seconds <= 4 for seconds in drawn(3, *"abcdefghij"))


@pytest.mark.parametrize(
    ("value", "lateness"),
    [
        pytest.param(None, Lateness(), id="late unless somebody says otherwise"),
        pytest.param("instant", INSTANT, id="instant"),
        pytest.param("7", Lateness(seed=7), id="another seed"),
    ],
)
def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, value: str | None, lateness: Lateness) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    assert Sandbox().late.lateness == lateness
