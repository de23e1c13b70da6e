"""The calls that Kubernetes controllers make for a Service of type LoadBalancer.

AWS Load Balancer Controller makes network load balancers: a target group, the load balancer and a listener, each with
its tags at create, then AddTags and RemoveTags for each of them, with one ARN a call. The load balancer's name hashes
the cluster, the Service's UID and the scheme, so a changed scheme or a Service that was made again has another name;
for a changed scheme it deletes first and creates then. The cloud provider (cloud-provider-aws) names a load balancer
by the Service's UID alone. A network load balancer, its target group and its listener get the same tags, at create
only. For a classic one each sync after the first calls AddTags once, with the annotation's tags alone and also when
they are there already, and RemoveTags never; the imitation syncs when it is told to.

That both do so is held against calls of the real ones, where a real one's calls that change nothing are left out: how
often it syncs is chance. See tests/sandbox/test_controller_calls.py and `make kubernetes`.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.sandbox import ACCOUNT, REGION, Sandbox

HOSTNAME_TAG = "hostname"
"""The tag that carries the hostname, unless the module's user chose another."""
PORT, NODE_PORT = 2379, 32379


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a controller works: one account and region of a sandbox, with the subnets it would discover."""

    sandbox: Sandbox
    account: str = ACCOUNT
    region: str = REGION

    def client(self, service: str) -> Any:
        """A client of this scope."""
        return self.sandbox.client(service, region=self.region, account=self.account)

    def subnets(self) -> list[str]:
        """Two subnets of the account's default VPC."""
        found = self.client("ec2").describe_subnets()["Subnets"]
        return [subnet["SubnetId"] for subnet in found[:2]]

    def vpc(self) -> str:
        """The account's default VPC."""
        return str(self.client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"])


class AwsLoadBalancerController:
    """The load balancer of one Service, as AWS Load Balancer Controller 2.x and 3.x reconcile it.

    uid: the Service's; a Service that is made again has another one. Without it, cluster and Service have one for good.
    """

    def __init__(
        self, scope: Scope, cluster: str, service: str = "kube-system/clustermesh-apiserver", *, uid: str | None = None
    ) -> None:
        self._elb = scope.client("elbv2")
        self._subnets, self._vpc = scope.subnets(), scope.vpc()
        self._cluster, self._service, self._uid = cluster, service, uid or _uid(cluster, service)
        self._owner = {"elbv2.k8s.aws/cluster": cluster, "service.k8s.aws/stack": service}
        self._target_group = self._listener = ""
        self._tags: dict[str, str] = {}
        self.name = self._name("internal")
        self.arn = ""
        self.dns_name = ""

    def _name(self, *hashed: str) -> str:
        return _hashed_name(self._service, self._cluster, self._uid, *hashed)

    def create(
        self, hostname: str | None, *, scheme: str = "internal", extra_tags: Mapping[str, str] | None = None
    ) -> str:
        """Create the load balancer, with all its tags; its DNS name. `hostname` may hold several."""
        self._tags = dict(extra_tags or {}) | ({HOSTNAME_TAG: hostname} if hostname else {})
        if not self._target_group:
            self._target_group = self._elb.create_target_group(
                Name=self._name(str(NODE_PORT)), Protocol="TCP", Port=NODE_PORT, VpcId=self._vpc, TargetType="instance",
                Tags=self._all_tags(f"{self._service}:{PORT}"),
            )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self.name = self._name(scheme)
        made = self._elb.create_load_balancer(
            Name=self.name, Type="network", Scheme=scheme, IpAddressType="ipv4", Tags=self._all_tags("LoadBalancer"),
            SubnetMappings=[{"SubnetId": subnet} for subnet in self._subnets],
        )["LoadBalancers"][0]  # fmt: skip
        self.arn, self.dns_name = made["LoadBalancerArn"], made["DNSName"]
        self._listener = self._elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="TCP", Port=PORT, Tags=self._all_tags(str(PORT)),
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self._target_group}],
        )["Listeners"][0]["ListenerArn"]  # fmt: skip
        return self.dns_name

    def _all_tags(self, resource: str) -> list[dict[str, str]]:
        """The tags of one of the three resources: its own id, the owner's, and the annotation's."""
        return _listed(self._tags | self._owner | {"service.k8s.aws/resource": resource})

    def annotate(self, hostname: str | None, *, extra_tags: Mapping[str, str] | None = None) -> None:
        """Follow a changed annotation: for each resource, add or overwrite what changed, then remove the rest."""
        wanted = dict(extra_tags or {}) | ({HOSTNAME_TAG: hostname} if hostname else {})
        changed = {key: value for key, value in wanted.items() if self._tags.get(key) != value}
        removed = sorted(self._tags.keys() - wanted.keys())
        for arn in (self._target_group, self.arn, self._listener):
            if changed:
                self._elb.add_tags(ResourceArns=[arn], Tags=_listed(changed))
            if removed:
                self._elb.remove_tags(ResourceArns=[arn], TagKeys=removed)
        self._tags = wanted

    def change_scheme(self, scheme: str) -> str:
        """Replace the load balancer: delete first, create after; the new DNS name."""
        hostname = self._tags.get(HOSTNAME_TAG)
        self._elb.delete_load_balancer(LoadBalancerArn=self.arn)
        extra = {key: value for key, value in self._tags.items() if key != HOSTNAME_TAG}
        return self.create(hostname, scheme=scheme, extra_tags=extra)

    def delete(self) -> None:
        """The Service is gone."""
        self._elb.delete_load_balancer(LoadBalancerArn=self.arn)
        self._elb.delete_target_group(TargetGroupArn=self._target_group)
        self._target_group = ""


class CloudProviderAws:
    """The load balancer of one Service, as the in-tree controller (cloud-provider-aws) makes it.

    kind: `nlb` or `classic`. A name has 32 characters: `a` and the Service's UID without dashes. uid: as above.
    """

    def __init__(
        self,
        scope: Scope,
        cluster: str,
        kind: str = "nlb",
        service: str = "kube-system/clustermesh-apiserver",
        *,
        uid: str | None = None,
    ) -> None:
        self._elb = scope.client("elbv2" if kind == "nlb" else "elb")
        self._subnets, self._vpc = scope.subnets(), scope.vpc()
        self._kind, self._service = kind, service
        self._target_group = ""
        self._owner = {f"kubernetes.io/cluster/{cluster}": "owned", "kubernetes.io/service-name": service}
        self.name = f"a{uid or _uid(cluster, service)}".replace("-", "")[:32]
        self.arn = ""
        self.dns_name = ""

    def create(self, hostname: str | None, *, scheme: str = "internal") -> str:
        """Create the load balancer, with all its tags; its DNS name."""
        tags = _listed(self._owner | ({HOSTNAME_TAG: hostname} if hostname else {}))
        if self._kind == "nlb":
            return self._create_network(tags, scheme)
        listener = {"Protocol": "TCP", "LoadBalancerPort": PORT, "InstanceProtocol": "TCP", "InstancePort": NODE_PORT}
        self.dns_name = self._elb.create_load_balancer(
            LoadBalancerName=self.name, Listeners=[listener], Subnets=self._subnets, Scheme=scheme, Tags=tags
        )["DNSName"]
        return self.dns_name

    def _create_network(self, tags: list[dict[str, str]], scheme: str) -> str:
        made = self._elb.create_load_balancer(
            Name=self.name, Type="network", Scheme=scheme, Tags=tags,
            SubnetMappings=[{"SubnetId": subnet} for subnet in self._subnets],
        )["LoadBalancers"][0]  # fmt: skip
        self.arn, self.dns_name = made["LoadBalancerArn"], made["DNSName"]
        self._target_group = self._elb.create_target_group(
            Name=_hashed_name(self._service, self.name), Protocol="TCP", Port=NODE_PORT, VpcId=self._vpc,
            TargetType="instance", Tags=tags,
        )["TargetGroups"][0]["TargetGroupArn"]  # fmt: skip
        self._elb.create_listener(
            LoadBalancerArn=self.arn, Protocol="TCP", Port=PORT, Tags=tags,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self._target_group}],
        )  # fmt: skip
        return self.dns_name

    def sync(self, hostname: str | None) -> None:
        """Follow a changed annotation, as far as this controller does: classic only, and it removes nothing."""
        if self._kind == "classic" and hostname:
            self._elb.add_tags(LoadBalancerNames=[self.name], Tags=_listed({HOSTNAME_TAG: hostname}))

    def delete(self) -> None:
        """The Service is gone."""
        if self._kind == "nlb":
            self._elb.delete_load_balancer(LoadBalancerArn=self.arn)
            self._elb.delete_target_group(TargetGroupArn=self._target_group)
        else:
            self._elb.delete_load_balancer(LoadBalancerName=self.name)


def _hashed_name(service: str, *hashed: str) -> str:
    digest = hashlib.sha256("".join(hashed).encode()).hexdigest()
    namespace, name = (re.sub("[^A-Za-z0-9]", "", part)[:8] for part in service.split("/"))
    return f"k8s-{namespace}-{name}-{digest[:10]}"


def _uid(cluster: str, service: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{service}.{cluster}"))


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
