"""One call to AWS, and what its failure means: `<action> in <place>: <code>: <message>; <what to check>`."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from mesh_dns import faults
from mesh_dns.aws.clients import Client
from mesh_dns.back_off import BackOff
from mesh_dns.core.values import Cause, Unreadable
from mesh_dns.errors import OutOfTime, Retryable

# The names of services in IAM actions, where they differ from botocore's.
_IAM_PREFIX = {"elb": "elasticloadbalancing", "elbv2": "elasticloadbalancing", "resourcegroupstaggingapi": "tag"}

_THROTTLED = frozenset(
    {
        "DependencyThrottle",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
    }
)
REGION_DISABLED = "RegionDisabledException"
# A region that is not enabled in the account knows none of its keys.
_REGION_OFF = frozenset({"AuthFailure", "OptInRequired", REGION_DISABLED})
_KEYS_INVALID = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "UnrecognizedClientException"}
)
_LONGEST_QUOTE = 200
_log = logging.getLogger(__name__)


class ErrorAnswer(Retryable):
    """AWS answered with an error. `code` and `said` are AWS's own; `status` is that of HTTP."""

    def __init__(self, message: str, code: str, said: str, status: int, after: float | None) -> None:
        super().__init__(message, after=after)
        self.code = code
        self.said = said
        self.status = status

    @property
    def keys_invalid(self) -> bool:
        """Whether AWS did not accept the keys, so that new ones may help."""
        return self.code in _KEYS_INVALID

    @property
    def throttled(self) -> bool:
        """Whether AWS was asked too often, by us or by others in the account."""
        return self.code in _THROTTLED or self.status == HTTPStatus.TOO_MANY_REQUESTS

    @property
    def passing(self) -> bool:
        """Whether the same call may work a moment later."""
        return self.throttled or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class OddAnswer(Retryable):
    """AWS's answer lacks something or makes no sense, or the call had invalid arguments."""


class Unanswered(Retryable):
    """There was no answer, or not in time, or not from AWS (a proxy's page, for example)."""


def call(client: Client, operation: str, place: str, advice: str, **arguments: object) -> Mapping[str, Any]:
    """Call `client.<operation>(**arguments)`. `advice` is what to check if AWS denies it.

    Raises ErrorAnswer, OddAnswer and Unanswered: without a context, since botocore's errors may hold whole answers.
    """
    outcome = _answer_or_failure(client, operation, place, advice, arguments)
    if isinstance(outcome, Retryable):
        raise outcome
    return outcome


def _answer_or_failure(
    client: Client, operation: str, place: str, advice: str, arguments: Mapping[str, object]
) -> Mapping[str, Any] | Retryable:
    what = f"{action(client, operation)} in {place}"
    try:
        answer: Mapping[str, Any] = getattr(client, operation)(**arguments)
    except ClientError as error:
        return _error_answer(error, what, advice, client)
    except ResponseParserError:
        # Not one of botocore's own errors, and its text holds the whole answer: a proxy's page, as a rule.
        return Unanswered(
            f"{what}: somebody answered who is not AWS; check what is between the function and the service's endpoint"
        )
    except ParamValidationError as error:
        # No call was made, so it tells nothing about the place.
        return OddAnswer(f"{what}: botocore finds the question malformed: {quote(error)}")
    except BotoCoreError as error:
        return Unanswered(
            f"{what}: {type(error).__name__}: {error}; check that the function reaches the service's endpoint in this "
            "region (its network, if it is in a VPC) and that the region is enabled"
        )
    except ValueError as error:
        # What botocore's parsers raise for a time or a number that is none.
        return OddAnswer(f"{what}: AWS's answer makes no sense: {quote(error)}")
    return answer


def _error_answer(error: ClientError, what: str, advice: str, client: Client) -> ErrorAnswer:
    details = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    code, said = str(details.get("Code", "Unknown")), str(details.get("Message", "no reason given"))
    text = f"{what}: {code}: {said}; {_advice(code, advice, client.meta.region_name)}"
    after = _seconds(metadata.get("HTTPHeaders", {}).get("retry-after"))
    return ErrorAnswer(text, code, said, int(metadata.get("HTTPStatusCode", HTTPStatus.BAD_REQUEST)), after)


def action(client: Client, operation: str) -> str:
    """The IAM action of an operation: `elasticloadbalancing:DescribeTags`."""
    model = client.meta.service_model
    return f"{_IAM_PREFIX.get(model.service_name, model.service_name)}:{client.meta.method_to_api_mapping[operation]}"


def member(answer: object, key: str, *, secret: bool = False) -> Any:
    """What an answer, or an item in it, holds at a key. Raises OddAnswer where there is nothing.

    `secret`: the answer is not for messages.
    """
    value = answer.get(key) if isinstance(answer, Mapping) else None
    if value is None:
        raise OddAnswer(f"AWS's answer is odd: no {key} in {'it' if secret else quote(answer)}")
    return value


def quote(value: object) -> str:
    """A value in a message: not longer than a line or two."""
    text = str(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}..."


def raise_while_left_alone(back_off: BackOff, place: Hashable) -> None:
    """Raise Unanswered, with the reason that there was, if a place did not answer a short while ago."""
    left, reason = back_off.left(place)
    if left:
        raise Unanswered(reason)


def unreadable(error: Exception) -> Unreadable:
    """What a failure means for what was asked.

    A fault of ours is logged with its place in the code, and not with its text, which may quote what is secret.
    """
    match error:
        case OutOfTime():
            cause = Cause.OUT_OF_TIME
        case Unanswered() | ErrorAnswer(passing=True):
            cause = Cause.UNANSWERED
        case Retryable():
            cause = Cause.ERROR
        case _:
            cause = Cause.FAULT
    if isinstance(error, Retryable):
        return Unreadable(str(error), error.after, cause)
    _log.error("a fault while reading: %s at %s", type(error).__name__, " ".join(faults.steps(error)))
    return Unreadable(f"a fault of the function: {type(error).__name__}; its log says where", None, cause)


def _seconds(text: object) -> float | None:
    """A Retry-After header in seconds; one that is a date counts as none, since AWS does not send such."""
    return float(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else None


def _advice(code: str, advice: str, region: str) -> str:
    if code in _THROTTLED:
        return "it will be tried again"
    if code in _REGION_OFF:
        return f"check that the region {region} is enabled in the account"
    if code in _KEYS_INVALID:
        return f"it will be tried again with new keys; if that fails, check that the region {region} is enabled there"
    return advice
