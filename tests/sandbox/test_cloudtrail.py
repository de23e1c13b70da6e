"""Load balancer calls become CloudTrail events, as EventBridge delivers them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, eventually

TARGET_GROUP = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/none/0123456789abcdef"
EVERYTHING = {"source": ["aws.elasticloadbalancing"]}


def watched(aws: Account) -> str:
    """URL of a queue that gets every event."""
    url, arn = aws.queue("watch")
    aws.rule(arn, EVERYTHING)
    return url


def next_event(aws: Account, url: str) -> dict[str, Any]:
    message = eventually(lambda: aws.received(url, most=1))[0]
    aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return dict(json.loads(message["Body"]))


def test_a_trail_is_deleted_by_its_arn(aws: Account) -> None:
    aws.trail()
    trails = aws.client("cloudtrail")
    (trail,) = trails.describe_trails()["trailList"]
    trails.delete_trail(Name=trail["TrailARN"])
    assert trails.describe_trails()["trailList"] == []


def test_network_load_balancer(aws: Account) -> None:
    aws.trail()
    url = watched(aws)
    load_balancer = aws.load_balancer("one", Tags=[{"Key": "hostname", "Value": "cluster1.mesh.example.com"}])
    created = next_event(aws, url)
    assert {k: created[k] for k in ("detail-type", "account", "region", "resources", "version")} == {
        "detail-type": "AWS API Call via CloudTrail", "account": "123456789012", "region": "eu-west-1",
        "resources": [], "version": "0",
    }  # fmt: skip
    detail = created["detail"]
    assert (detail["eventSource"], detail["eventName"]) == ("elasticloadbalancing.amazonaws.com", "CreateLoadBalancer")
    asked, made = detail["requestParameters"], detail["responseElements"]["loadBalancers"][0]
    assert (asked["name"], asked["type"], asked["scheme"]) == ("one", "network", "internal")
    assert asked["tags"] == [{"key": "hostname", "value": "cluster1.mesh.example.com"}]
    arn = load_balancer["LoadBalancerArn"]
    assert (made["loadBalancerArn"], made["dNSName"]) == (arn, load_balancer["DNSName"])
    assert made["createdTime"].endswith(("AM", "PM"))

    elb = aws.client("elbv2")
    elb.add_tags(ResourceArns=[arn], Tags=[{"Key": "team", "Value": "mesh"}])
    added = next_event(aws, url)["detail"]
    assert added["eventName"] == "AddTags"
    assert added["requestParameters"] == {"resourceArns": [arn], "tags": [{"key": "team", "value": "mesh"}]}
    assert added["responseElements"] is None
    elb.remove_tags(ResourceArns=[arn], TagKeys=["hostname"])
    removed = next_event(aws, url)["detail"]
    assert removed["requestParameters"] == {"resourceArns": [arn], "tagKeys": ["hostname"]}
    elb.delete_load_balancer(LoadBalancerArn=arn)
    deleted = next_event(aws, url)["detail"]
    assert (deleted["eventName"], deleted["requestParameters"]) == ("DeleteLoadBalancer", {"loadBalancerArn": arn})


def test_classic_load_balancer(aws: Account) -> None:
    aws.trail()
    url = watched(aws)
    elb, subnet = aws.client("elb"), aws.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    listener = {"Protocol": "TCP", "LoadBalancerPort": 2379, "InstancePort": 32379}
    made = elb.create_load_balancer(LoadBalancerName="old", Listeners=[listener], Subnets=[subnet])
    detail = next_event(aws, url)["detail"]
    assert detail["requestParameters"]["loadBalancerName"] == "old"
    assert detail["responseElements"] == {"dNSName": made["DNSName"]}
    elb.add_tags(LoadBalancerNames=["old"], Tags=[{"Key": "team", "Value": "mesh"}])
    added = next_event(aws, url)["detail"]["requestParameters"]
    assert added == {"loadBalancerNames": ["old"], "tags": [{"key": "team", "value": "mesh"}]}
    elb.delete_load_balancer(LoadBalancerName="old")
    assert next_event(aws, url)["detail"]["requestParameters"] == {"loadBalancerName": "old"}


def test_a_failed_call_carries_its_error(aws: Account) -> None:
    aws.trail()
    url = watched(aws)
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/gone/0123456789abcdef"
    with pytest.raises(ClientError):
        aws.client("elbv2").add_tags(ResourceArns=[arn], Tags=[{"Key": "a", "Value": "b"}])
    detail = next_event(aws, url)["detail"]
    assert (detail["errorCode"], detail["responseElements"]) == ("LoadBalancerNotFound", None)


SELECT_WRITES = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]


@pytest.mark.parametrize(
    ("trail", "selectors", "delivered"),
    [
        pytest.param(None, None, False, id="no trail: nothing"),
        pytest.param({}, None, True, id="a trail of this region"),
        pytest.param(
            {"IsMultiRegionTrail": True, "home": "us-west-2"}, None, True, id="a multi-region trail of another"
        ),
        pytest.param({"home": "us-west-2"}, None, False, id="a trail of another region only: nothing"),
        pytest.param({}, SELECT_WRITES, True, id="management events, writes"),
        pytest.param(
            {}, [*SELECT_WRITES[:1], {"Field": "readOnly", "Equals": ["true"]}], False, id="reads only: nothing"
        ),
        pytest.param(
            {}, [*SELECT_WRITES, {"Field": "eventSource", "NotEquals": ["kms.amazonaws.com"]}], True, id="all but KMS"
        ),
        pytest.param({}, [{"Field": "eventCategory", "Equals": ["Data"]}], False, id="data events only: nothing"),
    ],
)
def test_events_need_a_trail_that_logs(
    aws: Account, trail: dict[str, Any] | None, selectors: list[Any] | None, delivered: bool
) -> None:
    if trail is not None:
        home = Account(aws.sandbox, region=trail.pop("home", aws.region))
        home.trail(**trail)
        if selectors:
            chosen = [{"Name": "chosen", "FieldSelectors": selectors}]
            home.client("cloudtrail").put_event_selectors(TrailName="trail", AdvancedEventSelectors=chosen)
    url = watched(aws)
    aws.load_balancer()
    if delivered:
        assert next_event(aws, url)
    else:
        assert aws.received(url, WaitTimeSeconds=1) == []


def test_a_trail_that_was_stopped_delivers_nothing_and_a_describe_never_does(aws: Account) -> None:
    aws.trail()
    url = watched(aws)
    aws.client("elbv2").describe_load_balancers()
    aws.client("cloudtrail").stop_logging(Name="trail")
    aws.load_balancer()
    assert aws.received(url, WaitTimeSeconds=1) == []


def test_events_can_get_lost_and_come_twice(aws: Account) -> None:
    aws.trail()
    url = watched(aws)
    aws.sandbox.cloudtrail.drop_next()
    with pytest.raises(ClientError):  # about something else: neither lost nor counted
        aws.client("elbv2").delete_target_group(TargetGroupArn=TARGET_GROUP)
    aws.load_balancer("lost")
    aws.sandbox.cloudtrail.repeat_next()
    aws.load_balancer("twice")
    aws.load_balancer("once")
    asked = [next_event(aws, url)["detail"]["requestParameters"] for _ in range(4)]
    assert [each.get("name", each.get("targetGroupArn")) for each in asked] == [TARGET_GROUP, "twice", "twice", "once"]


def test_an_event_is_on_its_way_until_whoever_waits_for_it_has_it(aws: Account) -> None:
    aws.trail()
    url, trail = watched(aws), aws.sandbox.cloudtrail
    trail.delay = 1
    aws.load_balancer("late")
    assert (trail.on_their_way, aws.received(url)) == (1, [])
    eventually(lambda: trail.on_their_way == 0)
    assert len(aws.received(url)) == 1
