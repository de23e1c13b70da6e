"""Each row of the table in docs/inputs.md, on a running installation.

What replaces nothing is planned only. What replaces something is applied, while a DNS client asks all the while.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform
from tests.configurations.changes import LEAVING, RENAMING, REPLACING, Row, in_place
from tests.configurations.configuration import heal, override, running_sandbox, zones_of
from tests.e2e.installation import TOKEN, ZONES, Installation
from tests.multi.mesh import Watcher

INPUTS = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"
Plan = dict[str, set[str]]
IN_PLACE = [row.change for row in in_place({suffix: {} for suffix in ZONES})]
APPLIED = [row.change for row in (LEAVING, *REPLACING, RENAMING)]
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
    return said(mesh.terraform.run("plan", "-json", f"-out={name}", variables=variables), "mesh_dns")


def said(output: str, module: str) -> Plan:
    """What a plan changes in one module."""
    found: Plan = {}
    for change in (line["change"] for line in map(json.loads, output.splitlines()) if line["type"] == "planned_change"):
        address = re.sub(r"\[[^]]*\]", "", change["resource"]["addr"])
        if address.startswith(f"module.{module}."):
            found.setdefault(change["action"], set()).add(address.removeprefix(f"module.{module}."))
    return found


def plans_of(mesh: Installation, rows: Sequence[Row]) -> Mapping[str, Plan]:
    """Change => its plan. All in one plan, for a plan by itself takes seconds.

    The configuration calls the module once for each row, and the state holds the running installation once for each.
    """
    terraform, folder = mesh.terraform, mesh.terraform.folder
    zones = {suffix: {"cloudflare": {"zone_id": zone_id}} for suffix, zone_id in mesh.zone_ids.items()}
    (common,) = override({})["module"].values()
    base = {"source": "../../", "zones": zones, **common, **START, **REPLACED}
    calls = {f"row_{number}": base | merged(row.inputs) for number, row in enumerate(rows)}
    state = json.loads(terraform.state())
    state["resources"] += [
        json.loads(json.dumps(resource).replace("module.mesh_dns", f"module.{call}"))
        for call in calls
        for resource in state["resources"]
        if resource.get("module", "").startswith("module.mesh_dns")
    ]
    (folder / "rows.tfstate").write_text(json.dumps(state))
    (folder / "rows.tf.json").write_text(json.dumps({"module": calls}))
    try:
        terraform.run("get")
        output = terraform.run("plan", "-json", "-refresh=false", "-state=rows.tfstate")
    finally:
        (folder / "rows.tf.json").unlink()
    return {row.change: said(output, call) for row, call in zip(rows, calls, strict=True)}


def merged(inputs: Mapping[str, object]) -> Mapping[str, object]:
    """An input that the installation has set already, with what is set."""
    return {**inputs, **({"iam": {**REPLACED["iam"], **inputs["iam"]}} if "iam" in inputs else {})}


def together(rows: Sequence[Row]) -> Plan:
    """The plan of several rows at once: what one replaces, no other updates."""
    kinds = {kind for row in rows for kind in row.plan()}
    found = {kind: set().union(*(row.plan().get(kind, ()) for row in rows)) for kind in kinds}
    return {**found, "update": found["update"] - found["replace"]}


def test_each_row_is_tested_and_each_test_has_its_row() -> None:
    table = INPUTS.read_text().partition("| change |")[2].partition("\n\n")[0].splitlines()[2:]
    assert sorted(row.split(" | ")[0].removeprefix("| ") for row in table) == sorted(IN_PLACE + APPLIED)


def test_only_what_is_applied_here_replaces_something() -> None:
    assert [row.change for row in in_place({suffix: {} for suffix in ZONES}) if row.replace] == []


def test_leaving_a_vpc_takes_the_rights_over_network_interfaces_away(mesh: Installation) -> None:
    assert planned(mesh, START | LEAVING.inputs, "leaving") == LEAVING.plan()


def test_what_is_replaced_leaves_no_name_empty(mesh: Installation, name: tuple[str, str]) -> None:
    hostname, target = name
    (record,) = mesh.records(hostname)

    with Watcher(mesh.sandbox, hostname) as watcher:
        assert planned(mesh, START | REPLACED, "replacing", token=TOKEN) == together([LEAVING, *REPLACING])
        mesh.terraform.run("apply", "replacing", variables={"cloudflare_api_token": TOKEN})
        mesh.outputs = mesh.terraform.outputs()["mesh_dns"]
        mesh.invoke({"action": "sweep"})

    assert watcher.answers == [target.lower()]
    assert mesh.records(hostname) == [record]


def test_everything_that_can_have_tags_has_them(mesh: Installation) -> None:
    resources = [each for each in json.loads(mesh.terraform.state())["resources"] if each["mode"] == "managed"]
    tagged = {
        f"{each['type']}.{each['name']}": instance["attributes"]["tags"]
        for each in resources
        for instance in each["instances"]
        if "tags" in instance["attributes"]
    }
    assert [address for address, tags in tagged.items() if "mesh-dns" not in (tags or {})] == []
    assert {f"{address}" for address in tagged} >= {"aws_lambda_function.mesh_dns", "aws_s3_bucket.trail"}


@pytest.fixture(scope="module")
def plans(mesh: Installation) -> Mapping[str, Plan]:
    zones = {suffix: {"cloudflare": {"zone_id": zone_id}} for suffix, zone_id in mesh.zone_ids.items()}
    return plans_of(mesh, in_place(zones))


@pytest.mark.parametrize("row", in_place({suffix: {} for suffix in ZONES}), ids=lambda row: row.change)
def test_the_plan_shows_what_the_row_says(plans: Mapping[str, Plan], row: Row) -> None:
    assert plans[row.change] == row.plan()


def test_a_new_name_loses_no_record_and_needs_no_token(mesh: Installation, name: tuple[str, str]) -> None:
    hostname, target = name
    (record,) = mesh.records(hostname)
    before = mesh.outputs

    with Watcher(mesh.sandbox, hostname) as watcher:
        assert planned(mesh, START | REPLACED | RENAMING.inputs, "renaming") == RENAMING.plan()
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
