"""Which scopes are known, and when each was last heard of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mesh_dns.aws.calls import Refused, call
from mesh_dns.aws.clients import AwsClients
from mesh_dns.core.values import Scope

# Seconds for which what was read is good enough: a batch and those right behind it.
MAX_AGE = 60
# An announcement is written down when the last one is older than this part of a sweep period.
_WORTH_WRITING = 1 / 3
# A scope that was not heard of for three sweep periods is silent; what is written may be a little older than the truth.
_SILENT_AFTER_PERIODS = 3 + _WORTH_WRITING

_NAME = re.compile(r"([0-9]{12})/([a-z0-9-]+)")
_PAGE_SIZE = 10  # the most that GetParametersByPath gives
_ADVICE = "check the policy of the function's role"


class HubOnly:
    """The `Register` of a hub without spokes: only its own scope is known."""

    open = False

    def __init__(self, hub: Scope) -> None:
        self._hub = hub

    def known(self) -> frozenset[Scope]:
        """Home."""
        return frozenset({self._hub})

    def silent(self) -> frozenset[Scope]:
        """None: if hub falls silent, no sweep completes, and that has an alarm of its own."""
        return frozenset()

    def announce(self, scope: Scope) -> None:
        """Nothing to remember."""

    def release(self, scope: Scope) -> None:
        """Nothing to forget."""


class ParameterRegister:
    """A `Register` of SSM parameters: `<path>/<account>/<region>` holds the time of the last announcement.

    If they are lost, the next sweeps write them again. `sweep_period` in seconds, `clock` in seconds since the epoch.
    """

    open = True

    def __init__(
        self, clients: AwsClients, path: str, hub: Scope, sweep_period: float, clock: Callable[[], float]
    ) -> None:
        self._clients = clients
        self._path = path.rstrip("/")
        self._hub = hub
        self._sweep_period = sweep_period
        self._clock = clock
        self._heard: dict[Scope, float] = {}
        self._read_at: float | None = None

    def known(self) -> frozenset[Scope]:
        """Home, and one scope for each parameter."""
        return frozenset({self._hub, *self._last_heard()})

    def silent(self) -> frozenset[Scope]:
        """Those whose parameter was not written for three periods."""
        oldest = self._clock() - _SILENT_AFTER_PERIODS * self._sweep_period
        return frozenset(scope for scope, heard in self._last_heard().items() if heard < oldest)

    def announce(self, scope: Scope) -> None:
        """Write the parameter, unless that was done a short while ago."""
        now = self._clock()
        if scope == self._hub or now - self._last_heard().get(scope, 0.0) < self._sweep_period * _WORTH_WRITING:
            return
        self._call("put_parameter", Name=self._name(scope), Value=str(int(now)), Type="String", Overwrite=True)
        self._heard[scope] = now

    def release(self, scope: Scope) -> None:
        """Delete the parameter."""
        try:
            self._call("delete_parameter", Name=self._name(scope))
        except Refused as error:
            if error.code != "ParameterNotFound":
                raise
        self._heard.pop(scope, None)

    def _last_heard(self) -> Mapping[Scope, float]:
        now = self._clock()
        if self._read_at is None or now - self._read_at > MAX_AGE:
            self._heard = self._read()
            self._read_at = now
        return self._heard

    def _read(self) -> dict[Scope, float]:
        heard: dict[Scope, float] = {}
        position: dict[str, object] = {}
        while True:
            answer = self._call(
                "get_parameters_by_path", Path=self._path, Recursive=True, MaxResults=_PAGE_SIZE, **position
            )
            for parameter in answer["Parameters"]:
                match = _NAME.fullmatch(parameter["Name"].removeprefix(f"{self._path}/"))
                if match:
                    heard[Scope(match[1], match[2])] = _seconds(parameter["Value"])
            if not answer.get("NextToken"):
                return heard
            position = {"NextToken": answer["NextToken"]}

    def _call(self, operation: str, **arguments: object) -> Mapping[str, list[Mapping[str, str]]]:
        return call(self._clients.client("ssm"), operation, str(self._hub), _ADVICE, **arguments)

    def _name(self, scope: Scope) -> str:
        return f"{self._path}/{scope.account}/{scope.region}"


def _seconds(value: str) -> float:
    """What somebody else wrote counts as never heard: the scope stays known, and shows as silent."""
    return float(value) if value.isdecimal() else 0.0
