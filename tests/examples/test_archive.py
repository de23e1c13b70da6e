"""The tag's archive, unpacked elsewhere, is all that a user has: the module runs from it, also by an absolute path."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import ROOT
from tests.package.archive import unpacked

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
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    return unpacked(tmp_path_factory.mktemp("archive"))


def terraform(folder: Path, environment: Mapping[str, str], *command: str) -> str:
    """Run Terraform with the provider that this machine has; what it printed."""
    mirror = ["sh", "-c", 'eval "$(sh "$0/scripts/terraform_mirror.sh")" && exec terraform "$@"', str(ROOT)]
    done = subprocess.run(  # noqa: S603
        [*mirror, *command, "-no-color"],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_the_quickstart_is_planned_from_it(module: Path) -> None:
    with Sandbox() as sandbox:
        zone_id = sandbox.cloudflare.add_zone("mesh.example.com")
        given = {
            "TF_VAR_zones": json.dumps({"mesh.example.com": zone_id}),
            "TF_VAR_cloudflare_api_token": "token-of-the-emulated-zone-0123456789",
        }
        folder = module / "examples" / "quickstart"
        terraform(folder, {}, "init")
        assert "0 to change, 0 to destroy." in terraform(folder, sandbox.environment() | given, "plan")


def test_an_absolute_path_leads_to_the_module_and_to_the_spoke(module: Path, tmp_path: Path) -> None:
    quickstart = (module / "examples" / "quickstart" / "main.tf").read_text()
    assert quickstart.count('"../../"') == 1
    (tmp_path / "main.tf").write_text(quickstart.replace('"../../"', f'"{module}"') + SPOKE.format(module=module))
    terraform(tmp_path, {}, "init")
    assert "The configuration is valid" in terraform(tmp_path, {}, "validate")
