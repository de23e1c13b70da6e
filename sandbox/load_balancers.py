"""Load balancers of both generations where moto's differ from those of AWS."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from moto.core.resource_tagging import TaggedResource
from moto.elb.models import ELBBackend, FakeHealthCheck, LoadBalancer, elb_backends
from moto.elbv2.exceptions import (
    DuplicateLoadBalancerName,
    ELBClientError,
    LoadBalancerNotFoundError,
    TooManyTagsError,
)
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer, elbv2_backends
from moto.resourcegroupstaggingapi.models import ResourceGroupsTaggingAPIBackend
from moto.utilities.utils import get_partition

_ARN_KINDS = {"application": "app", "network": "net", "gateway": "gwy"}
_MOST_PER_CALL = 20
_MOST_TAGS = 50


class SandboxLoadBalancersV2(ELBv2Backend):
    """Network, application and gateway load balancers.

    | | AWS | moto |
    |---|---|---|
    | ARN | `.../net/<name>/<16 hex>`, `app`, `gwy` | always `app` |
    | DNS name | with the id, `internal-` for an internal ALB | `<name>-1...`, the same for a namesake |
    | scheme | `internet-facing` when none is given | null |
    | second load balancer of a name | refused | accepted |
    | describe of several of which one is gone | `LoadBalancerNotFound` | the one before it, again |
    | describe by more than 20 ARNs | refused | accepted |
    | `DescribeTags` of a deleted one | `LoadBalancerNotFound` | an empty list of tags |
    | tags | 50 | 10 |
    """

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
        """Create one, then give it the ARN and the DNS name that AWS would."""
        name, tags = kwargs["name"], kwargs.pop("tags", None)
        if any(balancer.name == name for balancer in self.load_balancers.values()):
            raise DuplicateLoadBalancerName
        kwargs["scheme"] = kwargs.get("scheme") or "internet-facing"
        balancer = super().create_load_balancer(*args, **kwargs)
        del self.load_balancers[balancer.arn]
        lb_id = secrets.token_hex(8)
        prefix = balancer.arn.split("loadbalancer/")[0]
        balancer.arn = f"{prefix}loadbalancer/{_ARN_KINDS[balancer.type]}/{name}/{lb_id}"
        balancer.dns_name = self._dns_name(balancer, lb_id)
        self.load_balancers[balancer.arn] = balancer
        self.tagging_service.tag_resource(balancer.arn, tags)
        return balancer

    def _dns_name(self, balancer: FakeLoadBalancer, lb_id: str) -> str:
        if balancer.type == "application":
            return _regional_dns_name(balancer.name, balancer.scheme, self.region_name)
        return f"{balancer.name}-{lb_id}.elb.{self.region_name}.{_dns_suffix(self.region_name)}"

    def describe_load_balancers(self, arns: list[str] | None, names: list[str] | None) -> list[FakeLoadBalancer]:
        """All, or all of those asked for, or nothing."""
        if len(arns or names or []) > _MOST_PER_CALL:
            raise ELBClientError("ValidationError", "Up to 20 load balancers can be described in one call.")
        balancers = list(self.load_balancers.values())
        for balancer in balancers:
            balancer.activate()
        if not arns and not names:
            return balancers
        found = [b for b in balancers if b.arn in (arns or ()) or b.name in (names or ())]
        if len(found) < len({*(arns or ()), *(names or ())}):
            raise LoadBalancerNotFoundError
        return found

    def describe_tags(self, resource_arns: list[str]) -> dict[str, dict[str, str]]:
        """The tags of all of them, or nothing."""
        if len(resource_arns) > _MOST_PER_CALL:
            raise ELBClientError("ValidationError", "Up to 20 resources can be described in one call.")
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
        return super().describe_tags(resource_arns)

    def add_tags(self, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
        """Add tags, up to AWS's limit."""
        added = self.tagging_service.flatten_tag_list(tags)
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
            if len(self.tagging_service.get_tag_dict_for_resource(arn).keys() | added.keys()) > _MOST_TAGS:
                raise TooManyTagsError
            self.tagging_service.tag_resource(arn, tags)


class SandboxClassicLoadBalancers(ELBBackend):
    """Classic load balancers.

    | | AWS | moto |
    |---|---|---|
    | DNS name | `<name>-<number>.<region>.elb...`, `internal-` before it if it is | `<name>.us-east-1.elb...` |
    | health check | one by default | none, which crashes Terraform's provider |
    | `GetResources` | type `elasticloadbalancing:loadbalancer`, like the others | type `elb:loadbalancer` |
    """

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> LoadBalancer:
        """Create one, then give it the DNS name that AWS would."""
        balancer = super().create_load_balancer(*args, **kwargs)
        balancer.dns_name = _regional_dns_name(balancer.name, balancer.scheme, self.region_name)
        balancer.health_check = FakeHealthCheck("5", "10", "2", "30", f"TCP:{balancer.listeners[0].instance_port}")
        return balancer

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """What the tagging API finds here."""
        for balancer in self.load_balancers.values():
            yield TaggedResource(
                arn=f"arn:{get_partition(self.region_name)}:elasticloadbalancing:{self.region_name}:"
                f"{self.account_id}:loadbalancer/{balancer.name}",
                tags=dict(balancer.tags),
                resource_type="elasticloadbalancing:loadbalancer",
            )


class SandboxTaggingApi(ResourceGroupsTaggingAPIBackend):
    """GetResources: AWS fills a page with resources; moto ends it at 100 tags, unless asked otherwise."""

    def get_resources(self, *args: Any, **kwargs: Any) -> Any:
        """A page that only the number of resources ends."""
        return super().get_resources(*args, **(kwargs | {"tags_per_page": 100 * _MOST_TAGS}))


def _regional_dns_name(name: str, scheme: str, region: str) -> str:
    internal = "internal-" if scheme == "internal" else ""
    number = secrets.randbelow(2_000_000_000) + 100_000_000
    return f"{internal}{name}-{number}.{region}.elb.{_dns_suffix(region)}"


def _dns_suffix(region: str) -> str:
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def load_balancer_exists(dns_name: str) -> bool:
    """Whether a load balancer of either generation, in any account and region, has this DNS name."""
    of_all_accounts: list[Any] = [*list(elbv2_backends.values()), *list(elb_backends.values())]
    return any(
        balancer.dns_name.lower() == dns_name
        for regions in of_all_accounts
        for backend in list(regions.values())
        for balancer in list(backend.load_balancers.values())
    )
