"""The archive of this commit, as somebody has it who took the module by its tag."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def unpacked(folder: Path) -> Path:
    """`git archive HEAD`, unpacked into a folder. Skips where there is no git."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git working copy: nothing to archive")
    path = folder / "module.tar"
    subprocess.run([git, "archive", "--output", str(path), "HEAD"], cwd=ROOT, check=True)  # noqa: S603
    with tarfile.open(path) as archive:
        archive.extractall(folder / "module", filter="data")
    return folder / "module"
