"""Where tokens come from, and what may pass for one."""

from __future__ import annotations

import re
from typing import Protocol

from mesh_dns.errors import Misconfigured

# What a bearer token is made of (RFC 6750, section 2.1).
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_SCHEME = re.compile(r"\Abearer(\s+|\Z)", re.IGNORECASE)


class TokenStore(Protocol):
    """One token in one place. Neither its repr nor its errors ever hold the value."""

    name: str
    """Where the token lives, for messages: a secret's ARN, a Vault path. Not secret."""

    def read(self) -> str:
        """The token in its current version, without white space around it and without a `Bearer ` in front.

        Raises Misconfigured when what is stored cannot be a token, Retryable when the store does not answer.
        """
        ...


def token_in(value: object, name: str) -> str:
    """The token in what a store holds. Raises Misconfigured, which names the place and never the value."""
    if not isinstance(value, str):
        raise Misconfigured(f"{name} holds something that is not text; put the token there as a string")
    token = _SCHEME.sub("", value.strip(), count=1).strip()
    if not token:
        raise Misconfigured(f"{name} is empty; put the token there")
    if token.startswith("{"):
        raise Misconfigured(f"{name} holds JSON; say with `json_key` under which key the token is")
    if not _TOKEN.fullmatch(token):
        raise Misconfigured(
            f"what {name} holds is not a token: inside it are white space, quotes or other characters that no token "
            "has; put just the token there"
        )
    return token
