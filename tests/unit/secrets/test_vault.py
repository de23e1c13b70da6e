"""Tokens in Vault: the unmodified hvac against what a real OpenBao does not show: AWS login, and answers of others."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mesh_dns.credentials import Credentials
from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.vault import AwsLogin, Location, Login, TokenLogin, VaultStore
from tests.unit.secrets.shown import everything_in
from tests.unit.secrets.stores import Stored
from tests.unit.secrets.vault_server import ROLE, Vault, serving

KEY, SECRET_KEY, SESSION = "ASIAEXAMPLE", "aws-s3cret", "aws-s3ssion"
VALUE, VAULT_TOKEN = "cf-s3cr3t", "hvs.st0red"
SECRETS = (VALUE, VAULT_TOKEN, SECRET_KEY, SESSION, "hvs.l0gin")
V1 = {"/v1/kv/teams/dns": {"data": {"cloudflare": VALUE}}}
V2 = {"/v1/kv/data/teams/dns": {"data": {"data": {"cloudflare": VALUE}, "metadata": {"version": 3}}}}


@pytest.fixture
def vault() -> Iterator[Vault]:
    with serving(Vault(secrets={**V1, **V2}, keys={KEY: (SECRET_KEY, SESSION)}, tokens={VAULT_TOKEN})) as running:
        yield running


def aws_login(**changes: Any) -> AwsLogin:
    arguments: dict[str, Any] = {"role": ROLE, "credentials": lambda: Credentials(KEY, SECRET_KEY, SESSION)}
    return AwsLogin(**(arguments | changes))


def store_at(
    vault: Vault, login: Login | None = None, *, version: int = 2, key: str = "cloudflare", **more: Any
) -> VaultStore:
    return VaultStore(vault.url, Location("kv", "teams/dns", key, version), login or aws_login(), **more)


class TestReading:
    @pytest.mark.parametrize(
        "login", [aws_login(), TokenLogin(Stored(VAULT_TOKEN))], ids=["AWS login", "stored Vault token"]
    )
    @pytest.mark.parametrize("version", [1, 2])
    def test_reads_the_token(self, vault: Vault, login: Login, version: int) -> None:
        assert store_at(vault, login, version=version).read() == VALUE

    def test_a_namespace_goes_along_with_login_and_read(self, vault: Vault) -> None:
        vault.namespace = "teams/dns"

        assert store_at(vault, namespace="teams/dns").read() == VALUE
        with pytest.raises(Misconfigured):
            store_at(vault).read()


class TestAwsLogin:
    def test_keys_without_a_session_token_sign_too(self, vault: Vault) -> None:
        vault.keys["AKIAEXAMPLE"] = ("long-lived", None)

        assert (
            store_at(vault, aws_login(credentials=lambda: Credentials("AKIAEXAMPLE", "long-lived", None))).read()
            == VALUE
        )

    def test_a_server_id_is_signed(self, vault: Vault) -> None:
        vault.server_id = "vault.example.com"

        assert store_at(vault, aws_login(server_id="vault.example.com")).read() == VALUE

    def test_another_mount(self, vault: Vault) -> None:
        vault.auth_mount = "aws-hub"

        assert store_at(vault, aws_login(mount="aws-hub")).read() == VALUE

    @pytest.mark.parametrize(
        ("login", "server_id", "complaint"),
        [
            pytest.param(aws_login(), "vault.example.com", "server_id", id="no server id, and Vault demands one"),
            pytest.param(aws_login(server_id="other"), "vault.example.com", "server_id", id="another server id"),
            pytest.param(aws_login(role="other"), None, "entry for role other not found", id="an unknown role"),
            pytest.param(aws_login(mount="nowhere"), None, "login failed", id="an unknown mount"),
            pytest.param(
                aws_login(credentials=lambda: Credentials(KEY, "wrong", SESSION)),
                None,
                "SignatureDoesNotMatch",
                id="a wrong key",
            ),
            pytest.param(
                aws_login(credentials=lambda: Credentials(KEY, SECRET_KEY, "old")),
                None,
                "SignatureDoesNotMatch",
                id="an old session",
            ),
        ],
    )
    def test_what_somebody_has_to_change(
        self, vault: Vault, login: Login, server_id: str | None, complaint: str
    ) -> None:
        vault.server_id = server_id

        with pytest.raises(Misconfigured, match=complaint) as raised:
            store_at(vault, login).read()

        assert "bound to the ARN of the function's role" in str(raised.value)
        assert not [secret for secret in SECRETS if secret in everything_in(raised.value)]


class TestFailures:
    @pytest.mark.parametrize("status", [429, 500, 502, 504])
    @pytest.mark.parametrize("body", [("application/json", '{"errors": ["x"]}'), ("text/html", f"<h1>{VALUE}</h1>")])
    def test_what_may_pass_by_itself(self, vault: Vault, status: int, body: tuple[str, str]) -> None:
        vault.answer_instead = (status, *body)

        with pytest.raises(Retryable) as raised:
            store_at(vault, TokenLogin(Stored(VAULT_TOKEN))).read()
        assert not isinstance(raised.value, Misconfigured)
        assert not [secret for secret in SECRETS if secret in everything_in(raised.value)]

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param((200, "text/html", "<h1>hello</h1>"), id="a web page"),
            pytest.param((200, "application/json", "[]"), id="JSON of another kind"),
            pytest.param((307, "text/html", ""), id="a redirect, which is not followed"),
        ],
    )
    @pytest.mark.parametrize("login", [aws_login(), TokenLogin(Stored(VAULT_TOKEN))], ids=["login", "read"])
    def test_something_that_is_not_vault(self, vault: Vault, answer: tuple[int, str, str], login: Login) -> None:
        vault.answer_instead = answer

        with pytest.raises(Misconfigured, match=r"address"):
            store_at(vault, login).read()

    def test_nobody_there(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]

        with pytest.raises(Retryable, match=r"no answer from Vault.*security groups") as raised:
            store_at(Vault(url=f"http://127.0.0.1:{port}"), TokenLogin(Stored(VAULT_TOKEN))).read()
        assert not isinstance(raised.value, Misconfigured)
        assert VAULT_TOKEN not in everything_in(raised.value)

    def test_a_stored_vault_token_that_cannot_be_read(self, vault: Vault) -> None:
        failure = Misconfigured("secret vault-token is empty")

        with pytest.raises(Misconfigured, match="secret vault-token is empty"):
            store_at(vault, TokenLogin(Stored(failure))).read()
        assert vault.requests == []

    def test_an_address_with_a_password_in_it_is_not_asked_and_not_shown(self, vault: Vault) -> None:
        url = vault.url.replace("//", f"//mesh:{VALUE}@")

        store = store_at(Vault(url=url))
        with pytest.raises(Misconfigured, match="must not hold a user or a password") as raised:
            store.read()

        assert vault.requests == []
        assert VALUE not in everything_in(raised.value) + repr(store) + store.name

    @pytest.mark.parametrize("address", ["http://vault.example.com:8200", "ftp://127.0.0.1", "vault.example.com"])
    def test_an_address_that_would_send_tokens_in_clear(self, address: str) -> None:
        with pytest.raises(Misconfigured, match="must be https"):
            store_at(Vault(url=address)).read()


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_ca_that_is_none(vault: Vault, text: str) -> None:
    with pytest.raises(Misconfigured, match="not a certificate in PEM form"):
        store_at(vault, TokenLogin(Stored(VAULT_TOKEN)), ca_certificate=text).read()


def test_nothing_secret_is_shown_or_logged(vault: Vault, caplog: pytest.LogCaptureFixture) -> None:
    login = aws_login()
    store = store_at(vault, login)

    with caplog.at_level(logging.DEBUG):
        store.read()

    shown = f"{store!r} {login!r} {TokenLogin(Stored(VAULT_TOKEN))!s} {caplog.text}"
    assert repr(store) == f"VaultStore(Vault {vault.url}: kv/teams/dns, key cloudflare)"
    assert not [secret for secret in (VALUE, SECRET_KEY, SESSION, "hvs.l0gin") if secret in shown]


def test_the_environment_lends_no_token(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", VAULT_TOKEN)

    assert store_at(vault).read() == VALUE


def test_who_does_not_use_vault_does_not_load_hvac() -> None:
    program = (
        "import sys, mesh_dns.secrets.vault, mesh_dns.secrets.cached, mesh_dns.aws.secrets_manager as _;"
        "sys.exit('hvac' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=True)  # noqa: S603
