"""Who takes the rendered Service, and what load balancer comes of it, for every choice of `controller`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.cilium import controllers
from tests.cilium.controllers import Refused, Wanted
from tests.cilium.rendered import Chart, Helm

HOSTNAME = "cluster1.mesh.example.com"
TAGS = {"hostname": HOSTNAME, "cost center": "a b/c+d@e", "empty": ""}
NLB = Wanted("nlb", internal=True, tags=TAGS)

Service = dict[str, Any]
Services = Callable[..., Service]


@pytest.fixture
def service(helm: Helm, chart: Chart, outputs: Callable[..., dict[str, Any]]) -> Services:
    """The rendered Service for a choice of `controller`, with the user's own values for the API server."""

    def render(controller: str, **own: object) -> Service:
        extra = {key: value for key, value in TAGS.items() if key != "hostname"}
        given = outputs(
            domain="mesh.example.com", clusters={"cluster1": {"id": 1}}, controller=controller, extra_tags=extra
        )
        users = yaml.safe_dump({"clustermesh": {"apiserver": own}})
        return helm.template(chart, given["yaml"]["cluster1"], users).find("Service", "clustermesh-apiserver")

    return render


def with_webhook(service: Service) -> Wanted | None:
    return controllers.aws_load_balancer_controller(service, webhook=True)


def without_webhook(service: Service) -> Wanted | None:
    return controllers.aws_load_balancer_controller(service, webhook=False)


READERS: dict[str, Callable[[Service], Wanted | None]] = {
    "the add-on": with_webhook,
    "the add-on without its webhook": without_webhook,
    "cloud-provider-aws": controllers.cloud_provider_aws,
    "EKS Auto Mode": controllers.eks_auto_mode,
}

TAKERS = {
    "aws-load-balancer-controller": {"the add-on", "the add-on without its webhook"},
    "cloud-provider-aws": {"the add-on", "cloud-provider-aws"},
    "any": {"the add-on", "cloud-provider-aws"},
    "eks-auto-mode": {"EKS Auto Mode"},
}


@pytest.mark.parametrize("choice", TAKERS)
def test_the_right_controllers_make_an_internal_tagged_load_balancer(choice: str, service: Services) -> None:
    rendered = service(choice)
    made = {name: read(rendered) for name, read in READERS.items()}
    assert made == {name: NLB if name in TAKERS[choice] else None for name in READERS}


@pytest.mark.parametrize("choice", ["cloud-provider-aws", "any"])
def test_cloud_provider_aws_takes_more_than_one_replica(choice: str, service: Services) -> None:
    assert controllers.cloud_provider_aws(service(choice, replicas=2)) == NLB


def test_cloud_provider_aws_would_refuse_the_affinity_that_the_chart_asks_for(service: Services) -> None:
    rendered = service("any", replicas=2, service={"enableSessionAffinity": "HAOnly"})
    with pytest.raises(Refused, match="affinity"):
        controllers.cloud_provider_aws(rendered)


def test_an_empty_type_makes_a_classic_load_balancer(service: Services) -> None:
    own = {"annotations": {f"{controllers.PREFIX}-type": ""}}
    wanted = controllers.cloud_provider_aws(service("cloud-provider-aws", service=own))
    assert wanted == Wanted("classic", internal=True, tags=TAGS)
