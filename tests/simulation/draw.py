"""Random histories, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from mesh_dns.core.values import Kind, Readiness
from tests.simulation.places import SCOPES, TOKEN_NAMES, ZONES
from tests.simulation.steps import (
    MEDDLING,
    SETTINGS,
    UNLISTED,
    Allow,
    Begin,
    ClockBack,
    Create,
    Delete,
    DeleteAll,
    Delivery,
    Disturb,
    Flicker,
    Forget,
    Garbage,
    History,
    LoseSweep,
    Outsider,
    Override,
    Quota,
    Refuse,
    Region,
    Register,
    Retag,
    Setting,
    Step,
    Token,
    Wait,
    Zone,
)

NAMES = 6
# So many names a crowded world holds: enough for the mass-delete guard to matter.
CROWD = 16
# Names that the provider refuses, at most; the first of them are good names of others.
REFUSED = 60
# Seconds in which a message is received as often as it can be.
LONG_ILLNESS = 30_000


def generate(seed: int) -> History:
    """A random history."""
    return _Drawing(random.Random(seed), random.Random(f"{seed}, unlisted")).history()


class _Drawing:
    """`other`: a second luck, by which something is added to some histories and all others stay the same."""

    def __init__(self, rng: random.Random, other: random.Random) -> None:
        self.rng, self.other = rng, other
        self.newest = 0
        self.strangers: list[int] = []
        self.crowded = rng.randrange(len(SCOPES))
        self.names = CROWD if rng.random() < 0.2 else NAMES

    def history(self) -> History:
        rng = self.rng
        begin = Begin(
            rng.randrange(1_000_000),
            rng.choice([1, 3, 10, 10, 500]),
            rng.choice([1, 1, 2, 5]),
            rng.choice([0.05, 0.05, 0.05, 0.3, 0.3, 2, 12]),
            rng.random() < 0.4,
            rng.choice([0, 0, 10, 300]),
            rng.choice([200, 200, 3]),
        )
        # Batches of one are no match for sweeps where each call takes long: the queue would only grow.
        steps: list[Step] = [replace(begin, batch=max(begin.batch, 10)) if begin.latency > 1 else begin]
        steps += [self._setting() for _ in range(rng.choice([0, 0, 0, 0, 1, 2]))]
        if self.names == CROWD:
            steps += self._crowd()
            steps += self._unlisted() if self.other.random() < 0.4 else []
            steps += self._teardown() if rng.random() < 0.3 else []
        if rng.random() < 0.08:
            steps += self._refused()
        for _ in range(rng.randrange(8, 40)):
            steps += self._draw()
        return tuple(steps)

    def _crowd(self) -> list[Step]:
        steps: list[Step] = []
        for number in range(self.names):
            at = self.crowded if self.rng.random() < 0.75 else self.rng.randrange(len(SCOPES))
            self.strangers += [number] if at != self.crowded else []
            steps.append(Create(number, at, (number,), self._delivery()))
        self.newest = self.names - 1
        return [*steps, Wait(self.rng.choice([60, 1200]))]

    def _refused(self) -> list[Step]:
        """Tags of ten names each, all of which the provider refuses."""
        names = range(100, 100 + self.rng.choice([10, 20, REFUSED]))
        steps: list[Step] = [Refuse(tuple(names))]
        for start in range(0, len(names), 10):
            self.newest += 1
            steps.append(Create(self.newest, 0, tuple(names[start : start + 10]), self._delivery()))
        # Good names, which only the sweep finds, together with the bad ones.
        return [*steps, *(replace(self._create(delivery=()), scope=0) for _ in range(3))]

    def _draw(self) -> Sequence[Step]:
        rng = self.rng
        crowded = self.names == CROWD
        kinds: tuple[tuple[float, Callable[[], Sequence[Step]]], ...] = (
            (14, lambda: [self._create()]),
            (8, lambda: [Delete(self._some(), self._delivery(), self._late())]),
            (8, lambda: [self._retag(self._some())]),
            (8, self._replacement),
            (4, self._move),
            (2, self._let_go_one_by_one),
            (2, self._lie),
            (12 if crowded else 0, self._teardown),
            (5, lambda: [self._outsider()]),
            (5, lambda: [self._region()]),
            (4, lambda: [self._token()]),
            (2, lambda: [self._zone()]),
            (0.4, self._long_illness),
            (2, lambda: [Flicker(self._some(), rng.choice([5, 20, 35]))]),
            (1, lambda: [Refuse(tuple(rng.sample(range(self.names), rng.choice([0, 1, 2]))))]),
            (1, lambda: [Quota(rng.choice([None, None, 0, 2]))]),
            (6, lambda: [self._setting()]),
            (3, lambda: [Allow(self._scope(), rng.choice(["all", "all", "lab", "other"]))]),
            (2, lambda: [Register(rng.choice(["lost", "broken", "read-only", "ok", "ok"]))]),
            (3, lambda: [self._forget()]),
            (5 if crowded else 1, lambda: [DeleteAll(self._scope(), self._delivery())]),
            (3 if crowded else 0.5, lambda: [Override(self._scope())]),
            (1, lambda: [ClockBack(rng.choice([2, 30, 120]))]),
            (0.5, lambda: [Garbage(rng.choice(["", "{}", "[1]", '{"mesh-dns": {"sweep": {}}}']))]),
            (3, lambda: [LoseSweep(self._scope())]),
            (12, lambda: [self._disturb()]),
            (22, lambda: [Wait(rng.choice([1, 5, 20, 90, 300, 650, 950, 2000]))]),
        )
        (draw,) = rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])
        return draw()

    # Load balancers

    def _create(self, **wanted: object) -> Create:
        self.newest += 1
        rng = self.rng
        slow = rng.random() < 0.25
        made = Create(
            self.newest,
            self._scope(),
            self._wanted(),
            self._delivery(),
            internal=rng.random() < 0.93,
            kind=Kind.CLASSIC if rng.random() < 0.2 else Kind.NETWORK,
            late=self._late(),
            provisioning=rng.choice([40, 150, 400, 900]) if slow else 0,
            ends=Readiness.FAILED if slow and rng.random() < 0.2 else Readiness.ACTIVE,
            team=rng.random() < 0.9,
            other=self._wanted() if rng.random() < 0.3 else (),
        )
        return replace(made, **wanted)  # type: ignore[arg-type]

    def _retag(self, number: int) -> Retag:
        names = () if self.rng.random() < 0.4 else self._wanted()
        return Retag(number, names, self._delivery(), self._late(), self.rng.choice([0, 0, 30, 240]))

    def _replacement(self) -> Sequence[Step]:
        """As the AWS Load Balancer Controller changes a scheme: delete first, create some seconds later.

        A classic load balancer may come back under its own name.
        """
        old, wanted, rng = self._some(), self._wanted(), self.rng
        new = self._create(names=wanted)
        if rng.random() < 0.2:
            new = replace(new, number=old)
        return [
            Retag(old, wanted, self._delivery()),
            Wait(rng.choice([30, 1000])),
            Delete(old, self._delivery(), self._late()),
            Wait(rng.choice([2, 20, 120])),
            new,
        ]

    def _move(self) -> Sequence[Step]:
        """Blue to green: the tag moves to a load balancer that may still be provisioned."""
        old, wanted, rng = self._some(), self._wanted(), self.rng
        new = self._create(names=())
        return [
            Retag(old, wanted, self._delivery()),
            Wait(rng.choice([30, 700])),
            new,
            Wait(rng.choice([1, 60])),
            Retag(new.number, wanted, self._delivery()),
            Retag(old, (), self._delivery(), self._late()),
        ]

    def _let_go_one_by_one(self) -> Sequence[Step]:
        """A load balancer with two names drops one after the other, within a grace."""
        some, (one, two) = self._some(), self.rng.sample(range(self.names), 2)
        gap = self.rng.choice([100, 300, 601])
        return [
            Retag(some, (one, two), (2,)),
            Wait(700),
            Retag(some, (two,), (2,)),
            Wait(gap),
            Retag(some, (), (2,)),
            Wait(650 - gap),
        ]

    def _lie(self) -> Sequence[Step]:
        """AWS says that somebody is not there just when a rival comes."""
        some, wanted = self._some(), self._wanted()
        rival = self._create(names=wanted, delivery=(4,), late=0, provisioning=0)
        return [Retag(some, wanted, (2,)), Wait(self.rng.choice([130, 700])), Flicker(some, 20), rival, Wait(60)]

    def _teardown(self) -> Sequence[Step]:
        """A whole scope goes, which somebody says is meant; and another load balancer, of which nobody says so.

        The messages about both meet in one batch.
        """
        scope = self.crowded if self.rng.random() < 0.8 else self._scope()
        other = self.rng.choice(self.strangers or [self._some()])
        return [DeleteAll(scope, (400,)), Override(scope), Wait(40), Delete(other, (4,)), Wait(700)]

    def _unlisted(self) -> Sequence[Step]:
        """Nobody can list a scope, for so long that it may be overdue; then many load balancers go there, or one."""
        rng = self.other
        scope = self.crowded if rng.random() < 0.8 else rng.randrange(len(SCOPES))
        first, second = (Delete(rng.randrange(self.newest + 1), (4,)) for _ in range(2))
        going = rng.choice([DeleteAll(scope, (4,)), second])
        return [Region(scope, rng.choice(UNLISTED)), first, Wait(rng.choice([600, 3600, 9000])), going, Wait(700)]

    # The rest of the world

    def _outsider(self) -> Outsider:
        return Outsider(self.rng.choice(MEDDLING), self.rng.randrange(self.names))

    def _region(self) -> Region:
        scope, state = self._scope(), self.rng.choice(["ok", "ok", "ok", "denied", "unlistable", "hangs"])
        return Region(scope, self.other.choice(UNLISTED) if state == "unlistable" else state)

    def _token(self) -> Token:
        states = ["ok", "ok", "ok", "denied", "read-only", "busy", "busy-writes", "broken", "hangs"]
        return Token(self.rng.randrange(len(TOKEN_NAMES)), self.rng.choice(states))

    def _zone(self) -> Zone:
        states = ["ok", "ok", "ok", "denied", "read-only", "broken", "hangs"]
        return Zone(self.rng.randrange(len(ZONES)), self.rng.choice(states))

    def _long_illness(self) -> Sequence[Step]:
        """Something is ill until messages about it end in the dead-letter queue, and messages about others come too."""
        ill = self.rng.choice([self._token, self._region, self._zone])()
        return [ill, self._create(), Delete(self._some(), self._delivery()), self._create(), Wait(LONG_ILLNESS)]

    def _setting(self) -> Setting:
        what, values = self.rng.choice(SETTINGS)
        return Setting(what, self.rng.choice(values))

    def _forget(self) -> Forget:
        scope = self._scope() if self.rng.random() < 0.5 else None
        return Forget(scope, self.rng.randrange(self.names), self.rng.random() < 0.7)

    def _disturb(self) -> Disturb:
        rng = self.rng
        call, drawn = rng.randrange(12), rng.random()
        if drawn < 0.6:
            return Disturb(call, rng.choice(["fail", "fail", "throttle", "slow", "crash", "after-commit", "unsent"]))
        if drawn < 0.75:
            return Disturb(call, writer=self._scope())
        inner = rng.choice(
            [
                Delete(self._some(), self._delivery(), self._late()),
                self._retag(self._some()),
                self._create(),
                self._outsider(),
            ]
        )
        return Disturb(call, step=inner)

    def _some(self) -> int:
        return self.rng.randrange(self.newest + 1)

    def _scope(self) -> int:
        return self.rng.randrange(len(SCOPES))

    def _wanted(self) -> tuple[int, ...]:
        names = self.rng.sample(range(self.names), self.rng.choice([1, 1, 1, 2, 3]))
        return (*names, self.rng.randrange(-4, 0)) if self.rng.random() < 0.06 else tuple(names)

    def _late(self) -> float:
        return self.rng.choice([0, 0, 0, 3, 12, 35])

    def _delivery(self) -> Delivery:
        drawn = self.rng.random()
        if drawn < 0.1:
            return ()
        copies = 2 if drawn < 0.25 else 1
        return tuple(self.rng.choice([2, 4, 15, 60, 400]) for _ in range(copies))
