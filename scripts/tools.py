"""Builds tools that are written in Go into .tools/bin, each at one version: `python -m scripts.tools terraform-docs`.

Ends with 3 where Go is missing, and says so. Two runs never build at once: the second waits and finds the tool there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scripts.alone import TOOLS, alone

NO_GO = 3


class NoGoError(Exception):
    """There is no Go to build with; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A command of a Go module.

    `replace`: what its own go.mod replaces; `go install package@version` refuses such modules, so each tool is built
    from a throw-away module that repeats the replacement.
    """

    module: str
    version: str
    package: str = ""
    """Below the module; the module itself when empty."""
    replace: Mapping[str, str] = field(default_factory=dict)
    flags: str = ""
    """For the linker."""


TERRAFORM_DOCS = Tool("github.com/terraform-docs/terraform-docs", "v0.19.0")
ACTIONLINT = Tool("github.com/rhysd/actionlint", "v1.7.12", "/cmd/actionlint")
HELM = Tool("helm.sh/helm/v3", "v3.18.4", "/cmd/helm")
TFLINT = Tool("github.com/terraform-linters/tflint", "v0.55.0")
OPENTOFU = Tool(
    "github.com/opentofu/opentofu",
    "v1.12.6",
    "/cmd/tofu",
    {"github.com/hashicorp/hcl/v2 v2.20.1": "github.com/opentofu/hcl/v2 v2.20.2-0.20251021132045-587d123c2828"},
    "-X github.com/opentofu/opentofu/version.dev=no",
)
BY_NAME: Mapping[str, Tool] = {
    "actionlint": ACTIONLINT,
    "helm": HELM,
    "terraform-docs": TERRAFORM_DOCS,
    "tflint": TFLINT,
    "tofu": OPENTOFU,
}


def built(name: str) -> Path:
    """The path of a tool, which is built if it is not there at its version.

    Raises NoGoError, and CalledProcessError when the build fails, which has said why.
    """
    tool, path = BY_NAME[name], TOOLS / "bin" / name
    if _is_there(path, tool):
        return path
    if shutil.which("go") is None:
        raise NoGoError(f"{name} is not built: Go is missing (https://go.dev/doc/install)")
    with alone():
        if not _is_there(path, tool):
            print(f"Building {name} {tool.version}; this takes a minute or more.", file=sys.stderr, flush=True)
            _build(tool, path)
    return path


def _stamp(path: Path) -> Path:
    return path.with_name(f".{path.name}.version")


def _is_there(path: Path, tool: Tool) -> bool:
    stamp = _stamp(path)
    return path.exists() and stamp.exists() and stamp.read_text() == tool.version


def _build(tool: Tool, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="build-") as folder:
        replaced = "".join(f"replace {old} => {new}\n" for old, new in tool.replace.items())
        module = f"module build\n\ngo 1.24\n\nrequire {tool.module} {tool.version}\n\n{replaced}"
        (Path(folder) / "go.mod").write_text(module)
        # Two at a time: other tests run on the machine at the same time.
        environment = os.environ | {"GOFLAGS": "-mod=mod", "GOMAXPROCS": "2", "CGO_ENABLED": "0", "GOBIN": folder}
        command = ["go", "install", "-p=1", "-ldflags", f"-s -w {tool.flags}", tool.module + tool.package]
        subprocess.run(["nice", *command], cwd=folder, env=environment, check=True, stdout=sys.stderr)
        (Path(folder) / path.name).replace(path)
        _stamp(path).write_text(tool.version)


def main(names: Sequence[str]) -> int:
    """Build these tools, or all of them, and print where they are."""
    try:
        for name in names or BY_NAME:
            print(built(name))
    except NoGoError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return NO_GO
    except subprocess.CalledProcessError as error:
        print(f"the build failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
