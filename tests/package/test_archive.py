"""What a user gets who takes the module by its tag: complete, small, and laid out as registries expect."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from scripts import package
from tests.package.archive import ROOT, unpacked

LARGEST = 3_800_000  # bytes; the function's package is most of it


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("archive"))


def files(module: Path) -> set[str]:
    return {str(path.relative_to(module)) for path in module.rglob("*") if path.is_file()}


def test_carries_the_zip_itself(module: Path) -> None:
    content = (module / "lambda" / "package.zip").read_bytes()
    assert zipfile.is_zipfile(module / "lambda" / "package.zip"), "a pointer of large file storage, or text conversion"
    assert (module / "lambda" / "package.sha256").read_text().split()[0] == package.sha256(content)


def test_every_terraform_file_that_is_no_test_is_in_it(module: Path) -> None:
    code = {str(path.relative_to(ROOT)) for part in (".", "modules", "examples") for path in (ROOT / part).rglob("*.tf")
            if not {".terraform", ".tools", "build", "tests"} & set(path.relative_to(ROOT).parts)}  # fmt: skip
    assert {name for name in files(module) if name.endswith(".tf")} == code


def test_nothing_is_in_it_that_only_contributors_need(module: Path) -> None:
    kept = {"docs", "examples", "lambda", "modules"}
    assert {path.name for path in module.iterdir() if path.is_dir()} == kept
    assert not [name for name in files(module) if re.search(r"(^|/)tests?/|\.(py|hcl|toml|lock)$", name)]
    assert sum(path.stat().st_size for path in module.rglob("*") if path.is_file()) < LARGEST


def test_nothing_runs_where_terraform_runs(module: Path) -> None:
    """No provisioner, no program, no download, no archive made at plan: the provider of AWS is the only one."""
    code = "\n".join(file.read_text() for file in module.rglob("*.tf"))
    assert not re.search(
        r'^\s*provisioner "|^data "(external|http|archive_file|local_file)"|"null_resource"', code, re.M
    )
    providers = re.findall(r"required_providers \{\n(.+?)^  \}", code, re.MULTILINE | re.DOTALL)
    assert len(providers) > 5
    assert {name for block in providers for name in re.findall(r"^    (\w+) = \{", block, re.MULTILINE)} == {"aws"}
    assert set(re.findall(r'^(?:resource|data) "(\w+?)_', code, re.MULTILINE)) <= {"aws", "terraform"}


def test_every_link_in_it_leads_to_what_is_in_it_or_to_an_address(module: Path) -> None:
    documents = sorted(module.rglob("*.md"))
    links = [(file, to) for file in documents for to in re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", file.read_text())]
    assert len(links) > 100
    assert [f"{file.name}: {to}" for file, to in links if "://" not in to and not (file.parent / to).exists()] == []


def test_what_a_registry_shows_is_where_it_looks(module: Path) -> None:
    """A licence, the root's README, and a README and versions in every submodule and example."""
    assert "Apache License" in (module / "LICENSE").read_text()
    shown = [module, *(folder for part in ("modules", "examples") for folder in (module / part).iterdir())]
    assert len(shown) == 6
    for folder in shown:
        assert (folder / "README.md").exists(), folder
        assert any("required_version" in file.read_text() for file in folder.glob("*.tf")), folder


def test_what_the_zip_is_and_what_is_left_out_is_all_that_git_is_told() -> None:
    attributes = (ROOT / ".gitattributes").read_text()
    assert "*.zip binary" in attributes
    assert not re.search(r"export-subst|filter=", attributes)
