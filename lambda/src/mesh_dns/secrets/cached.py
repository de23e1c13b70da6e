"""A token that is kept as long as it works, and read again when the provider denies it."""

from __future__ import annotations

import time
from collections.abc import Callable

from mesh_dns.errors import Retryable
from mesh_dns.secrets.store import TokenStore

# Seconds between two refreshes: a token that stays wrong must not become a stream of reads.
REFRESH_PAUSE = 120
# Seconds in which a store that failed is not asked again; the failure is repeated instead.
FAILURE_PAUSE = 10


class CachedToken:
    """Reads its store once, and again when told that the token was denied. `clock` in seconds, from any start.

    The first refresh is never held back: it may be the rotation.
    """

    def __init__(self, store: TokenStore, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = store.name
        self._store = store
        self._clock = clock
        self._token: str | None = None
        self._refreshed: float | None = None
        self._failure: tuple[float, Retryable] | None = None

    def __call__(self, *, refresh: bool = False) -> str:
        """The token. Raises Retryable when there is none to be had."""
        if self._token is None or (refresh and self._may_refresh()):
            self._token = self._read()
            if refresh:
                self._refreshed = self._clock()
        return self._token

    def __repr__(self) -> str:
        return f"CachedToken({self.name})"

    def _may_refresh(self) -> bool:
        return self._refreshed is None or self._clock() - self._refreshed >= REFRESH_PAUSE

    def _read(self) -> str:
        now = self._clock()
        if self._failure is not None and now - self._failure[0] < FAILURE_PAUSE:
            raise self._failure[1].with_traceback(None)
        try:
            return self._store.read()
        except Retryable as error:
            self._failure = now, error
            raise
