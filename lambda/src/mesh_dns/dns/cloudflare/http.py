"""HTTP to Cloudflare's API with a token that must not leak: not in clear, not by a redirect, not in an exception."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError, MaxRetryError, ReadTimeoutError

from mesh_dns.addresses import is_loopback
from mesh_dns.back_off import BackOff
from mesh_dns.dns.cloudflare.answers import Reply, parse, pause
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import Misconfigured, OutOfTime, Retryable

BASE_URL = "https://api.cloudflare.com/client/v4"
# Seconds. Connecting: slightly more than the 3 s after which TCP sends its first packet again. Reading and writing:
# how long each part of the answer may take; a write that is given up has an unclear end, a list costs only time.
CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 6.0
WRITE_TIMEOUT = 10.0
# Seconds, from its first byte, after which the rest of an answer that trickles in is not read any more.
ANSWER_TIME = 5.0
PIECE = 64 * 1024
# The shortest pause of a rate-limited token in seconds, even if Cloudflare asks for less: a read under way ends in it.
LEAST_REST = 5.0

_TOKEN = re.compile(r"[!-~]+")


class Token(Protocol):
    """The token for a zone, cached by the supplier. Never called by two threads at once."""

    name: str
    """Where it lives, for messages: a secret's ARN, a Vault path. Not secret."""

    def __call__(self, *, refresh: bool = False) -> str:
        """The token; read anew when `refresh` says that the last one was denied. Raises Retryable."""
        ...


class NoAnswer(Unavailable):
    """The request was sent, and not answered. `slow`: not in time, so asking for less may help."""

    def __init__(self, message: str, *, slow: bool) -> None:
        super().__init__(message)
        self.slow = slow


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    zone_id: str
    path: str
    json: object
    deadline: float | None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is no answer. `unreachable`: nothing was sent; `closed`: the connection ended without an answer."""

    name: str
    unreachable: bool
    closed: bool


class Api:
    """Calls to the DNS records of zones, over kept connections, from any number of threads.

    `clock` is in seconds since the epoch. Raises Misconfigured when `base_url` would carry the token in clear.
    """

    def __init__(
        self,
        token: Token,
        zone_tokens: Mapping[str, Token],
        base_url: str,
        *,
        read_timeout: float,
        write_timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._token = token
        self._zone_tokens = zone_tokens
        self._base_url = base_url.rstrip("/")
        self._encrypted = _is_https(base_url)
        self._read_timeout = read_timeout
        self._write_timeout = write_timeout
        self._clock = clock
        self._host = urlsplit(base_url).hostname or ""
        self._unanswered = BackOff(clock)
        self._limited = BackOff(clock)
        self._locks = {supply.name: threading.Lock() for supply in (token, *zone_tokens.values())}
        self._idle: deque[requests.Session] = deque()

    def __repr__(self) -> str:
        return f"Api({self._base_url})"

    def token_name(self, zone_id: str) -> str:
        """The name of the token that is used for a zone."""
        return self._supply(zone_id).name

    def call(
        self, method: str, zone_id: str, path: str = "", *, json: object = None, deadline: float | None = None
    ) -> Reply:
        """One call; one more with a fresh token when the first was denied and there is another one now.

        Raises NoAnswer, RateLimited (this token was told to wait, now or before), Denied when there is no usable
        token, Unavailable when none can be had now or the host cannot be reached, OutOfTime after `deadline`.
        """
        question = _Call(method, zone_id, path, json, deadline)
        self._may_call(question)
        supply = self._supply(zone_id)
        token = self._token_from(supply)
        reply = self._send(question, token)
        if reply.token_denied:
            fresh = self._token_from(supply, denied=token)
            if fresh != token:
                reply = self._send(question, fresh)
        return reply

    def _supply(self, zone_id: str) -> Token:
        return self._zone_tokens.get(zone_id, self._token)

    def _token_from(self, supply: Token, *, denied: str | None = None) -> str:
        """The token, checked; another one than `denied`, if there is one."""
        try:
            with self._locks[supply.name]:
                token = supply()
                # Another thread may have read the new one already.
                if token == denied:
                    token = supply(refresh=True)
        except Misconfigured as error:
            raise Denied(str(error)) from None
        except Retryable as error:
            raise Unavailable(str(error), after=error.after) from None
        if not _TOKEN.fullmatch(token):
            raise Denied(f"what {supply.name} holds is no Cloudflare token: it is empty or has white space or the like")
        return token

    def _may_call(self, call: _Call) -> None:
        if call.deadline is not None and self._clock() > call.deadline:
            raise OutOfTime(f"zone {call.zone_id} was not asked any more: the function's time runs out")
        rest, reason = self._limited.left(self.token_name(call.zone_id))
        if rest:
            raise RateLimited(reason, after=rest)
        rest, reason = self._unanswered.left(self._host)
        if rest:
            raise Unavailable(f"{reason}; the host is left alone for {rest:.0f} s more")

    def _send(self, call: _Call, token: str) -> Reply:
        self._may_call(call)
        outcome = self._try(call, token)
        # A connection kept over a pause of the function may be dead by now; reading again is harmless.
        if call.method == "GET" and isinstance(outcome, _Failure) and outcome.closed:
            outcome = self._try(call, token)
        if isinstance(outcome, _Failure):
            text = f"no answer from {self._host} to {call.method} in zone {call.zone_id}: {outcome.name}"
            if outcome.unreachable:
                self._unanswered.lengthen(self._host, text)
                raise Unavailable(text)
            raise NoAnswer(text, slow=not outcome.closed)
        self._unanswered.end(self._host)
        if outcome.rate_limited:
            raise self._rate_limited(call.zone_id, outcome)
        return outcome

    def _rate_limited(self, zone_id: str, reply: Reply) -> RateLimited:
        seconds = pause(reply.retry_after, self._clock())
        text = f"Cloudflare asks for a pause of {seconds:.0f} s ({reply})"
        self._limited.begin(self.token_name(zone_id), max(seconds, LEAST_REST), text)
        return RateLimited(text, after=seconds)

    def _try(self, call: _Call, token: str) -> Reply | _Failure:
        url = f"{self._base_url}/zones/{call.zone_id}/dns_records{call.path}"
        patience = self._read_timeout if call.method == "GET" else self._write_timeout
        with self._session() as session:
            try:
                with session.request(
                    call.method,
                    url,
                    json=call.json,
                    auth=_bearer(token),
                    timeout=(CONNECT_TIMEOUT, patience),
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    return Reply(response.status_code, parse(_content(response)), response.headers.get("Retry-After"))
            except requests.RequestException as error:
                # No error is raised from here: those of requests carry the request, and so the token.
                return _failure(error)

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        """A session for one thread at a time; the one that was used last, so that few connections are kept."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = self._new_session()
        try:
            yield session
        finally:
            self._idle.append(session)

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.headers["User-Agent"] = "terraform-aws-cilium-mesh-dns"
        if not self._encrypted:
            # A proxy taken from the environment would see the token of a request that is not encrypted.
            session.trust_env = False
        return session


def _failure(error: requests.RequestException) -> _Failure:
    not_connected = bool(error.args) and isinstance(error.args[0], MaxRetryError)
    unreachable = not_connected or isinstance(error, requests.ConnectTimeout)
    closed = type(error) is requests.ConnectionError and not unreachable
    return _Failure(type(error).__name__, unreachable, closed)


def _content(response: requests.Response) -> bytes:
    """The whole body; nothing of one that cannot be decoded.

    Raises ReadTimeout when it takes longer than `ANSWER_TIME` or stops coming, ChunkedEncodingError when it is cut off.
    """
    started = time.monotonic()
    content = bytearray()
    try:
        # Not requests' own ways: they wait until a piece of the size that was asked for is there, however long.
        while piece := response.raw.read1(PIECE, decode_content=True):
            content += piece
            if time.monotonic() - started > ANSWER_TIME:
                break
        else:
            return bytes(content)
    except DecodeError:
        return b""
    except ReadTimeoutError:
        pass
    except HTTPError:
        raise requests.exceptions.ChunkedEncodingError from None
    raise requests.ReadTimeout


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def _is_https(base_url: str) -> bool:
    """True for https, False for http to this machine; Misconfigured for what would carry the token in clear."""
    url = urlsplit(base_url)
    if url.scheme == "https" and url.hostname:
        return True
    if url.scheme == "http" and url.hostname and is_loopback(url.hostname):
        return False
    raise Misconfigured(
        "the environment variable CLOUDFLARE_BASE_URL must be an https:// URL, or http:// to this very machine: "
        "anything else would send the token in clear"
    )
