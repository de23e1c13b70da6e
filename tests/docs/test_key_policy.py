"""The key of SECURITY.md, applied together with what it encrypts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform
from tests.docs.test_configurations import shown

TOKEN = "token-of-the-emulated-zone-0123456789"
# Without the queues, for which the provider waits more than a minute; the plan shows that they are under the key.
ENCRYPTED = ("aws_sns_topic.events", "aws_cloudwatch_log_group.function", "aws_secretsmanager_secret.token")


def key_block() -> str:
    (code,) = (code for code in shown().values() if 'resource "aws_kms_key"' in code)
    return code


def test_it_needs_nothing_that_needs_the_key() -> None:
    assert "module." not in key_block()
    assert set(re.findall(r'^resource "(\w+)"', key_block(), re.MULTILINE)) == {"aws_kms_key"}


def test_it_is_made_in_one_apply_with_what_it_encrypts(tmp_path: Path) -> None:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path")
    with Sandbox() as sandbox:
        zone_id = sandbox.cloudflare.add_zone("mesh.example.com")
        variables = {"TF_VAR_zones": json.dumps({"mesh.example.com": zone_id}), "TF_VAR_cloudflare_api_token": TOKEN}
        key = {"module": {"mesh_dns": {"trail": None, "kms_key_arn": "${aws_kms_key.mesh_dns.arn}"}}}
        terraform = Terraform("quickstart", tmp_path, sandbox.environment() | variables, key)
        (terraform.folder / "key.tf").write_text(key_block())
        terraform.init()
        terraform.run("apply", "-auto-approve", *(f"-target=module.mesh_dns.{each}" for each in ENCRYPTED))

        state = json.loads(terraform.state())["resources"]
        values = {f"{each['type']}.{each['name']}": each["instances"][0]["attributes"] for each in state}
        arn = values["aws_kms_key.mesh_dns"]["arn"]
        for each in ENCRYPTED:
            keys = {values[each].get(name) for name in ("kms_master_key_id", "kms_key_id")}
            assert arn in keys, f"{each} is not under the key"
        log_arn = values["aws_cloudwatch_log_group.function"]["arn"]
        assert log_arn in values["aws_kms_key.mesh_dns"]["policy"], "the policy names another log group"
