"""RELEASING.md as far as it goes without GitHub: a namespace, a pushed tag, and a user who takes it from there."""

from __future__ import annotations

import re
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


TAG = f"v{version()}"
pytestmark = pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git working copy: nothing to tag")


def git(folder: Path, *command: str) -> str:
    identity = ["-c", "user.name=Publisher", "-c", "user.email=publisher@example.com"]
    done = subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the release workflow works in: one commit without history or branch, and the tag that is to be released."""
    folder = tmp_path_factory.mktemp("checkout")
    git(folder, "init")
    git(folder, "fetch", "--depth", "1", "--no-tags", f"file://{ROOT}", "HEAD")
    git(folder, "checkout", "--detach", "FETCH_HEAD")
    git(folder, "tag", TAG)
    return folder


def renamed(checkout: Path, code: Path, owner: str) -> None:
    """A clone in which RELEASING.md was followed up to the namespace."""
    git(code.parent, "clone", "--no-tags", str(checkout), str(code))
    git(code, "remote", "remove", "origin")
    subprocess.run(["sh", "scripts/set_namespace.sh", owner], cwd=code, check=True)  # noqa: S603, S607


@pytest.mark.parametrize("owner", ["a", "a" * 39], ids=["the shortest name", "the longest name"])
def test_a_namespace_of_any_length_leaves_nothing_to_format(owner: str, checkout: Path, tmp_path: Path) -> None:
    code = tmp_path / "code"
    renamed(checkout, code, owner)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "."]
        tried = subprocess.run(ruff, cwd=code, check=False, capture_output=True, text=True)  # noqa: S603
        assert tried.returncode == 0, tried.stdout
    left = git(code, "grep", "--files-with-matches", "your_namespace").split()
    assert left == ["RELEASING.md", "scripts/set_namespace.sh", "tests/examples/test_publishing.py"], "these tell of it"


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the path; or run `make tofu`")
def test_a_tag_that_was_pushed_is_all_that_a_user_needs(checkout: Path, tmp_path: Path) -> None:
    remote, code, user, tag = tmp_path / "remote.git", tmp_path / "code", tmp_path / "user", TAG
    git(tmp_path, "init", "--bare", str(remote))
    git(remote, "config", "receive.shallowUpdate", "true")  # the checkout has no history
    renamed(checkout, code, OWNER)
    git(code, "remote", "add", "origin", str(remote))
    releasing = (code / "RELEASING.md").read_text()
    (owners,) = re.findall(r"^ +(echo .+ > \.github/CODEOWNERS)", releasing, re.MULTILINE)
    subprocess.run(["sh", "-c", owners], cwd=code, check=True)  # noqa: S603, S607
    assert (code / ".github" / "CODEOWNERS").read_text() == f"* @{OWNER}/platform\n"
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
    (package,) = re.findall(r"^package=(\S+)$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    assert (user / package).read_bytes() == (ROOT / "lambda" / "package.zip").read_bytes()
    taken = (user / ".terraform" / "modules" / "mesh_dns" / "README.md").read_text()
    assert f'"{OWNER}/cilium-mesh-dns/aws"' in taken
    assert "your_namespace" not in taken
