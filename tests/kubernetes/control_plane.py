"""A real etcd and a real kube-apiserver on loopback ports, and what tests ask of the API."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests

from tests.unit.secrets import certificates
from tests.unit.secrets.certificates import Files

BINARIES = Path(__file__).resolve().parents[2] / ".tools" / "kubernetes" / "bin"
TOKEN = "admin-token-of-a-cluster-on-the-loopback"
PATIENCE = 120
"""Seconds until something has started; a busy machine needs them."""

_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: here, cluster: {{server: "{url}", certificate-authority: "{ca}"}}}}]
users: [{{name: admin, user: {{token: "{token}"}}}}]
contexts: [{{name: here, context: {{cluster: here, user: admin}}}}]
current-context: here
"""


@dataclass(frozen=True)
class Api:
    """The Kubernetes API, as an admin. `kubeconfig`: a file for programs that want one."""

    url: str
    files: Files
    kubeconfig: Path

    def call(self, method: str, path: str, body: object = None, content: str = "application/json") -> requests.Response:
        """One request; the answer, whatever its status."""
        return requests.request(
            method,
            f"{self.url}{path}",
            json=body,
            headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": content},
            verify=str(self.files.ca),
            timeout=30,
        )

    def create(self, path: str, body: Mapping[str, Any]) -> None:
        """Create an object in a collection."""
        answer = self.call("POST", path, body)
        assert answer.status_code == HTTPStatus.CREATED, answer.text

    def merge(self, path: str, body: Mapping[str, Any]) -> None:
        """Change an object, or one of its parts; null removes a field."""
        answer = self.call("PATCH", path, body, "application/merge-patch+json")
        assert answer.ok, answer.text

    def apply(self, document: Mapping[str, Any]) -> None:
        """Put an object of any kind there, as `kubectl apply --server-side` does."""
        group = document["apiVersion"]
        root = f"/apis/{group}" if "/" in group else f"/api/{group}"
        until(f"{document['kind']} is a kind", lambda: self._resource(root, document["kind"]) is not None)
        resource = self._resource(root, document["kind"]) or {}
        namespace = document["metadata"].get("namespace", "kube-system")
        where = f"namespaces/{namespace}/" if resource["namespaced"] else ""
        path = f"{root}/{where}{resource['name']}/{document['metadata']['name']}?fieldManager=tests&force=true"
        answer = self.call("PATCH", path, document, "application/apply-patch+yaml")
        assert answer.ok, answer.text

    def _resource(self, root: str, kind: str) -> Mapping[str, Any] | None:
        listed = self.call("GET", root)
        resources = listed.json()["resources"] if listed.ok else []
        return next((each for each in resources if each["kind"] == kind and "/" not in each["name"]), None)

    def kubeconfig_of(self, path: Path, namespace: str, account: str) -> Path:
        """Write a kubeconfig with the rights of a service account."""
        tokens = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        answer = self.call("POST", tokens, {"spec": {"expirationSeconds": 24 * 3600}})
        assert answer.ok, answer.text
        token = answer.json()["status"]["token"]
        path.write_text(_KUBECONFIG.format(url=self.url, ca=self.files.ca, token=token), "utf-8")
        return path

    def find(self, path: str) -> Mapping[str, Any] | None:
        """An object, or None."""
        answer = self.call("GET", path)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        assert answer.ok, answer.text
        found: Mapping[str, Any] = answer.json()
        return found

    def delete(self, path: str) -> None:
        """Ask for an object's deletion; it may stay until its controllers are done with it."""
        answer = self.call("DELETE", path)
        assert answer.ok, answer.text


@contextmanager
def running(folder: Path) -> Iterator[Api]:
    """etcd and the API server, from start to end; their logs lie in `folder`."""
    files = certificates.make(folder)
    (folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n', "utf-8")
    etcd, peer, port = free_port(), free_port(), free_port()
    api = Api(f"https://127.0.0.1:{port}", files, folder / "admin.kubeconfig")
    api.kubeconfig.write_text(_KUBECONFIG.format(url=api.url, ca=files.ca, token=TOKEN), "utf-8")
    with ExitStack() as stack:
        stack.enter_context(program(folder, "etcd", _etcd(folder, etcd, peer)))
        server = stack.enter_context(program(folder, "kube-apiserver", _api_server(folder, files, etcd, port)))
        until("the API server is ready", lambda: _is_ready(api), server)
        yield api


def _etcd(folder: Path, port: int, peer: int) -> list[str]:
    here, peers = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={here}",
        f"--advertise-client-urls={here}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    ]


def _api_server(folder: Path, files: Files, etcd: int, port: int) -> list[str]:
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={files.server}",
        f"--tls-private-key-file={files.server}",
        f"--cert-dir={folder}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={files.server}",
        f"--service-account-signing-key-file={files.server}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--endpoint-reconciler-type=none",
        "--disable-admission-plugins=ServiceAccount",
    ]


def _is_ready(api: Api) -> bool:
    try:
        return api.call("GET", "/readyz").ok
    except requests.ConnectionError:
        return False


@contextmanager
def program(
    folder: Path, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One of the built programs, or one by its path, until the block ends. Its log is `<folder>/<name>.log`."""
    with (folder / f"{Path(name).name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [BINARIES / name, *arguments],
            cwd=folder,
            stdout=log,
            stderr=log,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), **(environment or {})},
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def until(
    what: str, test: Callable[[], bool], process: subprocess.Popen[bytes] | None = None, patience: float = PATIENCE
) -> None:
    """Wait until something holds. `process` must live on meanwhile."""
    end = time.monotonic() + patience
    while not test():
        assert process is None or process.poll() is None, f"{what}: the program ended"
        assert time.monotonic() < end, f"{what}: not within {patience} s"
        time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
