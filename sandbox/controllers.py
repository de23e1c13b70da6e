"""The calls that Kubernetes controllers make for a Service of type LoadBalancer.

AWS Load Balancer Controller makes network load balancers: tags at create, then AddTags and RemoveTags with one ARN
a call; a changed scheme is a delete and then a create, because a name can exist only once. The cloud provider
(cloud-provider-aws) sets tags only at create for a network load balancer; for a classic one it calls AddTags at
every sync and RemoveTags never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.sandbox import ACCOUNT, REGION, Sandbox

HOSTNAME_TAG = "hostname"
"""The tag that carries the hostname, unless the module's user chose another."""


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


class AwsLoadBalancerController:
    """The load balancer of one Service, as AWS Load Balancer Controller 2.x reconciles it."""

    def __init__(
        self,
        scope: Scope,
        cluster: str,
        service: str = "kube-system/clustermesh-apiserver",
    ) -> None:
        namespace, _, name = service.partition("/")
        digest = hashlib.sha256(f"{cluster}/{service}".encode()).hexdigest()
        self._elb = scope.client("elbv2")
        self._subnets = scope.subnets()
        self._owner = {"elbv2.k8s.aws/cluster": cluster, "service.k8s.aws/stack": service,
                       "service.k8s.aws/resource": "LoadBalancer"}  # fmt: skip
        self._tags: dict[str, str] = {}
        self.name = f"k8s-{namespace.replace('-', '')[:8]}-{name.replace('-', '')[:8]}-{digest[:10]}"
        self.arn = ""
        self.dns_name = ""

    def create(
        self, hostname: str | None, *, scheme: str = "internal", extra_tags: Mapping[str, str] | None = None
    ) -> str:
        """Create the load balancer, with all its tags; its DNS name. `hostname` may hold several."""
        self._tags = self._owner | dict(extra_tags or {}) | ({HOSTNAME_TAG: hostname} if hostname else {})
        made = self._elb.create_load_balancer(
            Name=self.name,
            Type="network",
            Scheme=scheme,
            IpAddressType="ipv4",
            SubnetMappings=[{"SubnetId": subnet} for subnet in self._subnets],
            Tags=_listed(self._tags),
        )["LoadBalancers"][0]
        self.arn, self.dns_name = made["LoadBalancerArn"], made["DNSName"]
        return self.dns_name

    def annotate(self, hostname: str | None, *, extra_tags: Mapping[str, str] | None = None) -> None:
        """Follow a changed annotation: add or overwrite what changed, then remove what is not wanted."""
        wanted = self._owner | dict(extra_tags or {}) | ({HOSTNAME_TAG: hostname} if hostname else {})
        changed = {key: value for key, value in wanted.items() if self._tags.get(key) != value}
        if changed:
            self._elb.add_tags(ResourceArns=[self.arn], Tags=_listed(changed))
        removed = sorted(self._tags.keys() - wanted.keys())
        if removed:
            self._elb.remove_tags(ResourceArns=[self.arn], TagKeys=removed)
        self._tags = wanted

    def change_scheme(self, scheme: str) -> str:
        """Replace the load balancer: delete first, create after; the new DNS name."""
        tags = self._tags
        hostname = tags.get(HOSTNAME_TAG)
        self.delete()
        return self.create(hostname, scheme=scheme, extra_tags={k: v for k, v in tags.items() if k != HOSTNAME_TAG})

    def delete(self) -> None:
        """The Service is gone."""
        self._elb.delete_load_balancer(LoadBalancerArn=self.arn)


class CloudProviderAws:
    """The load balancer of one Service, as the in-tree controller (cloud-provider-aws) makes it.

    kind: `nlb` or `classic`. A name has 32 characters: `a` and the Service's uid without dashes.
    """

    def __init__(
        self,
        scope: Scope,
        cluster: str,
        kind: str = "nlb",
        service: str = "kube-system/clustermesh-apiserver",
    ) -> None:
        self._elb = scope.client("elbv2" if kind == "nlb" else "elb")
        self._subnets = scope.subnets()
        self._kind = kind
        self._owner = {f"kubernetes.io/cluster/{cluster}": "owned", "kubernetes.io/service-name": service}
        self.name = "a" + hashlib.sha256(f"{cluster}/{service}".encode()).hexdigest()[:31]
        self.arn = ""
        self.dns_name = ""

    def create(self, hostname: str | None, *, scheme: str = "internal") -> str:
        """Create the load balancer, with all its tags; its DNS name."""
        tags = _listed(self._owner | ({HOSTNAME_TAG: hostname} if hostname else {}))
        if self._kind == "nlb":
            made = self._elb.create_load_balancer(
                Name=self.name, Type="network", Scheme=scheme, Tags=tags,
                SubnetMappings=[{"SubnetId": subnet} for subnet in self._subnets],
            )["LoadBalancers"][0]  # fmt: skip
            self.arn, self.dns_name = made["LoadBalancerArn"], made["DNSName"]
            return self.dns_name
        listener = {"Protocol": "TCP", "LoadBalancerPort": 2379, "InstanceProtocol": "TCP", "InstancePort": 32379}
        self.dns_name = self._elb.create_load_balancer(
            LoadBalancerName=self.name, Listeners=[listener], Subnets=self._subnets, Scheme=scheme, Tags=tags
        )["DNSName"]
        return self.dns_name

    def sync(self, hostname: str | None) -> None:
        """Follow a changed annotation, as far as this controller does: classic only, and it removes nothing."""
        if self._kind == "classic":
            tags = _listed(self._owner | ({HOSTNAME_TAG: hostname} if hostname else {}))
            self._elb.add_tags(LoadBalancerNames=[self.name], Tags=tags)

    def delete(self) -> None:
        """The Service is gone."""
        if self._kind == "nlb":
            self._elb.delete_load_balancer(LoadBalancerArn=self.arn)
        else:
            self._elb.delete_load_balancer(LoadBalancerName=self.name)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
