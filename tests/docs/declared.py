"""What the module declares, read from its Terraform files: as much of HCL as these files use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Input:
    """A variable. `default`: None when it is required; for an object that is `{}`, the defaults of its fields."""

    name: str
    default: str | None
    fields: tuple[str, ...]


def inputs() -> dict[str, Input]:
    """Every variable of the root module by name."""
    return {name: _input(name, body) for name, body in _blocks("variables.tf", "variable").items()}


def outputs() -> dict[str, str]:
    """Every output of the root module: name => description."""
    found = {}
    for name, body in _blocks("outputs.tf", "output").items():
        described = re.search(r'^  description = "(.*)"$', body, re.MULTILINE)
        assert described is not None, f"output {name} has no description on one line"
        found[name] = described[1]
    return found


def alarms() -> set[str]:
    """The keys of the tables of alarms: what stands behind `<name>-`."""
    return set(re.findall(r"^    ([a-z-]+) += \{$", (ROOT / "alarms.tf").read_text(), re.MULTILINE))


def _blocks(file: str, kind: str) -> dict[str, str]:
    text = (ROOT / file).read_text()
    found = re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}$', text, re.MULTILINE | re.DOTALL)
    assert len(found) == text.count(f'\n{kind} "') + text.startswith(f'{kind} "'), f"{file} is not laid out as usual"
    return dict(found)


def _input(name: str, body: str) -> Input:
    default = re.search(r"^  default +?= (.*)$", body, re.MULTILINE)
    shape = re.search(r"^  type += object\(\{\n(.*?)^  \}\)$", body, re.MULTILINE | re.DOTALL)
    if shape is None:
        return Input(name, default[1] if default else None, ())
    fields = dict(re.findall(r"^    (\w+) += (.*)$", shape[1], re.MULTILINE))
    given = {field: _default_in(declared) for field, declared in fields.items()}
    text = ", ".join(f"{field} = {value}" for field, value in given.items() if value is not None)
    if default is None or default[1] != "{}":
        return Input(name, default[1] if default else None, tuple(fields))
    return Input(name, f"{{ {text} }}", tuple(fields))


def _default_in(declared: str) -> str | None:
    """The second argument of `optional(type, default)` on one line; None when there is none."""
    match = re.fullmatch(r"optional\((?:[a-z]+|[a-z]+\([a-z]+\)), (.*)\)", declared)
    return match[1] if match else None
