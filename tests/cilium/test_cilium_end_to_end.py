"""From values to names: rendered Services become load balancers, and the addresses that peers dial resolve.

`examples/complete` is applied to the sandbox; then, for every chart and controller, three clusters get their
values, their Services are read as the controller reads them, the load balancers are made with its calls, and every
endpoint in every cluster's secret must lead to the right one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dns.resolver
import pytest
import yaml

from sandbox.controllers import AwsLoadBalancerController, CloudProviderAws, Scope
from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform
from tests.cilium.controllers import PREFIX, aws_load_balancer_controller, cloud_provider_aws
from tests.cilium.rendered import Chart, Helm, Manifests, verify

pytestmark = pytest.mark.usefixtures("terraform")

DOMAIN = "mesh.example.com"
CLUSTERS = {"cluster1": {"id": 1}, "cluster2": {"id": 2}, "cluster3": {"id": 3}}
TOKEN = "not-a-real-token-not-a-real-token-000000"  # opens the emulated zone only
PATIENCE = 240  # seconds from the last load balancer to the last name; a batch waits 2 s for company

# The example relies on the account's own trail, and on a tag that one controller sets and the other does not.
OVERRIDE = {"module": {"mesh_dns": {"trail": {"force_destroy": True}, "required_tags": {}}}}

Maker = AwsLoadBalancerController | CloudProviderAws
Render = Callable[[str, Mapping[str, str]], dict[str, Manifests]]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with examples/complete applied."""
    with Sandbox() as sandbox:
        zone = sandbox.cloudflare.add_zone(DOMAIN)
        sandbox.cloudflare.add_token(TOKEN, [zone])
        variables = {"TF_VAR_cloudflare_zone_id": zone, "TF_VAR_cloudflare_api_token": TOKEN}
        folder = tmp_path_factory.mktemp("repository")
        example = Terraform("complete", folder, sandbox.environment() | variables, OVERRIDE)
        example.init()
        example.apply()
        yield sandbox


def made_by_the_add_on(scope: Scope, cluster: str, service: Mapping[str, Any]) -> Maker:
    """AWS Load Balancer Controller."""
    wanted = aws_load_balancer_controller(service, webhook=True)
    assert wanted is not None
    assert wanted.internal
    maker = AwsLoadBalancerController(scope, cluster)
    extra = {key: value for key, value in wanted.tags.items() if key != "hostname"}
    maker.create(wanted.tags["hostname"], scheme="internal", extra_tags=extra)
    return maker


def made_by_the_cloud_provider(scope: Scope, cluster: str, service: Mapping[str, Any]) -> Maker:
    """cloud-provider-aws: an NLB or a classic load balancer, as the Service asks."""
    wanted = cloud_provider_aws(service)
    assert wanted is not None
    assert wanted.internal
    maker = CloudProviderAws(scope, cluster, kind=wanted.kind)
    maker.create(wanted.tags["hostname"], scheme="internal")
    return maker


CONTROLLERS = [
    # choice of `controller`, the user's own annotations, who makes the load balancer
    pytest.param("aws-load-balancer-controller", {}, made_by_the_add_on, id="add-on"),
    pytest.param("any", {}, made_by_the_cloud_provider, id="cloud-provider-nlb"),
    pytest.param("cloud-provider-aws", {f"{PREFIX}-type": ""}, made_by_the_cloud_provider, id="cloud-provider-classic"),
]


class Names:
    """A resolver that asks the sandbox's DNS server only."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [sandbox.dns.host]
        self._resolver.port = sandbox.dns.port

    def wait_for(self, hostname: str, until: float) -> tuple[str, list[str]]:
        """The canonical name and the addresses of a hostname, as soon as it has any."""
        while True:
            try:
                answer = self._resolver.resolve(hostname, "A")
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                assert time.monotonic() < until, f"{hostname} does not resolve"
                time.sleep(0.25)
            else:
                return str(answer.canonical_name).rstrip("."), [item.address for item in answer]


@pytest.fixture(scope="module")
def render(helm: Helm, chart: Chart, outputs: Callable[..., dict[str, Any]], certificate_authority: Path) -> Render:
    """Cluster name => its chart, rendered with the module's values, annotations of the user's own, and one CA."""

    def template(choice: str, annotations: Mapping[str, str]) -> dict[str, Manifests]:
        kind = "classic" if annotations else choice
        domain = f"{kind}-{chart.version}.{DOMAIN}".replace(".", "-", 2)  # names of its own for every case
        documents = outputs(domain=domain, clusters=CLUSTERS, controller=choice)["yaml"]
        own = yaml.safe_dump({"clustermesh": {"apiserver": {"service": {"annotations": dict(annotations)}}}})
        return {name: helm.template(chart, text, own, certificate_authority) for name, text in documents.items()}

    return template


@pytest.mark.parametrize(("choice", "annotations", "make"), CONTROLLERS)
def test_every_endpoint_leads_to_the_load_balancer_of_its_cluster(
    choice: str,
    annotations: Mapping[str, str],
    make: Callable[[Scope, str, Mapping[str, Any]], Maker],
    render: Render,
    installation: Sandbox,
) -> None:
    rendered = render(choice, annotations)
    makers = {
        name: make(Scope(installation), tagged_hostname(manifests), service(manifests))
        for name, manifests in rendered.items()
    }

    names, until = Names(installation), time.monotonic() + PATIENCE
    for name, manifests in rendered.items():
        endpoints = manifests.endpoints()
        assert set(endpoints) == set(CLUSTERS) - {name}
        for peer, (url,) in endpoints.items():
            hostname = urlsplit(url).hostname or ""
            canonical, addresses = names.wait_for(hostname, until)
            assert canonical == makers[peer].dns_name.lower()
            assert addresses
            certificate = rendered[peer].secret("clustermesh-apiserver-server-cert")["tls.crt"]
            trusted = manifests.secret("clustermesh-apiserver-remote-cert")["ca.crt"]
            assert verify(certificate, trusted, hostname) == ""


def service(manifests: Manifests) -> Mapping[str, Any]:
    """The Service that its controller sees."""
    return manifests.find("Service", "clustermesh-apiserver")


def tagged_hostname(manifests: Manifests) -> str:
    """The hostname in the annotation: unique, so it names the Kubernetes cluster too."""
    annotations = service(manifests)["metadata"]["annotations"]
    return str(annotations[f"{PREFIX}-additional-resource-tags"]).removeprefix("hostname=")
