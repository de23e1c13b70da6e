"""Copies the module into build/.opentofu, with tests that OpenTofu understands: `python -m scripts.opentofu_tests`.

The tests are written for Terraform. What they use and `tofu test` lacks is said in another way here, so that both run
the same assertions and nothing has to be kept twice:

- `source` of a mock provider: the mocks stand in the file itself.
- `override_during = plan`: mocked values are known after an apply only, so such runs apply, to the mocked provider.
- `var.<name>` in the variables of a run: the value that the file gives it stands there.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("modules", "examples", "tests")
LEFT_OUT = {
    "tests/unknown.tftest.hcl": "OpenTofu 1.12 panics when it mocks a resource with an unknown number of blocks",
}
COPY = ROOT / "build" / ".opentofu"  # hidden: fmt and tflint leave it alone


def rewritten(text: str, folder: Path) -> str:
    """A test file for OpenTofu. folder: the module's, from which `source` leads to the mocks."""
    text = re.sub(r'^  source += "(.+)"\n', lambda match: _mocks(folder / match[1]), text, flags=re.MULTILINE)
    known_at_plan = re.search(r"^mock_provider [^\n]+\n(?:  .*\n|\n)*?  override_during = plan$", text, re.MULTILINE)
    text = re.sub(r"^ +override_during = plan\n", "", text, flags=re.MULTILINE)
    given = _given(text)
    pieces = [_run(piece, given, bool(known_at_plan)) for piece in re.split(r'^(?=run ")', text, flags=re.MULTILINE)]
    return "".join(pieces)


def _mocks(folder: Path) -> str:
    files = sorted(folder.glob("*.tfmock.hcl"))
    if not files:
        raise FileNotFoundError(f"no mocks in {folder}")
    return "".join(
        "  " + line if line.strip() else line for file in files for line in file.read_text().splitlines(keepends=True)
    )


def _given(text: str) -> dict[str, str]:
    """Variable => expression, as the file's own `variables` block gives them."""
    block = re.search(r"^variables \{\n(.*?)^\}\n", text, re.MULTILINE | re.DOTALL)
    if block is None:
        return {}
    values = re.split(r"^  (\w+) += ", block[1], flags=re.MULTILINE)
    return {name: value.rstrip() for name, value in zip(values[1::2], values[2::2], strict=True)}


def _run(text: str, given: dict[str, str], known_at_plan: bool) -> str:
    if not text.startswith("run "):
        return text
    if known_at_plan and "expect_failures" not in text:
        text = re.sub(r"^  command( +)= plan$", r"  command\1= apply", text, flags=re.MULTILINE)
    variables = re.search(r"^  variables \{\n(.*?)^  \}\n", text, re.MULTILINE | re.DOTALL)
    if variables is None:
        return text
    inlined = re.sub(r"\bvar\.(\w+)\b", lambda match: given[match[1]], variables[1])
    return text[: variables.start(1)] + inlined + text[variables.end(1) :]


def _files(root: Path, pattern: str) -> list[Path]:
    """Without what `init` put into hidden folders."""
    return [file for file in root.glob(pattern) if not any(part[0] == "." for part in file.relative_to(root).parts)]


def main() -> None:
    """Write the copy anew and print where it is. What `init` left there stays: it takes time."""
    for pattern in ("*.tf", *(f"{part}/**/*.{kind}" for part in PARTS for kind in ("tf", "tftest.hcl"))):
        for old in _files(COPY, pattern):
            old.unlink()
        for file in _files(ROOT, pattern):
            reason = LEFT_OUT.get(file.relative_to(ROOT).as_posix())
            if reason is not None:
                print(f"{file.relative_to(ROOT)} is left out: {reason}", file=sys.stderr)
                continue
            target = COPY / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            if file.suffix == ".hcl":
                target.write_text(rewritten(file.read_text(), file.parent.parent))
            else:
                shutil.copy(file, target)
    if not (COPY / "lambda").exists():
        (COPY / "lambda").symlink_to(ROOT / "lambda")
    print(COPY)


if __name__ == "__main__":
    main()
