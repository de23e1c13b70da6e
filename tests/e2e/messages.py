"""Events as tests make them up: envelopes, records of calls, ARNs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sandbox.sandbox import ACCOUNT, REGION


def event(detail: Mapping[str, Any], **fields: object) -> dict[str, Any]:
    """An EventBridge envelope around a CloudTrail record, of this installation's account and region."""
    envelope = {
        "version": "0",
        "id": "00000000-0000-4000-a000-000000000000",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.elasticloadbalancing",
        "account": ACCOUNT,
        "time": "2026-05-04T09:30:12Z",
        "region": REGION,
        "resources": [],
        "detail": {"eventSource": "elasticloadbalancing.amazonaws.com", **detail},
    }
    return envelope | fields


def tagged(*arns: str, hostname: str | None = None, at: datetime | None = None) -> dict[str, Any]:
    """The record of an AddTags call, as far as the function cares. Without a time it counts from when it was sent."""
    tags = [] if hostname is None else [{"key": "hostname", "value": hostname}]
    return {"eventName": "AddTags", "requestParameters": {"resourceArns": list(arns), "tags": tags}} | _time(at)


def created(arn: str, at: datetime | None = None) -> dict[str, Any]:
    """The record of a CreateLoadBalancer call."""
    name = arn.split("/")[2]
    made = {"requestParameters": {"name": name}, "responseElements": {"loadBalancers": [{"loadBalancerArn": arn}]}}
    return {"eventName": "CreateLoadBalancer"} | made | _time(at)


def deleted(arn: str, at: datetime | None = None) -> dict[str, Any]:
    """The record of a DeleteLoadBalancer call."""
    return {"eventName": "DeleteLoadBalancer", "requestParameters": {"loadBalancerArn": arn}} | _time(at)


def _time(at: datetime | None) -> dict[str, str]:
    return {} if at is None else {"eventTime": at.strftime("%Y-%m-%dT%H:%M:%SZ")}


def arn_of(name: str, load_balancer_id: str = "0123456789abcdef", account: str = ACCOUNT, region: str = REGION) -> str:
    """The ARN of a network load balancer, there or not."""
    return f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{load_balancer_id}"
