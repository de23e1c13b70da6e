"""Make small mistakes in the core and the shell, and see that a test notices each: `make mutants`.

mutmut makes the mistakes, on a copy under build/mutants, and mypy and pytest look for them. A mistake that nobody
notices must be in tests/mutants.toml, with the reason why it changes nothing that matters; one in the words of a
sentence for people need not. mutmut's settings are in pyproject.toml; the paths there are those of the copy.

mutmut leaves properties alone, so the copy has their bodies in methods beside them. Constants, and functions with other
decorators, stay as they are.
"""

from __future__ import annotations

import ast
import fnmatch
import json
import os
import shutil
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPY = ROOT / "build" / "mutants"
TOOLS = ROOT / ".tools" / "mutmut"
LISTED = ROOT / "tests" / "mutants.toml"
# What a property's body is called in the copy, before the property's own name.
BODY_OF = "body_of_"
# pytest's exit codes for a test that failed and for its own failure, mutmut's for a type error and for too much time.
NOTICED = {1, 3, 24, 36, 37, 152, 255, -24}

# What mypy is to know of mutmut.
_STUB = """\
from collections.abc import Callable
from typing import Any, TypeVar

MutantDict = dict[str, Callable[..., Any]]
_F = TypeVar("_F")

def wrap_in_trampoline(mutants_dict: MutantDict, is_classmethod: bool = ...) -> Callable[[_F], _F]: ...
"""


@dataclass(frozen=True, order=True)
class Mistake:
    """One mutant. `where`: `core/plan.py Class.function`. `change`: what differs, as lines `- before` and `+ after`."""

    where: str
    change: str

    @property
    def is_wording(self) -> bool:
        """Whether only the text of a string with a space in it differs: other words in the same place."""
        before, _, after = self.change.partition("\n")
        return any(
            f"{before[:start]}{words}{before[end:]}"[2:] == after[2:]
            for start, end in _texts(before)
            for text in [before[start:end]]
            for words in (f"XX{text}XX", text.lower(), text.upper())
        )


def _texts(line: str) -> Iterator[tuple[int, int]]:
    """Where strings with a space in them are in a line, also those within others."""
    for quote in ("'", '"'):
        marks = [i for i, character in enumerate(line) if character == quote]
        yield from ((start + 1, end) for start, end in pairwise(marks) if " " in line[start:end])


def main(modules: Sequence[str]) -> int:
    """Run the mutants of the modules (`core/plan`), or of all. The exit code: 1 when the list is not what was found."""
    _prepare()
    os.chdir(COPY)
    sys.path.append(str(TOOLS))
    os.environ["PATH"] = f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["MYPYPATH"] = f"src{os.pathsep}{COPY / 'stubs'}"
    patterns = [f"mesh_dns.{module.replace('/', '.')}.*" for module in modules]
    from mutmut.__main__ import _run  # noqa: PLC0415

    _run(patterns, os.cpu_count())
    verdicts = {
        name: code
        for name, code in _verdicts()
        if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    }
    _count(verdicts)
    unnoticed = {_mistake(name) for name, code in verdicts.items() if code not in NOTICED}
    return compare(
        {mistake for mistake in unnoticed if not mistake.is_wording},
        {_where(name) for name in verdicts},
    )


def _prepare() -> None:
    """Make the copy anew: verdicts, and which tests meet which function, hold for just this code and these tests."""
    shutil.rmtree(COPY, ignore_errors=True)
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "lambda" / "src" / "mesh_dns", COPY / "src" / "mesh_dns", ignore=without)
    shutil.copytree(ROOT / "tests", COPY / "tests", ignore=without)
    shutil.copy2(ROOT / "pyproject.toml", COPY)
    for path in (COPY / "src").rglob("*.py"):
        path.write_text(with_bodies_apart(path.read_text("utf-8")), "utf-8")
    stub = COPY / "stubs" / "mutmut" / "mutation" / "trampoline.pyi"
    stub.parent.mkdir(parents=True)
    stub.write_text(_STUB, "utf-8")


def with_bodies_apart(source: str) -> str:
    """The same code, with the body of each property in a method of its own, which mutmut takes."""
    lines = source.splitlines()
    functions = [each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.FunctionDef)]
    for function in sorted(functions, key=lambda each: each.lineno, reverse=True):
        decorators = {each.id for each in function.decorator_list if isinstance(each, ast.Name)}
        if not decorators & {"property", "cached_property"}:
            continue
        has_docstring = ast.get_docstring(function) is not None and len(function.body) > 1
        body = function.body[1 if has_docstring else 0]
        header = lines[function.lineno - 1 : function.body[0].lineno - 1]
        indent = " " * (function.col_offset + 4)
        name = f"{BODY_OF}{function.name}"
        apart = [f"{indent}return self.{name}()", "", header[0].replace(function.name, name, 1), *header[1:]]
        lines[body.lineno - 1 : body.lineno - 1] = apart
    return "\n".join(lines) + "\n"


def _verdicts() -> Iterator[tuple[str, int | None]]:
    """Each mutant's name, and the exit code of its run; None when it was not run."""
    for path in sorted((COPY / "mutants" / "src").rglob("*.meta")):
        yield from json.loads(path.read_text("utf-8"))["exit_code_by_key"].items()


def _where(mutant: str) -> str:
    """`core/plan.py Class.function` of `mesh_dns.core.plan.xǁClassǁfunction__mutmut_3`."""
    module, _, function = mutant.removeprefix("mesh_dns.").rpartition(".")
    name = function.partition("__mutmut_")[0].removeprefix("x_").removeprefix("xǁ")
    return f"{module.replace('.', '/')}.py {name.replace('ǁ', '.').replace(BODY_OF, '')}"


def _mistake(mutant: str) -> Mistake:
    from mutmut.mutation.diff_apply import get_diff_for_mutant  # noqa: PLC0415

    changed = [
        f"{line[0]} {line[1:].strip()}"
        for line in get_diff_for_mutant(mutant).splitlines()
        if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}
    ]
    return Mistake(_where(mutant), "\n".join(changed))


def _count(verdicts: dict[str, int | None]) -> None:
    unnoticed: Counter[str] = Counter()
    made: Counter[str] = Counter()
    for name, code in verdicts.items():
        module = _where(name).partition(" ")[0]
        made[module] += 1
        unnoticed[module] += code not in NOTICED
    for module, number in sorted(made.items()):
        print(f"{module}: {number} mistakes, {unnoticed[module]} not noticed")


def compare(unnoticed: set[Mistake], run: set[str]) -> int:
    """Print what is in only one of the list and the findings: the exit code. `run`: where mistakes were made."""
    listed = {
        Mistake(entry["where"], change.strip())
        for entry in tomllib.loads(LISTED.read_text("utf-8")).get("equivalent", ())
        for change in entry["changes"]
        if entry["where"] in run
    }
    for mistake in sorted(unnoticed - listed):
        print(f"\nnobody notices, in {mistake.where}:\n{mistake.change}")
    for mistake in sorted(listed - unnoticed):
        print(f"\nlisted, but noticed or not made any more, in {mistake.where}:\n{mistake.change}")
    return int(unnoticed != listed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
