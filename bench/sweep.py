"""What a sweep of 3,000 tagged load balancers costs: `python -m bench.sweep`.

AWS is answered from memory through real botocore clients, Cloudflare by the emulator over HTTP. The memory is this
process's peak, emulators and all.
"""

from __future__ import annotations

import resource
import time
from collections import Counter

from bench.world import SUFFIX, Bench, bench
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import Scopes
from mesh_dns.core.work import Sweep
from tests.doubles.inventory import HUB, TAG, make_id
from tests.unit.aws.fake_aws import Balancer, FakeAws

LOAD_BALANCERS = 3000


def main() -> None:
    """Print the table."""
    aws = FakeAws()
    for number in range(LOAD_BALANCERS):
        dns_name = f"lb-{number}.elb.{HUB.region}.amazonaws.com"
        aws.add(Balancer(make_id(number), {TAG: f"c{number}.{SUFFIX}"}, dns_name))
    inventory = AwsInventory(Scopes(aws.clients(), HUB, None, time.time), TAG)
    print(f"| sweep of {LOAD_BALANCERS} load balancers | AWS calls | Cloudflare reads | writes | seconds |")
    print("|---|---|---|---|---|")
    with bench(inventory, quota=LOAD_BALANCERS) as hub:
        for title in ("all new", "nothing changed"):
            print(f"| {title} | {_sweep(hub, aws)} |")
        if len(hub.names()) != LOAD_BALANCERS:
            raise RuntimeError(f"{len(hub.names())} names came out")
    print(f"\npeak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _sweep(hub: Bench, aws: FakeAws) -> str:
    aws.calls.clear()
    hub.emulator.calls.reset()
    began = time.perf_counter()
    failures = hub.run(Sweep(HUB))
    seconds = time.perf_counter() - began
    if failures:
        raise RuntimeError(f"the sweep failed: {failures}")
    by_action = Counter(action.partition(":")[2] for action in aws.actions())
    actions = ", ".join(f"{count} {action}" for action, count in sorted(by_action.items()))
    return f"{len(aws.calls)} ({actions}) | {hub.emulator.calls.reads} | {hub.emulator.calls.writes} | {seconds:.1f}"


if __name__ == "__main__":
    main()
