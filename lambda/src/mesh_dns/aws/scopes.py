"""Which keys open which scope: the function's own role at hub, a reader role everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import UnknownRegionError

from mesh_dns.aws.calls import Refused, Unanswered, call
from mesh_dns.aws.clients import AwsClients, Client
from mesh_dns.core.values import Scope
from mesh_dns.credentials import Credentials
from mesh_dns.errors import Misconfigured, Retryable

SESSION_NAME = "mesh-dns"
# Seconds before its end in which a session is not used any more: longer than a batch takes.
MARGIN = 300
# Seconds in which a scope that did not answer is not asked again, doubled each time it does not: dead regions must not
# use up the function's time.
SHORTEST_PAUSE = 30
LONGEST_PAUSE = 300


@dataclass(frozen=True, slots=True)
class ReaderRole:
    """The role that a scope lends us: `<name>-<region>` in its account. `name` may start with a path."""

    name: str
    external_id: str

    def arn(self, partition: str, scope: Scope) -> str:
        """Its ARN in a scope."""
        return f"arn:{partition}:iam::{scope.account}:role/{self.name.strip('/')}-{scope.region}"


@dataclass(slots=True)
class _Session:
    """Clients that live as long as the keys they sign with."""

    credentials: Credentials = field(repr=False)
    expires: float
    clients: dict[str, Client] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class _Silence:
    """A scope that did not answer: until when it is left alone, and after what pause."""

    until: float
    pause: float
    error: Unanswered


class Scopes:
    """Calls to AWS in any scope. `hub` is where the function runs; `clock` is in seconds since the epoch.

    Without a reader role, hub is the only scope that can be read.
    """

    def __init__(
        self, clients: AwsClients, hub: Scope, reader_role: ReaderRole | None, clock: Callable[[], float]
    ) -> None:
        self.hub = hub
        self._aws = clients
        self._reader_role = reader_role
        self._clock = clock
        self._sessions: dict[Scope, _Session] = {}
        self._silent: dict[Scope, _Silence] = {}

    def call(self, scope: Scope, service: str, operation: str, **arguments: object) -> Mapping[str, Any]:
        """Call a service in a scope, with a session of just its account. Raises Refused and other Retryables."""
        silence = self._silent.get(scope)
        if silence is not None and self._clock() < silence.until:
            raise silence.error.with_traceback(None)
        try:
            client = self._client(scope, service)
            answer = call(client, operation, str(scope), self._advice(scope), **arguments)
        except Unanswered as error:
            pause = SHORTEST_PAUSE if silence is None else min(2 * silence.pause, LONGEST_PAUSE)
            self._silent[scope] = _Silence(self._clock() + pause, pause, error)
            raise
        except Refused as error:
            self._silent.pop(scope, None)
            if error.keys_invalid:
                self._sessions.pop(scope, None)
            raise
        self._silent.pop(scope, None)
        return answer

    def partition(self, scope: Scope) -> str:
        """The partition of a scope. Raises Misconfigured for a region that botocore cannot place."""
        try:
            return self._aws.partition(scope.region)
        except UnknownRegionError:
            raise Misconfigured(f"{scope}: no partition of AWS has a region {scope.region}") from None

    def _client(self, scope: Scope, service: str) -> Client:
        if scope == self.hub:
            return self._aws.client(service)
        session = self._sessions.get(scope)
        if session is None or self._clock() > session.expires - MARGIN:
            session = self._sessions[scope] = self._assume(scope)
        if service not in session.clients:
            session.clients[service] = self._aws.client_with(session.credentials, service, scope.region)
        return session.clients[service]

    def _assume(self, scope: Scope) -> _Session:
        if self._reader_role is None:
            raise Misconfigured(f"{scope}: cannot be read, since the settings name no reader role (`spokes`)")
        # The endpoint at hub: always enabled for us, and its tokens are good in every region.
        answer = call(
            self._aws.client("sts"),
            "assume_role",
            str(scope),
            self._advice(scope),
            RoleArn=self._reader_role.arn(self.partition(scope), scope),
            RoleSessionName=SESSION_NAME,
            ExternalId=self._reader_role.external_id,
        )
        account = str(answer["AssumedRoleUser"]["Arn"]).split(":")[4]
        if account != scope.account:
            raise Retryable(f"{scope}: the reader role's session is of account {account}; it is not used")
        keys = answer["Credentials"]
        credentials = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        return _Session(credentials, keys["Expiration"].timestamp())

    def _advice(self, scope: Scope) -> str:
        if scope == self.hub:
            return "check the policy of the function's role"
        role = f"{self._reader_role.name.strip('/')}-{scope.region}" if self._reader_role else "reader role"
        return f"check that the role {role} exists in account {scope.account} and trusts this function (module spoke)"
