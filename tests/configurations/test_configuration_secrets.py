"""The token in Secrets Manager: in a secret that the module makes and leaves empty, then in existing ones.

Everything is under the customer key of SECURITY.md.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import pytest

from sandbox.controllers import Scope
from sandbox.sandbox import ACCOUNT
from sandbox.terraform import TerraformError
from tests.configurations.configuration import (
    apply,
    apply_again,
    call_everything,
    heal,
    listed,
    log_that_is_kept,
    places_that_show,
    running_sandbox,
    statement,
    wait_for_complaint,
    what_is_wrong_with_the_role,
    zones_of,
)
from tests.docs.test_configurations import shown
from tests.e2e.installation import OTHER_SUFFIX, SUFFIX, Installation
from tests.e2e.leftovers import SECRET, documented, what_is_left

KEY, OTHER_REGION = "cloudflare", "eu-central-1"
TOKEN = "token-of-the-first-zone-0123456789"
OTHER_TOKEN, ROTATED = "token-of-the-other-zone-0123456789", "rotated-token-of-the-other-zone-9876543210"
NEIGHBOUR = "password-of-somebody-else-in-that-secret"
CUSTOMER_KEY = {"kms_key_arn": "${aws_kms_key.mesh_dns.arn}"}


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Applied without a token: the module's secret is empty."""
    (documented_key,) = [code for code in shown().values() if 'resource "aws_kms_key" "mesh_dns"' in code]
    with running_sandbox() as sandbox:
        zone_ids = zones_of(sandbox)
        inputs = {"token": {}, **CUSTOMER_KEY}
        yield apply(sandbox, tmp_path_factory.mktemp("repository"), zone_ids, inputs, {"key.tf": documented_key})


def put(mesh: Installation, secret_arn: str, value: str) -> None:
    """Give a secret another value."""
    client = mesh.sandbox.client("secretsmanager", region=secret_arn.split(":")[3])
    client.put_secret_value(SecretId=secret_arn, SecretString=value)


def key_of(mesh: Installation) -> Any:
    """The customer key, as it was applied."""
    kms = mesh.sandbox.client("kms")
    (key,) = [
        described
        for each in kms.list_keys()["Keys"]
        if (described := kms.describe_key(KeyId=each["KeyId"])["KeyMetadata"])["Description"].startswith("Queues")
    ]
    return key


@pytest.fixture(scope="class")
def _one_token_opens_both_zones(mesh: Installation) -> Iterator[None]:
    mesh.sandbox.cloudflare.add_token(TOKEN, mesh.zone_ids.values())
    yield
    mesh.sandbox.cloudflare.revoke(TOKEN)


@pytest.mark.usefixtures("_one_token_opens_both_zones")
class TestMadeByTheModule:
    """A secret without a value, to be filled by hand."""

    def test_the_log_says_how_to_fill_it_and_then_everything_heals(self, mesh: Installation) -> None:
        secret, name = mesh.outputs["secret_arn"], mesh.hostname()
        controller = mesh.controller()
        target = controller.create(name)

        complaint = wait_for_complaint(mesh, "holds no value yet")
        mesh.wait_for_decision(name, "zone-denied")
        command = shlex.split(complaint.partition("Put the token there: ")[2])
        assert command == [
            *("aws", "secretsmanager", "put-secret-value"),
            *("--secret-id", secret, "--secret-string", "file://token.txt"),
        ]

        put(mesh, command[4], f"Bearer {TOKEN}\n")
        heal(mesh, controller.arn, name)
        mesh.wait_for_name(name, target)
        mesh.drain()
        assert mesh.dead_letters() == {}

    def test_the_role_may_do_what_is_done_with_it(self, mesh: Installation) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        assert statement(mesh, "CallsReadTheToken")["Resource"] == [mesh.outputs["secret_arn"]]

    def test_the_key_is_used_in_the_name_of_the_role_through_four_services_only(self, mesh: Installation) -> None:
        key = key_of(mesh)["Arn"]
        used = {
            sid: (set(listed(found["Action"])), listed(found["Resource"]), found["Condition"])
            for sid in (
                "ServiceUsesTheKeyOfTheQueues",
                "ServiceDecryptsTableAndSettings",
                "ServiceDecryptsTheToken",
            )
            for found in [statement(mesh, sid)]
        }
        assert used == {
            "ServiceUsesTheKeyOfTheQueues": (
                {"kms:Decrypt", "kms:GenerateDataKey"},
                [key],
                {"StringEquals": {"kms:ViaService": ["sqs.eu-west-1.amazonaws.com"]}},
            ),
            "ServiceDecryptsTableAndSettings": (
                {"kms:Decrypt"},
                [key],
                {
                    "StringEquals": {
                        "kms:ViaService": ["dynamodb.eu-west-1.amazonaws.com", "lambda.eu-west-1.amazonaws.com"]
                    }
                },
            ),
            "ServiceDecryptsTheToken": (
                {"kms:Decrypt"},
                [key],
                {"StringEquals": {"kms:ViaService": ["secretsmanager.eu-west-1.amazonaws.com"]}},
            ),
        }

    def test_everything_that_can_be_is_under_the_key(self, mesh: Installation) -> None:
        client, key = mesh.sandbox.client, key_of(mesh)["Arn"]
        keys = {
            url.rsplit("/", 1)[-1]: client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["KmsMasterKeyId"])[
                "Attributes"
            ]["KmsMasterKeyId"]
            for url in (mesh.queue_url, mesh.dead_letter_url)
        }
        topic = client("sns").get_topic_attributes(TopicArn=mesh.outputs["topic_arn"])["Attributes"]
        (group,) = client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
        secret = client("secretsmanager").describe_secret(SecretId=mesh.outputs["secret_arn"])
        keys |= {"topic": topic["KmsMasterKeyId"], "log": group["kmsKeyId"], "secret": secret["KmsKeyId"]}
        table = client("dynamodb").describe_table(TableName=mesh.outputs["table_name"])["Table"]
        function = mesh.functions.get_function_configuration(FunctionName=mesh.outputs["function_name"])
        keys |= {"table": table["SSEDescription"]["KMSMasterKeyArn"], "settings": function["KMSKeyArn"]}
        assert set(keys.values()) == {key}, keys

    @pytest.mark.parametrize(
        ("service", "actions", "conditions"),
        [
            pytest.param("events.amazonaws.com", {"Decrypt", "GenerateDataKey"}, set(), id="EventBridge"),
            pytest.param("sns.amazonaws.com", {"Decrypt", "GenerateDataKey"}, set(), id="SNS"),
            pytest.param(
                "logs.eu-west-1.amazonaws.com",
                {"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey", "DescribeKey"},
                {"kms:EncryptionContext:aws:logs:arn"},
                id="CloudWatch Logs",
            ),
            pytest.param(
                "cloudtrail.amazonaws.com", {"DescribeKey", "GenerateDataKey"}, {"aws:SourceArn"}, id="CloudTrail"
            ),
        ],
    )
    def test_the_documented_policy_lets_the_services_in(
        self, mesh: Installation, service: str, actions: set[str], conditions: set[str]
    ) -> None:
        text = mesh.sandbox.client("kms").get_key_policy(KeyId=key_of(mesh)["KeyId"], PolicyName="default")["Policy"]
        (found,) = [
            each for each in json.loads(text)["Statement"] if service in listed(each["Principal"].get("Service", []))
        ]
        assert {
            action for action in actions if any(fnmatchcase(f"kms:{action}", each) for each in listed(found["Action"]))
        } == actions
        assert {key for keys in found.get("Condition", {}).values() for key in keys} == conditions


@dataclass(frozen=True)
class Secrets:
    """ARNs of secrets that the module did not make."""

    shared: str
    other: str


@pytest.fixture(scope="class")
def secrets(mesh: Installation) -> Secrets:
    """The JSON secret does not have the key yet."""
    sandbox = mesh.sandbox
    sandbox.cloudflare.add_token(TOKEN, [mesh.zone_ids[SUFFIX]])
    sandbox.cloudflare.add_token(OTHER_TOKEN, [mesh.zone_ids[OTHER_SUFFIX]])
    shared = sandbox.client("secretsmanager").create_secret(
        Name="platform/shared", SecretString=json.dumps({"database": NEIGHBOUR})
    )
    other = sandbox.client("secretsmanager", region=OTHER_REGION).create_secret(
        Name="cloudflare-of-the-other-zone", SecretString=f"{OTHER_TOKEN}\n"
    )
    secrets = Secrets(shared["ARN"], other["ARN"])
    places = {
        "token": {
            "existing": {
                "secret_arn": secrets.shared,
                "json_key": KEY,
                "kms_key_arn": "${aws_kms_key.mesh_dns.arn}",
            }
        },
        "tokens": {"other": {"existing": {"secret_arn": secrets.other}}},
        "zones": {
            SUFFIX: {"cloudflare": {"zone_id": mesh.zone_ids[SUFFIX]}},
            OTHER_SUFFIX: {"cloudflare": {"zone_id": mesh.zone_ids[OTHER_SUFFIX], "token": "other"}},
        },
    }
    touched = apply_again(mesh, {**places, **CUSTOMER_KEY})
    assert touched == {
        "aws_iam_role_policy.token[0]",
        "aws_lambda_function.mesh_dns",
        'aws_secretsmanager_secret.token["default"]',
    }
    return secrets


@pytest.mark.usefixtures("secrets")
class TestExisting:
    """A JSON secret for the first zone, and a secret of its own, in another region, for the other zone."""

    def test_without_the_key_in_it_a_secret_holds_up_its_own_zone_only(
        self, mesh: Installation, secrets: Secrets
    ) -> None:
        name, other = mesh.hostname(), mesh.hostname(suffix=OTHER_SUFFIX)

        controller = mesh.controller()
        target = controller.create(name)
        complaint = wait_for_complaint(mesh, "does not have this key; correct `json_key`")
        mesh.wait_for_decision(name, "zone-denied")
        assert f"secret {secrets.shared}, key {KEY}" in complaint
        mesh.wait_for_name(other, mesh.controller().create(other))
        assert mesh.records(name) == []

        put(mesh, secrets.shared, json.dumps({"database": NEIGHBOUR, KEY: TOKEN}))
        heal(mesh, controller.arn, name)
        mesh.wait_for_name(name, target)

    def test_a_zone_s_own_token_is_rotated_and_the_other_zone_does_not_notice(
        self, mesh: Installation, secrets: Secrets
    ) -> None:
        name, other = mesh.hostname(), mesh.hostname(suffix=OTHER_SUFFIX)
        mesh.drain()
        before = len(mesh.told("retried") + mesh.told("zone unread"))

        mesh.sandbox.cloudflare.add_token(ROTATED, [mesh.zone_ids[OTHER_SUFFIX]])
        put(mesh, secrets.other, ROTATED)
        mesh.sandbox.cloudflare.revoke(OTHER_TOKEN)
        mesh.wait_for_name(other, mesh.controller().create(other))
        mesh.wait_for_name(name, mesh.controller().create(name))

        assert len(mesh.told("retried") + mesh.told("zone unread")) == before

    def test_the_role_may_do_what_is_done_with_it(self, mesh: Installation, secrets: Secrets) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        assert set(statement(mesh, "CallsReadTheToken")["Resource"]) == {secrets.shared, secrets.other}
        decrypts = statement(mesh, "ServiceDecryptsTheToken")
        assert (decrypts["Action"], decrypts["Resource"]) == ("kms:Decrypt", [key_of(mesh)["Arn"]])
        assert set(decrypts["Condition"]["StringEquals"]["kms:ViaService"]) == {
            "secretsmanager.eu-west-1.amazonaws.com",
            "secretsmanager.eu-central-1.amazonaws.com",
        }

    def test_nothing_shows_a_token(self, mesh: Installation) -> None:
        assert places_that_show(mesh, TOKEN, OTHER_TOKEN, ROTATED, NEIGHBOUR) == []


def test_destroy_leaves_what_the_document_says(mesh: Installation) -> None:
    """The log of a trail stops it, until it is deleted."""
    hub, zone_id, cloudflare = Scope(mesh.sandbox), mesh.zone_ids[SUFFIX], mesh.sandbox.cloudflare
    mark = f"{mesh.outputs['owner']} eu-west-1/{ACCOUNT}/net/a/0123456789abcdef"
    stays = {"name": mesh.hostname("stays"), "content": "a.elb.amazonaws.com", "comment": mark}
    cloudflare.add_record(zone_id, type="CNAME", ttl=60, **stays)
    records = cloudflare.records(zone_id)

    with log_that_is_kept(mesh):
        with pytest.raises(TerraformError, match="BucketNotEmpty"):
            mesh.terraform.destroy()
        assert what_is_left(mesh, [hub]).keys() == documented("the module made it", "the module made one").keys()
    mesh.terraform.destroy()

    assert what_is_left(mesh, [hub]).keys() == documented("the module made it").keys() == documented().keys() | {SECRET}
    assert cloudflare.records(zone_id) == records
