"""A cluster with the real controller of cloud-provider-aws, against the sandbox; skipped where nothing was built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cilium.conftest import (  # noqa: F401 - fixtures, for whom they are named here
    CHART_VERSIONS,
    CHARTS,
    configuration,
    helm,
    outputs,
    terraform,
)
from tests.cilium.rendered import Chart, Helm
from tests.kubernetes import cloud, control_plane
from tests.kubernetes.cloud import CLUSTER, ZONE, Cloud
from tests.kubernetes.control_plane import BINARIES, Api

CONTROLLER = "aws-cloud-controller-manager"


@pytest.fixture(scope="session")
def built() -> None:
    """The programs that scripts/kubernetes/install.sh builds."""
    missing = [name for name in ("etcd", "kube-apiserver", CONTROLLER) if not (BINARIES / name).exists()]
    if missing:
        pytest.skip(f"{', '.join(missing)} not built: `make kubernetes` does it, where there is Go")


@pytest.fixture(scope="session")
def rendered(
    helm: Helm,  # noqa: F811
    outputs: Callable[..., dict[str, Any]],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Mapping[str, Any]:
    """The Service of clustermesh-apiserver, as Helm renders it from the newest chart with the module's values."""
    archive = CHARTS / f"cilium-{CHART_VERSIONS[-1]}.tgz"
    if not archive.exists():
        pytest.skip(f"no {archive.name}: put it into a folder and name that in CILIUM_CHARTS")
    chart = Chart.unpack(archive, tmp_path_factory.mktemp("chart"))
    values = outputs(domain=ZONE, clusters={CLUSTER: {"id": 1}}, controller="cloud-provider-aws")["yaml"][CLUSTER]
    return helm.template(chart, values).find("Service", "clustermesh-apiserver")


@pytest.fixture(scope="module")
def aws(built: None, terraform: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:  # noqa: F811
    """The sandbox with the module applied."""
    with cloud.running(tmp_path_factory.mktemp("repository")) as running:
        yield running


@pytest.fixture(scope="module")
def api(aws: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster whose nodes are the sandbox's instances, with the controller."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    (folder / "cloud.conf").write_text(aws.config, "utf-8")
    with control_plane.running(folder) as running:
        cloud.register(running, aws)
        arguments = [
            "--cloud-provider=aws",
            f"--cloud-config={folder / 'cloud.conf'}",
            f"--cluster-name={CLUSTER}",
            f"--kubeconfig={running.kubeconfig}",
            "--controllers=service-lb-controller",
            "--leader-elect=false",
            "--configure-cloud-routes=false",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--webhook-secure-port=0",
            f"--cert-dir={folder}",
        ]
        with control_plane.program(folder, CONTROLLER, arguments, aws.sandbox.environment()):
            yield running
