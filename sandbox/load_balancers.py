"""Load balancers of both generations where moto's differ from those of AWS."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, ClassVar

from moto.core.resource_tagging import TaggedResource
from moto.elb.exceptions import LoadBalancerNotFoundError as ClassicNotFoundError
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

from sandbox.lateness import LateCloud, Shown

_ARN_KINDS = {"application": "app", "network": "net", "gateway": "gwy"}
MOST_PER_CALL = 20
_MOST_TAGS = 50
_WORKING = ("active", "active_impaired")


class SandboxLoadBalancersV2(ELBv2Backend):
    """Network, application and gateway load balancers. `late`: see `lateness`.

    | | AWS | moto |
    |---|---|---|
    | ARN | `.../net/<name>/<16 hex>`, `app`, `gwy` | always `app` |
    | DNS name | with the id, `internal-` for an internal ALB | `<name>-1...`, the same for a namesake |
    | scheme | `internet-facing` when none is given | null |
    | state | `provisioning` for a while, then `active` | `active` as soon as somebody looks |
    | created again with the same settings | the one that is there | another one |
    | ... with others | refused | accepted |
    | describe of several of which one is gone | `LoadBalancerNotFound` | the one before it, again |
    | describe by more than 20 ARNs | refused | accepted |
    | `DescribeTags` of a deleted one | `LoadBalancerNotFound` | an empty list of tags |
    | `DescribeTags` of a listener's default rule | its tags, none | crashes |
    | `EnablePrefixForIpv6SourceNat` of an NLB | `off` | nothing |
    | `GetResources` of one that was never tagged | nothing | shows it |
    | tags | 50 | 10 |
    """

    late: ClassVar[LateCloud]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.shown: Shown[FakeLoadBalancer] = Shown(self.late, f"{account_id}/{region_name}")

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> FakeLoadBalancer:
        """Create one, then give it the ARN and the DNS name that AWS would."""
        name = kwargs["name"]
        tags = {tag["Key"]: tag.get("Value", "") for tag in kwargs.pop("tags", None) or ()}
        kwargs["scheme"] = kwargs.get("scheme") or "internet-facing"
        balancer = super().create_load_balancer(*args, **kwargs)
        del self.load_balancers[balancer.arn]
        there = next((other for other in self.load_balancers.values() if other.name == name), None)
        if there is not None:
            if _settings(there) != _settings(balancer) or self._tags_of(there.arn) != tags:
                raise DuplicateLoadBalancerName
            return there
        lb_id = secrets.token_hex(8)
        prefix = balancer.arn.split("loadbalancer/")[0]
        balancer.arn = f"{prefix}loadbalancer/{_ARN_KINDS[balancer.type]}/{name}/{lb_id}"
        balancer.dns_name = self._dns_name(balancer, lb_id)
        if balancer.type == "network":
            balancer.enable_prefix_for_ipv6_source_nat = "off"  # type: ignore[attr-defined]
        self.load_balancers[balancer.arn] = balancer
        self.tagging_service.tag_resource(balancer.arn, _listed(tags))
        self.shown.created(balancer.arn, name, balancer, tags)
        return balancer

    def _dns_name(self, balancer: FakeLoadBalancer, lb_id: str) -> str:
        if balancer.type == "application":
            return _regional_dns_name(balancer.name, balancer.scheme, self.region_name)
        return f"{balancer.name}-{lb_id}.elb.{self.region_name}.{_dns_suffix(self.region_name)}"

    def delete_load_balancer(self, arn: str) -> None:
        """Delete one; readers see it a moment longer."""
        super().delete_load_balancer(arn)
        self.shown.deleted(arn)

    def describe_load_balancers(self, arns: list[str] | None, names: list[str] | None) -> list[FakeLoadBalancer]:
        """All, or all of those asked for, or nothing."""
        if len(arns or names or []) > MOST_PER_CALL:
            raise ELBClientError("ValidationError", "Up to 20 load balancers can be described in one call.")
        balancers = list(self.shown.visible().values())
        for balancer in balancers:
            balancer.state = self.late.state(balancer.name, active=self.shown.active(balancer.arn))
        if not arns and not names:
            return balancers
        found = [b for b in balancers if b.arn in (arns or ()) or b.name in (names or ())]
        if {*(arns or ()), *(names or ())} - {b.arn for b in found} - {b.name for b in found}:
            raise LoadBalancerNotFoundError
        return found

    def describe_tags(self, resource_arns: list[str]) -> dict[str, dict[str, str]]:
        """The tags of all of them, or nothing."""
        if len(resource_arns) > MOST_PER_CALL:
            raise ELBClientError("ValidationError", "Up to 20 resources can be described in one call.")
        return {arn: self._shown_tags_of(arn) for arn in resource_arns}

    def _shown_tags_of(self, arn: str) -> dict[str, str]:
        if ":loadbalancer/" in arn:
            try:
                return self.shown.tags(arn)
            except KeyError:
                raise LoadBalancerNotFoundError from None
        self._get_resource_by_arn(arn)
        return self._tags_of(arn)

    def _tags_of(self, arn: str) -> dict[str, str]:
        return dict(self.tagging_service.get_tag_dict_for_resource(arn))

    def _get_resource_by_arn(self, arn: str) -> Any:
        """Whatever has this ARN; moto keeps a listener's default rule under a number instead."""
        if ":listener-rule/" in arn:
            listener_arn = arn.replace(":listener-rule/", ":listener/").rsplit("/", 1)[0]
            listener = super()._get_resource_by_arn(listener_arn)
            default = next(iter(listener._default_rule.values()))
            if default.arn == arn:
                return default
        return super()._get_resource_by_arn(arn)

    def add_tags(self, resource_arns: list[str], tags: list[dict[str, str]]) -> None:
        """Add tags, up to AWS's limit."""
        added = self.tagging_service.flatten_tag_list(tags)
        for arn in resource_arns:
            self._get_resource_by_arn(arn)
            if len(self._tags_of(arn).keys() | added.keys()) > _MOST_TAGS:
                raise TooManyTagsError
            self.tagging_service.tag_resource(arn, tags)
            self.shown.tagged(arn, self._tags_of(arn))

    def remove_tags(self, resource_arns: list[str], tag_keys: list[str]) -> None:
        """Remove tags; those that are not there do not matter."""
        super().remove_tags(resource_arns, tag_keys)
        for arn in resource_arns:
            self.shown.tagged(arn, self._tags_of(arn))

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """What the tagging API finds here: load balancers that have or had tags, and target groups."""
        kind, once = "elasticloadbalancing:loadbalancer", {"include_untagged": True}
        for arn, _, tags in self.shown.listed():
            yield TaggedResource(arn=arn, tags=tags, resource_type=kind, extra=once)
        yield from (found for found in super().iter_tagged_resources() if found.resource_type != kind)


class SandboxClassicLoadBalancers(ELBBackend):
    """Classic load balancers. `late`: see `lateness`.

    | | AWS | moto |
    |---|---|---|
    | DNS name | `<name>-<number>.<region>.elb...`, `internal-` before it if it is | `<name>.us-east-1.elb...` |
    | health check | one by default | none, which crashes Terraform's provider |
    | `GetResources` | type `elasticloadbalancing:loadbalancer`, like the others | type `elb:loadbalancer` |
    """

    late: ClassVar[LateCloud]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.shown: Shown[LoadBalancer] = Shown(self.late, f"{account_id}/{region_name}/classic", "classic_appears")

    def create_load_balancer(self, *args: Any, **kwargs: Any) -> LoadBalancer:
        """Create one, then give it the DNS name that AWS would."""
        balancer = super().create_load_balancer(*args, **kwargs)
        balancer.dns_name = _regional_dns_name(balancer.name, balancer.scheme, self.region_name)
        balancer.health_check = FakeHealthCheck("5", "10", "2", "30", f"TCP:{balancer.listeners[0].instance_port}")
        self.shown.created(balancer.name, balancer.name, balancer, {})
        return balancer

    def delete_load_balancer(self, load_balancer_name: str) -> None:
        """Delete one; readers see it a moment longer."""
        super().delete_load_balancer(load_balancer_name)
        self.shown.deleted(load_balancer_name)

    def describe_load_balancers(self, names: list[str]) -> list[LoadBalancer]:
        """All, or all of those asked for, or nothing."""
        visible = self.shown.visible()
        for name in names or ():
            if name not in visible:
                raise ClassicNotFoundError(name)
        return [visible[name] for name in names] if names else list(visible.values())

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """What the tagging API finds here."""
        for name, _, tags in self.shown.listed():
            yield TaggedResource(
                arn=f"arn:{get_partition(self.region_name)}:elasticloadbalancing:{self.region_name}:"
                f"{self.account_id}:loadbalancer/{name}",
                tags=tags,
                resource_type="elasticloadbalancing:loadbalancer",
            )


def _settings(balancer: FakeLoadBalancer) -> tuple[object, ...]:
    """What a create has to repeat to mean the same load balancer."""
    subnets = {subnet.id for subnet in balancer.subnets}
    groups = set(balancer.security_groups or ())
    return balancer.type, balancer.scheme, balancer.ip_address_type, subnets, groups


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


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


def load_balancer_resolves(dns_name: str) -> bool:
    """Whether this is the DNS name of a load balancer of either generation, in any account and region, that answers.

    An NLB's own name is NXDOMAIN until it is active. (Of the others no such delay is known.)
    """
    for backend in _backends(elb_backends):
        if any(balancer.dns_name.lower() == dns_name for balancer in list(backend.load_balancers.values())):
            return True
    for backend in _backends(elbv2_backends):
        for balancer in list(backend.load_balancers.values()):
            if balancer.dns_name.lower() == dns_name:
                state = backend.late.state(balancer.name, active=backend.shown.active(balancer.arn))
                return balancer.type != "network" or state in _WORKING
    return False


def _backends(of_all_accounts: Any) -> Iterator[Any]:
    for regions in list(of_all_accounts.values()):
        yield from list(regions.values())
