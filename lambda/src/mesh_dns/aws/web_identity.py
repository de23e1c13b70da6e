"""A token that AWS signs and anybody can verify: who the function is, for somebody outside AWS."""

from __future__ import annotations

from mesh_dns.aws.calls import call
from mesh_dns.aws.clients import AwsClients

# Seconds that a token is good for: the fewest that AWS grants. It is used at once.
VALID_SECONDS = 60

_ADVICE = (
    "let the function's role call sts:GetWebIdentityToken for this audience, and switch it on for the account, once: "
    "aws iam enable-outbound-web-identity-federation"
)


def web_identity_token(clients: AwsClients, audience: str) -> str:
    """A JSON Web Token for `audience`, whose subject is the ARN of the function's role. Raises Retryable.

    The global endpoint of STS does not serve this call; `clients` use the regional one.
    """
    answer = call(
        clients.client("sts"),
        "get_web_identity_token",
        clients.region,
        _ADVICE,
        Audience=[audience],
        SigningAlgorithm="RS256",
        DurationSeconds=VALID_SECONDS,
    )
    return str(answer["WebIdentityToken"])
