"""The Service of clustermesh-apiserver in a cluster, as the scenarios change it, and the name that follows it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mesh_dns.core.vacancy import CONFIRMATION
from tests.kubernetes.cloud import GRACE, ZONE, Cloud
from tests.kubernetes.control_plane import Api, until

SERVICE = ("Service", "clustermesh-apiserver")
PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
PATIENCE = CONFIRMATION + 4 * GRACE
"""Seconds: a classic load balancer that is gone is looked at once more before the grace begins."""


@dataclass
class Service:
    """A Service in the cluster."""

    api: Api
    manifest: Mapping[str, Any]

    @property
    def collection(self) -> str:
        return f"/api/v1/namespaces/{self.manifest['metadata']['namespace']}/services"

    @property
    def path(self) -> str:
        return f"{self.collection}/{self.manifest['metadata']['name']}"

    def create(self) -> None:
        self.api.create(self.collection, self.manifest)

    def annotate(self, **values: str) -> None:
        annotations = {f"{PREFIX}{name.replace('_', '-')}": value for name, value in values.items()}
        self.api.merge(self.path, {"metadata": {"annotations": annotations}})

    def delete(self) -> None:
        """Returns when the controller has deleted the load balancer."""
        self.api.delete(self.path)
        until("the Service is gone", lambda: self.api.find(self.path) is None)

    def uid(self) -> str:
        """What the API server calls it for good."""
        return str((self.api.find(self.path) or {})["metadata"]["uid"])

    def address(self) -> str:
        """The load balancer's name as the controller reports it; empty until there is one."""
        found = self.api.find(self.path) or {}
        ingress = found.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return str(ingress[0].get("hostname", "")).lower()


Services = Callable[..., Service]


def service_of(
    api: Api, rendered: Mapping[str, Any], name: str, namespace: str = "kube-system", label: str | None = None,
    **annotations: str,
) -> Service:  # fmt: skip
    """The rendered Service under another name, with the hostname `label` (or its name) and other annotations."""
    manifest = copy.deepcopy(dict(rendered))
    manifest["metadata"] |= {"name": name, "namespace": namespace}
    wanted = annotations | {"additional-resource-tags": f"hostname={label or name}.{ZONE}"}
    manifest["metadata"]["annotations"] |= {f"{PREFIX}{key}": value for key, value in wanted.items()}
    return Service(api, manifest)


def wait_for(aws: Cloud, name: str, made: Service) -> str:
    """Wait until a name leads to the Service's load balancer; that one's own name."""
    until("the controller reports a load balancer", lambda: made.address() != "")
    until(f"{name} leads there", lambda: aws.leads_to(name) == made.address(), patience=PATIENCE)
    return made.address()


def stays(aws: Cloud, name: str, target: str, seconds: float) -> None:
    """For some time, a name leads to one target."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert aws.leads_to(name) == target
        time.sleep(0.05)


def moves_without_a_gap(aws: Cloud, name: str, made: Service, old: str) -> str:
    """Wait until a name leads to the Service's new load balancer, and never to nothing meanwhile; its own name."""
    seen = set()

    def handed_over() -> bool:
        seen.add(aws.leads_to(name))
        return made.address() not in {"", old} and aws.leads_to(name) == made.address()

    until(f"{name} leads to the new load balancer", handed_over, patience=PATIENCE)
    assert seen <= {old, made.address()}, f"{name} was empty"
    return made.address()


def is_gone(aws: Cloud, *names: str) -> None:
    """Wait until there are no such names."""
    until(f"{names} are gone", lambda: not any(aws.leads_to(name) for name in names), patience=PATIENCE)
