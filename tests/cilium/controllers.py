"""What each controller makes of a Service, as its source reads the spec and the annotations.

- aws-load-balancer-controller: webhooks/core/service_mutator.go, pkg/service/service_utils.go,
  pkg/annotations/parser.go, pkg/service/model_build_load_balancer.go
- cloud-provider-aws: pkg/providers/v1/aws.go and aws_loadbalancer.go; a Service with a class never gets there

Each reader takes a rendered Service and gives the load balancer that would be made, or None when the controller
leaves the Service to somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "service.beta.kubernetes.io/aws-load-balancer"
ADD_ON_CLASS = "service.k8s.aws/nlb"
AUTO_MODE_CLASS = "eks.amazonaws.com/nlb"


class Refused(Exception):
    """The controller reports an error on the Service instead of making a load balancer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The load balancer that a controller makes: `kind` is "nlb" or "classic", `tags` those of the annotation."""

    kind: str
    internal: bool
    tags: Mapping[str, str]


def aws_load_balancer_controller(service: Mapping[str, Any], *, webhook: bool) -> Wanted | None:
    """The add-on. `webhook`: whether it sees the Service being created and may give it its class."""
    annotations = service["metadata"].get("annotations", {})
    chosen = service["spec"].get("loadBalancerClass")
    if webhook and not chosen:
        chosen = ADD_ON_CLASS
    if chosen is None:
        targets = annotations.get(f"{PREFIX}-nlb-target-type")
        if annotations.get(f"{PREFIX}-type") != "external" or targets not in {"ip", "instance"}:
            return None
    elif chosen != ADD_ON_CLASS:
        return None
    return _modern(annotations)


def eks_auto_mode(service: Mapping[str, Any]) -> Wanted | None:
    """EKS Auto Mode takes Services of its class, and does not support every annotation of the add-on."""
    if service["spec"].get("loadBalancerClass") != AUTO_MODE_CLASS:
        return None
    annotations = service["metadata"].get("annotations", {})
    unsupported = {f"{PREFIX}-type", f"{PREFIX}-internal"} & set(annotations)
    if unsupported:
        raise Refused(f"not supported: {', '.join(sorted(unsupported))}")
    return _modern(annotations)


def cloud_provider_aws(service: Mapping[str, Any]) -> Wanted | None:
    """The cloud controller manager."""
    annotations = service["metadata"].get("annotations", {})
    kind = annotations.get(f"{PREFIX}-type", "")
    if service["spec"].get("loadBalancerClass") or kind in {"nlb-ip", "external"}:
        return None
    affinity = service["spec"].get("sessionAffinity", "None")
    if affinity != "None":
        raise Refused(f"unsupported load balancer affinity: {affinity}")
    internal = annotations.get(f"{PREFIX}-internal", "false") != "false"
    tags: dict[str, str] = {}
    for part in annotations.get(f"{PREFIX}-additional-resource-tags", "").strip().split(","):
        key, *values = part.strip().split("=")
        if key:
            tags[key] = values[0] if values else ""  # what stands behind a second '=' is dropped
    return Wanted("nlb" if kind == "nlb" else "classic", internal, tags)


def _modern(annotations: Mapping[str, str]) -> Wanted:
    """The add-on's reading of scheme and tags, which Auto Mode shares."""
    scheme = annotations.get(f"{PREFIX}-scheme")
    if scheme not in {None, "internal", "internet-facing"}:
        raise Refused(f"unknown scheme: {scheme}")
    internal = scheme == "internal" if scheme else annotations.get(f"{PREFIX}-internal", "true") == "true"
    tags: dict[str, str] = {}
    for part in filter(None, map(str.strip, annotations[f"{PREFIX}-additional-resource-tags"].split(","))):
        key, separator, value = part.partition("=")
        if not key or not separator:
            raise Refused(f"failed to parse stringMap annotation: {part}")
        tags[key] = value
    return Wanted("nlb", internal, tags)
