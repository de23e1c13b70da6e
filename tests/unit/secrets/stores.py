"""What the tests of Vault share: a secret in a real OpenBao, the ways in, and a complaint that shows no secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.vault import JwtLogin, Location, Login, TokenLogin, VaultStore
from sandbox.web_identity import WebIdentity
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.shown import everything_in

VALUE = "cf-s3cr3t"
ACCOUNT, AUDIENCE, ROLE = "111122223333", "https://vault.example.com", "mesh-dns"
SUBJECT = f"arn:aws:iam::{ACCOUNT}:role/mesh-dns-eu-west-1-function"
KV1, KV2 = (Location(f"kv{version}", "teams/dns", "cloudflare", version) for version in (1, 2))


@dataclass
class Stored:
    """A `TokenStore` with a Vault token."""

    value: str | Retryable
    name: str = "secret vault-token"

    def read(self) -> str:
        if isinstance(self.value, Retryable):
            raise self.value
        return self.value


def put(bao: OpenBao, **secret: object) -> None:
    """The same secret in both engines."""
    bao.admin.secrets.kv.v1.create_or_update_secret("teams/dns", secret, mount_point="kv1")
    bao.admin.secrets.kv.v2.create_or_update_secret("teams/dns", secret, mount_point="kv2")


def trust(bao: OpenBao, mount: str, issuer: str, **limits: object) -> None:
    """A JWT method that trusts an issuer, with a role for the function."""
    bao.admin.sys.enable_auth_method("jwt", path=mount)
    bao.write(f"auth/{mount}/config", oidc_discovery_url=issuer, bound_issuer=issuer)
    bao.write(
        f"auth/{mount}/role/{ROLE}",
        role_type="jwt",
        user_claim="sub",
        bound_audiences=[AUDIENCE],
        bound_subject=SUBJECT,
        token_policies=["mesh-dns"],
        token_ttl="5m",
        **limits,
    )


def jwt_login(aws: WebIdentity, **changes: Any) -> JwtLogin:
    arguments: dict[str, Any] = {
        "role": ROLE,
        "audience": AUDIENCE,
        "mint": lambda audience: aws.token(ACCOUNT, SUBJECT, audience),
    }
    return JwtLogin(**(arguments | changes))


def token_login(bao: OpenBao, policy: str = "mesh-dns") -> TokenLogin:
    return TokenLogin(Stored(bao.token(policy)))


def complaint_about(bao: OpenBao, location: Location, login: Login) -> str:
    """What somebody has to change, and that it shows no secret."""
    with pytest.raises(Misconfigured) as raised:
        VaultStore(bao.url, location, login).read()
    shown = everything_in(raised.value)
    assert VALUE not in shown
    if isinstance(login, TokenLogin):
        assert login.store.read() not in shown
    assert "\n" not in str(raised.value)
    return str(raised.value)
