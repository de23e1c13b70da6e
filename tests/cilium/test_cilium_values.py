"""The values against the real charts: do three clusters form a mesh, with every controller and chart?"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from tests.cilium.rendered import Chart, Helm, Manifests, load_mapping, verify

if TYPE_CHECKING:
    from pathlib import Path

DOMAIN = "mesh.example.com"
CLUSTERS: dict[str, dict[str, Any]] = {
    "cluster1": {"id": 1},
    "cluster2": {"id": 2},
    "cluster3": {"id": 3, "hostname": f"west.{DOMAIN}"},
}
HOSTNAMES = {"cluster1": f"cluster1.{DOMAIN}", "cluster2": f"cluster2.{DOMAIN}", "cluster3": f"west.{DOMAIN}"}
CONTROLLERS = ("aws-load-balancer-controller", "cloud-provider-aws", "eks-auto-mode", "any")
ANNOTATION = "service.beta.kubernetes.io/aws-load-balancer"

# 1.20 moved the list of extra names. Both places are set, and each chart leaves one of them unread.
UNREAD = {
    "1.18.12": {("clustermesh", "apiserver", "tls", "auto", "server", "extraDnsNames")},
    "1.20.0": {("clustermesh", "apiserver", "tls", "server", "extraDnsNames")},
}

Outputs = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session", params=CONTROLLERS)
def controller(request: pytest.FixtureRequest) -> str:
    """Each controller in turn."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def documents(outputs: Outputs, controller: str) -> Mapping[str, str]:
    """Cluster name => the YAML that the module gives for it."""
    given: Mapping[str, str] = outputs(domain=DOMAIN, clusters=CLUSTERS, controller=controller)["yaml"]
    return given


@pytest.fixture(scope="session")
def mesh(helm: Helm, chart: Chart, documents: Mapping[str, str], certificate_authority: Path) -> dict[str, Manifests]:
    """Cluster name => its rendered chart; all share one CA."""
    return {name: helm.template(chart, text, certificate_authority) for name, text in documents.items()}


def leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """The paths of everything that is not a mapping; annotations are free, so they count as one leaf."""
    found: set[tuple[str, ...]] = set()
    for key, value in values.items():
        here = (*path, key)
        found |= leaves(value, here) if isinstance(value, dict) and key != "annotations" else {here}
    return found


def test_values_fit_the_schema_of_the_chart(chart: Chart, documents: Mapping[str, str]) -> None:
    schema = json.loads((chart.folder / "values.schema.json").read_text())
    for text in documents.values():
        jsonschema.validate(load_mapping(text), schema)


def test_every_value_is_one_that_the_chart_knows(chart: Chart, documents: Mapping[str, str]) -> None:
    # The schema lets unknown keys pass, so a typo would show nowhere else.
    known = leaves(chart.defaults)
    for text in documents.values():
        assert leaves(load_mapping(text)) - known == UNREAD[chart.version]


def test_kvstoremesh_connects_to_every_other_cluster_by_name(mesh: Mapping[str, Manifests]) -> None:
    for name, manifests in mesh.items():
        others = {peer: [f"https://{host}:2379"] for peer, host in HOSTNAMES.items() if peer != name}
        assert manifests.endpoints() == others


def test_the_agents_ask_their_own_kvstoremesh_about_every_other_cluster(mesh: Mapping[str, Manifests]) -> None:
    for name, manifests in mesh.items():
        entries = manifests.secret("cilium-clustermesh")
        assert set(entries) == set(HOSTNAMES) - {name}
        for text in entries.values():
            assert load_mapping(text)["endpoints"] == ["https://clustermesh-apiserver.kube-system.svc:2379"]


def test_the_cluster_knows_its_name_and_id(mesh: Mapping[str, Manifests]) -> None:
    for name, manifests in mesh.items():
        config = manifests.find("ConfigMap", "cilium-config")["data"]
        assert (config["cluster-name"], config["cluster-id"]) == (name, str(CLUSTERS[name]["id"]))
        assert config["max-connected-clusters"] == "255"


def test_the_service_is_an_internal_load_balancer_tagged_with_the_hostname(
    mesh: Mapping[str, Manifests], controller: str
) -> None:
    for name, manifests in mesh.items():
        service = manifests.find("Service", "clustermesh-apiserver")
        annotations = service["metadata"]["annotations"]
        assert service["spec"]["type"] == "LoadBalancer"
        assert annotations[f"{ANNOTATION}-additional-resource-tags"] == f"hostname={HOSTNAMES[name]}"
        assert annotations[f"{ANNOTATION}-scheme"] == "internal"
        assert all(isinstance(value, str) for value in annotations.values()), "an annotation is a string"
        expected = "eks.amazonaws.com/nlb" if controller == "eks-auto-mode" else None
        assert service["spec"].get("loadBalancerClass") == expected


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on the path")
def test_every_peer_accepts_the_server_certificate_for_the_hostname(mesh: Mapping[str, Manifests]) -> None:
    for name, peer in itertools.permutations(mesh, 2):
        served = mesh[name].secret("clustermesh-apiserver-server-cert")["tls.crt"]
        trusted = mesh[peer].secret("clustermesh-apiserver-remote-cert")["ca.crt"]
        assert verify(served, trusted, HOSTNAMES[name]) == ""
        assert "hostname mismatch" in verify(served, trusted, HOSTNAMES[peer])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on the path")
def test_without_the_extra_name_no_peer_would_accept_it(
    helm: Helm, chart: Chart, outputs: Outputs, certificate_authority: Path
) -> None:
    values = outputs(domain=DOMAIN, clusters=CLUSTERS)["values"]["cluster1"]
    del values["clustermesh"]["apiserver"]["tls"]
    manifests = helm.template(chart, yaml.safe_dump(values), certificate_authority)
    served = manifests.secret("clustermesh-apiserver-server-cert")
    assert "hostname mismatch" in verify(served["tls.crt"], served["ca.crt"], HOSTNAMES["cluster1"])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not on the path")
def test_without_a_shared_authority_a_peer_does_not_know_the_issuer(helm: Helm, chart: Chart, outputs: Outputs) -> None:
    documents = outputs(domain=DOMAIN, clusters=CLUSTERS)["yaml"]
    served = helm.template(chart, documents["cluster1"]).secret("clustermesh-apiserver-server-cert")
    trusted = helm.template(chart, documents["cluster2"]).secret("clustermesh-apiserver-remote-cert")
    assert "verification failed" in verify(served["tls.crt"], trusted["ca.crt"], HOSTNAMES["cluster1"])


@pytest.mark.parametrize("method", ["cronJob", "certmanager"])
def test_other_ways_to_make_certificates_get_the_name_too(
    method: str, helm: Helm, chart: Chart, outputs: Outputs
) -> None:
    document = outputs(domain=DOMAIN, clusters=CLUSTERS)["yaml"]["cluster1"]
    issuer = {"name": "ca", "kind": "ClusterIssuer"}
    auto = {"method": method, "schedule": "0 0 1 */4 *", "certManagerIssuerRef": issuer}
    own = yaml.safe_dump({"clustermesh": {"apiserver": {"tls": {"auto": auto}}}})
    manifests = helm.template(chart, document, own)
    if method == "certmanager":
        names = manifests.find("Certificate", "clustermesh-apiserver-server-cert")["spec"]["dnsNames"]
    else:
        job = manifests.find("CronJob", "clustermesh-apiserver-generate-certs")
        container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        certificates = load_mapping(container["env"][0]["value"])["certs"]
        names = next(c["hosts"] for c in certificates if c["name"] == "clustermesh-apiserver-server-cert")
    assert HOSTNAMES["cluster1"] in names


@pytest.mark.parametrize(
    ("controller_name", "affinity"),
    [("cloud-provider-aws", None), ("any", None), ("aws-load-balancer-controller", "ClientIP")],
)
def test_two_replicas_ask_for_session_affinity_only_where_the_controller_takes_it(
    controller_name: str,
    affinity: str | None,
    helm: Helm,
    chart: Chart,
    outputs: Outputs,
) -> None:
    document = outputs(domain=DOMAIN, clusters=CLUSTERS, controller=controller_name)["yaml"]["cluster1"]
    own = yaml.safe_dump({"clustermesh": {"apiserver": {"replicas": 2}}})
    service = helm.template(chart, document, own).find("Service", "clustermesh-apiserver")
    assert service["spec"].get("sessionAffinity") == affinity


def test_values_merge_with_the_users_own(helm: Helm, chart: Chart, outputs: Outputs) -> None:
    document = outputs(domain=DOMAIN, clusters=CLUSTERS)["yaml"]["cluster1"]
    own = {"clustermesh": {"apiserver": {"service": {"annotations": {f"{ANNOTATION}-subnets": "subnet-1"}}}}}
    for order in ([document, yaml.safe_dump(own)], [yaml.safe_dump(own), document]):
        service = helm.template(chart, *order).find("Service", "clustermesh-apiserver")
        annotations = service["metadata"]["annotations"]
        assert annotations[f"{ANNOTATION}-subnets"] == "subnet-1"
        assert annotations[f"{ANNOTATION}-additional-resource-tags"] == f"hostname={HOSTNAMES['cluster1']}"


def test_a_disabled_cluster_renders_without_peers(helm: Helm, chart: Chart, outputs: Outputs) -> None:
    clusters = CLUSTERS | {"cluster2": {"id": 2, "enabled": False}}
    documents = outputs(domain=DOMAIN, clusters=clusters)["yaml"]
    assert helm.template(chart, documents["cluster2"]).endpoints() == {}
    assert set(helm.template(chart, documents["cluster1"]).endpoints()) == {"cluster3"}


@pytest.mark.parametrize(
    ("datapath", "own"),
    [("eni", {"eni": {"enabled": True}}), ("aws-cni", {"cni": {"chainingMode": "aws-cni"}})],
)
def test_the_chart_takes_the_highest_ids_that_the_module_takes(
    datapath: str,
    own: Mapping[str, Any],
    helm: Helm,
    chart: Chart,
    outputs: Outputs,
) -> None:
    clusters = {"a": {"id": 127}, "b": {"id": 256}, "c": {"id": 383}}
    given = outputs(domain=DOMAIN, clusters=clusters, datapath=datapath, max_connected_clusters=511)
    for document in given["yaml"].values():
        helm.template(chart, document, yaml.safe_dump(dict(own)))


@pytest.mark.parametrize("cluster_id", [128, 255, 384, 511])
def test_the_chart_refuses_the_ids_that_the_module_refuses_with_eni(
    cluster_id: int, helm: Helm, chart: Chart, outputs: Outputs
) -> None:
    given = outputs(domain=DOMAIN, clusters={"a": {"id": cluster_id}}, max_connected_clusters=511)
    with pytest.raises(AssertionError, match=r"if the cluster ID is 128-255"):
        helm.template(chart, given["yaml"]["a"], yaml.safe_dump({"eni": {"enabled": True}}))
