from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.web_identity import WebIdentity
from tests.unit.secrets import openbao
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.stores import ACCOUNT, VALUE, put, trust


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that open nothing, so that botocore does not look for any elsewhere."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="module")
def aws() -> Iterator[WebIdentity]:
    """Who signs web identity tokens, and shows the keys."""
    issuer = WebIdentity()
    issuer.start()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory, aws: WebIdentity) -> Iterator[OpenBao]:
    """Engines of both KV versions, a policy that lets read the token, and the JWT method that trusts the account."""
    with openbao.serving(tmp_path_factory.mktemp("bao")) as running:
        running.engines()
        running.policy("mesh-dns", "kv1/teams/dns", "kv2/data/teams/dns")
        trust(running, "jwt", aws.issuer(ACCOUNT))
        put(running, cloudflare=VALUE)
        yield running
