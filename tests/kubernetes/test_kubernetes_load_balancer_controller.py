"""The same chain with a real AWS Load Balancer Controller, where its binary and chart are given.

`sandbox/controllers.py` imitates this controller in all other tests: here it has to make the same calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import controllers
from tests.cilium.rendered import Helm, Manifests
from tests.kubernetes import load_balancer_controller
from tests.kubernetes.cloud import CLUSTER, GRACE, ZONE, Cloud
from tests.kubernetes.control_plane import Api, until
from tests.kubernetes.recorded import Recorded, imitate
from tests.kubernetes.services import (
    PATIENCE,
    SERVICE,
    Service,
    Services,
    is_gone,
    moves_without_a_gap,
    service_of,
    stays,
    wait_for,
)

if lack := load_balancer_controller.lack():
    pytest.skip(lack, allow_module_level=True)


@pytest.fixture(scope="module")
def api(aws: Cloud, cluster: Api, helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster with this controller."""
    folder: Path = tmp_path_factory.mktemp("controller")
    with load_balancer_controller.running(folder, cluster, aws, helm.binary):
        yield cluster


@pytest.fixture
def service(rendered: Callable[..., Manifests], api: Api) -> Services:
    """The Service as Helm renders it for this controller, under another name."""

    def make(name: str, **where: str) -> Service:
        return service_of(api, rendered("aws-load-balancer-controller").find(*SERVICE), name, **where)

    return make


def test_a_name_follows_its_service_and_the_imitation_makes_the_same_calls(aws: Cloud, service: Services) -> None:
    real, before = service("first"), len(aws.made)
    one, two = f"first.{ZONE}", f"first-blue.{ZONE}"

    real.create()
    target, uid = wait_for(aws, one, real), real.uid()
    real.annotate(additional_resource_tags=f"hostname={two}")
    until(f"{two} leads there", lambda: aws.leads_to(two) == target, patience=PATIENCE)
    is_gone(aws, one)
    real.annotate(additional_resource_tags="team=mesh")
    is_gone(aws, two)
    for scheme in ("internet-facing", "internal"):
        was = real.address()
        real.annotate(scheme=scheme)
        until(f"{scheme}: another load balancer", lambda was=was: real.address() not in {"", was})  # type: ignore[misc]
        # The controller reads what it made from AWS's list: asked again before that shows it, it makes another one.
        until("AWS shows it", lambda: aws.shows(real.address()))
    real.delete()
    seen = Recorded(CLUSTER, "kube-system/first", uid, (one, two), aws.since(before))
    assert aws.failed() == []
    seen.is_as_kept("aws-load-balancer-controller")

    before = len(aws.made)
    imitate("aws-load-balancer-controller", controllers, controllers.Scope(aws.sandbox), seen)
    assert aws.since(before, each_one=True) == seen.calls


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
    is_gone(aws, name)


def test_a_service_that_is_made_again_never_leaves_its_name_empty(aws: Cloud, service: Services) -> None:
    made, name = service("again"), f"again.{ZONE}"
    made.create()
    old = wait_for(aws, name, made)
    made.delete()
    made.create()
    moves_without_a_gap(aws, name, made, old)
    made.delete()


def test_a_scheme_there_and_back_never_leaves_its_name_empty(aws: Cloud, service: Services) -> None:
    made, name = service("scheme"), f"scheme.{ZONE}"
    made.create()
    target = wait_for(aws, name, made)
    for scheme in ("internet-facing", "internal"):
        made.annotate(scheme=scheme)
        target = moves_without_a_gap(aws, name, made, target)
    made.delete()
    is_gone(aws, name)
