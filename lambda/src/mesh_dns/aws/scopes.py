"""Credentials for each scope: the function's own role in the hub's, a reader role everywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import UnknownRegionError

from mesh_dns.aws.calls import REGION_DISABLED, ErrorAnswer, Unanswered, call, member, raise_while_left_alone
from mesh_dns.aws.clients import AwsClients, Client
from mesh_dns.aws.pacing import LONGEST_PAUSE, Bucket, Clock, Sleep
from mesh_dns.back_off import BackOff
from mesh_dns.core.values import Scope
from mesh_dns.credentials import Credentials
from mesh_dns.errors import Misconfigured, OutOfTime, Retryable

SESSION_NAME = "mesh-dns"
# Seconds before its end in which a session is not used any more: longer than a batch takes.
MARGIN = 300


@dataclass(frozen=True, slots=True)
class ReaderRole:
    """The reader role of a scope: `<name>-<region>` in its account. `name` may start with a path."""

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


@dataclass(slots=True)
class _State:
    """What is remembered of a scope. `opening`: held by the thread that gets a session or a client."""

    session: _Session | None = None
    buckets: dict[str, Bucket] = field(default_factory=dict)
    opening: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call, which may take two tries."""

    scope: Scope
    service: str
    operation: str
    deadline: float
    arguments: Mapping[str, object]


class Scopes:
    """Calls to AWS in any scope, by several threads. `hub` is where the function runs; `clock` in seconds since 1970.

    Without a reader role, the hub's scope is the only one that can be read.
    """

    def __init__(
        self, clients: AwsClients, hub: Scope, reader_role: ReaderRole | None, clock: Clock, sleep: Sleep = time.sleep
    ) -> None:
        self.hub = hub
        self._aws = clients
        self._reader_role = reader_role
        self._clock = clock
        self._sleep = sleep
        self._states: dict[Scope, _State] = {}
        self._back_off = BackOff(clock)
        # Accounts that have not enabled the hub's region.
        self._hub_region_off: set[str] = set()
        self._adding = threading.Lock()

    def call(
        self, scope: Scope, service: str, operation: str, deadline: float, **arguments: object
    ) -> Mapping[str, Any]:
        """Call a service in a scope, with a session of just its account, and once more if that may help.

        Each try waits for its turn, and none starts behind the deadline. Raises ErrorAnswer, Unanswered, OutOfTime and
        other Retryables.
        """
        state, bucket = self._state(scope, service)
        asked = _Asked(scope, service, operation, deadline, arguments)
        try:
            return self._try_twice(state, bucket, asked)
        except Unanswered as error:
            self._back_off.lengthen(scope, str(error))
            raise

    def partition(self, scope: Scope) -> str:
        """The partition of a scope. Raises Misconfigured for a region that botocore cannot place."""
        try:
            return self._aws.partition(scope.region)
        except UnknownRegionError:
            raise Misconfigured(f"{scope}: no partition of AWS has a region {scope.region}") from None

    def _try_twice(self, state: _State, bucket: Bucket, asked: _Asked) -> Mapping[str, Any]:
        first: ErrorAnswer | Unanswered
        try:
            return self._try(state, bucket, asked)
        except Unanswered as error:
            first = error
        except ErrorAnswer as error:
            if not _may_help(error, asked.scope == self.hub):
                raise
            first = error
        try:
            return self._try(state, bucket, asked)
        except OutOfTime:
            raise first from None  # it was asked once, and this came of it

    def _try(self, state: _State, bucket: Bucket, asked: _Asked) -> Mapping[str, Any]:
        raise_while_left_alone(self._back_off, asked.scope)
        try:
            with state.opening:
                client = self._client(state, asked)
            bucket.take(asked.deadline)
            answer = call(client, asked.operation, str(asked.scope), self._advice(asked.scope), **asked.arguments)
        except ErrorAnswer as error:
            self._back_off.end(asked.scope)
            if error.throttled:
                bucket.throttled(error.after)
            if error.keys_invalid:
                state.session = None
            raise
        self._back_off.end(asked.scope)
        return answer

    def _state(self, scope: Scope, service: str) -> tuple[_State, Bucket]:
        with self._adding:
            state = self._states.setdefault(scope, _State())
            return state, state.buckets.setdefault(service, Bucket(self._clock, self._sleep))

    def _client(self, state: _State, asked: _Asked) -> Client:
        scope, service = asked.scope, asked.service
        if scope == self.hub:
            return self._aws.client(service)
        session = state.session
        if session is None or self._clock() > session.expires - MARGIN:
            # Another thread may have asked for one meanwhile, without an answer.
            raise_while_left_alone(self._back_off, scope)
            try:
                session = state.session = self._assume(scope, asked.deadline)
            except Unanswered as error:
                self._back_off.lengthen(scope, str(error))
                raise
        if service not in session.clients:
            session.clients[service] = self._aws.client_with(session.credentials, service, scope.region)
        return session.clients[service]

    def _assume(self, scope: Scope, deadline: float) -> _Session:
        if self._reader_role is None:
            raise Misconfigured(f"{scope}: cannot be read, since the settings name no reader role (`spokes`)")
        answer = self._assume_by_sts(scope, self._reader_role, deadline)
        part = partial(member, secret=True)
        account = str(part(part(answer, "AssumedRoleUser"), "Arn")).split(":")[4]
        if account != scope.account:
            raise Retryable(f"{scope}: the reader role's session is of account {account}; it is not used")
        keys = part(answer, "Credentials")
        credentials = Credentials(*(part(keys, key) for key in ("AccessKeyId", "SecretAccessKey", "SessionToken")))
        return _Session(credentials, part(keys, "Expiration").timestamp())

    def _assume_by_sts(self, scope: Scope, role: ReaderRole, deadline: float) -> Mapping[str, Any]:
        """By the endpoint in the hub's region, or in the partition's main one for accounts that have the hub's off.

        Tokens of either are good in every region of the account.
        """
        off = scope.account in self._hub_region_off
        region = self._aws.main_region() if off else self.hub.region
        if self._clock() >= deadline:
            raise OutOfTime("not asked: the function's time was up")
        try:
            return call(
                self._aws.client("sts", region),
                "assume_role",
                str(scope),
                self._advice(scope),
                RoleArn=role.arn(self.partition(scope), scope),
                RoleSessionName=SESSION_NAME,
                ExternalId=role.external_id,
            )
        except ErrorAnswer as error:
            if error.code != REGION_DISABLED or region == self._aws.main_region():
                raise
        self._hub_region_off.add(scope.account)
        return self._assume_by_sts(scope, role, deadline)

    def _advice(self, scope: Scope) -> str:
        if scope == self.hub:
            return "check the policy of the function's role"
        role = f"{self._reader_role.name.strip('/')}-{scope.region}" if self._reader_role else "reader role"
        return f"check that the role {role} exists in account {scope.account} and trusts this function (module spoke)"


def _may_help(error: ErrorAnswer, in_hub: bool) -> bool:
    """Whether to try again right away. New keys may help only where we get them."""
    if error.keys_invalid:
        return not in_hub
    return error.passing and (error.after or 0.0) <= LONGEST_PAUSE
