"""Load balancers look and answer as those of AWS do."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account

LISTENER = {"Protocol": "TCP", "LoadBalancerPort": 2379, "InstancePort": 32379}


@pytest.mark.parametrize(
    ("kind", "scheme", "arn", "dns_name"),
    [
        ("network", "internal", r"net/one/[0-9a-f]{16}", r"one-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com"),
        ("network", None, r"net/one/[0-9a-f]{16}", r"one-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com"),
        ("application", "internal", r"app/one/[0-9a-f]{16}", r"internal-one-\d+\.eu-west-1\.elb\.amazonaws\.com"),
        ("application", None, r"app/one/[0-9a-f]{16}", r"one-\d+\.eu-west-1\.elb\.amazonaws\.com"),
        ("gateway", None, r"gwy/one/[0-9a-f]{16}", r"one-[0-9a-f]{16}\.elb\.eu-west-1\.amazonaws\.com"),
    ],
)
def test_arn_and_dns_name(aws: Account, kind: str, scheme: str | None, arn: str, dns_name: str) -> None:
    subnet = aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    options = {"Scheme": scheme} if scheme else {}
    made = aws.client("elbv2").create_load_balancer(Name="one", Type=kind, Subnets=[subnet], **options)[
        "LoadBalancers"
    ][0]
    prefix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/"
    assert re.fullmatch(prefix + arn, made["LoadBalancerArn"])
    assert re.fullmatch(dns_name, made["DNSName"])
    assert made["Scheme"] == (scheme or "internet-facing")


@pytest.mark.parametrize(("scheme", "prefix"), [("internal", "internal-"), ("internet-facing", "")])
def test_classic_dns_name(aws: Account, scheme: str, prefix: str) -> None:
    subnet = aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    made = aws.client("elb").create_load_balancer(
        LoadBalancerName="one", Listeners=[LISTENER], Subnets=[subnet], Scheme=scheme
    )
    assert re.fullmatch(prefix + r"one-\d+\.eu-west-1\.elb\.amazonaws\.com", made["DNSName"])


def test_describing_several_of_which_one_is_gone_fails_as_a_whole(aws: Account) -> None:
    elb = aws.client("elbv2")
    live, gone = aws.load_balancer("live"), aws.load_balancer("gone")
    elb.delete_load_balancer(LoadBalancerArn=gone["LoadBalancerArn"])
    for describe, argument in ((elb.describe_load_balancers, "LoadBalancerArns"), (elb.describe_tags, "ResourceArns")):
        with pytest.raises(ClientError, match="LoadBalancerNotFound"):
            describe(**{argument: [live["LoadBalancerArn"], gone["LoadBalancerArn"]]})
        describe(**{argument: [live["LoadBalancerArn"]]})


def test_no_call_describes_more_than_twenty(aws: Account) -> None:
    arns = [f"arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/x/{i:016x}" for i in range(21)]
    with pytest.raises(ClientError, match="ValidationError"):
        aws.client("elbv2").describe_tags(ResourceArns=arns)
    with pytest.raises(ClientError, match="ValidationError"):
        aws.client("elbv2").describe_load_balancers(LoadBalancerArns=arns)


def test_a_name_can_be_used_once_at_a_time(aws: Account) -> None:
    first = aws.load_balancer("one")
    for other in ({"Scheme": "internet-facing"}, {"Tags": [{"Key": "hostname", "Value": "x"}]}):
        with pytest.raises(ClientError, match="DuplicateLoadBalancerName"):
            aws.load_balancer("one", **other)
    aws.client("elbv2").delete_load_balancer(LoadBalancerArn=first["LoadBalancerArn"])
    assert aws.load_balancer("one")["DNSName"] != first["DNSName"]


def test_a_create_that_is_repeated_finds_what_it_made(aws: Account) -> None:
    tags = [{"Key": "hostname", "Value": "x"}]
    assert (
        aws.load_balancer("one", Tags=tags)["LoadBalancerArn"] == aws.load_balancer("one", Tags=tags)["LoadBalancerArn"]
    )
    assert len(aws.client("elbv2").describe_load_balancers()["LoadBalancers"]) == 1


def test_pages_are_as_long_as_in_aws(aws: Account) -> None:
    for number in range(101):
        aws.load_balancer(f"lb-{number}", Tags=[{"Key": "hostname", "Value": "x"}, {"Key": "team", "Value": "y"}])
    listed = aws.client("elbv2").describe_load_balancers()
    assert len(listed["LoadBalancers"]) == 101
    assert "NextMarker" not in listed
    tagging = aws.client("resourcegroupstaggingapi")
    filters = {"TagFilters": [{"Key": "hostname"}], "ResourceTypeFilters": ["elasticloadbalancing:loadbalancer"]}
    first = tagging.get_resources(**filters)
    assert len(first["ResourceTagMappingList"]) == 100
    rest = tagging.get_resources(**filters, PaginationToken=first["PaginationToken"])
    assert len(rest["ResourceTagMappingList"]) == 1


def test_the_tagging_api_finds_classic_load_balancers_too(aws: Account) -> None:
    subnet = aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    aws.client("elb").create_load_balancer(
        LoadBalancerName="old", Listeners=[LISTENER], Subnets=[subnet], Tags=[{"Key": "hostname", "Value": "x"}]
    )
    found = aws.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "hostname"}], ResourceTypeFilters=["elasticloadbalancing:loadbalancer"]
    )["ResourceTagMappingList"]
    assert [x["ResourceARN"].split(":", 5)[-1] for x in found] == ["loadbalancer/old"]
