"""One call to AWS, and what its failure means: `<action> in <place>: <code>: <message>; <what to check>`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from mesh_dns.aws.clients import Client
from mesh_dns.errors import Retryable

# The names of services in IAM actions, where they differ from botocore's.
_IAM_PREFIX = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}

_THROTTLED = frozenset(
    {
        "DependencyThrottle",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
    }
)
# A region that is not enabled in the account knows none of its keys.
_REGION_OFF = frozenset({"AuthFailure", "OptInRequired", "RegionDisabledException"})
_KEYS_INVALID = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "UnrecognizedClientException"}
)


class Refused(Retryable):
    """AWS answered with an error. `code` is AWS's own."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def keys_invalid(self) -> bool:
        """Whether AWS did not accept the keys, so that new ones may help."""
        return self.code in _KEYS_INVALID


class Unanswered(Retryable):
    """Nobody answered, or not in time."""


def call(client: Client, operation: str, place: str, advice: str, **arguments: object) -> Mapping[str, Any]:
    """Call `client.<operation>(**arguments)`. `advice` is what to check if AWS denies it.

    Raises Refused and Unanswered.
    """
    try:
        answer: Mapping[str, Any] = getattr(client, operation)(**arguments)
    except ClientError as error:
        what = f"{action(client, operation)} in {place}"
        code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        message = str(error.response.get("Error", {}).get("Message", "no reason given"))
        raise Refused(f"{what}: {code}: {message}; {_advice(code, advice)}", code) from None
    except ResponseParserError:
        # Not one of botocore's own errors, and its text holds the whole answer: a proxy's page, as a rule.
        raise Unanswered(
            f"{action(client, operation)} in {place}: somebody answered who is not AWS; check what stands between the "
            "function and the service's endpoint"
        ) from None
    except BotoCoreError as error:
        raise Unanswered(
            f"{action(client, operation)} in {place}: {type(error).__name__}: {error}; check that the function reaches "
            "the service's endpoint in this region (its network, if it is in a VPC) and that the region is enabled"
        ) from None
    return answer


def action(client: Client, operation: str) -> str:
    """The IAM action of an operation: `elasticloadbalancing:DescribeTags`."""
    model = client.meta.service_model
    return f"{_IAM_PREFIX.get(model.service_name, model.service_name)}:{client.meta.method_to_api_mapping[operation]}"


def _advice(code: str, advice: str) -> str:
    if code in _THROTTLED:
        return "it will be tried again"
    if code in _REGION_OFF:
        return "check that the region is enabled in the account"
    if code in _KEYS_INVALID:
        return "it will be tried again with new keys; if that fails, check that the region is enabled in the account"
    return advice
