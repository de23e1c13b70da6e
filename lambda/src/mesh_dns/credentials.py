"""AWS credentials, as two adapters need them: to call AWS, and to log in to Vault."""

from __future__ import annotations

from typing import NamedTuple


class Credentials(NamedTuple):
    """Keys to sign with. Shows only the key's id, which is not secret."""

    access_key: str
    secret_key: str
    token: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key})"
