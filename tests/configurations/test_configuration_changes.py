"""Another name for a running installation: the recipe of docs/inputs.md, with a DNS client that asks all the while."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.configurations.configuration import apply, override, running_sandbox, zones_of
from tests.e2e.installation import TOKEN, Installation
from tests.multi.mesh import Watcher

KEPT = {
    "aws_dynamodb_table.memory",
    "aws_secretsmanager_secret.token",
    "module.trail[0].aws_cloudtrail.events",
    "module.trail[0].aws_s3_bucket.trail",
    "terraform_data.kept",
}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with running_sandbox() as sandbox:
        zone_ids = zones_of(sandbox)
        sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
        installation = apply(sandbox, tmp_path_factory.mktemp("repository"), zone_ids, {"token": {}})
        secret = installation.outputs["secret_arn"]
        sandbox.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=TOKEN)
        yield installation


def test_a_new_name_loses_no_record_and_needs_no_token(mesh: Installation) -> None:
    hostname, controller = mesh.hostname(), mesh.controller()
    target = controller.create(hostname)
    record = mesh.wait_for_name(hostname, target)
    before = mesh.outputs
    mesh.terraform.override(override({"token": {}, "name": "dns-of-the-mesh"}))

    mesh.terraform.plan("renaming")
    changes = {
        change["address"].removeprefix("module.mesh_dns."): change["change"]["actions"]
        for change in mesh.terraform.plan_json("renaming")["resource_changes"]
    }
    assert [address for address in changes if address.split('["')[0] in KEPT and "delete" in changes[address]] == []
    assert changes["aws_lambda_function.mesh_dns"] == ["delete", "create"]

    with Watcher(mesh.sandbox, hostname) as watcher:
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
