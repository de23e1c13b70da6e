"""Terraform as a user runs it, on an example of this repository, against a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_MODULE_PARTS = ("lambda", "modules")
_WHOLE_MODULE = {"output": {"mesh_dns": {"value": "${module.mesh_dns}", "description": "All of the module's outputs."}}}


class TerraformError(Exception):
    """A command failed; the text is what Terraform said."""


class Terraform:
    """A copy of an example in a folder of its own, where its state and plans stay.

    folder: becomes a miniature of the repository, so that the example's `source` works unchanged.
    environment: how to reach the sandbox, and TF_VAR_ variables. override: merged over the example's blocks by
    Terraform's own override files. One more output, `mesh_dns`, is the whole module: an example hands out what its
    user wants, and whoever tries it needs more.
    """

    def __init__(
        self,
        example: str,
        folder: Path,
        environment: Mapping[str, str],
        override: Mapping[str, object] | None = None,
    ) -> None:
        self.folder = folder / "examples" / example
        self.folder.mkdir(parents=True)
        for item in [*ROOT.glob("*.tf"), *(ROOT / part for part in _MODULE_PARTS)]:
            (folder / item.name).symlink_to(item)
        for file in (ROOT / "examples" / example).glob("*.tf"):
            shutil.copy(file, self.folder)
        (self.folder / "whole_module.tf.json").write_text(json.dumps(_WHOLE_MODULE))
        if override:
            self.override(override)
        self._environment = {**os.environ, **mirror(), **environment, "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}

    def override(self, override: Mapping[str, object]) -> None:
        """Replace the override file."""
        (self.folder / "sandbox_override.tf.json").write_text(json.dumps(override))

    def init(self) -> None:
        """`terraform init`."""
        self.run("init")

    def apply(self, on_line: Callable[[str], None] | None = None, **variables: str) -> None:
        """`terraform apply`; `on_line` gets each line as it comes. Variables are set for this run only."""
        self.run("apply", "-auto-approve", on_line=on_line, variables=variables)

    def destroy(self) -> None:
        """`terraform destroy`."""
        self.run("destroy", "-auto-approve")

    def plan(self, name: str = "plan", **variables: str) -> str:
        """Make a plan and keep it under a name; what Terraform says of it."""
        return self.run("plan", f"-out={name}", variables=variables)

    def plan_json(self, name: str = "plan") -> dict[str, Any]:
        """A kept plan, as data."""
        return dict(json.loads(self.run("show", "-json", name)))

    def outputs(self) -> dict[str, Any]:
        """The outputs' values."""
        return {key: output["value"] for key, output in json.loads(self.run("output", "-json")).items()}

    def versions(self) -> dict[str, str]:
        """`terraform`, and each provider that `init` chose, without its registry => version."""
        said = json.loads(self.run("version", "-json"))
        providers = {name.partition("/")[2]: version for name, version in said["provider_selections"].items()}
        return {"terraform": said["terraform_version"]} | providers

    def state(self) -> str:
        """The state file's text."""
        return (self.folder / "terraform.tfstate").read_text()

    def run(
        self,
        command: str,
        *arguments: str,
        on_line: Callable[[str], None] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> str:
        """Run a command and return what it printed. Raises TerraformError."""
        terraform = shutil.which("terraform")
        if terraform is None:
            raise TerraformError("terraform is not on the path; install Terraform 1.11 or later")
        settings = {f"TF_VAR_{name}": value for name, value in (variables or {}).items()}
        with (
            tempfile.TemporaryFile("w+") as complaints,
            subprocess.Popen(  # noqa: S603 - our own arguments
                [terraform, command, "-no-color", *arguments],
                cwd=self.folder,
                env={**self._environment, **settings},
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                process_group=0,  # Ctrl-C is ours to pass on: Terraform gives up at the second one, and forgets
            ) as process,
        ):
            lines = []
            try:
                for line in process.stdout or ():
                    lines.append(line)
                    if on_line is not None:
                        on_line(line.rstrip("\n"))
            except BaseException:
                process.terminate()
                for _ in process.stdout or ():
                    pass  # unread it would die of what it still says, before it writes down what it made
                raise
            text = "".join(lines)
            if process.wait() != 0:
                complaints.seek(0)
                raise TerraformError(f"terraform {command} failed:\n{text[-2000:]}{complaints.read()[-4000:]}")
            return text


def mirror() -> dict[str, str]:
    """The variable that points `init` at a local copy of the AWS provider, where this machine has one."""
    script = ROOT / "scripts" / "terraform_mirror.sh"
    said = subprocess.run(["sh", str(script)], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607
    name, _, value = said.removeprefix("export ").strip().partition("=")
    return {name: value} if name else {}
