"""Where the published module is said to be: one namespace everywhere, and addresses that Terraform understands."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.release import oldest_patch
from tests.docs.declared import ROOT

NAME = "cilium-mesh-dns/aws"
PATTERNS = (
    *("README.md", "CHANGELOG.md", "SECURITY.md", "docs/*.md", "modules/**/README.md", "examples/*/README.md"),
    *("examples/*/*.tf", ".terraform-docs.yml", "smoke/report.py"),
)
# hashicorp/terraform-registry-address, module.go: the part before the first slash.
NAMESPACE = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z_-]{0,62}[0-9A-Za-z])?")


def sources(root: Path) -> Iterator[tuple[Path, str]]:
    """Every address of the published module: the file, and what stands between the quotes."""
    for pattern in PATTERNS:
        for file in root.glob(pattern):
            for address in re.findall(rf'"([^"\s]*/{NAME}[^"\s]*)"', file.read_text()):
                yield file, address


def owners(root: Path) -> set[str]:
    """Whose repository the documents link to and ask for, and whose the smoke test's report goes to."""
    texts = [file.read_text() for pattern in PATTERNS for file in root.glob(pattern)]
    link = r"(?://github\.com/|--repo )([^/\s]+)/terraform-aws-cilium-mesh-dns\b"
    found = {owner for text in texts for owner in re.findall(link, text)}
    found.add(*re.findall(r'^OWNER = "(.+)"$', (root / "smoke" / "report.py").read_text(), re.MULTILINE))
    assert found
    return found


def namespaces(root: Path) -> set[str]:
    """What stands before the module's name, and before the repository's, in all of them."""
    return {address.split("/", 1)[0] for _, address in sources(root)} | owners(root)


_NAMESPACE = next(address for _, address in sources(ROOT)).split("/", 1)[0]
REGISTRY = f"{_NAMESPACE}/{NAME}"


def test_one_namespace_is_in_all_of_them_and_terraform_accepts_it() -> None:
    assert namespaces(ROOT) == {_NAMESPACE}, "scripts/set_namespace.sh writes one into all"
    assert NAMESPACE.fullmatch(_NAMESPACE)


def test_each_address_is_the_module_or_one_of_its_submodules() -> None:
    known = {"", *(f"//modules/{folder.name}" for folder in (ROOT / "modules").iterdir() if folder.is_dir())}
    found = list(sources(ROOT))
    assert len(found) > 10
    for file, address in found:
        assert address.removeprefix(REGISTRY) in known, file


@pytest.mark.parametrize("example", sorted(path.parent.name for path in ROOT.glob("examples/*/main.tf")))
def test_an_example_says_what_to_write_outside_of_this_repository(example: str) -> None:
    text = (ROOT / "examples" / example / "main.tf").read_text()
    published = rf'(?:  # source  = "(.+?)".*\n  # version = "~> {re.escape(oldest_patch())}"\n)?'
    local = re.findall(rf'^  source = "\.\./\.\./(modules/[\w-]+)?"\n{published}', text, re.MULTILINE)
    assert local
    for submodule, address in local:
        assert address == REGISTRY + (f"//{submodule}" if submodule else "")


class TestSetNamespace:
    """scripts/set_namespace.sh, on a copy."""

    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        for pattern in (*PATTERNS, "scripts/set_namespace.sh", ".github/CODEOWNERS"):
            for file in ROOT.glob(pattern):
                target = tmp_path / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, target)
        return tmp_path

    def run(self, folder: Path, *arguments: str) -> int:
        command = ["sh", str(folder / "scripts" / "set_namespace.sh"), *arguments]
        return subprocess.run(command, check=False, capture_output=True).returncode  # noqa: S603

    @pytest.mark.parametrize("team", ["", "/platform"], ids=["an owner", "a team of an organization"])
    def test_one_command_sets_it_everywhere_and_another_changes_it_again(self, copy: Path, team: str) -> None:
        codeowners = copy / ".github" / "CODEOWNERS"
        assert re.search(r"^\* @[\w-]+", codeowners.read_text(), re.MULTILINE)
        codeowners.write_text(f"# who is asked\n* @somebody{team}\n")
        for namespace in ("my-org", "Other1"):
            assert self.run(copy, namespace) == 0
            assert namespaces(copy) == {namespace}
            assert codeowners.read_text() == f"# who is asked\n* @{namespace}{team}\n"

    @pytest.mark.parametrize("wrong", [[], ["my org"], ["my/org"], [""]], ids=["none", "a space", "a slash", "empty"])
    def test_what_is_no_namespace_changes_nothing(self, copy: Path, wrong: list[str]) -> None:
        assert self.run(copy, *wrong) == 2
        assert namespaces(copy) == {_NAMESPACE}
