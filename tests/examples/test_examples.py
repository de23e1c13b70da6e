"""Each example as it stands, from the first plan to destroy, by whatever `terraform` is: Terraform, or OpenTofu."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.resource_policy import ORGANIZATION_ID
from sandbox.sandbox import Sandbox
from sandbox.terraform import ROOT, Terraform
from tests.e2e.alarms import check_first_apply, names
from tests.e2e.log import Log

SUFFIX, BLUE, GREEN = "mesh.example.com", "222222222222", "333333333333"

Variables = Callable[[str], Mapping[str, str]]
EXAMPLES: Mapping[str, Variables] = {
    "quickstart": lambda zone_id: {"zones": json.dumps({SUFFIX: zone_id})},
    "complete": lambda zone_id: {"cloudflare_zone_id": zone_id},
    "multi-account": lambda zone_id: {
        "zones": json.dumps({SUFFIX: zone_id}),
        "organization_id": ORGANIZATION_ID,
        "accounts": json.dumps({"blue": BLUE, "green": GREEN}),
    },
}
DOCUMENTS = {
    *("policy", "assume_role_policy", "event_pattern", "redrive_policy", "redrive_allow_policy", "item", "environment"),
}
"""Arguments that hold a whole document, of which one unknown value hides all."""
SCOPES = {"quickstart": 1, "complete": 1, "multi-account": 3}
"""Accounts and regions in each, whose first sweeps end the alarm `silence`."""


def test_each_example_is_tried_here() -> None:
    assert {path.parent.name for path in (ROOT / "examples").glob("*/main.tf")} == set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_is_planned_applied_found_unchanged_and_destroyed(example: str, tmp_path: Path) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later, or run `make tofu`")
    with Sandbox() as sandbox:
        zone_id = sandbox.cloudflare.add_zone(SUFFIX)
        token = "token-of-the-emulated-zone-0123456789"
        sandbox.cloudflare.add_token(token, [zone_id])
        given = {"cloudflare_api_token": token, **EXAMPLES[example](zone_id)}
        variables = {f"TF_VAR_{name}": value for name, value in given.items()}
        terraform = Terraform(example, tmp_path, sandbox.environment() | variables)
        terraform.init()

        terraform.plan("first")
        terraform.run("apply", "first")
        assert len(json.loads(terraform.state())["resources"]) > 20
        assert token not in terraform.state()
        assert "No changes." in terraform.plan("second")
        if example == "complete":  # unescaped, ready to paste
            assert """ --payload '{"action":"sweep"}' /dev/stdout\n""" in terraform.run("output", "-raw", "commands")

        log = Log()
        log.sandbox = sandbox
        log.wait(lambda: len({line["scope"] for line in log.told("swept")}) == SCOPES[example], "every scope is swept")
        check_first_apply(sandbox, time.time(), names(sandbox))

        terraform.destroy()
        assert json.loads(terraform.state())["resources"] == []


@pytest.fixture(scope="module")
def first_plan(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Of `complete`."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later, or run `make tofu`")
    with Sandbox() as sandbox:
        variables = {"TF_VAR_cloudflare_zone_id": sandbox.cloudflare.add_zone(SUFFIX)}
        terraform = Terraform("complete", tmp_path_factory.mktemp("first"), sandbox.environment() | variables)
        terraform.init()
        terraform.plan("first")
        return terraform.plan_json("first")


def test_a_first_plan_shows_every_setting_but_what_only_the_apply_knows(first_plan: Mapping[str, Any]) -> None:
    shown = first_plan["output_changes"]["settings"]
    settings = shown["after"]
    assert settings["zones"].keys() == {SUFFIX}
    assert settings["required_tags"] == {"service.k8s.aws/stack": "kube-system/clustermesh-apiserver"}
    assert settings["tokens"].keys() == {"default"}
    assert "true" in (unknown := json.dumps(shown["after_unknown"]))
    assert "true" not in unknown.replace('"tokens": {"default": {"secret_arn": true}}', "")


def test_a_first_plan_shows_every_document_but_the_two_that_hold_what_aws_makes_up(
    first_plan: Mapping[str, Any],
) -> None:
    module = first_plan["configuration"]["root_module"]["module_calls"]["mesh_dns"]["module"]
    given = {
        resource["address"]: DOCUMENTS & resource.get("expressions", {}).keys() for resource in module["resources"]
    }
    hidden = {
        (place, document)
        for change in first_plan["resource_changes"]
        for place in [f"{change['type']}.{change['name']}"]
        for document in given.get(place, ())
        if "true" in json.dumps(change["change"]["after_unknown"].get(document))
    }
    assert set().union(*given.values()) == DOCUMENTS, "each is somewhere"
    assert hidden == {("aws_iam_role_policy.token", "policy"), ("aws_lambda_function.mesh_dns", "environment")}


def test_whatever_can_have_a_description_has_one(first_plan: Mapping[str, Any]) -> None:
    said = {
        change["address"]: text
        for change in first_plan["resource_changes"]
        for key, text in change["change"]["after"].items()
        if key in {"description", "alarm_description"}
    }
    assert len(said) > len(DOCUMENTS)
    assert [place for place, text in said.items() if len((text or "").split()) < 5] == []
