"""The login with a token that AWS signs: the unmodified hvac against the JWT method of a real OpenBao."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from mesh_dns.errors import Retryable
from mesh_dns.secrets.vault import VaultStore
from sandbox.web_identity import WebIdentity
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.stores import ACCOUNT, AUDIENCE, KV2, SUBJECT, VALUE, complaint_about, jwt_login, trust


class TestJwtLogin:
    @pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
    def test_both_of_aws_algorithms_are_verified_by_the_published_keys(
        self, bao: OpenBao, aws: WebIdentity, algorithm: str
    ) -> None:
        login = jwt_login(aws, mint=lambda audience: aws.token(ACCOUNT, SUBJECT, audience, algorithm=algorithm))

        assert VaultStore(bao.url, KV2, login).read() == VALUE

    def test_another_mount_with_a_role_that_is_bound_to_the_account(self, bao: OpenBao, aws: WebIdentity) -> None:
        claim = "/https:~1~1sts.amazonaws.com~1/aws_account"
        trust(bao, "teams/jwt", aws.issuer(ACCOUNT), bound_claims={claim: ACCOUNT})
        trust(bao, "teams/jwt-of-others", aws.issuer(ACCOUNT), bound_claims={claim: "444455556666"})

        assert VaultStore(bao.url, KV2, jwt_login(aws, mount="teams/jwt")).read() == VALUE
        assert "does not match" in complaint_about(bao, KV2, jwt_login(aws, mount="teams/jwt-of-others"))

    @pytest.mark.parametrize(
        ("changes", "complaint"),
        [
            pytest.param({"audience": "https://other.example.com"}, "invalid audience", id="another audience"),
            pytest.param({"role": "other"}, 'role "other" could not be found', id="a role that is not there"),
            pytest.param({"mount": "nowhere"}, "permission denied", id="a mount where nothing is"),
            pytest.param({"subject": f"{SUBJECT}-of-others"}, "invalid subject", id="the role of another function"),
            pytest.param({"account": "444455556666"}, "invalid issuer", id="an account that is not trusted"),
            pytest.param({"seconds": -300}, "token is expired", id="a token of five minutes ago"),
            pytest.param({"forged": True}, "failed to verify", id="a token that somebody else signed"),
        ],
    )
    def test_what_somebody_has_to_change(
        self, bao: OpenBao, aws: WebIdentity, changes: dict[str, Any], complaint: str
    ) -> None:
        minted = []
        how = dict(changes)
        signer = Forger(aws) if how.pop("forged", False) else aws
        account, subject, seconds = how.pop("account", ACCOUNT), how.pop("subject", SUBJECT), how.pop("seconds", 60)

        def mint(audience: str) -> str:
            minted.append(signer.token(account, subject, audience, seconds=seconds))
            return minted[-1]

        said = complaint_about(bao, KV2, jwt_login(aws, mint=mint, **how))

        assert "login failed" in said and complaint in said
        assert "bound_audiences holds `audience`" in said
        assert len(minted) == 1 and minted[0] not in said

    def test_no_token_from_aws_is_aws_own_failure(self, bao: OpenBao, aws: WebIdentity) -> None:
        def mint(audience: str) -> str:
            raise Retryable(f"no token for {audience}")

        with pytest.raises(Retryable, match=f"no token for {AUDIENCE}"):
            VaultStore(bao.url, KV2, jwt_login(aws, mint=mint)).read()


class Forger(WebIdentity):
    """Signs in the name of an issuer with keys that the issuer does not show."""

    def __init__(self, issuer: WebIdentity) -> None:
        super().__init__()
        self.issuer = issuer.issuer  # type: ignore[method-assign]


def test_nothing_secret_is_shown_or_logged(bao: OpenBao, aws: WebIdentity, caplog: pytest.LogCaptureFixture) -> None:
    minted = aws.token(ACCOUNT, SUBJECT, AUDIENCE)
    login = jwt_login(aws, mint=lambda _: minted)
    store = VaultStore(bao.url, KV2, login)

    with caplog.at_level(logging.DEBUG):
        store.read()

    assert not [secret for secret in (VALUE, minted) if secret in f"{store!r} {login!r} {caplog.text}"]
    assert not re.search(r"\bs\.[A-Za-z0-9]{20}", caplog.text), "a token of OpenBao's"
