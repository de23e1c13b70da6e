"""Tokens that AWS signs for somebody outside: verified as that somebody does, by the documents of the issuer."""

from __future__ import annotations

import pytest
import requests
from botocore.exceptions import ClientError
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.sandbox import ACCOUNT
from tests.sandbox.account import Account

ASKED = {"Audience": ["https://vault.example.com"], "DurationSeconds": 60}


def shown(url: str) -> dict[str, object]:
    answer = requests.get(url, timeout=5)
    answer.raise_for_status()
    document: dict[str, object] = answer.json()
    return document


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_token_is_verified_by_the_keys_that_the_issuer_shows(aws: Account, algorithm: str) -> None:
    iam, sts = aws.client("iam"), aws.client("sts")
    issuer = iam.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    answer = sts.get_web_identity_token(SigningAlgorithm=algorithm, **ASKED)

    documents = shown(f"{issuer}/.well-known/openid-configuration")
    keys = KeySet.import_key_set(shown(str(documents["jwks_uri"])))  # type: ignore[arg-type]
    claims = jwt.decode(answer["WebIdentityToken"], keys, algorithms=[algorithm]).claims
    assert (claims["iss"], claims["aud"]) == (documents["issuer"], "https://vault.example.com")
    assert claims["sub"] == f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
    assert claims["exp"] - claims["iat"] == 60
    assert abs(answer["Expiration"].timestamp() - claims["exp"]) <= 1
    assert iam.get_outbound_web_identity_federation_info() | {"ResponseMetadata": None} == {
        "IssuerIdentifier": issuer,
        "JwtVendingEnabled": True,
        "ResponseMetadata": None,
    }


def test_an_account_has_to_switch_it_on_once(aws: Account) -> None:
    Account(aws.sandbox, "444455556666").client("iam").enable_outbound_web_identity_federation()

    with pytest.raises(ClientError, match="OutboundWebIdentityFederationDisabled"):
        aws.client("sts").get_web_identity_token(SigningAlgorithm="RS256", **ASKED)
    with pytest.raises(ClientError, match="FeatureDisabled"):
        aws.client("iam").get_outbound_web_identity_federation_info()
