"""`python -m tests.simulation N`: run N histories on all processors and print what happened in them."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.calm import calm
from tests.simulation.draw import generate
from tests.simulation.law import Violation
from tests.simulation.mutations import MUTATIONS
from tests.simulation.shrink import broken_law, first_found, shrink, story
from tests.simulation.simulator import Simulation
from tests.simulation.steps import History

BLOCK = 50
MUTATION_SEEDS = 300
# Every so many histories one is lived through calmly as well.
CALM_EACH = 5


def main() -> int:
    """Run, print the table; exits with 1 when a law was broken or a mistake was not found."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    began = time.monotonic()
    counts: Counter[str] = Counter()
    violations: dict[int, str] = {}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        blocks = (range(start, min(start + BLOCK, number)) for start in range(0, number, BLOCK))
        for done, (block_counts, broken) in enumerate(pool.map(lived, blocks), start=1):
            counts.update(block_counts)
            violations.update(broken)
            for seed, law in broken.items():
                print(f"seed {seed}: {law}", flush=True)
            if done % 20 == 0:
                print(f"{min(done * BLOCK, number)} histories, {len(violations)} violations", flush=True)
        found = list(pool.map(_first_seed, range(len(MUTATIONS))))
    for seed, law in sorted(violations.items())[:3]:
        print(f"\nseed {seed}: {law}\n{story(_shortest(seed))}")
    _print_mutations(found)
    _print_summary(number, counts, time.monotonic() - began)
    print(f"violations: {len(violations)}")
    return 1 if violations or None in found else 0


def _shortest(seed: int) -> History:
    history = generate(seed)
    if broken_law(history) is not None:
        return shrink(history)
    return shrink(calm(history), lambda shorter: broken_law(shorter, calm=True) is not None)


def lived(seeds: range) -> tuple[Counter[str], dict[int, str]]:
    """Live through the histories of these seeds: what happened how often, and by seed the laws that were broken."""
    counts: Counter[str] = Counter()
    violations: dict[int, str] = {}
    for seed in seeds:
        history = generate(seed)
        lives = [False, True] if seed % CALM_EACH == 0 else [False]
        for is_calm in lives:
            simulation = Simulation(calm=is_calm)
            try:
                simulation.run(calm(history) if is_calm else history)
            except Violation as violation:
                violations[seed] = f"{violation.law}: {violation}"
            counts.update(simulation.counts)
    return counts, violations


def _first_seed(number: int) -> int | None:
    """How many histories it takes to find a mistake; None when none finds it."""
    return first_found(MUTATIONS[number], MUTATION_SEEDS)


def _print_mutations(found: list[int | None]) -> None:
    print(f"\n{'deliberate mistake':50}found after")
    for mutation, histories in zip(MUTATIONS, found, strict=True):
        after = "NOT FOUND" if histories is None else f"{histories} histories"
        print(f"{mutation.name:50}{after:16}{mutation.law}")


def _print_summary(number: int, counts: Counter[str], seconds: float) -> None:
    print(f"\n{'histories':32}{number:>10}")
    for what, count in sorted(counts.items()):
        print(f"{what:32}{count:>10}")
    print(f"{'seconds':32}{seconds:>10.0f}")


if __name__ == "__main__":
    sys.exit(main())
