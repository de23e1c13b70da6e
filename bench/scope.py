"""How long reading a whole scope takes, at 300 ms for an AWS call: `python -m bench.scope`.

The tagged load balancers first, and then all of them for heirs, as a sweep that finds an orphan reads them.
"""

from __future__ import annotations

from bench.slow import Clock, SlowAws
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import Scopes
from tests.doubles.inventory import HUB, TAG, make_id
from tests.unit.aws.fake_aws import NOW, Balancer, FakeAws

LATENCY = 0.3
SIZES = (1000, 2000, 4000, 6000)


def reading(load_balancers: int) -> float:
    """Seconds, in simulated time."""
    clock = Clock(NOW)
    aws = FakeAws(before=SlowAws(clock, LATENCY))
    for number in range(load_balancers):
        dns_name = f"lb-{number}.elb.{HUB.region}.amazonaws.com"
        aws.add(Balancer(make_id(number), {TAG: f"c{number}.mesh.example.com"}, dns_name))
    inventory = AwsInventory(Scopes(aws.clients(), HUB, None, clock, clock.sleep), TAG)
    with clock.working():
        began = clock()
        found = (inventory.tagged([HUB], began + 1000)[HUB], inventory.listings([HUB], began + 1000)[HUB])
        took = clock() - began
    if any(not isinstance(each, dict) or len(each) != load_balancers for each in found):
        raise RuntimeError(f"not all {load_balancers} were read")
    return took


def main() -> None:
    """Print the table."""
    print("| load balancers in a scope | both reads |")
    print("|---|---|")
    for size in SIZES:
        print(f"| {size:,} | {reading(size):.0f} s |", flush=True)


if __name__ == "__main__":
    main()
