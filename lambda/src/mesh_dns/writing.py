"""Writing: carry decisions out in as few transactions as possible, and find the one that spoils a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mesh_dns.core.decision import Decision
from mesh_dns.core.values import Action, Change, LoadBalancerId
from mesh_dns.dns.provider import BatchRejected, Provider, QuotaReached, RateLimited
from mesh_dns.errors import Retryable

# Extra calls that rejected batches may cause in one run, all zones together.
EXTRA_CALLS = 40


class OutOfTime(Retryable):
    """The function's time was up before this was written."""


@dataclass
class Writer:
    """Applies decisions zone by zone.

    `replan(zone_id, hostnames)` lists the zone again and decides these names anew, as far as that is possible without
    asking AWS again; raises Retryable.
    `settled`: by hostname and load balancer, the decision that counts in the end with what came of it: None, or why it
    was not written.
    """

    provider: Provider
    replan: Callable[[str, frozenset[str]], Sequence[Decision]]
    out_of_time: Callable[[], bool]
    rate_limit: RateLimited | None = None
    settled: dict[tuple[str, LoadBalancerId], tuple[Decision, Retryable | None]] = field(default_factory=dict)
    _extra_calls: int = EXTRA_CALLS
    _full_zones: set[str] = field(default_factory=set)

    def apply(self, zone_id: str, decisions: Sequence[Decision]) -> None:
        """Write the changes of these decisions, all of one zone, in their order."""
        size = self.provider.batch_size
        for start in range(0, len(decisions), size):
            chunk = decisions[start : start + size]
            if self.rate_limit is not None:
                self._settle(chunk, self.rate_limit)
            elif self.out_of_time():
                self._settle(chunk, OutOfTime("the function's time was up", after=0))
            else:
                self._write(zone_id, chunk)

    def _write(self, zone_id: str, chunk: Sequence[Decision]) -> None:
        rejection = self._try(zone_id, chunk)
        if rejection is None:
            return
        try:
            self._spend_call()
            decisions = self.replan(zone_id, frozenset(decision.hostname for decision in chunk))
        except Retryable as error:
            self._settle(chunk, error)
            return
        decided = {decision.hostname for decision in decisions}
        undecided = [decision for decision in chunk if decision.hostname not in decided]
        self._settle(undecided, Retryable("something changed while it was written; it is decided anew"))
        self._settle([decision for decision in decisions if decision.change is None], None)
        self._write_or_halve(zone_id, [decision for decision in decisions if decision.change is not None])

    def _write_or_halve(self, zone_id: str, chunk: Sequence[Decision]) -> None:
        if not chunk:
            return
        try:
            self._spend_call()
        except Retryable as error:
            self._settle(chunk, error)
            return
        rejection = self._try(zone_id, chunk)
        if rejection is None:
            return
        if len(chunk) == 1:
            self._settle(chunk, rejection)
            return
        middle = len(chunk) // 2
        self._write_or_halve(zone_id, chunk[:middle])
        self._write_or_halve(zone_id, chunk[middle:])

    def _try(self, zone_id: str, chunk: Sequence[Decision]) -> BatchRejected | None:
        """One transaction. Settles the chunk, unless the provider refused it without saying which item it was."""
        creates = [decision for decision in chunk if _creates(decision)]
        if zone_id in self._full_zones and creates:
            self._settle(creates, QuotaReached("the zone is full"))
            chunk = [decision for decision in chunk if not _creates(decision)]
        if not chunk:
            return None
        if self.rate_limit is not None:
            self._settle(chunk, self.rate_limit)
            return None
        try:
            self.provider.apply(zone_id, _changes(chunk))
        except QuotaReached as error:
            self._full_zones.add(zone_id)
            creates = [decision for decision in chunk if _creates(decision)]
            self._settle(creates, error)
            rest = [decision for decision in chunk if not _creates(decision)]
            return self._try(zone_id, rest)
        except BatchRejected as error:
            return error
        except RateLimited as error:
            self.rate_limit = error
            self._settle(chunk, error)
        except Retryable as error:
            self._settle(chunk, error)
        else:
            self._settle(chunk, None)
        return None

    def _spend_call(self) -> None:
        if self._extra_calls == 0:
            raise Retryable("too many rejected batches in one run")
        self._extra_calls -= 1

    def _settle(self, decisions: Sequence[Decision], error: Retryable | None) -> None:
        for decision in decisions:
            self.settled[decision.hostname, decision.load_balancer] = (decision, error)


def _creates(decision: Decision) -> bool:
    return decision.change is not None and decision.change.action is Action.CREATE


def _changes(decisions: Sequence[Decision]) -> list[Change]:
    return [decision.change for decision in decisions if decision.change is not None]
