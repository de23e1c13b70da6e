"""Writing decisions in few transactions. A name that cannot be written does not hold up the others."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from mesh_dns.core.decision import Decision, Reason
from mesh_dns.core.report import Key, Written, key_of
from mesh_dns.core.values import Action, Change
from mesh_dns.dns.provider import Denied, Provider, QuotaReached, RateLimited, TransactionRejected
from mesh_dns.errors import OutOfTime, Retryable

# Extra calls that rejected transactions may cause in one invocation: a twelfth of what Cloudflare allows in 5 minutes.
EXTRA_CALLS = 100
# Returned hostnames are written in at most this many groups, so up to this many are written singly.
GROUPS_OF_RETURNED = 40


@dataclass
class Writer:
    """Applies decisions zone by zone.

    replan(zone_id, hostnames)  lists the zone again and decides these names anew, without asking AWS again; raises
                                Retryable
    suspects                    hostnames that the provider refused lately => when last: written last, after everything
                                in every zone, the one that waited longest first; left over, they are refusals
    returned                    hostnames of messages that came back: written first, apart from the others
    turn                        rotates the order of those, so that the last ones are not always the same

    Edits and creates never share a transaction. A rejected one is decided anew, then split, between load
    balancers first. Once a quarter of it is bad, the rest is written singly. What is rejected alone becomes a refusal.
    """

    provider: Provider
    replan: Callable[[str, frozenset[str]], Sequence[Decision]]
    out_of_time: Callable[[], bool]
    suspects: Mapping[str, float] = field(default_factory=dict)
    returned: Collection[str] = ()
    turn: int = 0
    extra_calls: int = EXTRA_CALLS
    limited: dict[str, RateLimited] = field(default_factory=dict)
    written: dict[Key, Written] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def write(self, decisions: Sequence[Decision]) -> dict[Key, Written]:
        """Write what has a change. Returns what came of each."""
        zones: dict[str, list[Decision]] = defaultdict(list)
        for decision in decisions:
            if decision.change is not None:
                zones[decision.change.zone_id].append(decision)
        several = [
            _Zone(self, zone_id, sorted(of_zone, key=lambda d: (d.load_balancer, d.hostname)))
            for zone_id, of_zone in sorted(zones.items())
        ]
        for zone in several:
            zone.write()
        for zone in several:
            zone.write_suspects()
        return self.written

    def note(self, decisions: Sequence[Decision], failure: Retryable | None) -> None:
        """Keep what came of decisions; the last note about one counts."""
        for decision in decisions:
            self.written[key_of(decision)] = Written(decision, failure)

    def refuse(self, decisions: Sequence[Decision], reason: Reason, detail: str) -> None:
        """Note that decisions are refused, which fails no message."""
        for each in decisions:
            self.written[key_of(each)] = Written(replace(each, reason=reason, detail=detail, change=None))


class _Stop(Exception):
    """Nothing more can be written in this zone now. `error`: why."""

    def __init__(self, error: Retryable) -> None:
        self.error = error


class _Enough(_Stop):
    """No extra calls are left to split the current chunk. The next chunks are still tried once."""


@dataclass
class _Zone:
    """The writes of one run in one zone.

    `full`: what the provider said when the zone took no more records. `current`: the chunk that is written now. `bad`:
    how many of it were rejected alone. `stopped`: why nothing more can be written.
    """

    writer: Writer
    zone_id: str
    decisions: Sequence[Decision]
    full: QuotaReached | None = None
    bad: int = 0
    current: Sequence[Decision] = ()
    stopped: Retryable | None = None

    def write(self) -> None:
        """All but suspects."""
        others = [each for each in self.decisions if each.hostname not in self.writer.suspects]
        returned = [each for each in others if each.hostname in self.writer.returned]
        fresh = [each for each in others if each.hostname not in self.writer.returned]
        self._write_chunks(
            [
                *_chunks(_turned(returned, self.writer.turn), -(-len(returned) // GROUPS_OF_RETURNED)),
                *_chunks(fresh, self.writer.provider.transaction_size),
            ]
        )

    def write_suspects(self) -> None:
        """Each of them singly."""
        refused = self.writer.suspects
        suspects = [each for each in self.decisions if each.hostname in refused]
        if self.stopped is None:
            self._write_chunks([*_chunks(sorted(suspects, key=lambda each: refused[each.hostname]), 1)])
        else:
            self._give_up(suspects, self.stopped)

    def _write_chunks(self, chunks: Sequence[Sequence[Decision]]) -> None:
        waiting = deque(chunks)
        try:
            while waiting:
                self.current, self.bad = waiting.popleft(), 0
                self._write_current()
        except _Stop as stop:
            self.stopped = stop.error
            self._give_up([*self.current, *chain.from_iterable(waiting)], stop.error)

    def _write_current(self) -> None:
        try:
            if self.current[0].hostname in self.writer.suspects:
                self._write_or_split(self.current, len(self.current))
            else:
                self._write_anew()
        except _Enough as enough:
            self._give_up(self.current, enough.error)

    def _give_up(self, decisions: Sequence[Decision], error: Retryable) -> None:
        left = [each for each in decisions if key_of(each) not in self.writer.written]
        if isinstance(error, Denied):
            self.writer.refuse(left, Reason.ZONE_DENIED, str(error))
            return
        suspects = [each for each in left if each.hostname in self.writer.suspects]
        self.writer.refuse(suspects, Reason.PROVIDER_REFUSES, f"refused lately, and not tried again: {error}")
        self.writer.note([each for each in left if each not in suspects], error)

    def _write_anew(self) -> None:
        """Write the current chunk; when it is rejected, decide it anew on a new list before it is split."""
        chunk = self.current
        rejection = self._try(chunk)
        if rejection is None:
            return
        if isinstance(rejection, QuotaReached):
            self._split(chunk, len(chunk))
            return
        self._spend_call()
        try:
            again = self.writer.replan(self.zone_id, frozenset(each.hostname for each in chunk))
        except Retryable as error:
            raise _Stop(error) from None
        decided = {each.hostname for each in again}
        changed = Retryable("something changed while it was written; it is decided anew")
        self.writer.note([each for each in chunk if each.hostname not in decided], changed)
        self.writer.note([each for each in again if each.change is None], None)
        self.current = [each for each in again if each.change is not None]
        for part in _chunks(self.current, self.writer.provider.transaction_size):
            self._write_or_split(part, len(self.current))

    def _write_or_split(self, group: Sequence[Decision], size: int) -> None:
        """Write a part of a chunk of `size` that was rejected."""
        if len(group) > 1 and 4 * self.bad >= size:
            for each in group:
                self._write_or_split([each], size)
            return
        self._spend_call()
        rejection = self._try(group)
        if rejection is None:
            return
        if len(group) > 1:
            self._split(group, size)
            return
        self.bad += 1
        if isinstance(rejection, QuotaReached):
            self.full = rejection
        else:
            self.writer.refused.add(group[0].hostname)
        self.writer.refuse(group, Reason.PROVIDER_REFUSES, str(rejection))

    def _split(self, group: Sequence[Decision], size: int) -> None:
        middle = _middle(group)
        self._write_or_split(group[:middle], size)
        self._write_or_split(group[middle:], size)

    def _try(self, chunk: Sequence[Decision]) -> TransactionRejected | None:
        """One transaction. Notes what came of it, except when it was rejected: that is returned."""
        if self.full is not None:
            self.writer.refuse([each for each in chunk if _creates(each)], Reason.PROVIDER_REFUSES, str(self.full))
            chunk = [each for each in chunk if not _creates(each)]
        if not chunk:
            return None
        token = self.writer.provider.token_name(self.zone_id)
        if token in self.writer.limited:
            raise _Stop(self.writer.limited[token])
        if self.writer.out_of_time():
            raise _Stop(OutOfTime("the function's time was up"))
        try:
            self.writer.provider.apply(self.zone_id, _changes(chunk))
        except TransactionRejected as error:
            return error
        except RateLimited as error:
            self.writer.limited[token] = error
            raise _Stop(error) from None
        except Retryable as error:
            raise _Stop(error) from None
        self.writer.note(chunk, None)
        return None

    def _spend_call(self) -> None:
        if self.writer.extra_calls == 0:
            raise _Enough(Retryable("the provider rejected too much in this run"))
        self.writer.extra_calls -= 1


def _middle(group: Sequence[Decision]) -> int:
    """Where to split: between two load balancers, as near to the middle as possible, or else in the middle."""
    half = len(group) // 2
    borders = [i for i in range(1, len(group)) if group[i - 1].load_balancer != group[i].load_balancer]
    return min(borders, key=lambda border: abs(border - half), default=half)


def _chunks(decisions: Sequence[Decision], size: int) -> Iterator[Sequence[Decision]]:
    """Chunks of edits, then chunks of creates: never both in one."""
    edits = [each for each in decisions if not _creates(each)]
    creates = [each for each in decisions if _creates(each)]
    for some in (edits, creates):
        for start in range(0, len(some), max(1, size)):
            yield some[start : start + size]


def _turned(decisions: Sequence[Decision], turn: int) -> Sequence[Decision]:
    if not decisions:
        return decisions
    start = turn % len(decisions)
    return [*decisions[start:], *decisions[:start]]


def _creates(decision: Decision) -> bool:
    return decision.change is not None and decision.change.action is Action.CREATE


def _changes(decisions: Sequence[Decision]) -> list[Change]:
    return [decision.change for decision in decisions if decision.change is not None]
