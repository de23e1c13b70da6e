"""What the documents say, held against what is there: their commands run, their links lead somewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml

from mesh_dns.core.decision import REFUSALS, Reason
from tests.cilium.rendered import Chart, Helm, load_mapping, verify

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    ROOT / "docs" / "cilium.md",
    ROOT / "docs" / "troubleshooting.md",
    ROOT / "docs" / "cost-and-limits.md",
    ROOT / "modules" / "clustermesh-values" / "README.md",
]
CLUSTERS = {"cluster1": {"id": 1}, "cluster2": {"id": 2}, "cluster3": {"id": 3}}


def anchors(document: Path) -> set[str]:
    """The fragments that GitHub makes of a document's headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    for target in (target for target in targets if "://" not in target):
        path, _, fragment = target.partition("#")
        file = document if not path else (document.parent / path).resolve()
        assert file.exists(), target
        assert not fragment or fragment in anchors(file), target


def test_troubleshooting_has_a_row_for_every_refusal_and_names_every_reason() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    assert {reason.value for reason in REFUSALS} <= rows
    silent = {Reason.IN_SYNC}
    assert {reason.value for reason in set(Reason) - silent} <= set(re.findall(r"`([a-z-]+)`", text))


def test_the_payloads_that_troubleshooting_sends_are_accepted() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text()
    schema = json.loads((ROOT / "lambda" / "src" / "mesh_dns" / "schemas" / "command.json").read_text())
    payloads = re.findall(r"\{\"action\".*?\}", text)
    assert payloads
    for payload in payloads:
        jsonschema.validate(json.loads(payload), schema)


def test_the_values_that_the_module_shows_are_what_it_gives(outputs: Callable[..., dict[str, Any]]) -> None:
    text = (ROOT / "modules" / "clustermesh-values" / "README.md").read_text()
    shown = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert shown is not None
    clusters = CLUSTERS | {"cluster3": {"id": 3, "hostname": "west.mesh.example.com"}}
    given = outputs(domain="mesh.example.com", clusters=clusters, controller="aws-load-balancer-controller")
    assert yaml.safe_load(shown[1]) == given["values"]["cluster1"]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not on the path")
def test_the_command_writes_one_file_of_values_per_cluster(
    outputs: Callable[..., dict[str, Any]], documented: Callable[[str, Path], None], tmp_path: Path
) -> None:
    given = outputs(domain="mesh.example.com", clusters=CLUSTERS)["yaml"]
    configuration = f'output "helm_values" {{\n  value = {json.dumps(given)}\n}}\n'
    (tmp_path / "main.tf").write_text(configuration.replace("${", "$${"))
    terraform = shutil.which("terraform") or ""
    subprocess.run([terraform, "apply", "-auto-approve", "-no-color"], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603
    documented("files", tmp_path)
    written = {path.parent.name: path.read_text().rstrip() for path in tmp_path.glob("clusters/*/clustermesh.yaml")}
    assert written == {name: text.rstrip() for name, text in given.items()}


def test_clusters_with_authorities_of_their_own_trust_a_bundle(
    helm: Helm,
    chart: Chart,
    outputs: Callable[..., dict[str, Any]],
    documented: Callable[[str, Path], None],
    tmp_path: Path,
) -> None:
    given = outputs(domain="mesh.example.com", clusters=CLUSTERS)["yaml"]
    served = {
        name: helm.template(chart, text).secret("clustermesh-apiserver-server-cert") for name, text in given.items()
    }
    for name, certificate in served.items():
        (tmp_path / f"ca-of-{name}.crt").write_text(certificate["ca.crt"])
    documented("bundle", tmp_path)
    manifests = helm.template(chart, given["cluster1"], tmp_path / "cilium-ca-bundle.yaml")
    bundle = manifests.find("ConfigMap", "cilium-root-ca.crt")["data"]["ca.crt"]
    for name, certificate in served.items():
        assert verify(certificate["tls.crt"], bundle, f"{name}.mesh.example.com") == ""
    volumes = manifests.find("Deployment", "clustermesh-apiserver")["spec"]["template"]["spec"]["volumes"]
    assert "cilium-root-ca.crt" in json.dumps(volumes), "the API server must use the bundle"


def test_the_values_of_the_authority_are_a_certificate_and_its_key(certificate_authority: Path) -> None:
    assert set(load_mapping(certificate_authority.read_text())["tls"]["ca"]) == {"cert", "key"}
