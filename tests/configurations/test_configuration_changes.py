"""Each row of the table in docs/inputs.md, on a running installation.

What replaces nothing is planned only. What replaces something is applied, while a DNS client asks all the while.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform, TerraformError
from tests.configurations.changes import (
    LEAVING,
    RENAMING,
    RENAMING_THE_SPOKE,
    REPLACING,
    SPOKE,
    VALUE,
    Row,
    in_place,
)
from tests.configurations.configuration import heal, override, running_sandbox, zones_of
from tests.configurations.wording import kept, promises
from tests.e2e.installation import TOKEN, ZONES, Installation
from tests.multi.mesh import Watcher

Plan = dict[str, set[str]]
IN_PLACE = in_place({suffix: {} for suffix in ZONES})
APPLIED = [LEAVING, *REPLACING, RENAMING]
START = {"trail": None, "token": {"version": 1}}
REPLACED = {key: value for row in REPLACING for key, value in row.inputs.items()}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Applied in a VPC, without spokes and without a trail of its own.

    Only this apply, and that of a raised version, get the token.
    """
    with running_sandbox() as sandbox:
        zone_ids = zones_of(sandbox)
        sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
        environment = sandbox.environment() | {"TF_VAR_zones": json.dumps(zone_ids)}
        inputs = override(START | {"function": {"vpc": network(sandbox)}})
        terraform = Terraform("quickstart", tmp_path_factory.mktemp("repository"), environment, inputs)
        terraform.init()
        terraform.apply(cloudflare_api_token=TOKEN)
        yield Installation(sandbox, terraform, zone_ids, terraform.outputs()["mesh_dns"], {}, [TOKEN])


@pytest.fixture(scope="module")
def name(mesh: Installation) -> tuple[str, str]:
    """A name that is served, and where it leads to. Nothing logs events yet: a sweep finds it."""
    hostname, controller = mesh.hostname(), mesh.controller()
    target = controller.create(hostname)
    heal(mesh, controller.arn, hostname)
    return hostname, target


def network(sandbox: Sandbox) -> dict[str, list[str]]:
    """A subnet and a security group of the default VPC."""
    ec2 = sandbox.client("ec2")
    group = ec2.create_security_group(GroupName="mesh-dns", Description="Way out")["GroupId"]
    return {"subnet_ids": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "security_group_ids": [group]}


def planned(mesh: Installation, inputs: Mapping[str, object], name: str, token: str | None = None) -> Plan:
    """Plan these inputs and keep the plan under a name."""
    mesh.terraform.override(override(inputs))
    variables = {} if token is None else {"cloudflare_api_token": token}
    mesh.terraform.plan(name, **variables)
    return changed(mesh, name)


def changed(mesh: Installation, plan: str, module: str = "mesh_dns") -> Plan:
    """What a kept plan changes in one module: action => resources, without their keys."""
    return in_module(mesh.terraform.plan_json(plan), module)


def in_module(plan: Mapping[str, Any], module: str) -> Plan:
    """The same of a plan that was read."""
    found: Plan = {}
    for resource in plan["resource_changes"]:
        address, actions = re.sub(r"\[[^]]*\]", "", resource["address"]), resource["change"]["actions"]
        if address.startswith(f"module.{module}.") and actions not in (["no-op"], ["read"]):
            action = actions[0] if len(actions) == 1 else "replace"
            found.setdefault(action, set()).add(address.removeprefix(f"module.{module}."))
    return found


@dataclass(frozen=True)
class Planned:
    """What a plan of one row shows: its resources, and the outputs that tell spokes and owner mark."""

    plan: Plan
    hub: Mapping[str, Any] | None
    owner: str


def plans_of(mesh: Installation, rows: Sequence[Row]) -> Mapping[str, Planned]:
    """Change => what its plan shows. All in one plan, for a plan by itself takes seconds.

    The configuration calls the module once for each row, and the state holds the running installation once for each.
    """
    terraform, folder = mesh.terraform, mesh.terraform.folder
    zones = {suffix: {"cloudflare": {"zone_id": zone_id}} for suffix, zone_id in mesh.zone_ids.items()}
    (common,) = override({})["module"].values()
    base = {"source": "../../", "zones": zones, **common, **START, **REPLACED}
    calls = {f"row_{number}": base | merged(row.inputs) for number, row in enumerate(rows)}
    outputs = {call: {"value": {name: f"${{module.{call}.{name}}}" for name in ("hub", "owner")}} for call in calls}
    state = json.loads(terraform.state())
    state["resources"] += [
        json.loads(json.dumps(resource).replace("module.mesh_dns", f"module.{call}"))
        for call in calls
        for resource in state["resources"]
        if resource.get("module", "").startswith("module.mesh_dns")
    ]
    (folder / "rows.tfstate").write_text(json.dumps(state))
    (folder / "rows.tf.json").write_text(json.dumps({"module": calls, "output": outputs}))
    try:
        terraform.run("get")
        terraform.run("plan", "-refresh=false", "-state=rows.tfstate", "-out=rows")
        plan = terraform.plan_json("rows")
    finally:
        (folder / "rows.tf.json").unlink()
    values = plan["planned_values"]["outputs"]
    return {
        row.change: Planned(in_module(plan, call), **values[call]["value"])
        for row, call in zip(rows, calls, strict=True)
    }


def merged(inputs: Mapping[str, object]) -> Mapping[str, object]:
    """An input that the installation has set already, with what is set."""
    return {**inputs, **({"iam": {**REPLACED["iam"], **inputs["iam"]}} if "iam" in inputs else {})}


def together(rows: Sequence[Row]) -> Plan:
    """The plan of several rows at once: what one replaces, no other updates."""
    kinds = {kind for row in rows for kind in row.plan()}
    found = {kind: set().union(*(row.plan().get(kind, ()) for row in rows)) for kind in kinds}
    return {**found, "update": found["update"] - found["replace"]}


def test_each_row_is_tested_and_each_test_has_its_row() -> None:
    assert promises().keys() == {row.change for row in (*IN_PLACE, *APPLIED)}


@pytest.mark.parametrize("row", [*IN_PLACE, *APPLIED], ids=lambda row: row.change)
def test_the_table_promises_what_is_tested(row: Row) -> None:
    assert promises()[row.change] == kept(row)


def test_only_what_is_applied_here_replaces_something() -> None:
    assert [row.change for row in IN_PLACE if row.replace] == []


def test_leaving_a_vpc_takes_the_rights_over_network_interfaces_away(mesh: Installation) -> None:
    assert planned(mesh, START | LEAVING.inputs, "leaving") == LEAVING.plan()


def test_what_is_replaced_leaves_no_name_empty(mesh: Installation, name: tuple[str, str]) -> None:
    hostname, target = name
    (record,) = mesh.records(hostname)
    (mesh.terraform.folder / "spoke.tf").write_text(SPOKE)
    mesh.terraform.run("get")

    with Watcher(mesh.sandbox, hostname) as watcher:
        assert planned(mesh, START | REPLACED, "replacing", token=TOKEN) == together([LEAVING, *REPLACING])
        mesh.terraform.run("apply", "replacing", variables={"cloudflare_api_token": TOKEN})
        mesh.outputs = mesh.terraform.outputs()["mesh_dns"]
        mesh.invoke({"action": "sweep"})

    assert watcher.answers == [target.lower()]
    assert mesh.records(hostname) == [record]


def test_everything_that_can_have_tags_has_them(mesh: Installation) -> None:
    """With one value in the hub and in its spoke."""
    tagged = [
        (f"{each['module']}.{each['type']}.{each['name']}", instance["attributes"]["tags"] or {})
        for each in json.loads(mesh.terraform.state())["resources"]
        for instance in each["instances"]
        if each["mode"] == "managed" and "tags" in instance["attributes"]
    ]
    wrong = [place for place, tags in tagged if tags.get("mesh-dns") != mesh.outputs["hub"]["installation"]]
    assert wrong == []
    assert {place for place, _ in tagged} >= {
        "module.mesh_dns.aws_lambda_function.mesh_dns",
        "module.spoke.aws_sqs_queue.undelivered",
        "module.spoke.module.trail[0].aws_s3_bucket.trail",
    }


@pytest.fixture(scope="module")
def plans(mesh: Installation) -> Mapping[str, Planned]:
    zones = {suffix: {"cloudflare": {"zone_id": zone_id}} for suffix, zone_id in mesh.zone_ids.items()}
    return plans_of(mesh, [*in_place(zones), RENAMING])


@pytest.mark.parametrize("row", [*IN_PLACE, RENAMING], ids=lambda row: row.change)
def test_the_plan_shows_what_the_row_says(mesh: Installation, plans: Mapping[str, Planned], row: Row) -> None:
    found = plans[row.change]
    assert found.plan == row.plan()
    assert (found.hub != mesh.outputs["hub"], found.owner != mesh.outputs["owner"]) == (row.spokes, row.foreign)


def test_a_new_name_loses_no_record_and_needs_no_token(mesh: Installation, name: tuple[str, str]) -> None:
    hostname, target = name
    (record,) = mesh.records(hostname)
    before = mesh.outputs

    with Watcher(mesh.sandbox, hostname) as watcher:
        assert planned(mesh, START | REPLACED | RENAMING.inputs, "renaming") == RENAMING.plan()
        assert changed(mesh, "renaming", "spoke") == RENAMING_THE_SPOKE.plan()
        mesh.terraform.run("apply", "renaming")
        mesh.outputs = mesh.terraform.outputs()["mesh_dns"]
        mesh.__post_init__()  # the queues are others
        mesh.wait_for_line("swept", 120)
        mesh.invoke({"action": "sweep"})

    assert watcher.answers == [target.lower()]
    assert mesh.records(hostname) == [record]
    assert {key: mesh.outputs[key] for key in ("owner", "secret_arn", "table_name")} == {
        key: before[key] for key in ("owner", "secret_arn", "table_name")
    }
    assert mesh.outputs["function_name"] == "dns-of-the-mesh"
    assert mesh.told("decision", reason="name-taken") == []
    assert "No changes." in mesh.terraform.plan("again")
    assert TOKEN not in json.dumps(mesh.terraform.plan_json("renaming"))


def test_the_renamed_installation_goes_on_with_its_records(mesh: Installation) -> None:
    hostname, controller = mesh.hostname(), mesh.controller()
    mesh.wait_for_name(hostname, controller.create(hostname))


def test_a_version_without_its_value_fails_and_leaves_the_old_value(mesh: Installation) -> None:
    """No plan can know: the value is ephemeral, and most plans need none."""
    secrets, raised = (
        mesh.sandbox.client("secretsmanager"),
        START | REPLACED | RENAMING.inputs | {"token": {"version": 3}},
    )

    assert planned(mesh, raised, "without a value") == {"replace": {VALUE}}
    with pytest.raises(TerraformError, match="You must provide either SecretString or SecretBinary"):
        mesh.terraform.run("apply", "without a value")

    assert secrets.get_secret_value(SecretId=mesh.outputs["secret_arn"])["SecretString"] == TOKEN
    hostname, controller = mesh.hostname(), mesh.controller()
    mesh.wait_for_name(hostname, controller.create(hostname))


def test_the_next_apply_with_the_value_writes_it(mesh: Installation) -> None:
    raised = START | REPLACED | RENAMING.inputs | {"token": {"version": 3}}
    assert planned(mesh, raised, "with a value", token=TOKEN) == {"create": {VALUE}}
    mesh.terraform.run("apply", "with a value", variables={"cloudflare_api_token": TOKEN})
    assert "No changes." in mesh.terraform.plan("again")
