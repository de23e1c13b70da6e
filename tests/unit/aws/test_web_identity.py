"""The token that says to somebody outside AWS who the function is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from mesh_dns.aws.clients import AwsClients
from mesh_dns.aws.web_identity import web_identity_token
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import HUB, NOW, FakeAws
from tests.unit.aws.fake_table import AwsError, Call

AUDIENCE = "https://vault.example.com"


class Signing(FakeAws):
    """An account that signs web identity tokens."""

    def _sts_GetWebIdentityToken(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        return {"WebIdentityToken": "head.claims.signature", "Expiration": datetime.fromtimestamp(NOW, UTC)}


def test_the_token_is_for_one_audience_and_for_a_minute() -> None:
    aws = Signing()

    assert web_identity_token(aws.clients(), AUDIENCE) == "head.claims.signature"
    assert [(call.scope, call.action, call.arguments) for call in aws.calls] == [
        (
            HUB,
            "sts:GetWebIdentityToken",
            {"Audience": [AUDIENCE], "SigningAlgorithm": "RS256", "DurationSeconds": 60},
        )
    ]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-6"])
def test_the_global_endpoint_which_does_not_serve_it_is_never_asked(region: str) -> None:
    assert AwsClients(region).client("sts").meta.endpoint_url == f"https://sts.{region}.amazonaws.com"


@pytest.mark.parametrize(
    "code", ["AccessDenied", "OutboundWebIdentityFederationDisabledException"], ids=["denied", "switched off"]
)
def test_a_failure_says_what_to_switch_on(code: str) -> None:
    def fail(call: Call) -> None:
        raise AwsError(code, status=403)

    with pytest.raises(Retryable, match=rf"sts:GetWebIdentityToken in eu-west-1: {code}") as raised:
        web_identity_token(Signing(before=fail).clients(), AUDIENCE)
    assert "aws iam enable-outbound-web-identity-federation" in str(raised.value)
