"""The real `converge` with the real Cloudflare client on the emulator, over load balancers in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mesh_dns.converge import converge
from mesh_dns.core.request import Request
from mesh_dns.core.rules import Rules
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.work import OwnMessage, Work
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.dns.provider import Provider
from mesh_dns.errors import Retryable
from mesh_dns.ports import Inventory, Ports, Reporter
from sandbox.cloudflare import CloudflareEmulator
from tests.doubles.hub import OWNER
from tests.doubles.inventory import HUB
from tests.doubles.others import InMemoryMemory, InMemoryOutbox, RememberingReporter

SUFFIX = "mesh.example.com"


class BenchToken:
    """The emulator's token."""

    name = "the bench"

    def __call__(self, *, refresh: bool = False) -> str:
        """Always the same."""
        return "bench"


class Bench:
    """One hub. Its clock is the real one, and can be put forward."""

    def __init__(self, emulator: CloudflareEmulator, inventory: Inventory, quota: int) -> None:
        self.zone_id = emulator.add_zone(SUFFIX, quota=quota)
        emulator.add_token("bench", [self.zone_id])
        self.emulator = emulator
        self.inventory = inventory
        self.skipped = 0.0
        self.outbox = InMemoryOutbox(self.clock)
        self.memory = InMemoryMemory(self.clock)
        self.told = RememberingReporter()
        self.rules = Rules(OWNER, {SUFFIX: self.zone_id}, {HUB.account: ("*",)})
        self.forget_zones()

    def clock(self) -> float:
        """Seconds since the epoch, and what was skipped."""
        return time.time() + self.skipped

    def forget_zones(self) -> None:
        """A new client: it met no large zone yet."""
        self.provider: Provider = Cloudflare(OWNER, BenchToken(), base_url=self.emulator.base_url, clock=self.clock)

    def know_zone(self) -> None:
        """The client has met the zone."""
        self.provider.read({self.zone_id: []}, self.clock() + 100)

    def ports(self, reporter: Reporter | None = None) -> Ports:
        """All of them."""
        return Ports(
            self.inventory, self.provider, self.outbox, self.memory, reporter or self.told, self.rules, self.clock
        )

    def run(self, *work: Work) -> Mapping[str, Retryable]:
        """One batch: which of its messages must come back."""
        request = Request({str(number): each for number, each in enumerate(work)})
        result = converge(self.ports(), request, KnownScopes(frozenset({HUB})), self.clock() + 100)
        return request.failures(result)

    def second_looks(self) -> list[OwnMessage]:
        """Let the grace pass; the messages that were sent."""
        self.skipped += self.rules.grace
        return self.outbox.take()

    def names(self) -> Mapping[str, str]:
        """Name => record id, of our kind of records."""
        return {record.name: record.id for record in self.emulator.records(self.zone_id) if record.type == "CNAME"}


@contextmanager
def bench(inventory: Inventory, quota: int) -> Iterator[Bench]:
    """A hub with an emulator that runs."""
    with CloudflareEmulator(rate_limit=None) as emulator:
        yield Bench(emulator, inventory, quota)
