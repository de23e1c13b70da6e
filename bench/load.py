"""Waves of replacements, and the life of 300 clusters: `python -m bench.load`.

The real intake, converge, register, queue, pacing and Cloudflare client. AWS is answered from memory through real
botocore clients, with a latency and an allowance of its own; Cloudflare by the emulator over HTTP, with 300 ms a call
and its limit of 1,200 requests in 5 minutes. Time is simulated: it passes while everybody waits, and seven times as
fast as the processor works. Events arrive up to a minute late, each on its own.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from bench.installation import PERIOD, Installation, Period
from bench.slow import Clock
from mesh_dns.core.values import Scope
from sandbox.cloudflare import CloudflareEmulator
from tests.unit.aws.fake_aws import HUB, NOW

ACCOUNTS = (HUB.account, *(f"{number:012d}" for number in range(200000000001, 200000000020)))
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2")
EVERYWHERE = tuple(Scope(account, region) for account in ACCOUNTS for region in REGIONS)
FAR = tuple(Scope(account, "ap-southeast-2") for account in ACCOUNTS)
CLUSTERS, BURST = 300, 60
# Seconds that a call to AWS takes in the story.
LATENCY = 0.05


@dataclass(frozen=True)
class Wave:
    """So many clusters in these scopes, all of them replaced within a minute.

    latency: seconds that a call to AWS takes. slowest: the most seconds that a name may take. hanging: in so many of
    the scopes nobody answers from then on; names are not right there.
    """

    scopes: Sequence[Scope]
    clusters: int
    latency: float
    slowest: float
    hanging: int = 0

    @property
    def title(self) -> str:
        """What it is, without the latency."""
        scopes = f"{self.clusters} in {len(self.scopes)} scope{'s' if len(self.scopes) > 1 else ''}"
        return f"{scopes}, {self.hanging} of them hang" if self.hanging else scopes

    def run(self) -> tuple[Period, int]:
        """What was measured, and how many names were right in the end."""
        with installation(self.scopes, self.latency) as hub:
            _create(hub, self.clusters)
            hub.wait(hub.clock() + 2 * PERIOD)
            period = _begin(hub, self.title)
            if self.hanging:
                hub.slow.hanging.update(self.scopes[-self.hanging :])
            _replace(hub, range(self.clusters))
            hub.wait(period.began + PERIOD)
            return period, hub.right()

    def missed(self, period: Period, right: int) -> Iterator[str]:
        """The limits that were missed."""
        lost = sum(number % len(self.scopes) >= len(self.scopes) - self.hanging for number in range(self.clusters))
        if right < self.clusters - lost:
            yield f"{right} of {self.clusters} names are right"
        if period.longest_wait > self.slowest:
            yield f"the slowest name took {period.longest_wait:.0f} s, and {self.slowest:.0f} s are the limit"
        if period.killed:
            yield f"{period.killed} invocations were killed"
        if period.throttled:
            yield f"AWS did not take {period.throttled} calls"


# The limits of the slowest name are the same at every latency: it is the clusters' own, not AWS's.
WAVES = (
    *(Wave(FAR, 300, latency, 180) for latency in (0.05, 0.15, 0.3)),
    Wave(FAR, 300, 0.3, 180, hanging=3),
    *(Wave((HUB,), 100, latency, 150) for latency in (0.05, 0.3)),
    *(Wave((HUB,), 300, latency, 150) for latency in (0.05, 0.3)),
    Wave((HUB,), 800, 0.3, 300),
)


@contextlib.contextmanager
def installation(scopes: Sequence[Scope], latency: float) -> Iterator[Installation]:
    """One, with a seed of its own."""
    clock = Clock(NOW)
    with CloudflareEmulator(clock=clock) as emulator, contextlib.redirect_stdout(io.StringIO()):
        yield Installation(emulator, clock, random.Random(1), scopes, latency)


def story(hub: Installation) -> Iterator[Period]:
    """What happens to 300 clusters, one part after the other."""
    yield _after(PERIOD, hub, _begin(hub, f"{len(EVERYWHERE)} scopes join"))
    period = _begin(hub, f"{CLUSTERS} clusters created within a minute")
    _create(hub, CLUSTERS)
    yield _after(PERIOD, hub, period)
    yield _after(4 * PERIOD, hub, _begin(hub, "an hour of sweeps, all in sync"))
    period = _begin(hub, "one region's 100 replaced within a minute")
    _replace(hub, [n for n in range(CLUSTERS) if EVERYWHERE[n % len(EVERYWHERE)].region == REGIONS[0]])
    yield _after(PERIOD, hub, period)


def _create(hub: Installation, clusters: int) -> None:
    for number in range(clusters):
        scope = hub.scopes[number % len(hub.scopes)]
        moment = hub.clock() + hub.chance.uniform(0, BURST)
        hub.plan(moment, partial(hub.create, number, scope))


def _replace(hub: Installation, numbers: Sequence[int]) -> None:
    for number in numbers:
        moment = hub.clock() + hub.chance.uniform(0, BURST)
        hub.plan(moment, partial(hub.replace, number))


def _begin(hub: Installation, title: str) -> Period:
    hub.period = Period(title, hub.clock())
    return hub.period


def _after(seconds: float, hub: Installation, period: Period) -> Period:
    hub.wait(period.began + seconds)
    return period


def waves() -> Iterator[str]:
    """Print the table of the waves. Yields the limits that were missed."""
    _head(
        "replaced within a minute",
        "an AWS call takes",
        "names right",
        "slowest name",
        "invocations",
        "longest",
        "killed",
        "AWS calls",
        "throttled tries",
        "Cloudflare reads + writes",
    )
    for wave in WAVES:
        period, right = wave.run()
        latency = f"{wave.latency * 1000:.0f} ms"
        _row(
            wave.title,
            latency,
            f"{right} of {wave.clusters}",
            period.slowest,
            period.batches,
            f"{period.longest:.0f} s",
            period.killed,
            period.aws_calls.total(),
            period.throttled,
            f"{period.reads} + {period.writes}",
        )
        yield from (f"{wave.title}, {latency}: {limit}" for limit in wave.missed(period, right))


def life() -> Iterator[str]:
    """Print the table of the story. Yields the limits that were missed."""
    rows: list[tuple[object, ...]] = []
    with installation(EVERYWHERE, LATENCY) as hub:
        rows += [_of_life(hub, period) for period in story(hub)]
    _head(
        f"{len(ACCOUNTS)} accounts x {len(REGIONS)} regions",
        "messages in invocations",
        "came back",
        "Cloudflare reads + writes",
        "most in one",
        "busiest 5 minutes, of 1,200",
        "AWS calls",
        "throttled tries",
        "names right",
        "slowest name",
    )
    for row in rows:
        _row(*row)
    print(f"\nmessages lost: {hub.rejected}; still waiting: {hub.waiting()}")
    print(f"names that were empty in between: {len(hub.lost_a_record)}")
    if hub.rejected or hub.lost_a_record:
        yield "messages were lost, or names were empty in between"


def _of_life(hub: Installation, period: Period) -> tuple[object, ...]:
    return (
        period.title,
        f"{period.messages} in {period.batches}",
        period.failures,
        f"{period.reads} + {period.writes}",
        " + ".join(map(str, period.most_calls_of_a_batch)),
        period.busiest,
        period.aws_calls.total(),
        period.throttled,
        f"{hub.right()} of {len(hub.wanted)}",
        period.slowest,
    )


def _head(*cells: str) -> None:
    _row(*cells)
    print(f"|{'---|' * len(cells)}")


def _row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> int:
    """Print the tables; 1 when a limit was missed."""
    missed = list(waves())
    print()
    missed += life()
    for limit in missed:
        print(f"MISSED: {limit}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
