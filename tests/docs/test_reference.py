"""The blocks that terraform-docs writes into each README: there, up to date, and readable where GitHub shows them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.tools import NO_GO
from tests.docs.declared import ROOT

PARTS = (ROOT / "modules", ROOT / "examples")
CODE = (file for part in PARTS for file in part.rglob("*.tf") if not {".terraform", "tests"} & set(file.parts))
FOLDERS = [ROOT, *sorted({file.parent for file in CODE})]
MARKERS = ("<!-- BEGIN_TF_DOCS -->\n", "<!-- END_TF_DOCS -->\n")


def block(folder: Path) -> str:
    """What stands between the markers of a folder's README; there is one pair."""
    text = (folder / "README.md").read_text()
    assert [text.count(marker) for marker in MARKERS] == [1, 1], "one block between markers"
    return text.split(MARKERS[0])[1].split(MARKERS[1])[0]


def named(folder: Path) -> str:
    return str(folder.relative_to(ROOT))


def check(root: Path) -> subprocess.CompletedProcess[str]:
    """`scripts/docs.sh --check` of a copy of the repository."""
    command = ["sh", "scripts/docs.sh", "--check"]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)  # noqa: S603


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As much of the repository as the check reads; the tool and the environment are this one's."""
    root = tmp_path_factory.mktemp("repository")
    for folder in FOLDERS:
        (root / named(folder)).mkdir(parents=True, exist_ok=True)
        for file in (*folder.glob("*.tf"), folder / "README.md"):
            shutil.copy(file, root / named(folder))
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copy(ROOT / ".terraform-docs.yml", root)
    for shared in (".venv", ".tools"):
        (ROOT / ".tools").mkdir(exist_ok=True)
        (root / shared).symlink_to((ROOT / shared).resolve())
    return root


def test_every_block_is_up_to_date_and_a_drift_would_be_seen(copy: Path) -> None:
    done = check(copy)
    if done.returncode == NO_GO:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, f"run `make docs`\n{done.stdout}{done.stderr}"
    with (copy / "modules" / "spoke" / "variables.tf").open("a") as file:
        file.write('variable "new" {\n  description = "Something new."\n  type        = string\n}\n')
    assert check(copy).returncode not in {0, NO_GO}


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_each_variable_and_output_has_a_row(folder: Path) -> None:
    text = "".join(file.read_text() for file in folder.glob("*.tf"))
    declared = re.findall(r'^(?:variable|output) "(\w+)"', text, re.MULTILINE)
    assert sorted(re.findall(r"^\| \[?`(\w+)`", block(folder), re.MULTILINE)) == sorted(declared)


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_no_cell_loses_text_where_it_is_shown(folder: Path) -> None:
    prose = re.sub(r"`[^`]*`|<br>", "", block(folder))
    assert not re.search(r"<[a-z/]", prose), "a browser takes it for the start of a tag: write it as code"
    for row in re.findall(r"^\|.*\|$", block(folder), re.MULTILINE):
        assert not row.endswith((": |", ", |")), f"the first paragraph of this description does not stand alone: {row}"
