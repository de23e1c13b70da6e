"""The bill of materials of the function's zip, in CycloneDX 1.6: each package, its licence, the wheels it came in."""

from __future__ import annotations

import hashlib
import json
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path


def document(project: Path, wheels: Iterable[Path]) -> str:
    """JSON text. Holds neither a time nor a random number: the same wheels give the same text."""
    by_package: dict[str, list[Path]] = defaultdict(list)
    for wheel in sorted(wheels):
        by_package["-".join(wheel.name.split("-")[:2])].append(wheel)
    described = tomllib.loads(project.read_text())["project"]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": described["name"],
                "name": described["name"],
                "version": described["version"],
                "licenses": [{"expression": described["license"]}],
            }
        },
        "components": [_component(files) for _, files in sorted(by_package.items())],
    }
    return json.dumps(bill, indent=2) + "\n"


def _component(wheels: list[Path]) -> Mapping[str, object]:
    metadata = _metadata(wheels[0])
    name, version = str(metadata["Name"]), str(metadata["Version"])
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [_licence(metadata)],
        "components": [
            {
                "type": "file",
                "name": wheel.name,
                "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}],
            }
            for wheel in wheels
        ],
    }


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return HeaderParser().parsestr(archive.read(name).decode())


def _licence(metadata: Message) -> Mapping[str, object]:
    if metadata["License-Expression"]:
        return {"expression": metadata["License-Expression"]}
    classifiers = [value for value in metadata.get_all("Classifier", []) if value.startswith("License ::")]
    name = classifiers[0].rpartition(" :: ")[2] if classifiers else metadata["License"]
    return {"license": {"name": name or "not stated"}}
