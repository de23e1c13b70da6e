"""Cilium's own client against an etcd with mutual TLS, by a name that only the sandbox's DNS server knows.

`python -m tests.kubernetes.dial DNS_PORT NAME ADDRESS FOLDER`, as root. It goes into a network of its own, in which the
load balancer's address is a local one, and the only resolver is the sandbox's. FOLDER holds `server` (the certificate
of who is dialled) and `clustermesh` (what Cilium mounts at /var/lib/cilium/clustermesh). Prints what the client says.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.kubernetes.control_plane import BINARIES, program, until

CLIENT = "kvstoremesh-dbg"
_NEW_NETWORK, _NEW_MOUNTS = 0x40000000, 0x00020000  # CLONE_NEWNET, CLONE_NEWNS; os.unshare came with Python 3.12
_MOUNTED = Path("/var/lib/cilium")


def main(port: int, name: str, address: str, folder: Path) -> int:
    """The client's exit code."""
    outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # keeps the network in which it was made
    outside.connect(("127.0.0.1", port))
    outside.settimeout(5)
    _leave()
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    (folder / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    _run("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
    threading.Thread(target=_forward, args=(outside,), daemon=True).start()
    _MOUNTED.mkdir(parents=True, exist_ok=True)
    (folder / "var").mkdir()
    _run("mount", "--bind", str(folder / "var"), str(_MOUNTED))
    shutil.copytree(folder / "clustermesh", _MOUNTED / "clustermesh")
    with program(folder, "etcd", _etcd(folder, name, address)) as etcd:
        until("etcd listens", lambda: _listens(address), etcd)
        command = [BINARIES / CLIENT, "troubleshoot", "--timeout=20s"]
        return subprocess.run(command, check=False).returncode  # noqa: S603


def _leave() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK | _NEW_MOUNTS):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    _run("mount", "--make-rprivate", "/")


def _run(*words: str) -> None:
    subprocess.run(words, check=True)  # noqa: S603


def _forward(outside: socket.socket) -> None:
    """Hand every DNS question of this network to the sandbox."""
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside.bind(("127.0.0.1", 53))
    while True:
        question, who = inside.recvfrom(4096)
        outside.send(question)
        inside.sendto(outside.recv(4096), who)


def _etcd(folder: Path, name: str, address: str) -> list[str]:
    server, peers = folder / "server", "http://127.0.0.1:2399"
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=https://{address}:2379",
        f"--advertise-client-urls=https://{name}:2379",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        f"--cert-file={server / 'tls.crt'}",
        f"--key-file={server / 'tls.key'}",
        f"--trusted-ca-file={server / 'ca.crt'}",
        "--client-cert-auth",
        "--unsafe-no-fsync",
    ]


def _listens(address: str) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex((address, 2379)) == 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4])))
