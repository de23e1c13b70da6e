"""The two generations of load balancers: how each is asked for, and what its answers say."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mesh_dns.core.values import Kind, LoadBalancer, LoadBalancerId, Scope

PAGE_SIZE = 400  # of DescribeLoadBalancers
IDS_PER_CALL = 20  # of DescribeLoadBalancers by ids, and of DescribeTags
NOT_FOUND = "LoadBalancerNotFound"

Tags = Mapping[str, str]
Descriptions = Mapping[LoadBalancerId, LoadBalancer]


class Caller(Protocol):
    """Calls an operation of one service in one scope. Raises Retryable."""

    def __call__(self, service: str, operation: str, **arguments: object) -> Mapping[str, Any]:
        """The answer."""
        ...


class Generation(Protocol):
    """One API with its own ids. Load balancers come without tags: those are another call."""

    def covers(self, load_balancer: LoadBalancerId) -> bool:
        """Whether a load balancer is of this generation."""
        ...

    def describe(self, ids: Sequence[LoadBalancerId]) -> Descriptions:
        """Describe at most `IDS_PER_CALL` by their ids: one call. AWS refuses it whole when one is gone."""
        ...

    def describe_all(self) -> Descriptions:
        """Describe all in the scope: one call for each `PAGE_SIZE`."""
        ...

    def tags(self, ids: Sequence[LoadBalancerId]) -> Mapping[LoadBalancerId, Tags]:
        """The tags of at most `IDS_PER_CALL`: one call. AWS refuses it whole when one is gone."""
        ...


class ElbV2:
    """Network, application and gateway load balancers, known by ARN."""

    def __init__(self, scope: Scope, partition: str, call: Caller) -> None:
        self._scope = scope
        self._prefix = f"arn:{partition}:elasticloadbalancing:{scope.region}:{scope.account}:loadbalancer/"
        self._call = call

    def covers(self, load_balancer: LoadBalancerId) -> bool:
        """Anything but a classic one."""
        return load_balancer.kind is not Kind.CLASSIC

    def describe(self, ids: Sequence[LoadBalancerId]) -> Descriptions:
        """By ARN."""
        arns = [self._prefix + load_balancer.arn_path for load_balancer in ids]
        return self._parse(self._call("elbv2", "describe_load_balancers", LoadBalancerArns=arns))

    def describe_all(self) -> Descriptions:
        """By pages."""
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for answer in _pages(self._call, "elbv2"):
            found.update(self._parse(answer))
        return found

    def tags(self, ids: Sequence[LoadBalancerId]) -> Mapping[LoadBalancerId, Tags]:
        """By ARN."""
        arns = {self._prefix + load_balancer.arn_path: load_balancer for load_balancer in ids}
        answer = self._call("elbv2", "describe_tags", ResourceArns=list(arns))
        return {arns[item["ResourceArn"]]: tags_of(item["Tags"]) for item in answer["TagDescriptions"]}

    def _parse(self, answer: Mapping[str, Any]) -> Descriptions:
        described = (self._load_balancer(item) for item in answer["LoadBalancers"])
        return {load_balancer.id: load_balancer for load_balancer in described if load_balancer is not None}

    def _load_balancer(self, item: Mapping[str, Any]) -> LoadBalancer | None:
        known_as = LoadBalancerId.from_arn(item["LoadBalancerArn"])
        if known_as is None or known_as.scope != self._scope:
            return None
        return LoadBalancer(
            known_as,
            # A gateway load balancer has neither a DNS name nor a scheme: nothing of it faces the internet.
            dns_name=_dns_name(item),
            created=item["CreatedTime"].timestamp(),
            internal=item.get("Scheme", "internal") == "internal",
            tags={},
            failed=item.get("State", {}).get("Code") == "failed",
        )


class Classic:
    """Classic load balancers, known by name."""

    def __init__(self, scope: Scope, call: Caller) -> None:
        self._scope = scope
        self._call = call

    def covers(self, load_balancer: LoadBalancerId) -> bool:
        """Only a classic one."""
        return load_balancer.kind is Kind.CLASSIC

    def describe(self, ids: Sequence[LoadBalancerId]) -> Descriptions:
        """By name."""
        names = [load_balancer.name for load_balancer in ids]
        return self._parse(self._call("elb", "describe_load_balancers", LoadBalancerNames=names))

    def describe_all(self) -> Descriptions:
        """By pages."""
        found: dict[LoadBalancerId, LoadBalancer] = {}
        for answer in _pages(self._call, "elb"):
            found.update(self._parse(answer))
        return found

    def tags(self, ids: Sequence[LoadBalancerId]) -> Mapping[LoadBalancerId, Tags]:
        """By name."""
        answer = self._call("elb", "describe_tags", LoadBalancerNames=[load_balancer.name for load_balancer in ids])
        return {self._id(item["LoadBalancerName"]): tags_of(item["Tags"]) for item in answer["TagDescriptions"]}

    def _parse(self, answer: Mapping[str, Any]) -> Descriptions:
        found = {}
        for item in answer["LoadBalancerDescriptions"]:
            known_as = self._id(item["LoadBalancerName"])
            found[known_as] = LoadBalancer(
                known_as,
                dns_name=_dns_name(item),
                created=item["CreatedTime"].timestamp(),
                internal=item["Scheme"] == "internal",
                tags={},
            )
        return found

    def _id(self, name: str) -> LoadBalancerId:
        return LoadBalancerId(self._scope.region, self._scope.account, Kind.CLASSIC, name)


def tags_of(items: Collection[Mapping[str, str]]) -> Tags:
    """AWS's list of tags as a mapping. A tag may have no value."""
    return {item["Key"]: item.get("Value") or "" for item in items}


def _dns_name(item: Mapping[str, Any]) -> str:
    return str(item.get("DNSName") or "").lower().rstrip(".")


def _pages(call: Caller, service: str) -> Iterator[Mapping[str, Any]]:
    marker: dict[str, object] = {}
    while True:
        answer = call(service, "describe_load_balancers", PageSize=PAGE_SIZE, **marker)
        yield answer
        if not answer.get("NextMarker"):
            return
        marker = {"Marker": answer["NextMarker"]}
