"""How tools come to .tools: once, at their version, one build at a time, and with a reason where there is no Go."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.opentofu_tests import rewritten
from scripts.tools import BY_NAME, NO_GO

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "scripts" / "kubernetes" / "install.sh"
FAKE_GO = """#!/bin/sh
echo built >> "$LOG"
sleep 0.3
touch "$GOBIN/terraform-docs"
"""


class Place:
    """A folder with the scripts in it, and a Go of its own that only says that it was asked."""

    def __init__(self, folder: Path, *, go: bool) -> None:
        shutil.copytree(ROOT / "scripts", folder / "scripts")
        self.folder, self.log, path = folder, folder / "log", folder / "path"
        path.mkdir()
        if go:
            (path / "go").write_text(FAKE_GO)
            (path / "go").chmod(0o755)
        (path / "nice").write_text('#!/bin/sh\nexec "$@"\n')
        (path / "nice").chmod(0o755)
        tools = ":".join({str(Path(found).parent) for found in map(shutil.which, ("sleep", "touch")) if found})
        self.environment = os.environ | {"PATH": f"{path}:{tools if go else ''}", "LOG": str(self.log)}

    def start(self, name: str = "terraform-docs") -> subprocess.Popen[str]:
        """Ask for a tool."""
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "scripts.tools", name],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def builds(self) -> int:
        """How often Go was asked."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


def test_two_runs_at_once_build_once_and_both_get_it(tmp_path: Path) -> None:
    place = Place(tmp_path, go=True)
    runs = [place.start(), place.start()]
    assert {run.communicate()[0] for run in runs} == {f"{tmp_path / '.tools' / 'bin' / 'terraform-docs'}\n"}
    assert [run.returncode for run in runs] == [0, 0]
    assert place.builds == 1


BUILDING_GO = """#!/bin/sh
case "$1" in
  version) cat "$MODULES" ;;
  mod) echo '{"GoMod": "go.mod", "Go": "1.24", "Require": []}' ;;
  build)
    while [ "$1" != -o ]; do shift; done
    echo "$2" >> "$LOG"
    sleep 0.3
    touch "$2" && chmod +x "$2"
    ;;
esac
"""


def test_two_runs_at_once_build_each_part_of_kubernetes_once(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    chart = tmp_path / next(iter(re.findall(r"^chart=(\S+)", INSTALL.read_text(), re.MULTILINE)))
    chart.touch()
    path, log, modules = tmp_path / "path", tmp_path / "log", tmp_path / "modules"
    path.mkdir()
    (path / "go").write_text(BUILDING_GO)
    (path / "go").chmod(0o755)
    wanted = re.findall(r"! holds (\S+) (\S+) \"\$(\w+)\"", INSTALL.read_text())
    versions = dict(re.findall(r"^(\w+)=(v\S+)$", INSTALL.read_text(), re.MULTILINE))
    modules.write_text("".join(f"\tdep\t{module}\t{versions[name]}\th1:x\n" for _, module, name in wanted))
    environment = os.environ | {
        "PATH": f"{path}:{os.environ['PATH']}", "LOG": str(log), "MODULES": str(modules), "PYTHON": sys.executable,
        "CILIUM_CHARTS": str(tmp_path),
    }  # fmt: skip
    command = ["sh", str(tmp_path / "scripts" / "kubernetes" / "install.sh")]
    runs = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
        for _ in range(2)
    ]
    said = [run.communicate()[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    built = [Path(line).name for line in log.read_text().splitlines()]
    assert built == [name for name, _, _ in wanted][: len(built)]
    assert {"etcd", "kube-apiserver", "aws-cloud-controller-manager"} <= set(built)
    assert [("another build is at work" in text.lower()) for text in said].count(True) == 1


def test_another_version_is_built_anew_and_the_same_is_not(tmp_path: Path) -> None:
    place = Place(tmp_path, go=True)
    for _ in range(2):
        place.start().communicate()
    assert place.builds == 1
    (tmp_path / ".tools" / "bin" / ".terraform-docs.version").write_text("v0.0.1")
    place.start().communicate()
    assert place.builds == 2


@pytest.mark.parametrize("name", BY_NAME)
def test_without_go_it_says_so_and_the_caller_can_skip(name: str, tmp_path: Path) -> None:
    run = Place(tmp_path, go=False).start(name)
    assert run.communicate() == ("", f"skipped: {name} is not built: Go is missing (https://go.dev/doc/install)\n")
    assert run.returncode == NO_GO


TERRAFORMS = """# What is said about the file stays.

mock_provider "aws" {
  source          = "./setup"
  override_during = plan
}

variables {
  hub = {
    version = 1
  }
}

run "it_holds" {
  command = plan

  variables {
    hub = merge(var.hub, { version = 2 })
  }

  assert {
    condition = var.hub.version == 2
  }
}

run "it_is_refused" {
  command         = plan
  expect_failures = [var.hub]
}
"""
OPENTOFUS = """# What is said about the file stays.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
}

variables {
  hub = {
    version = 1
  }
}

run "it_holds" {
  command = apply

  variables {
    hub = merge({
    version = 1
  }, { version = 2 })
  }

  assert {
    condition = var.hub.version == 2
  }
}

run "it_is_refused" {
  command         = plan
  expect_failures = [var.hub]
}
"""


def test_a_test_file_says_the_same_to_opentofu(tmp_path: Path) -> None:
    (tmp_path / "setup").mkdir()
    mocks = 'mock_data "aws_region" {\n  defaults = { id = "eu-west-1" }\n}\n'
    (tmp_path / "setup" / "aws.tfmock.hcl").write_text(mocks)
    assert rewritten(TERRAFORMS, tmp_path) == OPENTOFUS


def test_mocks_that_are_not_there_are_noticed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no mocks"):
        rewritten(TERRAFORMS, tmp_path)


@pytest.mark.parametrize("there", [True, False], ids=["one that is there", "and not of one that is not"])
def test_to_a_command_opentofu_is_terraform_and_it_is_told_of_a_configuration(there: bool, tmp_path: Path) -> None:
    (tmp_path / "tofu").write_text('#!/bin/sh\necho "${TF_CLI_CONFIG_FILE:-none}"\n')
    (tmp_path / "tofu").chmod(0o755)
    named = tmp_path / "configuration"
    if there:
        named.touch()
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TF_CLI_CONFIG_FILE": str(named)}
    command = ["sh", str(ROOT / "scripts" / "with_tofu.sh"), "terraform"]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603
    assert said.strip() == (str(named) if there else "none")


TESTS = sorted(file for part in ("tests", "modules") for file in (ROOT / part).rglob("*.tftest.hcl"))


@pytest.mark.parametrize("file", TESTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_says_what_opentofu_does_not_know(file: Path) -> None:
    """`run.<name>` stands in the variables of a run only: an assertion that has it fails there, whatever is true."""
    for block in re.findall(r"^  assert \{\n(.*?)^  \}\n", file.read_text(), re.MULTILINE | re.DOTALL):
        assert not re.search(r"\brun\.\w", block)
