"""Where tokens come from."""

from __future__ import annotations

from typing import Protocol


class TokenStore(Protocol):
    """One token in one place. Neither its repr nor its errors ever hold the value."""

    name: str
    """Where the token lives, for messages: a secret's ARN, a Vault path. Not secret."""

    def read(self) -> str:
        """The token as it stands now, stripped of white space and of a `Bearer ` in front.

        Raises Misconfigured when what is stored cannot be a token, Retryable when the store does not answer.
        """
        ...
