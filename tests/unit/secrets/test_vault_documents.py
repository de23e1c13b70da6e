"""The commands that docs/vault.md shows do what it says, on a real OpenBao."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hvac
import pytest

from mesh_dns.errors import Misconfigured
from mesh_dns.secrets.vault import JwtLogin, Location, VaultStore
from sandbox.web_identity import WebIdentity
from tests.unit.secrets import openbao
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.stores import ACCOUNT, SUBJECT, VALUE

DOCUMENT = (Path(__file__).parents[3] / "docs" / "vault.md").read_text("utf-8")
AUDIENCE = "https://vault.example.com"


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory, aws: WebIdentity) -> Iterator[OpenBao]:
    """A server that was set up by the commands of the document."""
    folder = tmp_path_factory.mktemp("documented")
    (commands,) = re.findall(r"```sh\n(bao .*?)```", DOCUMENT, re.DOTALL)
    (folder / "token.txt").write_text(VALUE)
    (folder / "bao").symlink_to(openbao.binary())
    with openbao.serving(folder) as running:
        running.engine("secret", 2)
        environment = {
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "BAO_ADDR": running.url,
            "BAO_TOKEN": str(running.admin.token),
            "ISSUER": aws.issuer(ACCOUNT),
            "ROLE_ARN": SUBJECT,
        }
        subprocess.run(["sh", "-eu", "-c", commands], cwd=folder, env=environment, check=True)  # noqa: S603, S607
        yield running


def store_of(documented: OpenBao, aws: WebIdentity, subject: str = SUBJECT, path: str = "cloudflare") -> VaultStore:
    login = JwtLogin("mesh-dns", AUDIENCE, lambda audience: aws.token(ACCOUNT, subject, audience))
    return VaultStore(documented.url, Location("secret", path, "token", 2), login)


def test_the_function_reads_the_token(documented: OpenBao, aws: WebIdentity) -> None:
    assert store_of(documented, aws).read() == VALUE


def test_the_function_reads_nothing_else(documented: OpenBao, aws: WebIdentity) -> None:
    documented.admin.secrets.kv.v2.create_or_update_secret("other", {"token": "x"}, mount_point="secret")

    with pytest.raises(Misconfigured, match="permission denied"):
        store_of(documented, aws, path="other").read()


def test_another_role_of_the_account_does_not_get_in(documented: OpenBao, aws: WebIdentity) -> None:
    with pytest.raises(Misconfigured, match="invalid subject"):
        store_of(documented, aws, subject=f"arn:aws:iam::{ACCOUNT}:role/other").read()


def test_openbao_does_not_know_the_aws_method(documented: OpenBao) -> None:
    with pytest.raises(hvac.exceptions.InvalidRequest, match="plugin not found"):
        documented.admin.sys.enable_auth_method("aws")
