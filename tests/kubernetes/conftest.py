"""A cluster for a real controller, against the sandbox; skipped where nothing was built."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cilium.conftest import (  # noqa: F401 - fixtures, for whom they are named here
    CHART_VERSIONS,
    CHARTS,
    certificate_authority,
    configuration,
    documented,
    helm,
    outputs,
    terraform,
)
from tests.cilium.rendered import Chart, Helm, Manifests
from tests.kubernetes import cloud, control_plane
from tests.kubernetes.cloud import CLUSTER, OTHER, ZONE, Cloud
from tests.kubernetes.control_plane import BINARIES, Api


@pytest.fixture(scope="session")
def built() -> None:
    """The programs that scripts/kubernetes/install.sh builds."""
    missing = [
        name for name in ("etcd", "kube-apiserver", "aws-cloud-controller-manager") if not (BINARIES / name).exists()
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} not built: `make kubernetes` does it, where there is Go")


@pytest.fixture(scope="session")
def rendered(
    helm: Helm,  # noqa: F811
    outputs: Callable[..., dict[str, Any]],  # noqa: F811
    certificate_authority: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Manifests]:
    """A cluster's objects, as Helm renders them from the newest chart for a controller."""
    archive = CHARTS / f"cilium-{CHART_VERSIONS[-1]}.tgz"
    if not archive.exists():
        pytest.skip(f"no {archive.name}: put it into a folder and name that in CILIUM_CHARTS")
    chart = Chart.unpack(archive, tmp_path_factory.mktemp("chart"))

    @functools.cache
    def of(controller: str, cluster: str = CLUSTER) -> Manifests:
        clusters = {CLUSTER: {"id": 1}, OTHER: {"id": 2}}
        values = outputs(domain=ZONE, clusters=clusters, controller=controller)["yaml"][cluster]
        return helm.template(chart, values, certificate_authority)

    return of


@pytest.fixture(scope="module")
def aws(built: None, terraform: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:  # noqa: F811
    """The sandbox with the module applied."""
    with cloud.running(tmp_path_factory.mktemp("repository")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(aws: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A cluster whose nodes are the sandbox's instances, without a controller."""
    folder: Path = tmp_path_factory.mktemp("cluster")
    with control_plane.running(folder) as running:
        cloud.register(running, aws)
        yield running
