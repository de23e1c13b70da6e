"""One world per implementation of `Provider`: the provider, and hands that reach behind its back."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from mesh_dns.core.mark import comment_for
from mesh_dns.core.values import Action, Change, Kind, LoadBalancerId, Record
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.dns.provider import Denied, Provider, RateLimited, Unavailable
from mesh_dns.errors import Retryable
from sandbox.cloudflare import CloudflareEmulator, FaultKind
from tests.doubles.hub import OWNER
from tests.doubles.others import VirtualClock
from tests.doubles.provider import InMemoryProvider

ZONE = "mesh.example.com"
ZONE_ID = "023e105f4ecef8ad9ca31a8372d0c353"
TOKEN = "wkCs1hFvO2dzaMPUnqNdfXpRvCsHhO9yHExAmPlE"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mesh-dns-token"
LOAD_BALANCER = LoadBalancerId(
    "eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188"
)
TARGET = "k8s-kubesyst-clusterm-0123456789-50dc6c495c0c9188.elb.eu-west-1.amazonaws.com"
MARK = comment_for(OWNER, LOAD_BALANCER)
NO_DEADLINE = 1e12


def records(provider: Provider, names: Collection[str] = (), zone_id: str = ZONE_ID) -> Sequence[Record]:
    """One zone, or why it could not be read, raised."""
    answer = provider.read({zone_id: names}, NO_DEADLINE)[zone_id]
    if isinstance(answer, Retryable):
        raise answer
    return answer


def named(label: str) -> str:
    """The name of a label in the zone; `@` is the apex."""
    return ZONE if label == "@" else f"{label}.{ZONE}"


def create(label: str, content: str = TARGET, *, ttl: int = 60, comment: str = MARK) -> Change:
    return Change(Action.CREATE, ZONE_ID, f"{label}.{ZONE}", LOAD_BALANCER, content=content, ttl=ttl, comment=comment)


def update(record: Record, content: str, *, ttl: int = 60, comment: str = MARK) -> Change:
    return Change(Action.UPDATE, ZONE_ID, record.name, LOAD_BALANCER, record.id, content, ttl, comment)


def delete(record: Record) -> Change:
    return Change(Action.DELETE, ZONE_ID, record.name, LOAD_BALANCER, record.id)


class SuppliedToken:
    """A token as its supplier would hand it out; `stored` is what a refresh brings."""

    def __init__(self, value: str = TOKEN) -> None:
        self.name = SECRET
        self.stored = value
        self.refreshes = 0
        self._cached = value

    def __call__(self, *, refresh: bool = False) -> str:
        if refresh:
            self.refreshes += 1
            self._cached = self.stored
        return self._cached


class World(Protocol):
    provider: Provider

    def seed(self, record_type: str, label: str, content: str, **fields: object) -> Record:
        """A record that a foreign hand makes."""
        ...

    def remove(self, record: Record) -> None:
        """A foreign hand deletes a record."""
        ...

    def kept(self) -> Sequence[Record]:
        """What the zone really holds, by name."""
        ...

    def set_quota(self, records: int) -> None: ...

    def refuse_name(self, label: str) -> None:
        """Refuse what would write this name, without saying that it was this one."""
        ...

    def limit_rate(self, seconds: float) -> None:
        """Answer the next call with a request for a pause."""
        ...

    def lose_answer(self, *, after_commit: bool) -> None:
        """Do the next write, or not, and never answer."""
        ...

    def deny(self) -> None:
        """Take the permission on the zone away."""
        ...


class CloudflareWorld:
    """The real client against the emulator, over HTTP; `large`: the zone does not fit in a page.

    `patience`: seconds that the client waits for an answer.
    """

    def __init__(self, emulator: CloudflareEmulator, *, large: bool = False, patience: float = 10) -> None:
        self.clock = VirtualClock(time.time())
        self.emulator = emulator
        self.token = SuppliedToken()
        emulator.add_zone(ZONE, ZONE_ID)
        emulator.add_token(TOKEN, [ZONE_ID])
        self.provider = Cloudflare(
            OWNER,
            self.token,
            base_url=emulator.base_url,
            page_size=2 if large else 5000,
            read_timeout=patience,
            write_timeout=patience,
            clock=self.clock,
        )
        self._filler = 3 if large else 0
        for number in range(self._filler):
            emulator.add_record(ZONE_ID, type="TXT", name=f"filler{number}", content="x")

    def seed(self, record_type: str, label: str, content: str, **fields: object) -> Record:
        name = named(label)
        stored = self.emulator.add_record(ZONE_ID, type=record_type, name=name, content=content, **fields)
        return next(record for record in self.kept() if record.id == stored.id)

    def remove(self, record: Record) -> None:
        self.emulator.delete_record(ZONE_ID, record.id)

    def kept(self) -> Sequence[Record]:
        return [
            Record(
                r.id,
                ZONE_ID,
                r.name,
                r.type,
                r.content.lower(),
                r.ttl,
                r.proxied,
                r.comment or "",
                edited=datetime.fromisoformat(r.modified_on).timestamp(),
                made=datetime.fromisoformat(r.created_on).timestamp(),
            )
            for r in self.emulator.records(ZONE_ID)
            if not r.name.startswith("filler")
        ]

    def set_quota(self, records: int) -> None:
        self.emulator.set_quota(ZONE_ID, records + self._filler)

    def refuse_name(self, label: str) -> None:
        self.emulator.faults.reject_name(f"{label}.{ZONE}")

    def limit_rate(self, seconds: float) -> None:
        self.emulator.faults.inject(FaultKind.RATE_LIMITED, seconds=seconds)

    def lose_answer(self, *, after_commit: bool) -> None:
        kind = FaultKind.TIMEOUT_AFTER_COMMIT if after_commit else FaultKind.TIMEOUT_BEFORE_COMMIT
        self.emulator.faults.inject(kind, seconds=0.1)

    def deny(self) -> None:
        self.emulator.add_token(TOKEN, [])


class InMemoryWorld:
    """The test double that the simulation runs on."""

    def __init__(self) -> None:
        self.provider = self._double = InMemoryProvider(apexes={ZONE_ID: ZONE}, clock=time.time)

    def seed(self, record_type: str, label: str, content: str, **fields: object) -> Record:
        added = self._double.add(named(label), record_type, content, zone_id=ZONE_ID)
        record = replace(added, **fields)  # type: ignore[arg-type]
        self._double.records_by_id[record.id] = record
        return record

    def remove(self, record: Record) -> None:
        del self._double.records_by_id[record.id]

    def kept(self) -> Sequence[Record]:
        return sorted(self._double.records_by_id.values(), key=lambda record: record.name)

    def set_quota(self, records: int) -> None:
        self._double.quota = records

    def refuse_name(self, label: str) -> None:
        self._double.poison.add(f"{label}.{ZONE}")

    def limit_rate(self, seconds: float) -> None:
        self._double.before = _failing(RateLimited("slow down", after=seconds))

    def lose_answer(self, *, after_commit: bool) -> None:
        failing = _failing(Unavailable("no answer"))
        if after_commit:
            self._double.after = failing
        else:
            self._double.before = failing

    def deny(self) -> None:
        self._double.before = _failing(Denied("no permission"), once=False)


def _failing(error: Exception, *, once: bool = True) -> Callable[[str], None]:
    errors = [error]

    def fail(_call: str) -> None:
        if errors:
            raise errors.pop() if once else errors[0]

    return fail
