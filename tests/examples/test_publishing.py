"""RELEASING.md as far as it goes without GitHub: a namespace, a pushed tag, and a user who takes it from there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.terraform import ROOT
from scripts.release import version
from tests.examples.test_archive import terraform

OWNER = "my-org"
USER = """
module "mesh_dns" {{
  source = "git::file://{remote}?ref={tag}"
  zones  = {{ "mesh.example.com" = {{ cloudflare = {{ zone_id = "023e105f4ecef8ad9ca31a8372d0c353" }} }} }}
  trail  = null
  spokes = {{}}
}}

module "spoke" {{
  source = "git::file://{remote}//modules/spoke?ref={tag}"
  hub    = module.mesh_dns.hub
  trail  = null
}}
"""


def git(folder: Path, *command: str) -> None:
    identity = ["-c", "user.name=Publisher", "-c", "user.email=publisher@example.com"]
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the path; or run `make tofu`")
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git working copy: nothing to tag")
def test_a_tag_that_was_pushed_is_all_that_a_user_needs(tmp_path: Path) -> None:
    remote, code, user, tag = tmp_path / "remote.git", tmp_path / "code", tmp_path / "user", f"v{version()}"
    git(tmp_path, "init", "--bare", str(remote))
    git(remote, "config", "receive.shallowUpdate", "true")  # where this working copy has no history
    git(tmp_path, "clone", str(ROOT), str(code))
    git(code, "remote", "remove", "origin")
    git(code, "remote", "add", "origin", str(remote))
    subprocess.run(["sh", "scripts/set_namespace.sh", OWNER], cwd=code, check=True)  # noqa: S603, S607
    (code / ".github" / "CODEOWNERS").write_text(f"* @{OWNER}/platform\n")
    addresses = [sys.executable, "-m", "pytest", "-q", "tests/docs/test_addresses.py", "tests/docs/test_documents.py"]
    tried = subprocess.run(addresses, cwd=code, check=False, capture_output=True, text=True)  # noqa: S603
    assert tried.returncode == 0, tried.stdout
    git(code, "commit", "--all", "--message", "Name the registry's namespace")
    git(code, "tag", "--annotate", tag, "--message", tag)
    git(code, "push", "origin", tag)

    user.mkdir()
    (user / "main.tf").write_text(USER.format(remote=remote, tag=tag))
    terraform(user, {}, "init")
    assert "The configuration is valid" in terraform(user, {}, "validate")
    taken = (user / ".terraform" / "modules" / "mesh_dns" / "README.md").read_text()
    assert f'"{OWNER}/cilium-mesh-dns/aws"' in taken
    assert "your_namespace" not in taken
