"""How many calls Cloudflare gets for 500 names in one batch: `python -m bench.cloudflare_calls`.

`2+3` means 2 reads and 3 writes. A zone is small when it fits in one page of 5,000 records. The batches are of events;
what no event told takes one look more, to confirm it. Deleting takes two looks, and the zone is listed twice at each,
since between its lists all scopes are searched for heirs. 1,200 more names of ours stay, so that the mass-delete guard,
which counts shares, does not trip.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.world import SUFFIX, Bench, bench
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.core.work import Check, Event, EventKind, Work
from tests.doubles.inventory import HUB, InMemoryInventory, make

NAMES, OTHERS = 500, 1200
FOREIGN_IN_A_LARGE_ZONE = 6000
COLUMNS = (
    "create",
    "nothing to do",
    "replace all",
    "delete all: first looks",
    "second looks",
    "both",
    "a replaced name's record",
)


# What 500 names may cost that are deleted by both looks, in a zone whose size is known: reads and writes.
MOST_OF_A_DELETE = (4, 3)


def main() -> int:
    """Print the table; 1 when deletes cost more than they may."""
    missed = 0
    print(f"| {NAMES} names, one zone | {' | '.join(COLUMNS)} |")
    print(f"|{'---|' * (len(COLUMNS) + 1)}")
    for title, foreign, known in (
        ("small zone", 0, True),
        ("large zone, at first sight", FOREIGN_IN_A_LARGE_ZONE, False),
        ("large zone, known", FOREIGN_IN_A_LARGE_ZONE, True),
    ):
        cells, deletes = measure(foreign, known=known)
        print(f"| {title} | {' | '.join(cells)} |")
        if known and (deletes.reads > MOST_OF_A_DELETE[0] or deletes.writes > MOST_OF_A_DELETE[1]):
            print(f"MISSED: {title}: {deletes} to delete {NAMES} names")
            missed = 1
    return missed


@dataclass(frozen=True)
class Calls:
    """Of one batch, or of several."""

    reads: int
    writes: int

    def __add__(self, other: Calls) -> Calls:
        return Calls(self.reads + other.reads, self.writes + other.writes)

    def __str__(self) -> str:
        return f"{self.reads}+{self.writes}"


def measure(foreign: int, *, known: bool) -> tuple[list[str], Calls]:
    """The cells of a row, and what both looks of the deletes cost."""
    inventory = InMemoryInventory()
    with bench(inventory, quota=foreign + OTHERS + NAMES) as hub:
        for number in range(foreign):
            hub.emulator.add_record(hub.zone_id, type="TXT", name=f"foreign{number}", content="x")
        hub.run(*_events(hub, EventKind.CREATED, _create(hub, inventory, range(NAMES, NAMES + OTHERS))))
        old = _create(hub, inventory, range(NAMES))
        created = _events(hub, EventKind.CREATED, old)
        counted = [_count(hub, created, known), _count(hub, created, known)]
        before = hub.names()
        deleted = _delete(hub, inventory, old)
        new = _create(hub, inventory, range(NAMES), serial=NAMES + OTHERS)
        counted.append(_count(hub, [*deleted, *_events(hub, EventKind.CREATED, new)], known))
        kept = hub.names() == before
        first = _count(hub, _delete(hub, inventory, new), known)
        second = _count(hub, hub.second_looks(), known)
        if len(hub.names()) != OTHERS:
            raise RuntimeError(f"{len(hub.names())} names are left over")
    cells = [*map(str, (*counted, first, second, first + second)), "stays" if kept else "IS MADE ANEW"]
    return cells, first + second


def _create(hub: Bench, inventory: InMemoryInventory, names: Iterable[int], serial: int = 0) -> list[LoadBalancerId]:
    return [inventory.put(make(serial + name, f"c{name}.{SUFFIX}", created=hub.clock())) for name in names]


def _delete(hub: Bench, inventory: InMemoryInventory, load_balancers: Sequence[LoadBalancerId]) -> list[Work]:
    for load_balancer in load_balancers:
        inventory.delete(load_balancer)
    return _events(hub, EventKind.DELETED, load_balancers)


def _events(hub: Bench, told: EventKind, load_balancers: Iterable[LoadBalancerId]) -> list[Work]:
    return [Check(HUB, frozenset({load_balancer}), Event(told, hub.clock())) for load_balancer in load_balancers]


def _count(hub: Bench, work: Sequence[Work], known: bool) -> Calls:
    hub.forget_zones()
    if known:
        hub.know_zone()
    hub.emulator.calls.reset()
    failures = hub.run(*work)
    if failures:
        raise RuntimeError(f"{len(failures)} messages failed, for example: {next(iter(failures.values()))}")
    return Calls(hub.emulator.calls.reads, hub.emulator.calls.writes)


if __name__ == "__main__":
    sys.exit(main())
