"""Events as tests make them up: envelopes, records of calls, ARNs."""

from __future__ import annotations

from collections.abc import Mapping
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


def tagged(*arns: str) -> dict[str, Any]:
    """The record of an AddTags call, as far as the function cares."""
    return {"eventName": "AddTags", "requestParameters": {"resourceArns": list(arns), "tags": []}}


def arn_of(name: str, load_balancer_id: str = "0123456789abcdef", account: str = ACCOUNT, region: str = REGION) -> str:
    """The ARN of a network load balancer, there or not."""
    return f"arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/net/{name}/{load_balancer_id}"
