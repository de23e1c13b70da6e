"""What of the add-on's chart goes into a cluster when the controller runs beside it; nothing is built in vain."""

from __future__ import annotations

import base64
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.cilium.conftest import CHART_VERSIONS
from tests.kubernetes.load_balancer_controller import arguments, beside, flattened

INSTALL = Path(__file__).resolve().parents[2] / "scripts" / "kubernetes" / "install.sh"
OBJECTS: list[dict[str, Any]] = [
    {"kind": "CustomResourceDefinition", "metadata": {"name": "targetgroupbindings.elbv2.k8s.aws"}},
    {"kind": "ClusterRole", "metadata": {"name": "role"}},
    {"kind": "Secret", "metadata": {"name": "the chart's own certificate"}},
    {"kind": "Service", "metadata": {"name": "webhook"}},
    {
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "webhook"},
        "webhooks": [{"name": "a", "clientConfig": {"service": {"name": "webhook", "path": "/mutate"}}}],
    },
    {
        "kind": "Deployment",
        "metadata": {"name": "controller"},
        "spec": {"template": {"spec": {"containers": [{"args": ["--cluster-name=cluster1", "--ingress-class=alb"]}]}}},
    },
]


def test_its_own_pods_stay_out_and_its_webhooks_lead_to_the_controller() -> None:
    kept = beside(OBJECTS, "https://127.0.0.1:1", "certificate")
    assert [item["kind"] for item in kept] == [
        "CustomResourceDefinition",
        "ClusterRole",
        "MutatingWebhookConfiguration",
    ]
    (hook,) = kept[-1]["webhooks"]
    bundle = base64.b64encode(b"certificate").decode()
    assert hook == {"name": "a", "clientConfig": {"url": "https://127.0.0.1:1/mutate", "caBundle": bundle}}
    assert "service" in OBJECTS[4]["webhooks"][0]["clientConfig"]  # the objects given stay as they are


def test_a_list_stands_for_what_is_in_it() -> None:
    classes = [{"kind": "IngressClassParams"}, {"kind": "IngressClass"}]
    assert list(flattened([OBJECTS[0], None, {"kind": "List", "items": classes}])) == [OBJECTS[0], *classes]


def test_it_runs_with_what_the_chart_says() -> None:
    assert arguments(OBJECTS) == ["--cluster-name=cluster1", "--ingress-class=alb"]


def test_without_the_chart_nothing_is_built(tmp_path: Path) -> None:
    environment = os.environ | {"CILIUM_CHARTS": str(tmp_path)}
    run = subprocess.run(["sh", INSTALL], env=environment, capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert run.returncode == 3
    assert f"no cilium-{CHART_VERSIONS[-1]}.tgz" in run.stderr
    assert "Building" not in run.stderr
