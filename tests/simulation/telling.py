"""A history that is told rather than drawn: its sweeps are lost, so that events alone must do, until it rests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from mesh_dns.core.values import Record
from tests.simulation import cloud
from tests.simulation.places import SCOPES, name_of
from tests.simulation.simulator import Simulation
from tests.simulation.steps import Step, Wait

# Load balancers go by their numbers.
X, Y, Z, R = 1, 2, 3, 4
# Scopes: the hub's own; another account in another region; and another account again.
A, B, C = 0, 1, 2
NAME = 0
SOON = (2.0,)
GRACE = 600
PERIOD = 900


class Story(Simulation):
    """A simulation that somebody tells."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self.lost_sweeps = Counter(dict.fromkeys(range(len(SCOPES)), 1_000_000))
        self.then(*steps)

    def then(self, *steps: Step) -> None:
        """What happens next."""
        for step in steps:
            self.take(step)

    def months_pass(self) -> None:
        """A long time in which nothing happens, and every scope is read."""
        self.wait(100 * 24 * 3600)
        for scope, entry in self.world.register.scopes.items():
            self.world.register.scopes[scope] = replace(entry, read=self.time())

    def never_empty_for(self, seconds: int) -> None:
        """Time passes, and somebody looks at the name every few seconds."""
        for _ in range(0, seconds, 5):
            self.then(Wait(5))
            assert self.record() is not None, "the name was empty"

    def sweep(self, *scopes: int) -> None:
        """Sweeps that are not lost, and half a minute for them."""
        for scope in scopes:
            self.queue.put(cloud.sweep(SCOPES[scope]), self.time.now)
        self.then(Wait(30))

    def record(self, name: int = NAME) -> Record | None:
        """The CNAME at a name."""
        found = [record for record in self.world.dns.provider.at(name_of(name)) if record.type == "CNAME"]
        return found[0] if found else None

    def holder(self, name: int = NAME) -> int | None:
        """The number of the load balancer that has a name."""
        record = self.record(name)
        return None if record is None else int(record.comment.rpartition("/")[2], 16)

    def records(self) -> int:
        """How many CNAMEs there are."""
        return sum(record.type == "CNAME" for record in self.world.dns.provider.records_by_id.values())

    def written(self) -> int:
        """How many changes were written."""
        return len(self.world.dns.provider.written)

    def new_reasons(self) -> set[str]:
        """The reasons told since the last time, forgotten now."""
        reasons = set(self.reasons)
        self.reasons.clear()
        return reasons

    def before_the_next_write(self, happens: Callable[[], None]) -> None:
        """Something happens between our last list and our write."""
        usual = self.world.dns.provider.before

        def before(call: str) -> None:
            if call == "apply":
                self.world.dns.provider.before = usual
                happens()
            usual(call)

        self.world.dns.provider.before = before
