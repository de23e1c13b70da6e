"""Holds a tag against CHANGELOG.md and pyproject.toml, prints the notes: `python -m scripts.release v0.1.0`."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class NotReadyError(Exception):
    """The tag is not what the files say; the text says which, and what to do."""


def version(root: Path = ROOT) -> str:
    """The version in pyproject.toml."""
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def oldest_patch(root: Path = ROOT) -> str:
    """What users ask for by `~>`: this minor version and its patches. Before 1.0 the next one may change inputs."""
    major, minor, _ = version(root).split(".")
    return f"{major}.{minor}.0"


def sections(root: Path = ROOT) -> dict[str, tuple[str, str]]:
    """The changelog: version => (date as written, empty without one; text), the newest first."""
    parts = re.split(r"^## \[(.+?)\](?: - (\S+))?\n", (root / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    return {name: (date or "", text.strip()) for name, date, text in zip(*[iter(parts)] * 3, strict=True)}


def notes(tag: str, root: Path = ROOT) -> str:
    """What the changelog says about a tag's version. Raises NotReadyError."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise NotReadyError(f"{tag} is no tag of a release: `v` and three numbers, like v0.1.0")
    if tag != f"v{version(root)}":
        raise NotReadyError(
            f"{tag} is not the version in pyproject.toml, {version(root)}; raise it and run `make package`"
        )
    known = sections(root)
    date, text = known.get(tag[1:], ("", ""))
    if not text:
        raise NotReadyError(f"CHANGELOG.md has no section for {tag[1:]}, or nothing in it")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
        raise NotReadyError(f"CHANGELOG.md gives no date for {tag[1:]}: `## [{tag[1:]}] - YYYY-MM-DD`")
    if known.get("Unreleased", ("", ""))[1]:
        raise NotReadyError(f"CHANGELOG.md has changes under Unreleased; they belong to {tag[1:]}, which the tag is")
    return text + "\n"


def main(tag: str) -> int:
    """Print the notes; end with 1 and the reason when the tag must not be released."""
    try:
        print(notes(tag), end="")
    except NotReadyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
