"""A token in AWS Secrets Manager: the whole secret, or one key of a secret that is JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from mesh_dns.aws.calls import ErrorAnswer, OddAnswer, Unanswered, call
from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.store import token_in

# Makes the client of a service in a region.
ClientFactory = Callable[[str, str], Any]

# What must be changed, by AWS's error code. Any other failure may end by itself.
_DENIED = (
    "let the function's role read it: secretsmanager:GetSecretValue in the role's policy, for one of another account "
    "in the secret's policy too, and kms:Decrypt where it has a key of its own"
)
_REMEDIES = {
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "DecryptionFailure": "let the function's role use its key: kms:Decrypt",
    "InvalidRequestException": "it may be marked for deletion: restore it or name another one",
    "InvalidParameterException": "correct the secret's ARN in the settings",
    "ValidationException": "correct the secret's ARN in the settings",
}


class SecretsManagerStore:
    """A `TokenStore`. `clients` makes the client, since the secret may live in another region than the function."""

    def __init__(self, secret_arn: str, clients: ClientFactory, json_key: str | None = None) -> None:
        self.name = f"secret {secret_arn}" + (f", key {json_key}" if json_key is not None else "")
        self._secret_arn = secret_arn
        self._json_key = json_key
        self._clients = clients

    def __repr__(self) -> str:
        return f"SecretsManagerStore({self.name})"

    def read(self) -> str:
        """The token, by one call."""
        answer = self._answer()
        if "SecretString" not in answer:
            raise Misconfigured(f"{self.name} holds binary data; put the token there as a string")
        value = answer["SecretString"]
        return token_in(value if self._json_key is None else self._at_key(value, self._json_key), self.name)

    def _answer(self) -> Any:
        region = self._secret_arn.split(":")[3]
        failure: Retryable
        try:
            client = self._clients("secretsmanager", region)
            return call(client, "get_secret_value", region, "", SecretId=self._secret_arn)
        except ErrorAnswer as error:
            failure = self._meaning(error)
        except Unanswered as error:
            failure = Retryable(f"{self.name} cannot be read: {error}")
        except OddAnswer:
            # Without its text, which quotes what was answered.
            failure = Retryable(f"{self.name} cannot be read: AWS's answer makes no sense; it will be tried again")
        raise failure  # outside, since an exception keeps the one in whose handling it was raised

    def _meaning(self, error: ErrorAnswer) -> Retryable:
        if error.code == "ResourceNotFoundException" and "staging label" in error.said:
            # What AWS answers for a secret that was created without a value.
            return Misconfigured(
                f"{self.name} holds no value yet. Put the token there: aws secretsmanager put-secret-value --secret-id "
                f"{self._secret_arn} --secret-string file://token.txt"
            )
        if error.code == "ResourceNotFoundException":
            return Misconfigured(f"{self.name} does not exist; correct the ARN in the settings")
        what = f"{self.name} cannot be read: {error.code}: {error.said}"
        if error.code in _REMEDIES:
            return Misconfigured(f"{what}; {_REMEDIES[error.code]}")
        return Retryable(f"{what}; it will be tried again", after=error.after)

    def _at_key(self, value: str, key: str) -> object:
        try:
            document = json.loads(value)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise Misconfigured(
                f"{self.name}: the secret is not a JSON object, so it has no keys; leave `json_key` out"
            )
        if key not in document:
            raise Misconfigured(f"{self.name}: the secret is JSON and does not have this key; correct `json_key`")
        return document[key]
