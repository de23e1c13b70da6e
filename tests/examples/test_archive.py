"""The tag's archive, unpacked elsewhere, is all that a user has: a name resolves by it, and then all is taken down."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.demo import Names
from sandbox.sandbox import Sandbox
from sandbox.terraform import ROOT
from tests.e2e.installation import QUEUE_SPEED
from tests.e2e.log import PATIENT
from tests.package.archive import unpacked
from tests.sandbox.account import Account, eventually

SUFFIX = "mesh.example.com"
NAME = f"cluster1.{SUFFIX}"
TOKEN = "token-of-the-emulated-zone-0123456789"
SPOKE = """
module "spoke" {{
  source = "{module}/modules/spoke"
  hub    = module.mesh_dns.hub
  trail  = {{}}
}}
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later, or run `make tofu`")
    return unpacked(tmp_path_factory.mktemp("archive"))


def terraform(folder: Path, environment: Mapping[str, str], *command: str) -> str:
    """Run what is `terraform` here with the provider that this machine has; what it printed."""
    mirror = ["sh", "-c", 'eval "$(sh "$0/scripts/terraform_mirror.sh")" && exec terraform "$@"', str(ROOT)]
    done = subprocess.run(  # noqa: S603
        [*mirror, *command, "-no-color"],
        cwd=folder,
        env={**os.environ, **environment, "TF_INPUT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def readme(module: Path, own: Path, zone_id: str) -> Path:
    """README's first block, in a folder of its own: with the zone's id, and the module by its path."""
    (text,) = re.findall(
        r"^## Use it\n\n```hcl\n(.+?)^```$", (module / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    published = r'source +?= "[\w-]+/cilium-mesh-dns/aws"\n +version += "[^"]+"'
    text, sources = re.subn(published, f'source = "{module}"', text)
    text, zones = re.subn(r'zone_id = "\w+"', f'zone_id = "{zone_id}"', text)
    assert (sources, zones) == (1, 1)
    (own / "main.tf").write_text(text)
    return own


def test_a_name_resolves_by_it_and_all_is_taken_down(module: Path, tmp_path: Path) -> None:
    """By README's block; of the quickstart, which other tests apply, the archive need only give a plan."""
    with Sandbox(queue_speed=QUEUE_SPEED) as sandbox:
        zone_id = sandbox.cloudflare.add_zone(SUFFIX)
        sandbox.cloudflare.add_token(TOKEN, [zone_id])
        Account(sandbox).trail()  # as `trail = null` says
        folder = readme(module, tmp_path, zone_id)
        environment = sandbox.environment() | {"TF_VAR_cloudflare_api_token": TOKEN}

        example = module / "examples" / "quickstart"
        terraform(example, {}, "init")
        zones = {"TF_VAR_zones": json.dumps({SUFFIX: zone_id})}
        assert re.search(r"Plan: \d\d to add, 0 to change", terraform(example, environment | zones, "plan"))

        terraform(folder, {}, "init")
        terraform(folder, environment, "apply", "-auto-approve")
        AwsLoadBalancerController(Scope(sandbox), "cluster1").create(NAME)
        names = Names(sandbox)
        eventually(lambda: names.leads_somewhere(NAME), PATIENT)
        assert "No changes." in terraform(folder, environment, "plan")
        assert TOKEN not in (folder / "terraform.tfstate").read_text()

        terraform(folder, environment, "destroy", "-auto-approve")
        assert json.loads((folder / "terraform.tfstate").read_text())["resources"] == []
        assert names.leads_somewhere(NAME), "records stay"


def test_an_absolute_path_leads_to_the_module_and_to_the_spoke(module: Path, tmp_path: Path) -> None:
    text = (module / "examples" / "quickstart" / "main.tf").read_text()
    assert text.count('"../../"') == 1
    (tmp_path / "main.tf").write_text(text.replace('"../../"', f'"{module}"') + SPOKE.format(module=module))
    terraform(tmp_path, {}, "init")
    assert "The configuration is valid" in terraform(tmp_path, {}, "validate")
