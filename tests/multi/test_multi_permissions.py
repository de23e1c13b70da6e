"""With spokes too, the roles may do what is called, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from sandbox.cloudflare import Call, FaultKind
from sandbox.controllers import Scope
from tests.multi.mesh import BLUE, Mesh

Statements = Sequence[Mapping[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_called(mesh: Mesh) -> None:
    """In each scope a name that comes and goes; on the way a fault, a rejection, and a release."""
    mesh.sandbox.cloudflare.faults.inject(FaultKind.HTML, Call.LIST)
    mesh.installation.send("not JSON")
    for scope, subdomain in ((mesh.hub, ""), (mesh.blue, "blue"), (mesh.green, "green")):
        name, controller = mesh.hostname(subdomain), mesh.controller(scope)
        mesh.installation.wait_for_name(name, controller.create(name))
        controller.delete()
        mesh.installation.wait_until_gone(name)
    mesh.sandbox.schedules.fire()
    mesh.installation.invoke({"action": "release", "account": BLUE, "region": "eu-north-1", "confirm": True})
    mesh.installation.drain()


def statements_of(scope: Scope, role_arn: str) -> Statements:
    iam, role = scope.client("iam"), role_arn.rsplit("/", 1)[-1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    ]


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def test_the_functions_policy_is_what_it_calls(mesh: Mesh) -> None:
    role = mesh.installation.outputs["function_role_arn"]
    assert role == mesh.hub_object["function_role_arn"]
    called = {call for call in mesh.sandbox.calls if call.role_arn == role}
    # Besides, AWS itself acts with the role, by the table in iam.tf: statements whose Sid begins with "Service".
    own = [s for s in statements_of(mesh.hub, role) if not s["Sid"].startswith("Service")]
    assert {action for s in own for action in listed(s["Action"])} == {call.action for call in called}
    for call in called:
        assert any(
            call.action in listed(s["Action"]) and any(fnmatchcase(call.resource, r) for r in listed(s["Resource"]))
            for s in own
        ), call


@pytest.mark.parametrize("spoke", ["blue", "green"])
def test_a_reader_may_do_what_the_function_calls_there(mesh: Mesh, spoke: str) -> None:
    scope: Scope = getattr(mesh, spoke)
    role = f"arn:aws:iam::{scope.account}:role/{mesh.hub_object['reader_role']}-{scope.region}"
    (statement,) = statements_of(scope, role)
    assert set(statement["Action"]) == mesh.sandbox.actions_of(role)
    assert {call.region for call in mesh.sandbox.calls if call.role_arn == role} == {scope.region}
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": scope.region}}
