"""How many calls Cloudflare gets for 500 names: `PYTHONPATH=lambda/src python -m bench.cloudflare_calls`.

Counted on the emulator, with the real client over HTTP: each column lists the zone, takes the changes that
are needed from what it read, and writes them in batches. `1+3` means 1 read and 3 writes. A zone is small
when it fits in one page of 5,000 records; "met" is the first time that a client sees a large one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mesh_dns.core.model import Action, Change, Kind, LoadBalancerId, Record
from mesh_dns.core.ownership import mark, served_by
from mesh_dns.dns.cloudflare import Cloudflare
from sandbox.cloudflare import CloudflareEmulator

NAMES = 500
FOREIGN_IN_A_LARGE_ZONE = 6000
SUFFIX = "mesh.example.com"
OWNER = "mesh-dns/1f0c9a3e"
LOAD_BALANCER = LoadBalancerId(
    "eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188"
)
COLUMNS = ("create", "nothing to do", "change all", "delete all")


class BenchToken:
    """The emulator's token."""

    name = "the bench"

    def __call__(self, *, refresh: bool = False) -> str:
        """Always the same."""
        return "bench"


@dataclass(frozen=True, slots=True)
class Row:
    """Calls by column, and whether each change kept its record's id."""

    title: str
    calls: Mapping[str, str]
    in_place: bool


def targets(version: str) -> dict[str, str]:
    """Hostname => target, all different."""
    return {f"cluster{n}.{SUFFIX}": f"k8s-{n}-{version}.elb.eu-west-1.amazonaws.com" for n in range(NAMES)}


def needed(zone_id: str, wanted: Mapping[str, str], records: Mapping[str, Record]) -> list[Change]:
    """The changes that make our records say what is wanted."""
    comment = mark(OWNER, LOAD_BALANCER)
    changes = []
    for name, target in wanted.items():
        record = records.get(name)
        if record is None:
            action, record_id = Action.CREATE, ""
        elif record.content != target:
            action, record_id = Action.UPDATE, record.id
        else:
            continue
        changes.append(Change(action, zone_id, name, LOAD_BALANCER, record_id, target, 60, comment))
    for name in records.keys() - wanted.keys():
        changes.append(Change(Action.DELETE, zone_id, name, LOAD_BALANCER, records[name].id))
    return changes


def converge(client: Cloudflare, zone_id: str, wanted: Mapping[str, str], names: list[str]) -> None:
    """List once, write what is needed."""
    read = client.records(zone_id, names)
    changes = needed(zone_id, wanted, {r.name: r for r in read if served_by(OWNER, r) is not None})
    for start in range(0, len(changes), client.batch_size):
        client.apply(zone_id, changes[start : start + client.batch_size])


def measure(title: str, foreign: int, *, met_before: bool) -> Row:
    """Count the calls of each column in one zone."""
    old, new = targets("old"), targets("new")
    with CloudflareEmulator() as emulator:
        zone_id = emulator.add_zone(SUFFIX, quota=foreign + NAMES)
        emulator.add_token("bench", [zone_id])
        for number in range(foreign):
            emulator.add_record(zone_id, type="TXT", name=f"foreign{number}", content="x")
        client = Cloudflare(OWNER, BenchToken(), base_url=emulator.base_url)
        calls, ids = {}, []
        for column, wanted in zip(COLUMNS, (old, old, new, {}), strict=True):
            if met_before:
                client.records(zone_id, [])
            else:
                client = Cloudflare(OWNER, BenchToken(), base_url=emulator.base_url)
            emulator.calls.reset()
            converge(client, zone_id, wanted, list(old))
            calls[column] = f"{emulator.calls.reads}+{emulator.calls.writes}"
            ids.append({r.name: r.id for r in emulator.records(zone_id) if r.type == "CNAME"})
    if ids[0].keys() != old.keys() or ids[3]:
        raise RuntimeError("the names did not come out right")
    return Row(title, calls, in_place=ids[0] == ids[1] == ids[2])


def main() -> None:
    """Print the table."""
    rows = [
        measure("small zone", 0, met_before=False),
        measure("large zone, met", FOREIGN_IN_A_LARGE_ZONE, met_before=False),
        measure("large zone, known", FOREIGN_IN_A_LARGE_ZONE, met_before=True),
    ]
    print(f"| {NAMES} names, one zone | {' | '.join(COLUMNS)} | a changed record |")
    print(f"|{'---|' * (len(COLUMNS) + 2)}")
    for row in rows:
        counted = " | ".join(row.calls[column] for column in COLUMNS)
        print(f"| {row.title} | {counted} | {'keeps its id' if row.in_place else 'IS MADE ANEW'} |")


if __name__ == "__main__":
    main()
