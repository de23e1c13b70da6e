"""Each row of the tables in docs/inputs.md, on a running installation with a spoke.

What replaces nothing is planned only. What replaces something is applied by itself, while a DNS client asks all the
while, for a name of the hub and for one of the spoke.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.sandbox import ACCOUNT, Sandbox
from sandbox.terraform import Terraform, TerraformError
from tests.configurations import changes_of_a_spoke as spoke
from tests.configurations.changes import FIRST, FURTHER, LEAVING, RENAMING, REPLACING, VALUE, Row, in_place, start
from tests.configurations.configuration import heal, override, running_sandbox, zones_of
from tests.configurations.plans import Call, Planned, changed, planned, plans_of
from tests.configurations.wording import kept, promises, promises_of_a_spoke
from tests.e2e.installation import TOKEN, ZONES, Installation
from tests.multi.mesh import Watcher

IN_PLACE = in_place(start(dict.fromkeys((*ZONES, *FURTHER), ""), ""))
APPLIED = [*FIRST, *REPLACING, RENAMING]
OF_A_SPOKE = [*spoke.in_place({}), *spoke.AFTER.values()]


@dataclass
class Running:
    """The installation and its spoke as they change; each test goes on where the one before stopped."""

    mesh: Installation
    network: Mapping[str, Sequence[str]]
    inputs: dict[str, object] = field(default_factory=dict)
    """Of the hub, as applied."""
    names: dict[str, str] = field(default_factory=dict)
    """Name => the load balancer that it leads to, for good."""

    def apply(self, plan: str, token: str = "") -> None:
        """Apply a kept plan."""
        variables = {"cloudflare_api_token": token} if token else {}
        self.mesh.terraform.run("apply", plan, variables=variables)
        self.mesh.outputs = self.mesh.terraform.outputs()["mesh_dns"]
        self.mesh.__post_init__()  # the queues may be others

    def sweep(self, *regions: str) -> list[str]:
        """Sweep the hub's own scope, and then these regions; what went wrong with each, empty for nothing."""
        others: list[Mapping[str, str]] = [{"account": ACCOUNT, "region": region} for region in regions]
        return [self.mesh.invoke({"action": "sweep", **scope}).message for scope in ({}, *others)]

    def serve(self, region: str | None = None) -> None:
        """One more name, of a load balancer in the hub's region or another, that an event tells of."""
        scope = Scope(self.mesh.sandbox, region=region) if region else Scope(self.mesh.sandbox)
        hostname = self.mesh.hostname()
        target = AwsLoadBalancerController(scope, f"kubernetes-{hostname}").create(hostname)
        self.mesh.wait_for_name(hostname, target)
        self.names[hostname] = target.lower()

    @contextmanager
    def never_empty(self) -> Iterator[None]:
        """While the block runs, each name leads where it led, at every moment, and its record stays the same."""
        records = {name: self.mesh.records(name) for name in self.names}
        assert all(len(found) == 1 for found in records.values())
        with ExitStack() as stack:
            watchers = {name: stack.enter_context(Watcher(self.mesh.sandbox, name)) for name in self.names}
            yield
        assert {name: watcher.answers for name, watcher in watchers.items()} == {
            name: [target] for name, target in self.names.items()
        }
        assert {name: self.mesh.records(name) for name in self.names} == records


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Applied in a VPC, without spokes and without a trail of its own.

    Only this apply, and that of a raised version, get the token.
    """
    with running_sandbox() as sandbox:
        zone_ids = {**zones_of(sandbox), **{suffix: sandbox.cloudflare.add_zone(suffix) for suffix in FURTHER}}
        sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
        secrets = sandbox.client("secretsmanager")
        inputs = start(zone_ids, secrets.create_secret(Name="given", SecretString=TOKEN)["ARN"])
        vpc = network(sandbox)
        environment = sandbox.environment() | {"TF_VAR_zones": json.dumps(zone_ids)}
        terraform = Terraform(
            "quickstart",
            tmp_path_factory.mktemp("repository"),
            environment,
            override(inputs | {"function": {"vpc": vpc}}),
        )
        terraform.init()
        terraform.apply(cloudflare_api_token=TOKEN)
        outputs = terraform.outputs()["mesh_dns"]
        secrets.put_secret_value(SecretId=outputs["secret_arns"]["made"], SecretString=TOKEN)
        yield Running(Installation(sandbox, terraform, zone_ids, outputs, {}, [TOKEN]), vpc, inputs)


def network(sandbox: Sandbox) -> dict[str, list[str]]:
    """A subnet and a security group of the default VPC."""
    ec2 = sandbox.client("ec2")
    group = ec2.create_security_group(GroupName="mesh-dns", Description="Way out")["GroupId"]
    return {"subnet_ids": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]], "security_group_ids": [group]}


def hub_calls(inputs: Mapping[str, object], rows: Sequence[Row]) -> list[Call]:
    """Rows of the first table, of a hub with these inputs."""
    (common,) = override({})["module"].values()  # type: ignore[attr-defined]
    return [Call("mesh_dns", {"source": "../../", **common, **inputs}, row) for row in rows]


# Without an installation.


def test_each_row_is_tested_and_each_test_has_its_row() -> None:
    assert promises().keys() == {row.change for row in (*IN_PLACE, *APPLIED)}
    assert promises_of_a_spoke().keys() == {row.change for row in OF_A_SPOKE}


@pytest.mark.parametrize("row", [*IN_PLACE, *APPLIED], ids=lambda row: row.change)
def test_the_table_promises_what_is_tested(row: Row) -> None:
    assert promises()[row.change] == kept(row)


@pytest.mark.parametrize("row", OF_A_SPOKE, ids=lambda row: row.change)
def test_the_table_of_a_spoke_promises_what_is_tested(row: Row) -> None:
    assert promises_of_a_spoke()[row.change] == row.plan()


def test_only_what_is_applied_here_replaces_something() -> None:
    assert [row.change for row in (*IN_PLACE, *FIRST, *spoke.in_place({})) if row.replace] == []


# In a VPC, without spokes and without a trail.


@pytest.fixture(scope="module")
def first_plans(running: Running) -> Mapping[str, Planned]:
    vpc = {"function": {"vpc": running.network}}
    inputs = [running.inputs | ({} if row is LEAVING else vpc) for row in FIRST]
    calls = [call for given, row in zip(inputs, FIRST, strict=True) for call in hub_calls(given, [row])]
    return {row.change: found for row, found in zip(FIRST, plans_of(running.mesh, calls), strict=True)}


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row.change)
def test_the_first_plans_show_what_the_row_says(running: Running, first_plans: Mapping[str, Planned], row: Row) -> None:
    assert_shown(first_plans[row.change], running.mesh.outputs, row)


def assert_shown(found: Planned, before: Mapping[str, Any], row: Row) -> None:
    """The plan touches what the row says; what spokes are told, and the owner mark, change where it says so only."""
    assert found.plan == row.plan()
    assert (found.hub != before["hub"], found.owner != before["owner"]) == (row.spokes, row.foreign)


def test_a_spoke_joins_and_no_name_is_empty(running: Running) -> None:
    mesh = running.mesh
    hostname, controller = mesh.hostname(), mesh.controller()
    running.names[hostname] = controller.create(hostname).lower()
    heal(mesh, controller.arn, hostname)  # nothing logs events yet: a sweep finds it
    (mesh.terraform.folder / "spoke.tf").write_text(spoke.SPOKE)
    mesh.terraform.run("get")
    with running.never_empty():
        for row in FIRST:
            running.inputs |= row.inputs
        planned(mesh, running.inputs, "joining")
        running.apply("joining")
        assert running.sweep() == [""]
    running.serve(spoke.REGION)


# With a spoke and a trail; nothing is in a VPC.


@pytest.mark.parametrize("row", REPLACING, ids=lambda row: row.change)
def test_what_replaces_something_is_applied_and_no_name_is_empty(running: Running, row: Row) -> None:
    mesh, before, token = running.mesh, running.mesh.outputs, TOKEN if VALUE in row.replace else ""
    running.inputs |= row.inputs
    with running.never_empty():
        plan = planned(mesh, running.inputs, "replacing", token=token)
        follows = spoke.AFTER[row.change].plan() if row.change in spoke.AFTER else {}
        assert (changed(plan), changed(plan, "spoke")) == (row.plan(), follows)
        running.apply("replacing", token)
        assert running.sweep(spoke.REGION) == ["", ""]
    assert (mesh.outputs["hub"] != before["hub"], mesh.outputs["owner"] != before["owner"]) == (row.spokes, row.foreign)


def test_everything_that_can_have_tags_has_them(running: Running) -> None:
    """With one value in the hub and in its spoke."""
    tagged = [
        (f"{each['module']}.{each['type']}.{each['name']}", instance["attributes"]["tags"] or {})
        for each in json.loads(running.mesh.terraform.state())["resources"]
        for instance in each["instances"]
        if each["mode"] == "managed" and "tags" in instance["attributes"]
    ]
    installation = running.mesh.outputs["hub"]["installation"]
    assert [place for place, tags in tagged if tags.get("mesh-dns") != installation] == []
    assert {place for place, _ in tagged} >= {
        "module.mesh_dns.aws_lambda_function.mesh_dns",
        "module.spoke.aws_sqs_queue.undelivered",
        "module.spoke.module.trail[0].aws_s3_bucket.trail",
    }


@pytest.fixture(scope="module")
def plans(running: Running) -> Mapping[str, Planned]:
    """Module and row => what its plan shows."""
    mesh, inputs = running.mesh, running.inputs
    hub = mesh.outputs["hub"]
    calls = [
        *hub_calls(inputs, [*in_place(inputs), RENAMING]),
        *(Call("spoke", {**spoke.INPUTS, "hub": hub}, row) for row in spoke.in_place(hub)),
    ]
    return {f"{call.module} {call.row.change}": found for call, found in zip(calls, plans_of(mesh, calls), strict=True)}


@pytest.mark.parametrize("row", [*IN_PLACE, RENAMING], ids=lambda row: row.change)
def test_the_plan_shows_what_the_row_says(running: Running, plans: Mapping[str, Planned], row: Row) -> None:
    assert_shown(plans[f"mesh_dns {row.change}"], running.mesh.outputs, row)


@pytest.mark.parametrize("row", spoke.in_place({}), ids=lambda row: row.change)
def test_the_plan_of_a_spoke_shows_what_the_row_says(plans: Mapping[str, Planned], row: Row) -> None:
    assert plans[f"spoke {row.change}"].plan == row.plan()


# The recipe to rename: the hub, then the spoke.


def test_a_new_name_of_the_hub_loses_no_record_and_needs_no_token(running: Running) -> None:
    mesh, before = running.mesh, running.mesh.outputs
    running.inputs |= RENAMING.inputs
    with running.never_empty():
        plan = planned(mesh, running.inputs, "renaming", "-target=module.mesh_dns")
        assert (changed(plan), changed(plan, "spoke")) == (RENAMING.plan(), {})
        running.apply("renaming")
        of_the_hub, of_the_spoke = running.sweep(spoke.REGION)
        assert of_the_hub == ""
        assert f"{mesh.outputs['hub']['reader_role']}-{spoke.REGION}" in of_the_spoke, "it lets nobody in yet"

    kept_outputs = ("owner", "secret_arn", "table_name")
    assert [mesh.outputs[key] for key in kept_outputs] == [before[key] for key in kept_outputs]
    assert mesh.outputs["function_name"] == RENAMING.inputs["name"]
    assert TOKEN not in json.dumps(plan)


def test_its_spoke_follows_with_an_apply_of_its_own(running: Running) -> None:
    mesh = running.mesh
    with running.never_empty():
        plan = planned(mesh, running.inputs, "following")
        assert (changed(plan), changed(plan, "spoke")) == ({}, spoke.AFTER["`name`"].plan())
        running.apply("following")
        assert running.sweep(spoke.REGION) == ["", ""]
    assert mesh.told("decision", reason="name-taken") == []


def test_the_renamed_installation_goes_on_in_hub_and_spoke(running: Running) -> None:
    running.serve()
    running.serve(spoke.REGION)


# A version that comes without its value.


def test_a_version_without_its_value_fails_and_leaves_the_old_value(running: Running) -> None:
    """No plan can know: the value is ephemeral, and most plans need none."""
    mesh, secrets = running.mesh, running.mesh.sandbox.client("secretsmanager")
    running.inputs |= {"token": {"version": 3}}

    assert changed(planned(mesh, running.inputs, "without a value")) == {"replace": {VALUE}}
    with pytest.raises(TerraformError, match="You must provide either SecretString or SecretBinary"):
        mesh.terraform.run("apply", "without a value")

    assert secrets.get_secret_value(SecretId=mesh.outputs["secret_arn"])["SecretString"] == TOKEN
    running.serve()


def test_the_next_apply_with_the_value_writes_it(running: Running) -> None:
    plan = planned(running.mesh, running.inputs, "with a value", token=TOKEN)
    assert (changed(plan), changed(plan, "spoke")) == ({"create": {VALUE}}, {}), "all else is as applied"
    running.apply("with a value", TOKEN)
    assert "No changes." in running.mesh.terraform.plan("again")
