"""Five hundred accounts, each with a rule of its own, applied; then all of them by one rule.

Terraform writes the accounts into the table and their digest into the settings, the function reads both. The last
account has a spoke.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from mesh_dns import settings
from mesh_dns.errors import Misconfigured
from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.resource_policy import ORGANIZATION_ID
from sandbox.roles import ACCOUNT_ADMIN_ROLE
from sandbox.sandbox import ACCOUNT, REGION
from tests.configurations.configuration import apply, apply_again, running_sandbox, statement, zones_of
from tests.e2e.installation import SUFFIX, TOKEN, Installation
from tests.sandbox.account import Account

Accounts = Mapping[str, Sequence[str]]

NUMBERS = range(1, 501)
EACH: Accounts = {f"{200_000_000_000 + number}": [f"*.team-{number}.{SUFFIX}"] for number in NUMBERS}
LAST, FAR = "200000000500", "eu-central-1"
EXPLICIT: Accounts = {ACCOUNT: ["*"], **EACH}
BY_ONE_RULE: Accounts = {ACCOUNT: ["*"], "*": ["*.{account}." + SUFFIX]}
STRANGER = "999999999999"

SPOKE = f"""
provider "aws" {{
  alias  = "last"
  region = "{FAR}"

  assume_role {{
    role_arn = "arn:aws:iam::{LAST}:role/{ACCOUNT_ADMIN_ROLE}"
  }}
}}
module "spoke" {{
  source    = "../../modules/spoke"
  providers = {{ aws = aws.last }}
  hub       = module.mesh_dns.hub
}}
"""


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The hub and the spoke of the last account, both of which were swept."""
    with running_sandbox() as sandbox:
        zone_ids = zones_of(sandbox)
        sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
        Account(sandbox, LAST).trail(IsMultiRegionTrail=True)
        secret = sandbox.client("secretsmanager").create_secret(Name="cloudflare", SecretString=TOKEN)["ARN"]
        inputs = inputs_with(EXPLICIT, secret)
        mesh = apply(sandbox, tmp_path_factory.mktemp("repository"), zone_ids, inputs, {"spoke.tf": SPOKE})
        mesh.wait(lambda: f"{LAST}/{FAR}" in known_scopes(mesh), "the last account announces itself")
        mesh.invoke({"action": "sweep", "account": LAST, "region": FAR})
        yield mesh


def inputs_with(accounts: Accounts, secret_arn: str) -> Mapping[str, object]:
    """The module's inputs."""
    spokes = {"organization_id": ORGANIZATION_ID}
    return {"token": {"existing": {"secret_arn": secret_arn}}, "spokes": spokes, "accounts": accounts}


def known_scopes(mesh: Installation) -> set[str]:
    """`account/region` of each scope in the table."""
    return {item["key"]["S"] for item in items(mesh, "scope")}


def items(mesh: Installation, kind: str) -> list[Mapping[str, Any]]:
    """The table's items of a kind, as DynamoDB writes them."""
    return list(
        mesh.sandbox.client("dynamodb").query(
            TableName=mesh.outputs["table_name"],
            KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": kind}},
        )["Items"]
    )


def written_accounts(mesh: Installation) -> Accounts:
    """What Terraform wrote into the table, by boto3's own reading."""
    (item,) = items(mesh, "settings")
    return {account: list(patterns) for account, patterns in TypeDeserializer().deserialize(item["value"]).items()}


def deployed(mesh: Installation) -> Mapping[str, str]:
    """The function's environment."""
    found = mesh.functions.get_function_configuration(FunctionName=mesh.outputs["function_name"])
    return dict(found["Environment"]["Variables"])


def cluster(mesh: Installation) -> AwsLoadBalancerController:
    """The controller of a new cluster of the last account."""
    return AwsLoadBalancerController(Scope(mesh.sandbox, LAST, FAR), mesh.hostname())


def test_a_first_plan_shows_every_account(mesh: Installation) -> None:
    changes = json.loads(mesh.plans["first, as JSON"])["resource_changes"]
    (item,) = [each["change"]["after"]["item"] for each in changes if each["type"] == "aws_dynamodb_table_item"]
    assert {account: [each["S"] for each in patterns["L"]]
            for account, patterns in json.loads(item)["value"]["M"].items()} == EXPLICIT  # fmt: skip


def test_the_table_and_the_digest_are_those_of_the_input(mesh: Installation) -> None:
    """The digest is made here anew, of the input and of what stands in the table."""
    named = json.loads(deployed(mesh)["MESH_DNS_SETTINGS"])
    assert "accounts" not in named
    for accounts in (EXPLICIT, written_accounts(mesh)):
        text = json.dumps(dict(sorted(accounts.items())), separators=(",", ":"))
        assert hashlib.sha256(text.encode()).hexdigest() == named["accounts_item"]


def test_the_functions_code_takes_the_table_for_the_settings(mesh: Installation) -> None:
    whole = settings.complete(settings.parse(deployed(mesh)), lambda: written_accounts(mesh))
    assert {account: list(patterns) for account, patterns in whole.rules.accounts.items()} == EXPLICIT
    with pytest.raises(Misconfigured, match="not those of the function's environment"):
        settings.complete(settings.parse(deployed(mesh)), lambda: {**written_accounts(mesh), STRANGER: ["*"]})


def test_the_last_account_gets_its_name(mesh: Installation) -> None:
    name = f"cluster1.team-500.{SUFFIX}"
    record = mesh.wait_for_name(name, cluster(mesh).create(name))
    assert f" {FAR}/{LAST}/net/" in (record.comment or "")


def test_it_gets_no_name_of_another_account(mesh: Installation) -> None:
    name = f"cluster1.team-499.{SUFFIX}"
    cluster(mesh).create(name)
    refusal = mesh.wait_for_decision(name, "not-allowed")
    assert f"/{LAST}/" in refusal["load_balancer"]
    assert mesh.records(name) == []


def test_an_account_that_is_none_of_them_is_not_heard(mesh: Installation) -> None:
    sweep_of(mesh, STRANGER)
    assert f"{STRANGER}/{REGION} is not" in mesh.wait_for_line("unknown scope")["detail"]
    mesh.drain()
    assert f"{STRANGER}/{REGION}" not in known_scopes(mesh)


def sweep_of(mesh: Installation, account: str) -> None:
    """Any account of the Organization may put a sweep onto the hub's bus."""
    hub = mesh.outputs["hub"]
    sweep = {"Source": "mesh-dns", "DetailType": "Mesh DNS Sweep", "EventBusName": hub["bus_arn"],
             "Detail": json.dumps({"owner": hub["owner"]})}  # fmt: skip
    assert mesh.sandbox.client("events", account=account).put_events(Entries=[sweep])["FailedEntryCount"] == 0


def test_the_role_may_assume_readers_in_the_organization_only(mesh: Installation) -> None:
    """AWS decides by the condition; the sandbox does not ask what a role may do."""
    assert statement(mesh, "CallsReadSpokesOfTheOrganization") == {
        "Sid": "CallsReadSpokesOfTheOrganization",
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Resource": [f"arn:aws:iam::*:role/{mesh.outputs['hub']['reader_role']}-*"],
        "Condition": {"StringEquals": {"aws:ResourceOrgID": ORGANIZATION_ID}},
    }


@pytest.fixture(scope="class")
def _one_rule_for_all(mesh: Installation) -> None:
    touched = apply_again(mesh, inputs_with(BY_ONE_RULE, mesh.outputs["secret_arn"]))
    # Not the role's policy: so many accounts are told by their Organization anyway.
    assert touched == {"aws_dynamodb_table_item.accounts", "aws_lambda_function.mesh_dns"}


@pytest.mark.usefixtures("_one_rule_for_all")
class TestByOneRule:
    """The same accounts by "*"; the last one keeps what it has, and gets what the rule gives it."""

    def test_the_last_account_gets_the_name_with_its_id(self, mesh: Installation) -> None:
        name = f"cluster1.{LAST}.{SUFFIX}"
        mesh.wait_for_name(name, cluster(mesh).create(name))

    def test_and_none_with_another_id(self, mesh: Installation) -> None:
        name = f"cluster1.200000000499.{SUFFIX}"
        cluster(mesh).create(name)
        mesh.wait_for_decision(name, "not-allowed")
        assert mesh.records(name) == []

    def test_a_name_that_the_rule_does_not_give_stays(self, mesh: Installation) -> None:
        mesh.invoke({"action": "sweep", "account": LAST, "region": FAR})
        name = f"cluster1.team-500.{SUFFIX}"
        mesh.wait_for_decision(name, "kept-not-allowed")
        assert len(mesh.records(name)) == 1

    def test_any_account_of_the_organization_is_heard(self, mesh: Installation) -> None:
        sweep_of(mesh, STRANGER)
        mesh.wait(lambda: f"{STRANGER}/{REGION}" in known_scopes(mesh), "it joins")
