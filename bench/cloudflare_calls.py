"""How many calls Cloudflare gets for 500 names in one batch: `python -m bench.cloudflare_calls`.

`2+3` means 2 reads and 3 writes. A zone is small when it fits in one page of 5,000 records. Where load balancers are
gone, the zone is listed once more after looking for heirs.
"""

from __future__ import annotations

from bench.world import SUFFIX, Bench, bench
from mesh_dns.core.values import LoadBalancerId
from mesh_dns.core.work import Check, Sweep, Work
from tests.doubles.inventory import HUB, InMemoryInventory, make

NAMES = 500
FOREIGN_IN_A_LARGE_ZONE = 6000
COLUMNS = ("create", "nothing to do", "replace all", "delete all")


def main() -> None:
    """Print the table."""
    print(f"| {NAMES} names, one zone | {' | '.join(COLUMNS)} | a replaced name's record |")
    print(f"|{'---|' * (len(COLUMNS) + 2)}")
    for title, foreign, known in (
        ("small zone", 0, True),
        ("large zone, at first sight", FOREIGN_IN_A_LARGE_ZONE, False),
        ("large zone, known", FOREIGN_IN_A_LARGE_ZONE, True),
    ):
        print(f"| {title} | {' | '.join(measure(foreign, known=known))} |")


def measure(foreign: int, *, known: bool) -> list[str]:
    """Reads and writes by column, and whether a replaced name kept its record."""
    inventory = InMemoryInventory()
    with bench(inventory, quota=foreign + NAMES) as hub:
        for number in range(foreign):
            hub.emulator.add_record(hub.zone_id, type="TXT", name=f"foreign{number}", content="x")
        if known:
            hub.provider.records(hub.zone_id, [])
        old = [inventory.put(make(number, f"c{number}.{SUFFIX}")) for number in range(NAMES)]
        counted = [_count(hub, [Check(HUB, frozenset({lb}), frees_nothing=True) for lb in old], known)]
        counted.append(_count(hub, _checks(old), known))
        before = hub.names()
        new = _replace(inventory, old, hub.now)
        counted.append(_count(hub, _checks([*old, *new]), known))
        kept = hub.names() == before
        for load_balancer in new:
            inventory.delete(load_balancer)
        hub.sweep(Sweep(HUB, override_guard=True))
        counted.append(_count(hub, hub.ripe_second_looks(), known))
        if hub.names():
            raise RuntimeError("names are left over")
    return [*counted, "stays" if kept else "IS MADE ANEW"]


def _checks(load_balancers: list[LoadBalancerId]) -> list[Work]:
    return [Check(HUB, frozenset({load_balancer})) for load_balancer in load_balancers]


def _replace(inventory: InMemoryInventory, old: list[LoadBalancerId], now: float) -> list[LoadBalancerId]:
    for load_balancer in old:
        inventory.delete(load_balancer)
    return [inventory.put(make(NAMES + number, f"c{number}.{SUFFIX}", created=now)) for number in range(NAMES)]


def _count(hub: Bench, work: list[Work], known: bool) -> str:
    if not known:
        hub.forget_zones()
    hub.emulator.calls.reset()
    failures = hub.run(*work)
    if failures:
        raise RuntimeError(f"{len(failures)} messages failed, for example: {next(iter(failures.values()))}")
    return f"{hub.emulator.calls.reads}+{hub.emulator.calls.writes}"


if __name__ == "__main__":
    main()
