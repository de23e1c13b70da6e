"""HTTP to Cloudflare's API with a token that must not leak: not in clear, not by a redirect, not in an exception."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import requests

from mesh_dns.dns.provider import Denied, Unavailable
from mesh_dns.errors import Misconfigured

BASE_URL = "https://api.cloudflare.com/client/v4"
# Seconds. Connecting: slightly more than the 3 s after which TCP sends its first packet again.
CONNECT_TIMEOUT = 3.05
READ_TIMEOUT = 10.0

# No header, one of the wrong form, an unknown token, no access to the zone; with 400 as well as with 401 and 403.
_TOKEN_REFUSED = frozenset({6003, 9106, 9109, 10000})
_TOKEN = re.compile(r"[!-~]+")


class Token(Protocol):
    """The token for a zone, cached by whoever supplies it."""

    name: str
    """Where it lives, for messages: a secret's ARN, a Vault path. Not secret."""

    def __call__(self, *, refresh: bool = False) -> str:
        """The token; read anew when `refresh` says that the last one was refused. Raises Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, decided on its status and `success`, then on the code of its first error."""

    status: int
    body: Mapping[str, object] | None
    retry_after: str | None

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for was done."""
        return self.status == 200 and self.body is not None and self.body.get("success") is True

    @property
    def code(self) -> int | None:
        """The code of the first error; None when there is none."""
        code = self._first_error().get("code")
        return code if isinstance(code, int) else None

    @property
    def token_refused(self) -> bool:
        """Whether another token might do better."""
        return self.status in (401, 403) or self.code in _TOKEN_REFUSED

    def __str__(self) -> str:
        if self.body is None:
            return f"HTTP {self.status} with a body that is not JSON"
        message = str(self._first_error().get("message", "no reason given"))[:200]
        return f"HTTP {self.status}, {self.code}: {message}"

    def _first_error(self) -> Mapping[str, object]:
        errors = self.body.get("errors") if self.body is not None else None
        first = errors[0] if isinstance(errors, list) and errors else None
        return first if isinstance(first, dict) else {}


class Api:
    """Calls to the DNS records of a zone, over one kept connection.

    Raises Misconfigured when `base_url` would carry the token in clear.
    """

    def __init__(self, token: Token, zone_tokens: Mapping[str, Token], base_url: str, read_timeout: float) -> None:
        self._token = token
        self._zone_tokens = zone_tokens
        self._base_url = base_url.rstrip("/")
        self._timeout = (CONNECT_TIMEOUT, read_timeout)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "terraform-aws-cilium-mesh-dns"
        if not _is_https(base_url):
            # A proxy taken from the environment would see the token of a request that is not encrypted.
            self._session.trust_env = False

    def __repr__(self) -> str:
        return f"Api({self._base_url})"

    def token_of(self, zone_id: str) -> Token:
        """Who supplies the token for this zone."""
        return self._zone_tokens.get(zone_id, self._token)

    def call(self, method: str, zone_id: str, path: str = "", json: object = None) -> Reply:
        """One call; one more with a fresh token when the first was refused and there is another one now.

        Raises Unavailable when there is no answer, Denied when what is stored cannot be a token.
        """
        supply = self.token_of(zone_id)
        token = supply()
        reply = self._send(method, zone_id, path, json, token)
        if reply.token_refused:
            fresh = supply(refresh=True)
            if fresh != token:
                reply = self._send(method, zone_id, path, json, fresh)
        return reply

    def _send(self, method: str, zone_id: str, path: str, json: object, token: str) -> Reply:
        if not _TOKEN.fullmatch(token):
            name = self.token_of(zone_id).name
            raise Denied(f"what {name} holds is no Cloudflare token: it is empty or has white space or the like")
        url = f"{self._base_url}/zones/{zone_id}/dns_records{path}"
        # A connection kept over a pause of the function may be dead by now; reading again is harmless.
        for _ in range(2 if method == "GET" else 1):
            try:
                response = self._session.request(
                    method, url, json=json, auth=_bearer(token), timeout=self._timeout, allow_redirects=False
                )
                return Reply(response.status_code, _body(response), response.headers.get("Retry-After"))
            except requests.RequestException as error:
                failure = type(error)
            if failure is not requests.ConnectionError:
                break
        # Raised out here, not in the except block: the errors of requests carry the request and so the token.
        host = urlsplit(url).hostname
        raise Unavailable(f"no answer from {host} to {method} in zone {zone_id}: {failure.__name__}")


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def _body(response: requests.Response) -> Mapping[str, object] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _is_https(base_url: str) -> bool:
    """True for https, False for http to this machine; Misconfigured for what would carry the token in clear."""
    url = urlsplit(base_url)
    if url.scheme == "https" and url.hostname:
        return True
    if url.scheme == "http" and url.hostname and _is_loopback(url.hostname):
        return False
    raise Misconfigured(
        "the environment variable CLOUDFLARE_BASE_URL must be an https:// URL, or http:// to this very machine: "
        "anything else would send the token in clear"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
