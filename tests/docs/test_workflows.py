"""What GitHub runs: targets that exist, actions that cannot change under our feet, and no more rights than needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.tools import NO_GO
from tests.docs.declared import ROOT
from tests.docs.test_reference import FOLDERS

WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / ".github" / "workflows").glob("*.yml")}
CI = WORKFLOWS["ci"]
DEPENDABOT = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
PARTS = set(re.findall(r"^PARTS := (.+)$", MAKEFILE, re.MULTILINE)[0].split())


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


def test_the_badge_shows_a_workflow_that_runs_on_main() -> None:
    shown = re.findall(r"/actions/workflows/(\w+)\.yml(/badge\.svg\?branch=main|\?)", (ROOT / "README.md").read_text())
    assert shown == [("ci", "/badge.svg?branch=main"), ("ci", "?")]
    assert CI[True]["push"]["branches"] == ["main"]  # YAML 1.1 reads the key `on` as true


def test_the_oldest_versions_that_the_module_admits_are_tried() -> None:
    versions = (ROOT / "versions.tf").read_text()
    (terraform,) = re.findall(r'required_version = ">= ([\d.]+)"', versions)
    (provider,) = re.findall(r'version = ">= ([\d.]+), < 7\.0"', versions)
    matrix = CI["jobs"]["versions"]["strategy"]["matrix"]
    assert set(matrix["tool"]) == {"terraform", "tofu"}
    assert set(matrix["version"]) == {f"{terraform}.0", "latest"}
    assert set(matrix["provider"]) == {f"{provider}.0", "~> 6.0"}


def test_one_check_stands_for_all_jobs_of_ci() -> None:
    """RELEASING.md has the branch wait for it."""
    jobs = CI["jobs"]
    assert set(jobs["all"]["needs"]) == set(jobs) - {"all"}
    assert jobs["all"]["if"] == "always()", "a check that is skipped counts as passed"
    assert "name" not in jobs["all"]
    (named,) = re.findall(r"status check `(\w+)`", (ROOT / "RELEASING.md").read_text())
    assert named in jobs


def test_no_later_commit_takes_the_result_of_one_on_main_away() -> None:
    """RELEASING.md tags a commit of main whose `ci` is green. GitHub also drops what waits in a group."""
    of_a_pull_request = "github.event_name == 'pull_request'"
    assert CI["concurrency"]["cancel-in-progress"] == f"${{{{ {of_a_pull_request} }}}}"
    assert CI["concurrency"]["group"].endswith(f"${{{{ {of_a_pull_request} && github.ref || github.sha }}}}")


@pytest.mark.parametrize(
    ("results", "passes"),
    [("success success", True), ("success failure", False), ("success skipped", False), ("cancelled success", False)],
)
def test_that_check_passes_only_with_every_job(results: str, passes: bool) -> None:
    (step,) = CI["jobs"]["all"]["steps"]
    done = subprocess.run(["bash", "-e", "-c", step["run"]], check=False, env={"RESULTS": results})  # noqa: S603, S607
    assert (done.returncode == 0) == passes


def covered(ecosystem: str) -> list[str]:
    """The folders, as patterns, in which Dependabot looks for new versions."""
    (entry,) = (each for each in DEPENDABOT["updates"] if each["package-ecosystem"] == ecosystem)
    return [str(pattern) for pattern in entry.get("directories", [entry.get("directory")])]


def uncovered(ecosystem: str, folders: Iterable[Path]) -> list[str]:
    """The folders of the repository that none of the patterns means; `*` stands for one name."""
    patterns = [re.escape(each).replace(r"\*", "[^/]+") for each in covered(ecosystem)]
    names = [f"/{folder.relative_to(ROOT)}".removesuffix(".") for folder in folders]
    assert names
    return [name for name in names if not any(re.fullmatch(pattern, name) for pattern in patterns)]


def test_new_versions_are_looked_for_wherever_one_is_named() -> None:
    code = [
        file for part in ("*.tf", "modules/**/*.tf", "examples/**/*.tf", "tests/**/*.tf") for file in ROOT.glob(part)
    ]
    providers = {file.parent for file in code if "required_providers" in file.read_text()}
    assert len(providers) > 6
    assert uncovered("terraform", providers) == []
    assert uncovered("pip", {file.parent for file in (*ROOT.glob("*.in"), *ROOT.glob("lambda/*.in"))}) == []
    assert covered("github-actions") == ["/"]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_commit_and_the_version_stands_beside(name: str) -> None:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text()
    used = re.findall(r"uses: (.+)", text)
    assert used
    for each in used:
        assert each.startswith("./") or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each), each


def test_whose_actions_are_used_is_said() -> None:
    """An organization may allow only those that it names."""
    used = {step["uses"].split("/")[0] for workflow in WORKFLOWS.values() for step in steps(workflow) if "uses" in step}
    (said,) = re.findall(r"allow those of (.+)\.$", (ROOT / "RELEASING.md").read_text(), re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", said)) == used


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


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_a_commit_that_changes_what_a_reference_is_made_from_writes_it_anew(folder: Path) -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (hook,) = (hook for repository in config["repos"] for hook in repository["hooks"] if hook["id"] == "docs")
    for name in (".terraform-docs.yml", *(str((folder / file).relative_to(ROOT)) for file in ("README.md", "main.tf"))):
        assert re.search(hook["files"], name), name


def test_a_push_is_checked_whatever_files_it_changes() -> None:
    """The Terraform tests read more than Terraform files: schemas, templates, the function's package."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    pushed = [hook for hook in hooks if hook.get("stages") == ["pre-push"]]
    assert made("\n".join(hook["entry"] for hook in pushed)) == PARTS - {"e2e"}
    for hook in pushed:
        assert hook["always_run"] is True, hook["id"]
        assert "files" not in hook, hook["id"]


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
