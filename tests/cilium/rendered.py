"""The Cilium charts, rendered by Helm, and what they say: objects, secrets, certificates."""

from __future__ import annotations

import base64
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "kube-system"
KUBERNETES = "1.33.0"  # Helm assumes an older version than the charts ask for


@dataclass(frozen=True, slots=True)
class Chart:
    """One version of the Cilium chart, unpacked: `version` and the folder with its Chart.yaml."""

    version: str
    folder: Path

    @classmethod
    def unpack(cls, archive: Path, into: Path) -> Chart:
        """Unpack `cilium-<version>.tgz`."""
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter="data")
        return cls(archive.name.removeprefix("cilium-").removesuffix(".tgz"), into / "cilium")

    @property
    def defaults(self) -> dict[str, Any]:
        """The chart's own values."""
        return load_mapping((self.folder / "values.yaml").read_text())


@dataclass(frozen=True, slots=True)
class Manifests:
    """What one `helm template` gave."""

    objects: tuple[dict[str, Any], ...]

    def find(self, kind: str, name: str) -> dict[str, Any]:
        """The one object of that kind and name."""
        found = [item for item in self.objects if item["kind"] == kind and item["metadata"]["name"] == name]
        assert len(found) == 1, f"{len(found)} of {kind}/{name} are rendered"
        return found[0]

    def secret(self, name: str) -> dict[str, str]:
        """A secret's entries, decoded."""
        data = self.find("Secret", name)["data"] or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def endpoints(self) -> dict[str, list[str]]:
        """What KVStoreMesh connects to: cluster name => URLs."""
        entries = self.secret("cilium-kvstoremesh")
        return {name: load_mapping(text)["endpoints"] for name, text in entries.items()}


@dataclass(frozen=True, slots=True)
class Helm:
    """A Helm binary."""

    binary: Path

    def template(self, chart: Chart, *values: str | Path) -> Manifests:
        """Render a chart with values, the later ones over the earlier: YAML texts, or files."""
        with tempfile.TemporaryDirectory() as folder:
            command = [str(self.binary), "template", "cilium", str(chart.folder), "--namespace", NAMESPACE]
            command += ["--kube-version", KUBERNETES]
            for number, item in enumerate(values):
                path = item
                if isinstance(item, str):
                    path = Path(folder) / f"{number}.yaml"
                    path.write_text(item)
                command += ["--values", str(path)]
            run = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
        assert run.returncode == 0, run.stderr
        return Manifests(tuple(item for item in yaml.load_all(run.stdout, Loader=yaml.CSafeLoader) if item))


def load_mapping(text: str) -> dict[str, Any]:
    """Read a YAML document that must be a mapping."""
    document = yaml.load(text, Loader=yaml.CSafeLoader)
    assert isinstance(document, dict), f"not a mapping: {text[:80]!r}"
    return document


def verify(certificate: str, authority: str, hostname: str) -> str:
    """What openssl says of a server certificate (PEM) when a peer dials a hostname; empty when it is good."""
    with tempfile.TemporaryDirectory() as folder:
        leaf, root = Path(folder) / "tls.crt", Path(folder) / "ca.crt"
        leaf.write_text(certificate)
        root.write_text(authority)
        command = ["openssl", "verify", "-purpose", "sslserver", "-verify_hostname", hostname]
        run = subprocess.run([*command, "-CAfile", str(root), str(leaf)], check=False, capture_output=True, text=True)  # noqa: S603
    return "" if run.returncode == 0 else run.stdout + run.stderr
