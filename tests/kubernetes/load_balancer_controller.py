"""A real AWS Load Balancer Controller beside the API server: its binary, and what its own chart puts into a cluster.

Both are given, because they cannot be built or rendered from what the Go module proxy serves.
"""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
import yaml

from sandbox.sandbox import REGION
from tests.kubernetes import control_plane
from tests.kubernetes.cloud import CLUSTER, Cloud
from tests.kubernetes.control_plane import Api, free_port, until

NAME, NAMESPACE = "aws-load-balancer-controller", "kube-system"
BINARY, CHART = "AWS_LOAD_BALANCER_CONTROLLER", "AWS_LOAD_BALANCER_CONTROLLER_CHART"
_NOT_BESIDE_IT = {"Deployment", "Service", "PodDisruptionBudget", "Secret", "ServiceMonitor"}


def lack() -> str:
    """What is not given of the binary and its chart; empty when both are."""
    missing = [name for name in (BINARY, CHART) if not os.environ.get(name)]
    named = f"{' and '.join(missing)} not set: the controller's binary, and its chart (a folder or .tgz)"
    return named if missing else ""


def given() -> tuple[Path, Path]:
    """The binary and its chart (a folder or an archive)."""
    return Path(os.environ[BINARY]).resolve(), Path(os.environ[CHART]).resolve()


def rendered(helm: Path, chart: Path, vpc: str) -> list[dict[str, Any]]:
    """All objects of the chart with its default values, its CRDs first."""
    values = {"clusterName": CLUSTER, "region": REGION, "vpcId": vpc}
    command = [str(helm), "template", NAME, str(chart), "--namespace", NAMESPACE, "--include-crds"]
    command += [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
    run = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert run.returncode == 0, run.stderr
    found = flattened(yaml.load_all(run.stdout, Loader=yaml.CSafeLoader))
    return sorted(found, key=lambda item: item["kind"] != "CustomResourceDefinition")


def flattened(documents: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """The objects in YAML documents: a `List` stands for what is in it, an empty document for nothing."""
    for item in filter(None, documents):
        yield from item["items"] if item["kind"] == "List" else [item]


def arguments(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the chart tells the controller."""
    (deployment,) = (item for item in objects if item["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return [str(argument) for argument in container["args"]]


def beside(objects: Sequence[Mapping[str, Any]], url: str, authority: str) -> list[dict[str, Any]]:
    """What goes into the cluster when the controller runs beside it: all but its own pods; webhooks lead to `url`.

    authority: the certificate (PEM) of who signed that of the webhooks' server.
    """
    kept = [dict(item) for item in objects if item["kind"] not in _NOT_BESIDE_IT]
    bundle = base64.b64encode(authority.encode()).decode()
    for item in kept:
        if "webhooks" in item:
            item["webhooks"] = [
                hook | {"clientConfig": {"url": url + hook["clientConfig"]["service"]["path"], "caBundle": bundle}}
                for hook in item["webhooks"]
            ]
    return kept


@contextmanager
def running(folder: Path, api: Api, cloud: Cloud, helm: Path) -> Iterator[None]:
    """The controller as its chart would run it, with the rights that the chart gives it, until the block ends."""
    binary, chart = given()
    objects = rendered(helm, chart, cloud.vpc)
    webhooks, health = free_port(), free_port()
    for item in beside(objects, f"https://127.0.0.1:{webhooks}", api.files.ca_text):
        api.apply(item)
    certificate = folder / "webhook"
    certificate.mkdir()
    for name in ("tls.crt", "tls.key"):
        (certificate / name).write_bytes(api.files.server.read_bytes())
    more = [
        f"--kubeconfig={api.kubeconfig_of(folder / 'controller.kubeconfig', NAMESPACE, NAME)}",
        f"--webhook-cert-dir={certificate}",
        f"--webhook-bind-port={webhooks}",
        "--metrics-bind-addr=0",
        f"--health-probe-bind-addr=127.0.0.1:{health}",
        f"--leader-election-namespace={NAMESPACE}",
    ]
    environment = cloud.sandbox.environment()
    with control_plane.program(folder, str(binary), [*arguments(objects), *more], environment) as process:
        until("the controller is ready", lambda: _is_ready(health), process)
        yield


def _is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False
