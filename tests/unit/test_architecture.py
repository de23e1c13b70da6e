"""Who may import whom: the core is pure, the shell sees only protocols, and one module knows the adapters."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "lambda" / "src"
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((SOURCE / "mesh_dns").rglob("*.py"))
}
# What a pure function has no use for: the machine, the clock, the network, chance, and a place to print to.
IMPURE = {
    "asyncio", "datetime", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil",
    "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
PURE_NEIGHBOURS = {"mesh_dns.errors"}
SHELL = {"converge", "reading", "writing", "forgetting", "ports", "intake"}
ADAPTERS = {
    "mesh_dns.aws": "aws",
    "mesh_dns.dns.cloudflare": "cloudflare",
    "mesh_dns.secrets.vault": "vault",
}


def imports(module: str) -> set[str]:
    """Every module that a module imports, wherever in it; imports for type checking only as well."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            assert node.module is not None
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (within & MODULES.keys()) or {node.module}
    return found


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def adapter(module: str) -> str | None:
    """Which adapter a module is part of."""
    return next((name for package, name in ADAPTERS.items() if inside(module, package)), None)


CORE = sorted(module for module in MODULES if inside(module, "mesh_dns.core"))


def test_there_is_something_to_test() -> None:
    assert {"mesh_dns.core.plan", "mesh_dns.handler", "mesh_dns.aws.inventory"} <= MODULES.keys()
    assert {adapter(module) for module in MODULES} == {None, *ADAPTERS.values()}


@pytest.mark.parametrize("module", CORE)
def test_the_core_is_pure(module: str) -> None:
    for imported in imports(module):
        top = imported.partition(".")[0]
        if top == "mesh_dns":
            assert inside(imported, "mesh_dns.core") or imported in PURE_NEIGHBOURS, imported
        else:
            assert top == "jsonschema" or (top in sys.stdlib_module_names and top not in IMPURE), imported


@pytest.mark.parametrize("module", sorted(PURE_NEIGHBOURS))
def test_what_the_core_may_import_beside_itself_imports_nothing(module: str) -> None:
    assert imports(module) == {"__future__"}


@pytest.mark.parametrize("module", sorted(f"mesh_dns.{name}" for name in SHELL))
def test_the_shell_sees_no_adapter(module: str) -> None:
    assert {imported for imported in imports(module) if adapter(imported)} == set()
    assert {imported.partition(".")[0] for imported in imports(module)} <= {"mesh_dns", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", sorted(module for module in MODULES if adapter(module) is None))
def test_only_the_handler_knows_concrete_adapters(module: str) -> None:
    known = {imported for imported in imports(module) if adapter(imported)}
    assert bool(known) == (module == "mesh_dns.handler"), known


@pytest.mark.parametrize("module", sorted(module for module in MODULES if adapter(module) is not None))
def test_adapters_do_not_know_each_other(module: str) -> None:
    assert {adapter(imported) for imported in imports(module)} <= {adapter(module), None}
    assert not imports(module) & {f"mesh_dns.{name}" for name in (SHELL - {"ports"}) | {"handler", "telemetry"}}


def _in_a_new_interpreter(code: str) -> Iterator[str]:
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    yield from run.stdout.split()


_WATCH = """
import builtins, os, pathlib, socket, sys

def caller():
    frame = sys._getframe(2)
    while frame and ("importlib" in frame.f_code.co_filename or frame.f_code.co_filename == os.__file__):
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""

def watch(target, name):
    original = getattr(target, name)
    def watched(*args, **kwargs):
        if "mesh_dns" in caller():
            print(f"{caller()}:{name}")
        return original(*args, **kwargs)
    setattr(target, name, watched)

environ = type(os.environ)
for name in ("__getitem__", "get", "__contains__", "__iter__"):
    watch(environ, name)
watch(os, "getenv")
watch(socket.socket, "connect")
import boto3, botocore.session, requests, hvac
for target, name in ((boto3, "client"), (boto3, "resource"), (boto3, "Session"), (botocore.session.Session, "__init__"),
                     (botocore.session.Session, "create_client"), (requests, "Session"), (hvac, "Client")):
    watch(target, name)
"""


def test_importing_any_module_makes_no_client_and_reads_no_environment() -> None:
    code = _WATCH + "\n".join(f"import {module}" for module in MODULES) + "\nprint('done')"
    assert list(_in_a_new_interpreter(code)) == ["done"]


def test_the_watch_sees_what_it_watches_for() -> None:
    reads = "exec(compile('import os; os.environ.get(1) if 0 else os.getenv(\"HUB\")', 'mesh_dns/x.py', 'exec'))"
    assert any(line.endswith(":getenv") for line in _in_a_new_interpreter(_WATCH + reads))


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("mesh_dns.handler", {"boto3", "jsonschema", "hvac"}),
        ("mesh_dns.core.plan", {"boto3", "botocore", "requests", "hvac", "aws_lambda_powertools"}),
        ("mesh_dns.secrets.cached", {"hvac"}),
    ],
    ids=["the handler loads what every event needs, and not more", "the core loads no adapter", "hvac only with Vault"],
)
def test_what_an_import_does_not_load(module: str, unwanted: set[str]) -> None:
    loaded = set(_in_a_new_interpreter(f"import sys, {module}\nprint(*sys.modules)"))
    assert module in loaded
    assert loaded & unwanted == set()
