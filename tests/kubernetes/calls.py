"""The load balancer calls of a controller, so that those of a real one and of its imitation can be compared.

Compared is, call by call and in order, what is made, deleted and tagged: load balancers with name, type and scheme,
their target groups and listeners, and the tags of each call. Left out is what nobody here reads (attributes, targets,
health checks, security groups, subnets, the nodes' port, the hash in a target group's name), and of a real controller
what repeats itself: how often it looks again is chance. Its imitation looks once, so each of its calls counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Compared = dict[str, Any]
"""One call as it is compared: `call`, and what it is about."""
_PARAMETERS = {
    "CreateLoadBalancer": ("Type", "Scheme", "IpAddressType"),
    "CreateTargetGroup": ("Protocol", "TargetType"),
    "CreateListener": ("Protocol", "Port"),
    "DeleteLoadBalancer": (),
    "DeleteTargetGroup": (),
    "DeleteListener": (),
    "AddTags": (),
    "RemoveTags": (),
}
_SUBJECTS = ("LoadBalancerArn", "LoadBalancerName", "TargetGroupArn", "ListenerArn", "Name")
_HASH = re.compile(r"[0-9a-f]{8,}")


@dataclass(frozen=True)
class Made:
    """One load balancer call that wrote: the API's operation, its parameters, and whether AWS took it."""

    action: str
    parameters: Mapping[str, str]
    ok: bool

    def told(self) -> Compared:
        """As it is compared."""
        told: Compared = {"call": self.action, "of": self._subjects()}
        told |= {name: self.parameters[name] for name in _PARAMETERS[self.action] if name in self.parameters}
        return told | {key: value for key, value in (("tags", self.tags()), ("removed", self.removed())) if value}

    def tags(self) -> dict[str, str]:
        """The tags in it."""
        keys = {name: value for name, value in self.parameters.items() if re.fullmatch(r"Tags\..+\.Key", name)}
        values = {name: f"{name.removesuffix('Key')}Value" for name in sorted(keys)}
        return {keys[name]: self.parameters[value] for name, value in values.items() if value in self.parameters}

    def removed(self) -> list[str]:
        """The keys of the tags that it removes: `TagKeys`, or of classic load balancers `Tags` without values."""
        named = [value for name, value in self.parameters.items() if re.match(r"TagKeys\.|Tags\..+\.Key$", name)]
        return sorted(named) if self.action == "RemoveTags" else []

    def _subjects(self) -> list[str]:
        """What it is about, each as `<kind> <name>`; a listener has the name of its load balancer."""
        many = ("ResourceArns", "LoadBalancerNames")
        named = [value for name, value in self.parameters.items() if name.startswith(many)]
        return [self._subject(each) for each in named or [self.parameters[_only(_SUBJECTS, self.parameters)]]]

    def _subject(self, named: str) -> str:
        kind, *path = named.split(":")[5].split("/") if named.startswith("arn:") else ("loadbalancer", "", named)
        name = path[0] if kind == "targetgroup" else path[1]
        if self.action.startswith(("Create", "Delete")):
            kind = self.action[len("Create") :].lower()
        return f"{kind} {shape(name) if kind == 'targetgroup' else name}"


def _only(names: Iterable[str], among: Mapping[str, str]) -> str:
    return next(name for name in names if name in among)


def shape(name: str) -> str:
    """A name with the length of each hash instead of the hash. A target group's hashes a dozen things."""
    return _HASH.sub(lambda found: f"<{len(found[0])} hex digits>", name)


def told(calls: Iterable[Made], *, each_one: bool) -> list[Compared]:
    """The calls that AWS took, as they are compared. each_one: also those that change nothing."""
    taken = [each for each in calls if each.ok and each.action in _PARAMETERS]
    return [each.told() for each in taken] if each_one else list(_without_repetitions(taken))


def _without_repetitions(calls: Iterable[Made]) -> Iterator[Compared]:
    there: dict[str, dict[str, str]] = {}
    for each in calls:
        told = each.told()
        kind = told["of"][0].split(" ")[0]
        known, tags = there.get(kind, {}), each.tags()
        if each.action.startswith("Delete"):
            there.pop(kind, None)
            if kind == "loadbalancer":
                there.pop("listener", None)  # it goes along
        elif each.action.startswith("Create"):
            if there.get(kind) == tags:
                continue
            there[kind] = tags
        else:
            if each.action == "AddTags" and tags.items() <= known.items():
                continue
            there[kind] = {key: value for key, value in (known | tags).items() if key not in told.get("removed", ())}
        yield told


def anonymous(calls: Iterable[Compared]) -> list[Compared]:
    """The same for any Service: instead of a hash its length, and which of the names it is."""
    numbers: dict[str, int] = {}

    def of(name: str) -> str:
        number = numbers.setdefault(name.split(" ")[1], len(numbers) + 1)
        return f"{shape(name)} ({number})"

    return [each | {"of": [of(name) for name in each["of"]]} for each in calls]
