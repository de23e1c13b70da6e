"""Builds the function's zip, the same bytes wherever it is built: `python -m scripts.package`.

Writes into lambda/: package.zip, package.sha256 (for `sha256sum -c`) and sbom.cdx.json (CycloneDX).

One zip serves both architectures: all wheels are pure Python but one, whose extension files have different names for
x86_64 and aarch64 and so lie side by side. What is inside is what lambda/requirements.lock says, by hash.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts import sbom

ROOT = Path(__file__).resolve().parent.parent
LAMBDA = ROOT / "lambda"
WHEELS = ROOT / "build" / "wheels"

PYTHON = "3.13"  # the function's runtime
COMPILED = "rpds-py"
ARCHITECTURES = ("aarch64", "x86_64")

# Left out: nothing imports them at run time.
_UNUSED = re.compile(r"(^|/)(tests?|benchmarks|__pycache__)/|\.pyi$|^[^/]+\.data/")
_DATE = (1980, 1, 1, 0, 0, 0)  # the oldest that a zip can hold
_LEVEL = 9


class CannotBuild(Exception):
    """The package cannot be built here and now; the text says why."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One package of the lock file. `hashes`: SHA-256 of each of its files at the index."""

    name: str
    version: str
    hashes: frozenset[str]

    def lock_text(self) -> str:
        """As it stands in a lock file."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{value}" for value in sorted(self.hashes))])


def locked(text: str) -> Sequence[Requirement]:
    """The packages of a lock file with hashes."""
    found = []
    for line in re.sub(r"\\\n", " ", re.sub(r"#.*", "", text)).splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^\s;]+)", line.strip())
        if match:
            hashes = frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
            found.append(Requirement(match[1].lower(), match[2], hashes))
    return found


def fetch(requirements: Iterable[Requirement], folder: Path = WHEELS) -> Sequence[Path]:
    """The wheels, from the folder or else from the package index. Raises CannotBuild.

    The pure wheel of each, even where there is a faster one with compiled parts.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wheels = []
    for requirement in requirements:
        if requirement.name == COMPILED:
            platforms = [(f"manylinux_2_17_{arch}", f"manylinux2014_{arch}") for arch in ARCHITECTURES]
            wheels += [_wheel(requirement, folder, tags, "cp", f"cp{PYTHON.replace('.', '')}") for tags in platforms]
        else:
            wheels.append(_wheel(requirement, folder, ("any",), "py", "none"))
    return wheels


def _wheel(requirement: Requirement, folder: Path, platforms: Sequence[str], implementation: str, abi: str) -> Path:
    stem = f"{requirement.name.replace('-', '_')}-{requirement.version}-"
    kept = _fitting(folder, stem, platforms[0], requirement.hashes)
    if kept is None:
        _download(requirement, folder, platforms, implementation, abi)
        kept = _fitting(folder, stem, platforms[0], requirement.hashes)
    if kept is None:
        raise CannotBuild(f"no wheel {stem}*{platforms[0]}.whl with a hash of the lock file came from the index")
    return kept


def _fitting(folder: Path, stem: str, platform: str, hashes: frozenset[str]) -> Path | None:
    for path in sorted(folder.glob(f"{stem}*.whl")):
        if platform in path.stem.rpartition("-")[2].split(".") and sha256(path.read_bytes()) in hashes:
            return path
    return None


def _download(requirement: Requirement, folder: Path, platforms: Sequence[str], implementation: str, abi: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as lock:
        lock.write(requirement.lock_text())
        lock.flush()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", lock.name]
        command += ["--dest", str(folder), "--python-version", PYTHON, "--implementation", implementation]
        command += ["--abi", abi, *(part for platform in platforms for part in ("--platform", platform))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotBuild(f"{requirement.name} {requirement.version} could not be downloaded:\n{done.stderr.strip()}")


def contents(wheels: Iterable[Path], source: Path = LAMBDA / "src") -> Mapping[str, bytes]:
    """What goes into the zip, by name: our source, and what the wheels hold less what nobody imports."""
    files: dict[str, bytes] = {}
    for path in sorted(wheels):
        for name, data in _unpacked(path):
            # The wheels of two architectures may differ in what describes them, and in nothing else.
            if files.setdefault(name, data) != data and ".dist-info/" not in name:
                raise CannotBuild(f"two wheels hold a different {name}")
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and path.suffix in (".py", ".json"):
            if name in files:
                raise CannotBuild(f"{name} is in a wheel as well")
            files[name] = path.read_bytes()
    return files


def _unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and not _UNUSED.search(name):
                yield name, archive.read(name)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes depend on nothing but the files (and zlib: see `compresses_alike`)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system = 3  # Unix, wherever this runs
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=_LEVEL)
    return buffer.getvalue()


def compresses_alike() -> bool:
    """Whether the zlib here gives the bytes that the original zlib gives; its offshoots (zlib-ng, Apple's) differ."""
    sample = " ".join(str(number * number % 9973) for number in range(20_000)).encode()
    return sha256(zlib.compress(sample, _LEVEL)) == _SAMPLE_COMPRESSED


_SAMPLE_COMPRESSED = "543e258f77b16f9a46e795cc3a4e9ca7c04c5ac3e84cc5295cc3186cf7bc4a2f"


def sha256(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


def build() -> tuple[bytes, str]:
    """The zip and its SBOM. Raises CannotBuild."""
    wheels = fetch(locked((LAMBDA / "requirements.lock").read_text()))
    return zipped(contents(wheels)), sbom.document(ROOT / "pyproject.toml", wheels)


def main() -> int:
    """Build, write, say what came of it."""
    if not compresses_alike():
        print("The zlib of this Python compresses unlike the original one: the zip will differ in bytes, though not in")
        print("content, from what others build. Build it with another Python before committing it.")
    try:
        package, bill = build()
    except CannotBuild as error:
        print(f"Not built: {error}", file=sys.stderr)
        return 1
    (LAMBDA / "package.zip").write_bytes(package)
    (LAMBDA / "package.sha256").write_text(f"{sha256(package)}  package.zip\n")
    (LAMBDA / "sbom.cdx.json").write_text(bill)
    print(f"lambda/package.zip: {len(package) / 1e6:.2f} MB, sha256 {sha256(package)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
