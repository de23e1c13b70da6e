"""What GitHub runs: targets that exist, actions that cannot change under our feet, and no more rights than needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.tools import NO_GO
from tests.docs.declared import ROOT

WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}
CI = WORKFLOWS["ci"]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
PARTS = {"lint", *re.findall(r"^PARTS := (.+)$", MAKEFILE, re.MULTILINE)[0].split()}


def steps(workflow: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job.get("steps", [])


def commands(workflow: Mapping[str, Any]) -> str:
    """Everything that the jobs run."""
    return "\n".join(step["run"] for step in steps(workflow) if "run" in step)


def made(text: str) -> set[str]:
    """The targets that commands make."""
    return {target for line in re.findall(r"\bmake((?: [a-z0-9-]+)+)", text) for target in line.split()}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_only_targets_and_scripts_that_exist_are_called(name: str) -> None:
    said = commands(WORKFLOWS[name])
    assert made(said) <= TARGETS
    for script in re.findall(r"scripts/\w+\.sh", said):
        assert (ROOT / script).exists(), script
    for module in re.findall(r"python -m (scripts\.\w+)", said):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_every_part_of_make_test_runs_for_every_change() -> None:
    assert made(commands({"jobs": {"test": CI["jobs"]["test"]}})) >= PARTS


def test_the_oldest_versions_that_the_module_admits_are_tried() -> None:
    versions = (ROOT / "versions.tf").read_text()
    (terraform,) = re.findall(r'required_version = ">= ([\d.]+)"', versions)
    (provider,) = re.findall(r'version = ">= ([\d.]+), < 7\.0"', versions)
    matrix = CI["jobs"]["versions"]["strategy"]["matrix"]
    assert set(matrix["tool"]) == {"terraform", "tofu"}
    assert set(matrix["version"]) == {f"{terraform}.0", "latest"}
    assert set(matrix["provider"]) == {f"{provider}.0", "~> 6.0"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_commit_and_the_version_stands_beside(name: str) -> None:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    for each in used:
        assert each.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_job_may_read_the_code_and_nothing_else_unless_it_says_why(name: str) -> None:
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    wider = {job: each["permissions"] for job, each in workflow["jobs"].items() if "permissions" in each}
    assert wider == (
        {"release": {"contents": "write", "id-token": "write", "attestations": "write"}} if name == "release" else {}
    )
    assert all(step["with"]["persist-credentials"] is False for step in steps(workflow) if "checkout" in str(step))


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_somebody_else_may_choose_is_never_pasted_into_a_command(name: str) -> None:
    assert "${{" not in commands(WORKFLOWS[name])


def test_a_commit_is_checked_by_commands_that_exist() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repository in config["repos"] for hook in repository["hooks"]]
    assert made("\n".join(entries)) == PARTS - {"e2e"}
    checks = {"terraform fmt", "ruff check", "ruff format", "mypy", "check_workflows.sh", "docs.sh", "tests/package"}
    assert [check for check in checks if not any(check in entry for entry in entries)] == []
    scripts = re.findall(r"scripts/\w+\.sh", " ".join(entries))
    assert scripts
    assert all((ROOT / script).exists() for script in scripts)


def test_actionlint_finds_nothing_and_would_find_a_mistake(tmp_path: Path) -> None:
    script = ["sh", "scripts/check_workflows.sh"]
    for part in ("scripts", ".github"):
        shutil.copytree(ROOT / part, tmp_path / part)
    for shared in (".venv", ".tools"):
        (ROOT / ".tools").mkdir(exist_ok=True)
        (tmp_path / shared).symlink_to((ROOT / shared).resolve())
    (tmp_path / ".git").mkdir()

    done = subprocess.run(script, cwd=tmp_path, check=False, capture_output=True, text=True)  # noqa: S603
    if "skipped" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout
    file = tmp_path / ".github" / "workflows" / "ci.yml"
    file.write_text(file.read_text().replace("matrix.provider", "matrix.no_such_thing"))
    assert subprocess.run(script, cwd=tmp_path, check=False, capture_output=True).returncode not in {0, NO_GO}  # noqa: S603
