"""Tokens in Secrets Manager, and every way in which there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

from mesh_dns.aws.secrets_manager import SecretsManagerStore
from mesh_dns.errors import Misconfigured, Retryable
from tests.unit.aws.fake_aws import FakeAws
from tests.unit.aws.fake_table import AwsError, Call
from tests.unit.secrets.shown import everything_in

ARN = "arn:aws:secretsmanager:eu-central-1:444455556666:secret:cloudflare-AbCdEf"


def store_of(secret: Mapping[str, Any], json_key: str | None = None) -> SecretsManagerStore:
    return SecretsManagerStore(ARN, FakeAws(secrets={ARN: secret}).clients().client, json_key)


def failing(failure: Exception) -> Callable[[Call], None]:
    def fail(call: Call) -> None:
        raise failure

    return fail


@pytest.mark.parametrize(
    ("text", "json_key"),
    [
        pytest.param("s3cr3t\n", None, id="the whole secret"),
        pytest.param('{"other": 1, "cloudflare": "s3cr3t"}', "cloudflare", id="a key of a JSON secret"),
    ],
)
def test_reads_the_token(text: str, json_key: str | None) -> None:
    assert store_of({"SecretString": text}, json_key).read() == "s3cr3t"


def test_asks_in_the_secrets_own_region_by_its_whole_arn() -> None:
    aws = FakeAws(secrets={ARN: {"SecretString": "s3cr3t"}})
    SecretsManagerStore(ARN, aws.clients().client).read()

    (call,) = aws.calls
    assert (call.scope.region, call.arguments) == ("eu-central-1", {"SecretId": ARN})


@pytest.mark.parametrize(
    ("secret", "json_key", "complaint"),
    [
        pytest.param({"SecretBinary": b"s3cr3t"}, None, "holds binary data", id="binary"),
        pytest.param({"SecretString": ""}, None, "is empty", id="empty"),
        pytest.param(
            {"SecretString": '{"a": "s3cr3t"}'}, None, "holds JSON; say with `json_key`", id="JSON, no key named"
        ),
        pytest.param({"SecretString": '{"a": "s3cr3t"}'}, "b", "does not have this key", id="JSON without the key"),
        pytest.param({"SecretString": "s3cr3t"}, "a", "not a JSON object", id="no JSON, and a key is named"),
        pytest.param({"SecretString": '["s3cr3t"]'}, "a", "not a JSON object", id="a JSON list"),
        pytest.param({"SecretString": '{"a": {"b": "s3cr3t"}}'}, "a", "not text", id="an object at the key"),
        pytest.param({"SecretString": '{"a": ""}'}, "a", "is empty", id="nothing at the key"),
    ],
)
def test_a_secret_without_a_token_is_named_and_its_value_never(
    secret: Mapping[str, Any], json_key: str | None, complaint: str
) -> None:
    with pytest.raises(Misconfigured, match=complaint) as raised:
        store_of(secret, json_key).read()

    assert ARN in str(raised.value)
    assert "s3cr3t" not in everything_in(raised.value)


@pytest.mark.parametrize(
    ("code", "message", "complaint"),
    [
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            f"holds no value yet.*put-secret-value --secret-id {ARN}",
        ),
        ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", "does not exist"),
        ("AccessDeniedException", "no rules allows it", "secretsmanager:GetSecretValue.*kms:Decrypt"),
        ("AccessDeniedException", "Access to KMS is not allowed", "kms:Decrypt"),
        ("DecryptionFailure", "cannot decrypt", "kms:Decrypt"),
        ("InvalidRequestException", "marked for deletion", "restore it"),
    ],
)
def test_what_somebody_has_to_change(code: str, message: str, complaint: str) -> None:
    aws = FakeAws(before=failing(AwsError(code, message)))

    with pytest.raises(Misconfigured, match=complaint):
        SecretsManagerStore(ARN, aws.clients().client).read()


@pytest.mark.parametrize(
    "failure",
    [
        AwsError("ThrottlingException"),
        AwsError("InternalServiceError", status=500),
        EndpointConnectionError(endpoint_url="https://secretsmanager.eu-central-1.amazonaws.com"),
        ResponseParserError("not JSON: s3cr3t"),
        ValueError("not a time: s3cr3t"),
    ],
    ids=["throttled", "a server error", "no answer", "an answer that is none", "an answer that makes no sense"],
)
def test_what_may_pass_by_itself(failure: Exception) -> None:
    aws = FakeAws(before=failing(failure))

    with pytest.raises(Retryable, match="cannot be read") as raised:
        SecretsManagerStore(ARN, aws.clients().client).read()
    assert not isinstance(raised.value, Misconfigured)
    assert "s3cr3t" not in everything_in(raised.value)


def test_it_shows_where_the_token_is() -> None:
    assert repr(store_of({}, "key")) == f"SecretsManagerStore(secret {ARN}, key key)"


def test_botocore_does_not_log_answers_even_when_everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        store_of({"SecretString": "s3cr3t"}).read()

    assert logging.getLogger("botocore.parsers").getEffectiveLevel() > logging.DEBUG
    assert "s3cr3t" not in caplog.text
