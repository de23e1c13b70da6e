"""The imitated controllers call what real ones were seen to call; an imitation that drifts away is noticed.

What was seen is kept in tests/fixtures/controllers, and `make kubernetes` holds it to the real controllers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from botocore.exceptions import ClientError

from sandbox import controllers
from sandbox.lateness import INSTANT
from sandbox.sandbox import Sandbox
from tests.kubernetes.calls import Compared
from tests.kubernetes.cloud import Cloud
from tests.kubernetes.recorded import KINDS, Recorded, imitate


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with Sandbox(lateness=INSTANT) as sandbox:
        cloud = Cloud(sandbox, [], "", "")
        sandbox._gateway._witnesses += (cloud,)
        yield cloud


def imitated(aws: Cloud, kind: str, module: ModuleType) -> list[Compared]:
    """What the imitation gets done; it ends at what AWS refuses. Nothing of it stays."""
    before = len(aws.made)
    with suppress(ClientError):
        imitate(kind, module, module.Scope(aws.sandbox), Recorded.of(kind))
    calls = aws.since(before, each_one=True)
    elb, classic = (aws.sandbox.client(each) for each in ("elbv2", "elb"))
    for each in elb.describe_load_balancers()["LoadBalancers"]:
        elb.delete_load_balancer(LoadBalancerArn=each["LoadBalancerArn"])
    for each in elb.describe_target_groups()["TargetGroups"]:
        elb.delete_target_group(TargetGroupArn=each["TargetGroupArn"])
    for each in classic.describe_load_balancers()["LoadBalancerDescriptions"]:
        classic.delete_load_balancer(LoadBalancerName=each["LoadBalancerName"])
    return calls


@pytest.mark.parametrize("kind", KINDS)
def test_the_imitation_calls_as_the_real_one_did(aws: Cloud, kind: str) -> None:
    assert imitated(aws, kind, controllers) == Recorded.of(kind).calls


ADD_ON, NLB, CLASSIC = KINDS
_ADD = "self._elb.add_tags(ResourceArns=[arn], Tags=_listed(changed))"
_REMOVE = "self._elb.remove_tags(ResourceArns=[arn], TagKeys=removed)"
_SYNC = "self._elb.add_tags(LoadBalancerNames=[self.name], Tags=_listed({HOSTNAME_TAG: hostname}))"
DRIFTS = {
    "the add-on keeps a name when the scheme changes": (ADD_ON, "self.name = self._name(scheme)", "pass"),
    "the add-on names by other things": (
        ADD_ON,
        "self._service, self._cluster, self._uid, *hashed",
        "self._service, *hashed",
    ),
    "the add-on does not tag the listener": (
        ADD_ON,
        "(self._target_group, self.arn, self._listener)",
        "(self._target_group, self.arn)",
    ),
    "the add-on tags in another order": (
        ADD_ON,
        "(self._target_group, self.arn, self._listener)",
        "(self.arn, self._target_group, self._listener)",
    ),
    "the add-on tags all three with one call": (
        ADD_ON,
        "add_tags(ResourceArns=[arn]",
        "add_tags(ResourceArns=[self.arn, self._listener]",
    ),
    "the add-on removes before it adds": (
        ADD_ON,
        f"if changed:\n                {_ADD}\n            if removed:\n                {_REMOVE}",
        f"if removed:\n                {_REMOVE}\n            if changed:\n                {_ADD}",
    ),
    "the add-on tags twice": (ADD_ON, _ADD, f"{_ADD}; {_ADD}"),
    "the add-on asks for no kind of address": (ADD_ON, 'IpAddressType="ipv4", ', ""),
    "the add-on makes another load balancer first": (
        ADD_ON,
        "self.name = self._name(scheme)",
        'self._elb.create_load_balancer(Name="first", Type="network", Scheme=scheme, Subnets=self._subnets); '
        "self.name = self._name(scheme)",
    ),
    "the add-on creates without tags": (ADD_ON, 'Tags=self._all_tags("LoadBalancer"),', ""),
    "the add-on owns by another tag": (ADD_ON, '"service.k8s.aws/stack": service', '"service.k8s.aws/name": service'),
    "the add-on's target groups have no tag of their own": (ADD_ON, '{"service.k8s.aws/resource": resource}', "{}"),
    "the add-on keeps the load balancer when the scheme changes": (
        ADD_ON,
        "self._elb.delete_load_balancer(LoadBalancerArn=self.arn)\n        extra",
        "extra",
    ),
    "the add-on leaves its target group": (
        ADD_ON,
        "self._elb.delete_target_group(TargetGroupArn=self._target_group)\n        self",
        "self",
    ),
    "the cloud provider names otherwise": (NLB, 'f"a{uid', 'f"b{uid'),
    "the cloud provider listens elsewhere": (
        NLB,
        'Protocol="TCP", Port=PORT, Tags=tags,',
        'Protocol="TCP", Port=PORT + 1, Tags=tags,',
    ),
    "the cloud provider makes untagged target groups": (
        NLB,
        'TargetType="instance", Tags=tags,',
        'TargetType="instance",',
    ),
    "the cloud provider makes it internet-facing": (
        NLB,
        'Type="network", Scheme=scheme, Tags=tags',
        'Type="network", Scheme="internet-facing", Tags=tags',
    ),
    "the cloud provider tags a network load balancer again": (
        NLB,
        f'if self._kind == "classic" and hostname:\n            {_SYNC}',
        "self._elb.add_tags(ResourceArns=[self.arn], Tags=_listed({HOSTNAME_TAG: hostname}))",
    ),
    "the cloud provider does not own what it makes": (CLASSIC, "_listed(self._owner | (", "_listed({} | ("),
    "the cloud provider repeats its own tags": (
        CLASSIC,
        "_listed({HOSTNAME_TAG: hostname}))",
        "_listed(self._owner | {HOSTNAME_TAG: hostname}))",
    ),
    "the cloud provider tags twice at a sync": (CLASSIC, _SYNC, f"{_SYNC}; {_SYNC}"),
    "the cloud provider does not follow the annotation": (CLASSIC, _SYNC, "pass"),
    "the cloud provider removes the tag first": (
        CLASSIC,
        _SYNC,
        f'self._elb.remove_tags(LoadBalancerNames=[self.name], Tags=[{{"Key": HOSTNAME_TAG}}]); {_SYNC}',
    ),
}


def drifted(old: str, new: str) -> ModuleType:
    """A copy of sandbox/controllers.py with one place changed."""
    source = Path(controllers.__file__).read_text("utf-8")
    assert source.count(old) == 1, old
    module = ModuleType("drifted")
    sys.modules["drifted"] = module  # dataclasses look their module up
    exec(compile(source.replace(old, new), "drifted", "exec"), module.__dict__)  # noqa: S102 - our own file
    return module


@pytest.mark.parametrize(("kind", "old", "new"), DRIFTS.values(), ids=DRIFTS)
def test_a_drift_is_noticed(aws: Cloud, kind: str, old: str, new: str) -> None:
    assert imitated(aws, kind, drifted(old, new)) != Recorded.of(kind).calls
