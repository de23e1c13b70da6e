"""The whole chain with nothing imitated but AWS and Cloudflare: a Service, the real controller, a name that resolves.

`sandbox/controllers.py` imitates this controller in all other tests: here it has to make the same calls.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from mesh_dns.core.vacancy import CONFIRMATION
from sandbox.controllers import CloudProviderAws, Scope
from tests.kubernetes.cloud import CLUSTER, GRACE, ZONE, Cloud
from tests.kubernetes.control_plane import Api, until

PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
TYPES = {"nlb": "nlb", "classic": ""}
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

    def address(self) -> str:
        """The load balancer's name as the controller reports it; empty until there is one."""
        found = self.api.find(self.path) or {}
        ingress = found.get("status", {}).get("loadBalancer", {}).get("ingress") or [{}]
        return str(ingress[0].get("hostname", "")).lower()


Services = Callable[..., Service]


@pytest.fixture
def service(rendered: Mapping[str, Any], api: Api) -> Services:
    """The rendered Service under another name, with another hostname."""

    def make(name: str, kind: str = "nlb", namespace: str = "kube-system", label: str | None = None) -> Service:
        manifest = copy.deepcopy(dict(rendered))
        manifest["metadata"] |= {"name": name, "namespace": namespace}
        tags = f"hostname={label or name}.{ZONE}"
        manifest["metadata"]["annotations"] |= {
            f"{PREFIX}additional-resource-tags": tags,
            f"{PREFIX}type": TYPES[kind],
        }
        return Service(api, manifest)

    return make


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


@pytest.mark.parametrize("kind", TYPES)
def test_a_name_follows_its_service_and_the_imitation_makes_the_same_calls(
    aws: Cloud, service: Services, kind: str
) -> None:
    real, before = service(kind, kind), len(aws.made)
    one, two = f"{kind}.{ZONE}", f"{kind}-blue.{ZONE}"

    real.create()
    target = wait_for(aws, one, real)
    real.annotate(additional_resource_tags=f"hostname={two}")
    if kind == "classic":
        until(f"{two} leads there", lambda: aws.leads_to(two) == target, patience=PATIENCE)
        until(f"{one} is gone", lambda: not aws.leads_to(one), patience=PATIENCE)
    else:  # this controller tags a network load balancer when it makes it, and never again
        stays(aws, one, target, 10)
        assert not aws.leads_to(two)
    real.delete()
    until("both names are gone", lambda: not aws.leads_to(one) and not aws.leads_to(two), patience=PATIENCE)

    calls, before = aws.since(before), len(aws.made)
    imitation = CloudProviderAws(Scope(aws.sandbox), CLUSTER, kind, service=f"kube-system/{kind}")
    imitation.create(one)
    imitation.sync(two)
    imitation.delete()
    assert aws.since(before) == calls
    assert aws.failed() == []


def test_another_namespace_cannot_take_a_name(aws: Cloud, api: Api, service: Services) -> None:
    api.create("/api/v1/namespaces", {"metadata": {"name": "other"}})
    first, thief, name = service("taken"), service("thief", namespace="other", label="taken"), f"taken.{ZONE}"
    first.create()
    target = wait_for(aws, name, first)

    thief.create()
    until("the claim is refused", lambda: any("claimed-by" in line.text for line in aws.sandbox.logs))
    stays(aws, name, target, GRACE)

    thief.delete()
    stays(aws, name, target, GRACE)
    first.delete()
    until(f"{name} is gone", lambda: not aws.leads_to(name), patience=PATIENCE)


def test_a_service_that_is_made_again_never_leaves_its_name_empty(aws: Cloud, service: Services) -> None:
    made, name = service("again"), f"again.{ZONE}"
    made.create()
    old, seen = wait_for(aws, name, made), set()

    made.delete()
    made.create()

    def handed_over() -> bool:
        seen.add(aws.leads_to(name))
        return made.address() not in {"", old} and aws.leads_to(name) == made.address()

    until("the name leads to the new load balancer", handed_over, patience=PATIENCE)
    assert seen <= {old, made.address()}, "a name was empty"
    made.delete()


def test_a_changed_scheme_moves_nothing_with_this_controller(aws: Cloud, service: Services) -> None:
    made, name = service("scheme"), f"scheme.{ZONE}"
    made.create()
    target, before = wait_for(aws, name, made), len(aws.made)

    for internal, scheme in (("false", "internet-facing"), ("true", "internal")):
        made.annotate(internal=internal, scheme=scheme)
        stays(aws, name, target, 10)

    assert made.address() == target
    assert aws.since(before) == []
    made.delete()
