"""The real `converge` with the real Cloudflare client on the emulator, over load balancers in memory."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from mesh_dns.converge import Converge
from mesh_dns.core.rules import Rules
from mesh_dns.core.work import Sweep, Work
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.errors import Retryable
from mesh_dns.ports import Inventory, KnownScopes
from sandbox.cloudflare import CloudflareEmulator
from tests.doubles.inventory import HUB
from tests.doubles.others import InMemoryOutbox, Told

SUFFIX = "mesh.example.com"
OWNER = "mesh-dns/1f0c9a3e"


class BenchToken:
    """The emulator's token."""

    name = "the bench"

    def __call__(self, *, refresh: bool = False) -> str:
        """Always the same."""
        return "bench"


class Bench:
    """One hub. `now` is its clock: it stands still unless it is moved."""

    def __init__(self, emulator: CloudflareEmulator, inventory: Inventory, quota: int) -> None:
        self.zone_id = emulator.add_zone(SUFFIX, quota=quota)
        emulator.add_token("bench", [self.zone_id])
        self.emulator = emulator
        self.inventory = inventory
        self.outbox = InMemoryOutbox()
        self.told = Told()
        self.now = time.time()
        self.rules = Rules(OWNER, {SUFFIX: self.zone_id}, {HUB.account: ("*",)})
        self.forget_zones()

    def forget_zones(self) -> None:
        """A new client: it met no large zone yet."""
        self.provider = Cloudflare(OWNER, BenchToken(), base_url=self.emulator.base_url)

    def run(self, *work: Work) -> Mapping[str, Retryable]:
        """One batch."""
        converge = Converge(
            self.inventory, self.provider, self.outbox, self.told, self.rules, lambda: self.now, dry_run=False
        )
        batch = {str(number): each for number, each in enumerate(work)}
        return converge(batch, KnownScopes(frozenset({HUB})), self.now + 100)

    def sweep(self, sweep: Sweep) -> None:
        """A sweep to its end, in as many runs as it takes."""
        self.run(sweep)
        while self.outbox.continuations:
            self.run(self.outbox.continuations.pop())

    def ripe_second_looks(self) -> list[Work]:
        """Let the grace pass; the second looks that were sent."""
        self.now += self.rules.grace
        looks: list[Work] = list(self.outbox.second_looks)
        self.outbox.second_looks.clear()
        return looks

    def names(self) -> Mapping[str, str]:
        """Name => record id, of our kind of records."""
        return {record.name: record.id for record in self.emulator.records(self.zone_id) if record.type == "CNAME"}


@contextmanager
def bench(inventory: Inventory, quota: int) -> Iterator[Bench]:
    """A hub with an emulator that runs."""
    with CloudflareEmulator(rate_limit=None) as emulator:
        yield Bench(emulator, inventory, quota)
