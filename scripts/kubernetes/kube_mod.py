"""Write the go.mod from which kube-apiserver can be built: `python kube_mod.py VERSION FOLDER`.

Kubernetes' own go.mod takes its staging modules (k8s.io/api and so on) from folders of its repository, which the module
proxy does not serve; each is published as v0.<minor>.<patch> of the same release, and is taken from there.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

# What Kubernetes requires of its own staging modules.
STAGED = "v0.0.0"


def go_mod(theirs: Mapping[str, Any], version: str) -> str:
    """Our go.mod. `theirs`: Kubernetes' go.mod as `go mod edit -json` shows it."""
    published = f"v0{version.removeprefix('v1')}"
    lines = ["module throwaway", f"go {theirs['Go']}"]
    lines += [f"godebug {each['Key']}={each['Value']}" for each in theirs.get("Godebug") or []]
    lines.append(f"require k8s.io/kubernetes {version}")
    for each in theirs["Require"]:
        path, wanted = each["Path"], each["Version"]
        lines.append(f"require {path} {published if wanted == STAGED else wanted}")
        if wanted == STAGED:
            lines.append(f"replace {path} => {path} {published}")
    return "\n".join(lines) + "\n"


def main(version: str, folder: Path) -> None:
    """Download Kubernetes' module and write go.mod and a file that imports what is to be built."""
    module = _go("mod", "download", "-json", f"k8s.io/kubernetes@{version}")
    (folder / "go.mod").write_text(go_mod(_go("mod", "edit", "-json", module["GoMod"]), version), "utf-8")
    imports = '//go:build tools\n\npackage tools\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver/app"\n'
    (folder / "tools.go").write_text(imports, "utf-8")


def _go(*words: str) -> Mapping[str, Any]:
    run = subprocess.run(["go", *words], check=True, capture_output=True, text=True)
    answer: Mapping[str, Any] = json.loads(run.stdout)
    return answer


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
