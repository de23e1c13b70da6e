"""The zip that is shipped: built from what stands here, the same everywhere, complete, and nothing else in it."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from scripts import package, sbom

ROOT = Path(__file__).resolve().parents[2]
LAMBDA = ROOT / "lambda"
LARGEST = 3_500_000  # bytes
PACKAGES = package.locked((LAMBDA / "requirements.lock").read_text())


@pytest.fixture(scope="module")
def shipped() -> bytes:
    return (LAMBDA / "package.zip").read_bytes()


@pytest.fixture(scope="module")
def files(shipped: bytes) -> Mapping[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(shipped)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def wheels() -> Sequence[Path]:
    try:
        return package.fetch(PACKAGES)
    except package.CannotBuild as error:
        pytest.skip(f"the wheels are not in build/wheels and the package index cannot be reached: {error}")


def different(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    """The names of what is not alike in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


class TestDrift:
    def test_holds_what_stands_here(self, files: Mapping[str, bytes], wheels: Sequence[Path]) -> None:
        built = package.contents(wheels)

        assert not different(files, built), "lambda/package.zip is out of date; run `make package`"

    def test_is_the_same_to_the_byte(self, shipped: bytes, wheels: Sequence[Path]) -> None:
        if not package.compresses_alike():
            pytest.skip("the zlib of this Python compresses unlike the original one; the content was compared")

        assert package.sha256(package.zipped(package.contents(wheels))) == package.sha256(shipped)

    def test_its_sum_is_written_beside_it(self, shipped: bytes) -> None:
        assert (LAMBDA / "package.sha256").read_text() == f"{hashlib.sha256(shipped).hexdigest()}  package.zip\n"

    def test_its_bill_of_materials_is_up_to_date(self, wheels: Sequence[Path]) -> None:
        assert (LAMBDA / "sbom.cdx.json").read_text() == sbom.document(ROOT / "pyproject.toml", wheels)

    def test_our_own_source_is_up_to_date_even_without_wheels(self, files: Mapping[str, bytes]) -> None:
        ours = {name: data for name, data in files.items() if name.startswith("mesh_dns/")}

        assert not different(ours, package.contents([])), "lambda/package.zip is out of date; run `make package`"


class TestReproducible:
    @pytest.fixture
    def some_files(self) -> dict[str, bytes]:
        return {"b/two.py": b"2" * 1000, "a/one.py": b"1", "c.so": bytes(range(256))}

    def test_order_does_not_matter(self, some_files: dict[str, bytes]) -> None:
        backwards = dict(reversed(some_files.items()))

        assert package.zipped(some_files) == package.zipped(backwards)

    def test_neither_time_nor_machine_is_in_it(self, some_files: dict[str, bytes]) -> None:
        with zipfile.ZipFile(io.BytesIO(package.zipped(some_files))) as archive:
            for entry in archive.infolist():
                assert entry.date_time == (1980, 1, 1, 0, 0, 0)
                assert entry.create_system == 3
                assert entry.external_attr >> 16 == 0o100644, "Lambda must be able to read it"
                assert entry.compress_type == zipfile.ZIP_DEFLATED
                assert not entry.extra

    def test_what_lies_around_is_not_taken_in(self, tmp_path: Path) -> None:
        source = tmp_path / "mesh_dns"
        (source / "__pycache__").mkdir(parents=True)
        for name in ("__init__.py", "schema.json", "notes.txt", "old.py~", "__pycache__/x.cpython-311.pyc"):
            (source / name).write_text("")

        assert package.contents([], tmp_path).keys() == {"mesh_dns/__init__.py", "mesh_dns/schema.json"}

    def test_wheels_that_contradict_each_other_are_noticed(self, tmp_path: Path) -> None:
        for name, text in (("one", "1"), ("two", "2")):
            with zipfile.ZipFile(tmp_path / f"{name}.whl", "w") as wheel:
                wheel.writestr("shared/__init__.py", text)

        with pytest.raises(package.CannotBuild, match=r"different shared/__init__\.py"):
            package.contents(tmp_path.glob("*.whl"), tmp_path / "none")


class TestLock:
    def test_every_package_has_hashes(self) -> None:
        assert len(PACKAGES) > 10
        assert all(requirement.hashes for requirement in PACKAGES)

    def test_boto3_is_the_runtimes(self) -> None:
        assert not {"boto3", "botocore", "s3transfer"} & {requirement.name for requirement in PACKAGES}

    @pytest.mark.parametrize("lock", ["requirements-dev.lock", "lambda/requirements.lock"])
    def test_no_index_is_named(self, lock: str) -> None:
        text = (ROOT / lock).read_text()

        assert not re.search(r"--(extra-)?index-url|--find-links|https?://", text)

    @pytest.mark.parametrize("names", ["lambda/requirements", "requirements-dev"])
    def test_holds_what_is_asked_for(self, names: str) -> None:
        asked = re.findall(r"^[A-Za-z0-9][A-Za-z0-9-]*", (ROOT / f"{names}.in").read_text(), re.MULTILINE)
        locked = {requirement.name for requirement in package.locked((ROOT / f"{names}.lock").read_text())}

        assert {name.lower() for name in asked} <= locked

    def test_a_wheel_that_the_lock_does_not_know_is_not_used(self, tmp_path: Path) -> None:
        forged = tmp_path / "thing-1.0-py3-none-any.whl"
        forged.write_bytes(b"not what was locked")
        good = package.Requirement("thing", "1.0", frozenset({package.sha256(b"not what was locked")}))

        assert package.fetch([good], tmp_path) == [forged]
        assert package._fitting(tmp_path, "thing-1.0-", "any", frozenset({"0" * 64})) is None


class TestContent:
    def test_is_small_enough(self, shipped: bytes) -> None:
        assert len(shipped) <= LARGEST

    def test_one_zip_serves_both_architectures(self, files: Mapping[str, bytes]) -> None:
        extensions = {name for name in files if name.endswith(".so")}

        assert extensions == {
            "rpds/rpds.cpython-313-aarch64-linux-gnu.so",
            "rpds/rpds.cpython-313-x86_64-linux-gnu.so",
        }
        machines = {name.split("-")[2]: int.from_bytes(files[name][18:20], "little") for name in extensions}
        assert machines == {"aarch64": 183, "x86_64": 62}, "the machine in each file's ELF header"

    def test_everything_else_is_for_any_machine(self, wheels: Sequence[Path]) -> None:
        compiled = {wheel.name.split("-")[0] for wheel in wheels if not wheel.name.endswith("-none-any.whl")}

        assert compiled == {"rpds_py"}

    @pytest.mark.parametrize("requirement", PACKAGES, ids=lambda requirement: requirement.name)
    def test_the_licence_of_each_package_is_in_it(
        self, requirement: package.Requirement, files: Mapping[str, bytes]
    ) -> None:
        folder = f"{requirement.name.replace('-', '_')}-{requirement.version}.dist-info/"
        inside = {name.removeprefix(folder) for name in files if name.startswith(folder)}

        assert "METADATA" in inside
        assert [name for name in inside if re.search(r"(^|/)(LICEN[CS]E|COPYING|NOTICE)", name, re.IGNORECASE)]

    def test_the_handler_is_where_terraform_says(self, files: Mapping[str, bytes]) -> None:
        assert b"def handler(" in files["mesh_dns/handler.py"]
        assert "mesh_dns/schemas/settings.json" in files

    @pytest.mark.parametrize("what", ["boto3/", "botocore/", "jmespath-1.1.0.data/"])
    def test_is_not_in_it(self, what: str, files: Mapping[str, bytes]) -> None:
        assert not [name for name in files if name.startswith(what)]

    def test_nothing_is_in_it_that_nobody_imports(self, files: Mapping[str, bytes]) -> None:
        assert not [name for name in files if re.search(r"(^|/)(tests?|__pycache__)/|\.pyi$|\.pyc$", name)]

    def test_no_token_is_in_it(self, files: Mapping[str, bytes]) -> None:
        ours = {name: data for name, data in files.items() if name.startswith("mesh_dns/")}
        looks_like_one = re.compile(
            rb"\b(AKIA|ASIA)[A-Z0-9]{16}\b|\bhvs\.[A-Za-z0-9]{20,}|\bcf[a-z]{1,3}_[A-Za-z0-9_-]{30,}"
            rb"|-----BEGIN [A-Z ]*PRIVATE KEY|[\"'][A-Za-z0-9_-]{40}[\"']"
        )

        assert not [name for name, data in ours.items() if looks_like_one.search(data)]

    @pytest.mark.parametrize("whose", ["this", "the function's"], ids="with {} interpreter".format)
    def test_everything_that_the_function_imports_is_in_it(
        self, whose: str, files: Mapping[str, bytes], tmp_path: Path
    ) -> None:
        """With the standard library and the runtime's botocore, and nothing else.

        What is compiled in it is for the function's Python on Linux; another interpreter brings its own.
        """
        python, brought = (sys.executable, {"rpds"}) if whose == "this" else (_python_of_the_function(), set())
        for name, data in files.items():
            path = tmp_path / "code" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        modules = [
            name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            for name in files
            if name.startswith("mesh_dns/") and name.endswith(".py")
        ]
        program = f"""
import importlib, sys
{_FROM_SITE}
for name in {[*modules, "hvac", "jsonschema", "requests", "aws_lambda_powertools.metrics"]}:
    module = importlib.import_module(name)
    assert module.__file__.startswith({str(tmp_path)!r}), (name, module.__file__)
"""
        site = next(path for path in map(Path, sys.path) if (path / "botocore").is_dir())
        kept = ",".join({"botocore", "dateutil", "six"} | brought)
        command = [python, "-I", "-S", "-B", "-W", "error", "-c", program, str(tmp_path / "code"), str(site), kept]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603

        assert done.returncode == 0, done.stderr


def _python_of_the_function() -> str:
    """Its path. Skips where there is none that the package is for."""
    name = f"python{package.PYTHON}"
    path = shutil.which(name)
    told = path and subprocess.run([path, "-c", "import sys; print(sys.platform)"], capture_output=True, check=False)  # noqa: S603
    if not (path and told and told.stdout == b"linux\n"):
        pytest.skip(f"no {name} for Linux is on the path")
    return path


_FROM_SITE = """
code, site, kept = sys.argv[1:]
import importlib.machinery, importlib.util
class FromSite:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in kept.split(",") and path is None:
            return importlib.machinery.PathFinder.find_spec(name, [site], target)
sys.meta_path.insert(0, FromSite())
sys.path.insert(0, code)
"""


class TestBillOfMaterials:
    @pytest.fixture(scope="class")
    @classmethod
    def bill(cls) -> Mapping[str, list[Mapping[str, object]]]:
        found: Mapping[str, list[Mapping[str, object]]] = json.loads((LAMBDA / "sbom.cdx.json").read_text())
        return found

    def test_names_just_what_is_locked(self, bill: Mapping[str, list[Mapping[str, object]]]) -> None:
        assert {component["purl"] for component in bill["components"]} == {
            f"pkg:pypi/{requirement.name}@{requirement.version}" for requirement in PACKAGES
        }

    def test_every_licence_is_known(self, bill: Mapping[str, list[Mapping[str, object]]]) -> None:
        assert "not stated" not in json.dumps([component["licenses"] for component in bill["components"]])

    def test_every_file_has_a_hash_of_the_lock(self, bill: Mapping[str, list[Mapping[str, object]]]) -> None:
        hashes = {value for requirement in PACKAGES for value in requirement.hashes}

        assert set(re.findall(r'"content": "([0-9a-f]{64})"', json.dumps(bill))) <= hashes
        assert json.dumps(bill).count("SHA-256") == len(PACKAGES) + 1
