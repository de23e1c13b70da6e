"""The two generations of load balancers: how each is asked for, and what its answers say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from mesh_dns.aws.calls import OddAnswer, member, quote, unreadable
from mesh_dns.core.values import Kind, LoadBalancer, LoadBalancerId, Readiness, Scope, Unreadable

PAGE_SIZE = 400  # of DescribeLoadBalancers
IDS_PER_CALL = 20  # of DescribeLoadBalancers by ids, and of DescribeTags
NOT_FOUND = "LoadBalancerNotFound"

Tags = Mapping[str, str]
# An item that is odd is unreadable; the others are not.
Descriptions = Mapping[LoadBalancerId, LoadBalancer | Unreadable]
TagsById = Mapping[LoadBalancerId, Tags | Unreadable]

_READINESS = {
    "active": Readiness.ACTIVE,
    # It works, but has too few resources to scale.
    "active_impaired": Readiness.ACTIVE,
    "provisioning": Readiness.PROVISIONING,
    "failed": Readiness.FAILED,
}


class Caller(Protocol):
    """Calls an operation of one service in one scope, before a deadline. Raises Retryable."""

    def __call__(self, service: str, operation: str, **arguments: object) -> Mapping[str, Any]:
        """The answer."""
        ...


class Generation(Protocol):
    """One API with its own ids. Load balancers come without tags: those are another call."""

    def covers(self, load_balancer: LoadBalancerId) -> bool:
        """Whether a load balancer is of this generation."""
        ...

    def describe(self, ids: Sequence[LoadBalancerId]) -> Descriptions:
        """Describe at most `IDS_PER_CALL` by their ids: one call. AWS fails it whole when one is gone."""
        ...

    def pages(self, size: int = PAGE_SIZE) -> Iterator[Descriptions]:
        """All in the scope: one call for each page."""
        ...

    def tags(self, ids: Sequence[LoadBalancerId]) -> TagsById:
        """The tags of at most `IDS_PER_CALL`: one call. AWS fails it whole when one is gone."""
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

    def pages(self, size: int = PAGE_SIZE) -> Iterator[Descriptions]:
        """By `NextMarker`."""
        return map(self._parse, _pages(self._call, "elbv2", size))

    def tags(self, ids: Sequence[LoadBalancerId]) -> TagsById:
        """By ARN."""
        arns = {self._prefix + load_balancer.arn_path: load_balancer for load_balancer in ids}
        answer = self._call("elbv2", "describe_tags", ResourceArns=list(arns))
        return _tags_by_id(answer, "ResourceArn", arns)

    def _parse(self, answer: Mapping[str, Any]) -> Descriptions:
        found: dict[LoadBalancerId, LoadBalancer | Unreadable] = {}
        for item in member(answer, "LoadBalancers"):
            known_as = LoadBalancerId.from_arn(str(member(item, "LoadBalancerArn")))
            if known_as is not None and known_as.scope == self._scope:
                found[known_as] = _or_odd(_v2, known_as, item)
        return found


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

    def pages(self, size: int = PAGE_SIZE) -> Iterator[Descriptions]:
        """By `NextMarker`."""
        return map(self._parse, _pages(self._call, "elb", size))

    def tags(self, ids: Sequence[LoadBalancerId]) -> TagsById:
        """By name."""
        names = {load_balancer.name: load_balancer for load_balancer in ids}
        answer = self._call("elb", "describe_tags", LoadBalancerNames=list(names))
        return _tags_by_id(answer, "LoadBalancerName", names)

    def _parse(self, answer: Mapping[str, Any]) -> Descriptions:
        found: dict[LoadBalancerId, LoadBalancer | Unreadable] = {}
        for item in member(answer, "LoadBalancerDescriptions"):
            name = str(member(item, "LoadBalancerName"))
            known_as = LoadBalancerId(self._scope.region, self._scope.account, Kind.CLASSIC, name)
            found[known_as] = _or_odd(_classic, known_as, item)
        return found


def tags_of(items: Collection[Mapping[str, str]]) -> Tags:
    """AWS's list of tags as a mapping. A tag may have no value. Raises OddAnswer for one without a key."""
    return {str(member(item, "Key")): item.get("Value") or "" for item in items}


def _v2(known_as: LoadBalancerId, item: Mapping[str, Any]) -> LoadBalancer:
    gateway = known_as.kind is Kind.GATEWAY
    state = str(member(member(item, "State"), "Code"))
    if state not in _READINESS:
        raise OddAnswer(f"AWS's answer is odd: a load balancer is in state {quote(state)}")
    return LoadBalancer(
        known_as,
        # A gateway load balancer has neither a DNS name nor a scheme: nothing of it faces the internet.
        dns_name=_dns_name(item.get("DNSName", "") if gateway else member(item, "DNSName")),
        created=member(item, "CreatedTime").timestamp(),
        internal=(item.get("Scheme", "internal") if gateway else member(item, "Scheme")) == "internal",
        tags={},
        readiness=_READINESS[state],
    )


def _classic(known_as: LoadBalancerId, item: Mapping[str, Any]) -> LoadBalancer:
    return LoadBalancer(
        known_as,
        dns_name=_dns_name(member(item, "DNSName")),
        created=member(item, "CreatedTime").timestamp(),
        internal=member(item, "Scheme") == "internal",
        tags={},
    )


def _or_odd(
    parse: Callable[[LoadBalancerId, Mapping[str, Any]], LoadBalancer],
    known_as: LoadBalancerId,
    item: Mapping[str, Any],
) -> LoadBalancer | Unreadable:
    try:
        return parse(known_as, item)
    except OddAnswer as error:
        return unreadable(error)


def _tags_by_id(
    answer: Mapping[str, Any], name_of: str, asked: Mapping[str, LoadBalancerId]
) -> dict[LoadBalancerId, Tags | Unreadable]:
    found: dict[LoadBalancerId, Tags | Unreadable] = {}
    for item in member(answer, "TagDescriptions"):
        load_balancer = asked.get(str(member(item, name_of)))
        if load_balancer is None:
            continue
        try:
            found[load_balancer] = tags_of(member(item, "Tags"))
        except OddAnswer as error:
            found[load_balancer] = unreadable(error)
    return found


def _dns_name(text: object) -> str:
    return str(text).lower().rstrip(".")


def _pages(call: Caller, service: str, size: int) -> Iterator[Mapping[str, Any]]:
    markers: set[str] = set()
    marker: dict[str, object] = {}
    while True:
        answer = call(service, "describe_load_balancers", PageSize=size, **marker)
        yield answer
        following = answer.get("NextMarker")
        if not following:
            return
        no_loop(following, markers)
        marker = {"Marker": following}


def no_loop(position: str, positions: set[str]) -> None:
    """Add the position of a next page. Raises OddAnswer if it was there before: the pages would have no end."""
    if position in positions:
        raise OddAnswer(f"AWS's answer is odd: the page behind {quote(position)} is given twice")
    positions.add(position)
