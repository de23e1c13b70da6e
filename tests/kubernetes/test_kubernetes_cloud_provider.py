"""The whole chain with nothing imitated but AWS and Cloudflare: a Service, the real controller, a name that resolves.

`sandbox/controllers.py` imitates this controller in all other tests: here it has to make the same calls.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import controllers
from tests.cilium.rendered import Manifests
from tests.kubernetes.cloud import CLUSTER, GRACE, OTHER, ZONE, Cloud
from tests.kubernetes.control_plane import BINARIES, Api, program, until
from tests.kubernetes.dial import CLIENT
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

ROOT = Path(__file__).resolve().parents[2]
TYPES = {"nlb": "nlb", "classic": ""}


@pytest.fixture(scope="module")
def api(aws: Cloud, cluster: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster with this controller."""
    folder: Path = tmp_path_factory.mktemp("controller")
    (folder / "cloud.conf").write_text(aws.config, "utf-8")
    arguments = [
        "--cloud-provider=aws",
        f"--cloud-config={folder / 'cloud.conf'}",
        f"--cluster-name={CLUSTER}",
        f"--kubeconfig={cluster.kubeconfig}",
        "--controllers=service-lb-controller",
        "--leader-elect=false",
        "--configure-cloud-routes=false",
        "--bind-address=127.0.0.1",
        "--secure-port=0",
        "--webhook-secure-port=0",
        f"--cert-dir={folder}",
    ]
    with program(folder, "aws-cloud-controller-manager", arguments, aws.sandbox.environment()):
        yield cluster


@pytest.fixture
def service(rendered: Callable[..., Manifests], api: Api) -> Services:
    """The Service as Helm renders it for this controller, under another name."""

    def make(name: str, kind: str = "nlb", **where: str) -> Service:
        return service_of(api, rendered("cloud-provider-aws").find(*SERVICE), name, **where, type=TYPES[kind])

    return make


@pytest.mark.parametrize("kind", TYPES)
def test_a_name_follows_its_service_and_the_imitation_makes_the_same_calls(
    aws: Cloud, service: Services, kind: str
) -> None:
    real, before = service(kind, kind), len(aws.made)
    one, two = f"{kind}.{ZONE}", f"{kind}-blue.{ZONE}"

    real.create()
    target, uid = wait_for(aws, one, real), real.uid()
    real.annotate(additional_resource_tags=f"hostname={two}")
    if kind == "classic":
        until(f"{two} leads there", lambda: aws.leads_to(two) == target, patience=PATIENCE)
        is_gone(aws, one)
    else:  # this controller tags a network load balancer when it makes it, and never again
        stays(aws, one, target, 10)
        assert not aws.leads_to(two)
    real.delete()
    is_gone(aws, one, two)
    seen = Recorded(CLUSTER, f"kube-system/{kind}", uid, (one, two), aws.since(before))
    assert aws.failed() == []
    seen.is_as_kept(f"cloud-provider-aws-{kind}")

    before = len(aws.made)
    imitate(f"cloud-provider-aws-{kind}", controllers, controllers.Scope(aws.sandbox), seen)
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


@pytest.fixture
def alone(built: None) -> None:
    """What is needed to give Cilium's client a network of its own."""
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("ip", "mount")):
        pytest.skip("a network of its own needs Linux, root, `ip` and `mount`")
    if not (BINARIES / CLIENT).exists():
        pytest.skip(f"{CLIENT} is not built: `make kubernetes` does it for root, where there is Go")


def test_ciliums_own_client_reaches_an_etcd_by_the_name(
    alone: None, aws: Cloud, service: Services, rendered: Callable[..., Manifests], tmp_path: Path
) -> None:
    made, name = service("dialled", label=CLUSTER), f"{CLUSTER}.{ZONE}"
    made.create()
    wait_for(aws, name, made)
    until("the load balancer has an address", lambda: aws.address(name) != "")
    peer, dialling = rendered("cloud-provider-aws"), rendered("cloud-provider-aws", OTHER)
    client = dialling.secret("clustermesh-apiserver-remote-cert")
    files = {
        "server": peer.secret("clustermesh-apiserver-server-cert"),
        "clustermesh": dialling.secret("cilium-kvstoremesh")
        | {
            "common-etcd-client.crt": client["tls.crt"],
            "common-etcd-client.key": client["tls.key"],
            "common-etcd-client-ca.crt": client["ca.crt"],
        },
    }
    for folder, entries in files.items():
        (tmp_path / folder).mkdir()
        for key, text in entries.items():
            (tmp_path / folder / key).write_text(text)

    arguments = [str(aws.sandbox.dns.port), name, aws.address(name), str(tmp_path)]
    command = [sys.executable, "-m", "tests.kubernetes.dial", *arguments]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    made.delete()
    is_gone(aws, name)
    assert said.returncode == 0, said.stdout + said.stderr
    for step in ("TCP connection", "TLS connection", "Etcd connection"):
        assert f"✅ {step} successfully established" in said.stdout, said.stdout
