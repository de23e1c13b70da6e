"""What happens in a history. Steps are data, so that a failing history can be shortened and printed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

SCOPES = 3
NAMES = 6
CROWD = 16
"""So many names a crowded world holds: enough for the mass-delete guard to matter."""

Delivery = tuple[float, ...]
"""Seconds until each copy of the event's message arrives; empty: the event is lost."""


@dataclass(frozen=True)
class Step:
    """Base of all steps."""


@dataclass(frozen=True)
class Create(Step):
    """Somebody creates load balancer `number` in a scope, with a hostname tag."""

    number: int
    scope: int
    names: tuple[int, ...]
    delivery: Delivery
    internal: bool = True


@dataclass(frozen=True)
class Delete(Step):
    """Somebody deletes it."""

    number: int
    delivery: Delivery


@dataclass(frozen=True)
class Retag(Step):
    """Its hostname tag changes; no names: it is removed."""

    number: int
    names: tuple[int, ...]
    delivery: Delivery
    lag: float = 0


@dataclass(frozen=True)
class DeleteAll(Step):
    """A scope loses all its load balancers at once."""

    scope: int
    delivery: Delivery


@dataclass(frozen=True)
class Outsider(Step):
    """Somebody else edits the zone by hand: `what` is add-txt, add-cname, delete, edit or unmark."""

    what: str
    name: int


@dataclass(frozen=True)
class Readable(Step):
    """A scope can, or cannot, be read from now on."""

    scope: int
    yes: bool


@dataclass(frozen=True)
class Allow(Step):
    """The rules for the account of a scope: `all` names, the `even` ones, or `none`."""

    scope: int
    names: str


@dataclass(frozen=True)
class Wait(Step):
    """Time passes; what is due arrives."""

    seconds: float


@dataclass(frozen=True)
class LoseSweep(Step):
    """The next sweep of a scope does not arrive."""

    scope: int


@dataclass(frozen=True)
class Disturb(Step):
    """At its n-th call to a port, the next batch meets this.

    `what`: fail, throttle (429), crash, or after-commit (the call works, and then fails); `step`: what happens in the
    world just before the call; `writer`: another copy of the function sweeps a scope at that very moment.
    """

    call: int
    what: str = ""
    step: Step | None = None
    writer: int | None = None


History = tuple[Step, ...]


def generate(seed: int) -> History:
    """A random history; the same for the same seed."""
    rng = random.Random(seed)
    crowded = rng.random() < 0.2
    names = CROWD if crowded else NAMES
    steps: list[Step] = []
    number = 0
    if crowded:
        scope = rng.randrange(SCOPES)
        for number in range(names):
            at = scope if rng.random() < 0.7 else rng.randrange(SCOPES)
            steps.append(Create(number, at, (number,), _delivery(rng)))
        steps.append(Wait(rng.choice([60, 1200])))
    for _ in range(rng.randrange(8, 40)):
        drawn = _draw(rng, number, names)
        number = max([number, *(step.number for step in drawn if isinstance(step, Create))])
        steps += drawn
    return tuple(steps)


def _draw(rng: random.Random, newest: int, names: int) -> list[Step]:
    some = rng.randrange(newest + 1)
    kinds = (
        (14, lambda: [_create(rng, newest + 1, names)]),
        (8, lambda: [Delete(some, _delivery(rng))]),
        (8, lambda: [_retag(rng, some, names)]),
        (8, lambda: _replacement(rng, some, newest + 1, names)),
        (5, lambda: _outsider(rng, names)),
        (2, lambda: [Readable(rng.randrange(SCOPES), False)]),
        (3, lambda: [Readable(rng.randrange(SCOPES), True)]),
        (3, lambda: [Allow(rng.randrange(SCOPES), rng.choice(["all", "all", "even", "none"]))]),
        (5 if names == CROWD else 1, lambda: [DeleteAll(rng.randrange(SCOPES), _delivery(rng))]),
        (3, lambda: [LoseSweep(rng.randrange(SCOPES))]),
        (12, lambda: [_disturb(rng, newest, names)]),
        (22, lambda: [Wait(rng.choice([1, 5, 20, 90, 300, 650, 950, 2000]))]),
    )
    (draw,) = rng.choices([kind for _, kind in kinds], [weight for weight, _ in kinds])
    return list(draw())


def _create(rng: random.Random, number: int, names: int) -> Create:
    return Create(number, rng.randrange(SCOPES), _names(rng, names), _delivery(rng), rng.random() < 0.93)


def _retag(rng: random.Random, number: int, names: int) -> Retag:
    lag = rng.choice([0, 0, 30, 240])
    return Retag(number, () if rng.random() < 0.4 else _names(rng, names), _delivery(rng), lag)


def _replacement(rng: random.Random, old: int, new: int, names: int) -> list[Step]:
    """As the AWS Load Balancer Controller changes a scheme: delete first, create some seconds later."""
    gap = rng.choice([2, 20, 120])
    wanted = _names(rng, names)
    return [
        Retag(old, wanted, _delivery(rng)),
        Wait(rng.choice([30, 1000])),
        Delete(old, _delivery(rng)),
        Wait(gap),
        Create(new, rng.randrange(SCOPES), wanted, _delivery(rng)),
    ]


def _outsider(rng: random.Random, names: int) -> list[Step]:
    return [Outsider(rng.choice(["add-txt", "add-cname", "delete", "edit", "unmark"]), rng.randrange(names))]


def _disturb(rng: random.Random, newest: int, names: int) -> Disturb:
    call = rng.randrange(12)
    drawn = rng.random()
    if drawn < 0.6:
        return Disturb(call, rng.choice(["fail", "fail", "throttle", "crash", "after-commit"]))
    if drawn < 0.75:
        return Disturb(call, writer=rng.randrange(SCOPES))
    some = rng.randrange(newest + 1)
    inner = rng.choice(
        [
            Delete(some, _delivery(rng)),
            _retag(rng, some, names),
            Create(10_000 + rng.randrange(10_000), rng.randrange(SCOPES), _names(rng, names), _delivery(rng)),
            *_outsider(rng, names),
        ]
    )
    return Disturb(call, step=inner)


def _names(rng: random.Random, names: int) -> tuple[int, ...]:
    return tuple(rng.sample(range(names), rng.choice([1, 1, 1, 2, 3])))


def _delivery(rng: random.Random) -> Delivery:
    drawn = rng.random()
    if drawn < 0.1:
        return ()
    copies = 2 if drawn < 0.25 else 1
    return tuple(rng.choice([2, 4, 15, 60, 400]) for _ in range(copies))


def calm(history: History) -> History:
    """The same history without faults, lost messages, foreign hands and changes of rules: names have to be there."""
    steps: list[Step] = []
    for step in history:
        if isinstance(step, (Wait, Create, Delete, Retag, DeleteAll)):
            steps.append(step if isinstance(step, Wait) or step.delivery else replace(step, delivery=(15,)))
    return tuple(steps)
