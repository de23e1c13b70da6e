"""What of the add-on's chart goes into a cluster when the controller runs beside it."""

from __future__ import annotations

import base64
from typing import Any

from tests.kubernetes.load_balancer_controller import arguments, beside, flattened

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
