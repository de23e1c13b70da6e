"""What a tag must agree with before it becomes a release."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts.release import ROOT, NotReadyError, main, notes, oldest_patch, sections, version

CHANGELOG = (
    "# Changelog\n\n## [Unreleased]\n{unreleased}\n## [0.2.0]{date}\n\n{text}\n\n## [0.1.0] - 2026-01-01\n\n- Old.\n"
)


def project(folder: Path, *, unreleased: str = "", date: str = " - 2026-02-03", text: str = "- New.") -> Path:
    """A repository at version 0.2.0."""
    (folder / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG.format(unreleased=unreleased, date=date, text=text))
    return folder


def test_the_notes_are_what_the_changelog_says_of_this_version_alone(tmp_path: Path) -> None:
    assert notes("v0.2.0", project(tmp_path)) == "- New.\n"


@pytest.mark.parametrize(
    ("tag", "files", "complaint"),
    [
        pytest.param("0.2.0", {}, "is no tag of a release", id="a tag without a v"),
        pytest.param("v0.2.0-rc1", {}, "is no tag of a release", id="a pre-release"),
        pytest.param("v0.1.0", {}, "is not the version in pyproject", id="an older version"),
        pytest.param("v0.2.0", {"text": ""}, "nothing in it", id="no changes"),
        pytest.param("v0.2.0", {"date": ""}, "gives no date", id="no date"),
        pytest.param("v0.2.0", {"unreleased": "\n- More.\n"}, "under Unreleased", id="changes that stayed behind"),
    ],
)
def test_what_does_not_agree_is_not_released(tag: str, files: dict[str, str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match=complaint):
        notes(tag, project(tmp_path, **files))


def test_a_wrong_tag_ends_the_workflow(capsys: pytest.CaptureFixture[str]) -> None:
    assert main("v99.0.0") == 1
    assert "pyproject.toml" in capsys.readouterr().err


class TestThisRepository:
    def test_the_version_is_the_newest_in_the_changelog(self) -> None:
        assert next(name for name in sections() if name != "Unreleased") == version()

    def test_the_bill_of_materials_names_the_version(self) -> None:
        bill = json.loads((ROOT / "lambda" / "sbom.cdx.json").read_text())
        assert bill["metadata"]["component"]["version"] == version()

    def test_the_documents_ask_for_this_oldest_patch(self) -> None:
        files = [
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/*.md"),
            *ROOT.glob("modules/*/README.md"),
            *ROOT.glob("examples/*/*.tf"),
        ]
        asked = {found for file in files for found in re.findall(r'version += "~> (\d[\d.]*)"', file.read_text())}
        assert asked == {oldest_patch()}

    @pytest.mark.parametrize("document", ["RELEASING.md", "CHANGELOG.md", "docs/operations.md"])
    def test_a_user_is_told_the_same_of_a_patch_as_who_makes_it(self, document: str) -> None:
        rules = re.findall(r"\ba patch (\w[^.;]*?resource)\b", " ".join((ROOT / document).read_text().split()))
        assert rules == ["changes no input, output or name, and replaces no resource"]
