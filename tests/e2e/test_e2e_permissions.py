"""The role may do what the function calls and what AWS does with the role: nothing is missing, nothing is unused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest

from sandbox.cloudflare import Call, FaultKind
from sandbox.controllers import CloudProviderAws, Scope
from tests.e2e.installation import Installation

# What AWS does with the role, by the table in iam.tf: statements whose Sid begins like this.
BY_AWS = "Service"


@pytest.fixture(scope="module")
def statements(installation: Installation) -> Sequence[Mapping[str, Any]]:
    """All statements of the deployed role."""
    iam, role = installation.sandbox.client("iam"), installation.outputs["function_role_arn"].rsplit("/", 1)[-1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    ]


@pytest.fixture(scope="module", autouse=True)
def _everything_is_called(installation: Installation) -> None:
    """Both generations, a rejection, a message that is postponed, a second look and a sweep."""
    mesh, name, classic_name = installation, installation.hostname(), installation.hostname()
    network, classic = mesh.controller(), CloudProviderAws(Scope(mesh.sandbox), "kubernetes-roles", kind="classic")
    mesh.sandbox.cloudflare.faults.inject(FaultKind.HTML, Call.LIST)
    mesh.send("not JSON")
    targets = {name: network.create(name), classic_name: classic.create(classic_name)}
    for hostname, dns_name in targets.items():
        mesh.wait_for_name(hostname, dns_name)
    network.delete()
    mesh.invoke({"action": "sweep"})
    mesh.wait_until_gone(name)


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def actions(statements: Sequence[Mapping[str, Any]], *, by_aws: bool) -> set[str]:
    return {
        action
        for statement in statements
        if statement["Sid"].startswith(BY_AWS) == by_aws
        for action in listed(statement["Action"])
    }


def test_what_the_policy_grants_is_what_the_function_calls(
    mesh: Installation, statements: Sequence[Mapping[str, Any]]
) -> None:
    called = mesh.sandbox.actions_of(mesh.outputs["function_role_arn"])
    assert actions(statements, by_aws=False) == called
    assert actions(statements, by_aws=True).isdisjoint(called)


def test_every_call_is_granted_for_the_resource_that_it_names(
    mesh: Installation, statements: Sequence[Mapping[str, Any]]
) -> None:
    def granted(action: str, resource: str) -> bool:
        return any(
            action in listed(statement["Action"])
            and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
            for statement in statements
            if statement["Effect"] == "Allow"
        )

    calls = {(call.action, call.resource) for call in mesh.sandbox.calls}
    assert {resource for action, resource in calls if action == "sqs:SendMessage"} == {
        mesh.outputs["queue_arn"],
        mesh.outputs["dead_letter_queue_arn"],
    }
    assert [call for call in sorted(calls) if not granted(*call)] == []


def test_no_action_is_a_pattern_and_only_aws_itself_sets_the_widest_resource(
    statements: Sequence[Mapping[str, Any]],
) -> None:
    assert not any("*" in action for statement in statements for action in listed(statement["Action"]))
    wide = [statement for statement in statements if "*" in listed(statement["Resource"])]
    assert [statement["Sid"] for statement in wide] == ["CallsLookAtLoadBalancers"]
