"""Random histories, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from mesh_dns.core.values import Kind, Readiness
from tests.simulation.places import SCOPES, TOKEN_NAMES
from tests.simulation.steps import (
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
)

NAMES = 6
# So many names a crowded world holds: enough for the mass-delete guard to matter.
CROWD = 16
# Names that the provider refuses, at most; the first of them are good names of others.
REFUSED = 60
SETTINGS: Sequence[tuple[str, Sequence[str]]] = (
    ("policy", ("sync", "sync", "upsert-only", "create-only")),
    ("adopt", ("none", "matching")),
    ("dry_run", ("no", "no", "yes")),
    ("internal_only", ("yes", "no")),
    ("required", ("none", "none", "team")),
    ("ttl", ("60", "300")),
    ("suffixes", ("all", "all", "two")),
)
MEDDLING = ("txt", "cname", "same", "other-owner", "odd", "delegate", "delete", "delete", "edit", "unmark", "twin")


def generate(seed: int) -> History:
    """A random history."""
    return _Drawing(random.Random(seed)).history()


def calm(history: History) -> History:
    """The same history without faults, lost messages, foreign hands and changes of rules: names have to be there."""
    steps: list[Step] = []
    for step in history:
        if isinstance(step, Begin):
            steps.append(replace(step, latency=0.05, bucket=False))
        elif isinstance(step, Wait | Create | Delete | Retag | DeleteAll):
            steps.append(step if isinstance(step, Wait) or step.delivery else replace(step, delivery=(15,)))
    return tuple(steps)


class _Drawing:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.newest = 0
        self.names = CROWD if rng.random() < 0.2 else NAMES

    def history(self) -> History:
        rng = self.rng
        steps: list[Step] = [
            Begin(
                rng.randrange(1_000_000),
                rng.choice([1, 3, 10, 10, 500]),
                rng.choice([1, 1, 2, 5]),
                rng.choice([0.05, 0.05, 0.3, 2]),
                rng.random() < 0.4,
                rng.choice([0, 0, 10, 300]),
            )
        ]
        if self.names == CROWD:
            steps += self._crowd()
        if rng.random() < 0.08:
            steps += self._refused()
        for _ in range(rng.randrange(8, 40)):
            steps += self._draw()
        return tuple(steps)

    def _crowd(self) -> list[Step]:
        scope = self.rng.randrange(len(SCOPES))
        steps: list[Step] = []
        for self.newest in range(self.names):
            at = scope if self.rng.random() < 0.7 else self.rng.randrange(len(SCOPES))
            steps.append(Create(self.newest, at, (self.newest,), self._delivery()))
        return [*steps, Wait(self.rng.choice([60, 1200]))]

    def _refused(self) -> list[Step]:
        """Tags of ten names each, all of which the provider refuses."""
        number = self.rng.choice([10, 20, REFUSED])
        names = range(100, 100 + number)
        steps: list[Step] = [Refuse(tuple(names))]
        for start in range(0, number, 10):
            self.newest += 1
            steps.append(Create(self.newest, 0, tuple(names[start : start + 10]), self._delivery()))
        return steps

    def _draw(self) -> Sequence[Step]:
        rng = self.rng
        crowded = self.names == CROWD
        kinds: tuple[tuple[float, Callable[[], Sequence[Step]]], ...] = (
            (14, lambda: [self._create()]),
            (8, lambda: [Delete(self._some(), self._delivery(), self._late())]),
            (8, lambda: [self._retag(self._some())]),
            (8, self._replacement),
            (4, self._move),
            (5, lambda: [self._outsider()]),
            (5, lambda: [self._region()]),
            (4, lambda: [self._token()]),
            (2, lambda: [Flicker(self._some(), rng.choice([5, 20, 35]))]),
            (1, lambda: [Refuse(tuple(rng.sample(range(self.names), rng.choice([0, 1, 2]))))]),
            (1, lambda: [Quota(rng.choice([None, None, 0, 2]))]),
            (4, lambda: [self._setting()]),
            (3, lambda: [Allow(self._scope(), rng.choice(["all", "all", "lab", "other"]))]),
            (2, lambda: [Register(rng.choice(["lost", "broken", "read-only", "ok", "ok"]))]),
            (2, lambda: [self._forget()]),
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
        again = rng.random() < 0.2
        new = replace(self._create(names=wanted), **({"number": old} if again else {}))
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

    # The rest of the world

    def _outsider(self) -> Outsider:
        return Outsider(self.rng.choice(MEDDLING), self.rng.randrange(self.names))

    def _region(self) -> Region:
        return Region(self._scope(), self.rng.choice(["ok", "ok", "ok", "denied", "unlistable", "hangs"]))

    def _token(self) -> Token:
        states = ["ok", "ok", "ok", "denied", "busy", "broken", "hangs"]
        return Token(self.rng.randrange(len(TOKEN_NAMES)), self.rng.choice(states))

    def _setting(self) -> Setting:
        what, values = self.rng.choice(SETTINGS)
        return Setting(what, self.rng.choice(values))

    def _forget(self) -> Forget:
        scope = self._scope() if self.rng.random() < 0.5 else None
        return Forget(scope, self.rng.randrange(self.names), self.rng.random() < 0.7)

    def _disturb(self) -> Disturb:
        rng = self.rng
        call = rng.randrange(12)
        drawn = rng.random()
        if drawn < 0.6:
            return Disturb(call, rng.choice(["fail", "fail", "throttle", "slow", "crash", "after-commit"]))
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
