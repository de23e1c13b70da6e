"""The key of SECURITY.md, applied together with what it encrypts, and whom its policy lets in."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform
from tests.docs.test_configurations import shown

TOKEN = "token-of-the-emulated-zone-0123456789"
# Without the queues, for which the provider waits more than a minute; the plan shows that they are under the key.
ENCRYPTED = ("aws_sns_topic.events", "aws_cloudwatch_log_group.function", "aws_secretsmanager_secret.token")
TRAIL = "module.trail"
LOG_CONTEXT = "kms:EncryptionContext:aws:logs:arn"


def key_block() -> str:
    (code,) = (code for code in shown().values() if 'resource "aws_kms_key"' in code)
    return code


def test_it_needs_nothing_that_needs_the_key() -> None:
    assert "module." not in key_block()
    assert set(re.findall(r'^resource "(\w+)"', key_block(), re.MULTILINE)) == {"aws_kms_key"}


def lets(policy: str, service: str, facts: Mapping[str, str], *actions: str) -> list[bool]:
    """Whether a key's policy lets a service do each of these, in a request with these condition keys."""
    return [any(_fits(each, service, facts, action) for each in json.loads(policy)["Statement"]) for action in actions]


def _fits(statement: Mapping[str, Any], service: str, facts: Mapping[str, str], action: str) -> bool:
    conditions = statement.get("Condition", {"ArnEquals": {}})
    assert conditions.keys() == {"ArnEquals"}, "teach this test the other operators"
    return (
        service in _listed(statement["Principal"].get("Service", []))
        and any(fnmatchcase(action, wanted) for wanted in _listed(statement["Action"]))
        and all(facts.get(name) == wanted for name, wanted in conditions["ArnEquals"].items())
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    """What is there after one apply of the key and of what it encrypts: `type.name` => attributes."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path")
    with Sandbox() as sandbox:
        zone_id = sandbox.cloudflare.add_zone("mesh.example.com")
        variables = {"TF_VAR_zones": json.dumps({"mesh.example.com": zone_id}), "TF_VAR_cloudflare_api_token": TOKEN}
        key = {"module": {"mesh_dns": {"kms_key_arn": "${aws_kms_key.mesh_dns.arn}"}}}
        terraform = Terraform("quickstart", tmp_path_factory.mktemp("key"), sandbox.environment() | variables, key)
        (terraform.folder / "key.tf").write_text(key_block())
        terraform.init()
        targets = [f"-target=module.mesh_dns.{each}" for each in (*ENCRYPTED, TRAIL)]
        terraform.run("apply", "-auto-approve", *targets)
        state = json.loads(terraform.state())["resources"]
    return {f"{each['type']}.{each['name']}": each["instances"][0]["attributes"] for each in state}


@pytest.mark.parametrize("each", [*ENCRYPTED, "aws_cloudtrail.events"])
def test_it_is_made_in_one_apply_with_what_it_encrypts(applied: Mapping[str, Mapping[str, Any]], each: str) -> None:
    keys = {applied[each].get(name) for name in ("kms_master_key_id", "kms_key_id")}
    assert applied["aws_kms_key.mesh_dns"]["arn"] in keys


def test_the_trails_bucket_is_under_it_with_a_key_of_its_own(applied: Mapping[str, Mapping[str, Any]]) -> None:
    (rule,) = applied["aws_s3_bucket_server_side_encryption_configuration.trail"]["rule"]
    (default,) = rule["apply_server_side_encryption_by_default"]
    assert default["kms_master_key_id"] == applied["aws_kms_key.mesh_dns"]["arn"]
    assert rule["bucket_key_enabled"], (
        "without a bucket key, CloudTrail needs no kms:Decrypt: take it out of the policy"
    )


@pytest.mark.parametrize("service", ["events.amazonaws.com", "sns.amazonaws.com"])
def test_eventbridge_and_sns_are_let_in_without_a_source(
    applied: Mapping[str, Mapping[str, Any]], service: str
) -> None:
    policy = applied["aws_kms_key.mesh_dns"]["policy"]
    assert lets(policy, service, {}, "kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant") == [True, True, False]


def test_the_log_is_let_in_for_its_own_group_only(applied: Mapping[str, Mapping[str, Any]]) -> None:
    group = applied["aws_cloudwatch_log_group.function"]["arn"]
    policy, service = applied["aws_kms_key.mesh_dns"]["policy"], f"logs.{group.split(':')[3]}.amazonaws.com"
    actions = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey")
    assert all(lets(policy, service, {LOG_CONTEXT: group}, *actions))
    assert not any(lets(policy, service, {LOG_CONTEXT: f"{group}-2"}, *actions))


def test_cloudtrail_is_let_in_for_the_modules_trail_only(applied: Mapping[str, Mapping[str, Any]]) -> None:
    """Decrypt as well: AWS refuses a trail under a key whose bucket has a bucket key, without it."""
    trail, policy = applied["aws_cloudtrail.events"]["arn"], applied["aws_kms_key.mesh_dns"]["policy"]
    actions = ("kms:GenerateDataKey", "kms:Decrypt", "kms:DescribeKey")
    assert all(lets(policy, "cloudtrail.amazonaws.com", {"aws:SourceArn": trail}, *actions))
    assert not any(lets(policy, "cloudtrail.amazonaws.com", {"aws:SourceArn": f"{trail}-2"}, *actions))
