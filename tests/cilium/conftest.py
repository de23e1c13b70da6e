"""What the tests of the Cilium side share: values as Terraform gives them, charts as Helm renders them."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.tools import NoGoError, built
from tests.cilium.rendered import Chart, Helm

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "modules" / "clustermesh-values"
CHARTS = Path(os.environ.get("CILIUM_CHARTS", ROOT.parent / "shared" / "cilium"))
CHART_VERSIONS = ("1.18.12", "1.20.0")

Values = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def terraform() -> str:
    """The Terraform on the path."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("terraform is not on the path")
    return found


@pytest.fixture(scope="session")
def configuration(terraform: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised configuration that hands one variable, `inputs`, to the module and outputs the result."""
    folder = tmp_path_factory.mktemp("values")
    arguments = ("domain", "clusters")
    optional = ("controller", "max_connected_clusters", "datapath", "hostname_tag", "extra_tags")
    lines = [f"{name} = var.inputs.{name}" for name in arguments]
    lines += [f"{name} = lookup(var.inputs, {json.dumps(name)}, null)" for name in optional]
    (folder / "main.tf").write_text(
        'variable "inputs" {\n  type = any\n}\n'
        f'module "values" {{\n  source = {json.dumps(str(MODULE))}\n  ' + "\n  ".join(lines) + "\n}\n"
        'output "all" {\n  value = module.values\n}\n'
    )
    subprocess.run([terraform, "init", "-input=false"], cwd=folder, check=True, capture_output=True)  # noqa: S603
    return folder


@pytest.fixture(scope="session")
def outputs(terraform: str, configuration: Path) -> Values:
    """Call the module: keyword arguments are its inputs, the result its outputs by name."""

    known: dict[str, dict[str, Any]] = {}

    def call(**inputs: object) -> dict[str, Any]:
        document = json.dumps({"inputs": inputs})
        if document not in known:
            known[document] = apply(document)
        return copy.deepcopy(known[document])

    def apply(document: str) -> dict[str, Any]:
        (configuration / "inputs.auto.tfvars.json").write_text(document)
        command = [terraform, "apply", "-auto-approve", "-input=false", "-no-color"]
        subprocess.run(command, cwd=configuration, check=True, capture_output=True)  # noqa: S603
        shown = subprocess.run(  # noqa: S603
            [terraform, "output", "-json", "all"], cwd=configuration, check=True, capture_output=True
        )
        result: dict[str, Any] = json.loads(shown.stdout)
        return result

    return call


@pytest.fixture(scope="session")
def refusal(terraform: str, configuration: Path) -> Callable[..., str]:
    """Plan with inputs that must be refused; the result is what the user reads, on one line."""

    def plan(**inputs: object) -> str:
        (configuration / "inputs.auto.tfvars.json").write_text(json.dumps({"inputs": inputs}))
        command = [terraform, "plan", "-input=false", "-no-color"]
        planned = subprocess.run(command, cwd=configuration, check=False, capture_output=True, text=True)  # noqa: S603
        assert planned.returncode == 1, planned.stdout
        return " ".join(planned.stderr.split())

    return plan


@pytest.fixture(scope="session")
def helm() -> Helm:
    """Helm, built on first use."""
    try:
        return Helm(built("helm"))
    except NoGoError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=CHART_VERSIONS)
def chart(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    """Each chart in turn, unpacked."""
    archive = CHARTS / f"cilium-{request.param}.tgz"
    if not archive.exists():
        pytest.skip(f"no cilium-{request.param}.tgz: put it into a folder and name that in CILIUM_CHARTS")
    return Chart.unpack(archive, tmp_path_factory.mktemp(f"cilium-{request.param}"))


@pytest.fixture(scope="session")
def documented() -> Callable[[str, Path], None]:
    """Run commands of docs/cilium.md, as they stand there under `<!-- tested: name -->`, in a folder."""

    def run(name: str, folder: Path) -> None:
        section = (ROOT / "docs" / "cilium.md").read_text().split(f"<!-- tested: {name} -->")[1]
        script = section.split("```sh\n")[1].split("```")[0]
        subprocess.run(["/bin/sh", "-euc", script], cwd=folder, check=True, capture_output=True)  # noqa: S603

    return run


@pytest.fixture(scope="session")
def certificate_authority(documented: Callable[[str, Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Values that give a cluster the CA of the whole mesh."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on the path")
    folder = tmp_path_factory.mktemp("ca")
    documented("ca", folder)
    return folder / "cilium-ca.yaml"
