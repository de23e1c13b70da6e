"""A token in HashiCorp Vault or OpenBao, by hvac: KV version 1 or 2, with a login that AWS signs or a Vault token."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

from mesh_dns.addresses import is_loopback
from mesh_dns.credentials import Credentials
from mesh_dns.errors import Misconfigured, Retryable
from mesh_dns.secrets.store import TokenStore, token_in

if TYPE_CHECKING:
    from hvac import Client

# Seconds to connect and to wait for an answer.
TIMEOUT = (3.05, 10)

# What to check when Vault denies the read.
_READING = (
    "check that the policy of the login lets it read this path, that `mount`, `path` and `kv_version` are right, and "
    "that the secret is not deleted"
)


class Location(NamedTuple):
    """Where in Vault the token is. `version`: of the KV engine, 1 or 2."""

    mount: str
    path: str
    key: str
    version: int

    def __str__(self) -> str:
        return f"{self.mount.strip('/')}/{self.path.strip('/')}, key {self.key}"


class Login(Protocol):
    """How the function gets in."""

    @property
    def advice(self) -> str:
        """What to check when Vault does not let the login in."""
        ...

    def __call__(self, client: Client) -> None:
        """Give the client a Vault token. Raises what hvac and requests raise, and Retryable."""
        ...


@dataclass(frozen=True, slots=True)
class JwtLogin:
    """Login by a JSON Web Token that AWS signs for `audience`: Vault and OpenBao verify it with AWS's public keys.

    `mint` makes the token for an audience; it may raise Retryable.
    """

    role: str
    audience: str
    mint: Callable[[str], str] = field(repr=False)
    mount: str = "jwt"
    advice: ClassVar[str] = (
        "check that the JWT method is enabled at `jwt_mount` and trusts the account's issuer, that the role `jwt_role` "
        "exists, that its bound_audiences holds `audience`, and that its bound_subject is the ARN of the function's "
        "role"
    )

    def __call__(self, client: Client) -> None:
        """Have a token made and log in with it."""
        client.auth.jwt.jwt_login(self.role, self.mint(self.audience), path=self.mount)


@dataclass(frozen=True, slots=True)
class AwsLogin:
    """Login by a signed `sts:GetCallerIdentity`, which Vault sends to AWS to see who signed it.

    It is signed for the endpoint that Vault asks by default (sts.amazonaws.com, us-east-1). `server_id` is the value
    that Vault may demand in the header X-Vault-AWS-IAM-Server-ID, so that a login is good for this Vault only.
    """

    role: str
    credentials: Callable[[], Credentials] = field(repr=False)
    mount: str = "aws"
    server_id: str | None = None
    advice: ClassVar[str] = (
        "check that the AWS method is enabled at `aws_mount` (OpenBao has it as a plugin only; use `jwt_role` there), "
        "that the auth role exists, is bound to the ARN of the function's role, and that `server_id` is what Vault "
        "demands"
    )

    def __call__(self, client: Client) -> None:
        """Sign and log in."""
        keys = self.credentials()
        client.auth.aws.iam_login(
            keys.access_key,
            keys.secret_key,
            keys.token,
            header_value=self.server_id,
            role=self.role,
            mount_point=self.mount,
        )


@dataclass(frozen=True, slots=True)
class TokenLogin:
    """A Vault token that is itself kept in a store. Vault is not asked before the read."""

    store: TokenStore
    advice: ClassVar[str] = "check the Vault token"

    def __call__(self, client: Client) -> None:
        """Read it."""
        client.token = self.store.read()


class VaultStore:
    """A `TokenStore`. Logs in for every read: reads are rare, and Vault's own tokens then need no renewal.

    `address` is https, or http to this very machine, without user and password. `ca_certificate` is PEM text: the only
    CA to trust, if given.
    """

    def __init__(
        self,
        address: str,
        location: Location,
        login: Login,
        *,
        namespace: str | None = None,
        ca_certificate: str | None = None,
    ) -> None:
        self.name = f"Vault {_shown(address)}{f', namespace {namespace}' if namespace else ''}: {location}"
        self._address = address
        self._location = location
        self._login = login
        self._namespace = namespace
        self._ca_certificate = ca_certificate

    def __repr__(self) -> str:
        return f"VaultStore({self.name})"

    def read(self) -> str:
        """The token: a login and a read."""
        _demand_secrecy(self._address)
        answer = self._answer()
        if isinstance(answer, Retryable):
            raise answer
        return token_in(self._value_in(answer), self.name)

    def _value_in(self, answer: object) -> object:
        data = _member(answer, "data")
        if self._location.version == 2:
            data = _member(data, "data")
        if data is None:
            raise Misconfigured(
                f"{self.name}: Vault's answer holds no secret; check `kv_version`, and that the address is Vault's own "
                "(redirects are not followed)"
            )
        if self._location.key not in data:
            raise Misconfigured(f"{self.name}: the secret does not have this key; correct `key`")
        return data[self._location.key]

    def _answer(self) -> object:
        """The answer, or the failure: for the caller to raise, since an exception keeps the one it was raised from.

        Those of hvac and requests hold tokens.
        """
        import hvac  # noqa: PLC0415 - only who uses Vault pays for it
        from requests import RequestException  # noqa: PLC0415
        from requests.exceptions import SSLError  # noqa: PLC0415

        step = "login"
        try:
            with self._trusted() as verify:
                client = hvac.Client(
                    url=self._address,
                    token="",
                    verify=verify,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    namespace=self._namespace,
                )
                self._login(client)
                step = "read"
                return self._read(client)
        except Retryable as error:
            return error
        except SSLError:
            return Misconfigured(
                f"{self.name}: Vault's certificate is not trusted; give the CA that signed it as `ca_certificate`"
            )
        except RequestException as error:
            return Retryable(
                f"{self.name}: no answer from Vault ({type(error).__name__}); check its address, and the function's "
                "network and security groups"
            )
        except hvac.exceptions.VaultError as error:
            return self._failure(step, type(error).__name__, error.errors or ())
        except (KeyError, TypeError):
            # The login's answer was no JSON object with a token in it.
            return Misconfigured(
                f"{self.name}: what answers is not Vault; check the address (redirects are not followed)"
            )

    def _read(self, client: Client) -> object:
        where = self._location
        if where.version == 1:
            return client.secrets.kv.v1.read_secret(where.path, mount_point=where.mount)
        return client.secrets.kv.v2.read_secret_version(
            where.path, mount_point=where.mount, raise_on_deleted_version=True
        )

    def _failure(self, step: str, kind: str, reasons: Any) -> Retryable:
        said = "; ".join(" ".join(str(reason).split()) for reason in reasons)[:200] or "no reason given"
        what = f"{self.name}: {step} failed ({kind}: {said})"
        match kind:
            case "VaultDown":
                return Retryable(f"{self.name}: Vault is sealed or a standby ({said}); unseal it")
            case "InvalidRequest" | "Unauthorized" | "Forbidden" | "InvalidPath":
                return Misconfigured(f"{what}; {self._login.advice if step == 'login' else _READING}")
            case _:
                return Retryable(f"{what}; it will be tried again")

    @contextmanager
    def _trusted(self) -> Iterator[str | bool]:
        """What requests takes as `verify`: it wants certificates in a file."""
        if self._ca_certificate is None:
            yield True
            return
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=self._ca_certificate)
        except (ssl.SSLError, ValueError):
            raise Misconfigured(f"{self.name}: `ca_certificate` is not a certificate in PEM form") from None
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(self._ca_certificate)
            file.flush()
            yield file.name


def _demand_secrecy(address: str) -> None:
    url = urlsplit(address)
    if "@" in url.netloc:
        raise Misconfigured(
            f"Vault's address {_shown(address)} must not hold a user or a password; leave out what is in front of the @"
        )
    if url.scheme == "https" or (url.scheme == "http" and is_loopback(url.hostname or "")):
        return
    raise Misconfigured(f"Vault's address {address} must be https: anything else sends tokens in clear")


def _shown(address: str) -> str:
    """The address without user and password."""
    url = urlsplit(address)
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))


def _member(value: object, key: str) -> Mapping[str, object] | None:
    member = value.get(key) if isinstance(value, Mapping) else None
    return member if isinstance(member, Mapping) else None
