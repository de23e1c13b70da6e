"""What plans show: of a running installation, or of one row of a table each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.configurations.changes import Row
from tests.configurations.configuration import override
from tests.e2e.installation import Installation

Plan = dict[str, set[str]]


def planned(
    mesh: Installation, inputs: Mapping[str, object], name: str, *options: str, token: str = ""
) -> Mapping[str, Any]:
    """Plan these inputs of the hub and keep the plan under a name; what it says, as data."""
    mesh.terraform.override(override(inputs))
    variables = {"cloudflare_api_token": token} if token else {}
    mesh.terraform.run("plan", f"-out={name}", *options, variables=variables)
    return mesh.terraform.plan_json(name)


def changed(plan: Mapping[str, Any], module: str = "mesh_dns") -> Plan:
    """What a plan changes in one module: action => resources, without their keys."""
    found: Plan = {}
    for resource in plan["resource_changes"]:
        address, actions = re.sub(r"\[[^]]*\]", "", resource["address"]), resource["change"]["actions"]
        if address.startswith(f"module.{module}.") and actions not in (["no-op"], ["read"]):
            action = actions[0] if len(actions) == 1 else "replace"
            found.setdefault(action, set()).add(address.removeprefix(f"module.{module}."))
    return found


@dataclass(frozen=True)
class Call:
    """A row, of the installation's own call of a module. inputs: what that call has, `source` among it."""

    module: str
    inputs: Mapping[str, object]
    row: Row


@dataclass(frozen=True)
class Planned:
    """What a plan of one row shows: its resources, and of the hub the outputs that tell spokes and owner mark."""

    plan: Plan
    hub: Mapping[str, Any] | None
    owner: str


def plans_of(mesh: Installation, calls: Sequence[Call]) -> list[Planned]:
    """What the plan of each shows. All in one plan, for a plan by itself takes seconds.

    The configuration calls a module once for each row, and the state holds what is running once for each.
    """
    terraform, folder = mesh.terraform, mesh.terraform.folder
    named = {f"row_{number}": call for number, call in enumerate(calls)}
    state = json.loads(terraform.state())
    state["resources"] += [each for name, call in named.items() for each in _copies(state["resources"], call, name)]
    (folder / "rows.tfstate").write_text(json.dumps(state))
    modules = {name: {**call.inputs, **call.row.inputs} for name, call in named.items()}
    told = {
        name: {"value": {output: f"${{module.{name}.{output}}}" for output in ("hub", "owner")}}
        for name, call in named.items()
        if call.module == "mesh_dns"
    }
    (folder / "rows.tf.json").write_text(json.dumps({"module": modules, **({"output": told} if told else {})}))
    try:
        terraform.run("get")
        terraform.run("plan", "-refresh=false", "-state=rows.tfstate", "-out=rows")
        plan = terraform.plan_json("rows")
    finally:
        (folder / "rows.tf.json").unlink()
    outputs = plan["planned_values"]["outputs"]
    nothing = {"hub": None, "owner": ""}
    return [Planned(changed(plan, name), **(outputs[name]["value"] if name in told else nothing)) for name in named]


def _copies(resources: Sequence[Mapping[str, Any]], call: Call, name: str) -> list[dict[str, Any]]:
    """The resources of a module, as those of a call by another name; without what the row says is not there."""
    prefix = f"module.{call.module}"
    return [
        json.loads(json.dumps(each).replace(prefix, f"module.{name}"))
        for each in resources
        if each.get("module", "").startswith(prefix)
        and not (call.row.without and f"{prefix}.{call.row.without}" in each["module"])
    ]
