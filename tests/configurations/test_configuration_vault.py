"""The token in Vault, in a VPC: first with a login by IAM, then with a Vault token that is kept in Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from moto.sts.models import AssumedRole, sts_backends

from sandbox.controllers import Scope
from sandbox.sandbox import ACCOUNT, Sandbox
from tests.configurations.configuration import (
    apply,
    apply_again,
    call_everything,
    listed,
    places_that_show,
    running_sandbox,
    statement,
    statements,
    wait_for_complaint,
    what_is_wrong_with_the_role,
    zones_of,
)
from tests.e2e.installation import Installation
from tests.unit.secrets.vault_server import LOGIN_TOKEN, ROLE, Vault, serving

TOKEN = "token-of-the-emulated-zones-in-vault-0123456789"
VAULT_TOKEN = "hvs.a-vault-token-that-is-kept-in-secrets-manager"
SERVER_ID, NAMESPACE, AUTH_MOUNT = "vault.example.com", "teams/mesh", "aws-hub"
NETWORK_ACTIONS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


def sessions_of(role_name: str) -> list[AssumedRole]:
    """What STS knows of a role's sessions."""
    sessions = sts_backends[ACCOUNT]["aws"].assumed_roles
    return [session for session in sessions if session.role_arn.rsplit("/", 1)[-1] == role_name]


@dataclass
class BoundVault(Vault):
    """A Vault whose auth role is bound to one role of AWS: it asks STS which role's session signed a login."""

    bound_role: str = ""

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Mapping[str, object]:
        """The answer to a request. Raises Refusal."""
        self.keys = {
            session.access_key_id: (session.secret_access_key, session.session_token)
            for session in sessions_of(self.bound_role)
        }
        return super().answer(method, path, headers, body)


@pytest.fixture(scope="module")
def vault() -> Iterator[BoundVault]:
    """Sealed. The same token in an engine of either KV version."""
    secrets: dict[str, Mapping[str, object]] = {
        "/v1/secret/data/teams/dns": {"data": {"data": {"cloudflare": TOKEN}, "metadata": {"version": 3}}},
        "/v1/kv/dns": {"data": {"token": f"{TOKEN}\n"}},
    }
    vault = BoundVault(
        secrets,
        auth_mount=AUTH_MOUNT,
        server_id=SERVER_ID,
        namespace=NAMESPACE,
        sealed=True,
        bound_role="mesh-dns-eu-west-1-function",
    )
    with serving(vault):
        yield vault


@pytest.fixture(scope="module")
def network() -> dict[str, list[str]]:
    """The VPC of the function; its ids come with the sandbox."""
    return {}


@pytest.fixture(scope="module")
def mesh(
    tmp_path_factory: pytest.TempPathFactory, vault: BoundVault, network: dict[str, list[str]]
) -> Iterator[Installation]:
    """Applied with an IAM login at a sealed Vault."""
    with running_sandbox() as sandbox:
        zone_ids = zones_of(sandbox)
        sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
        network |= {"subnet_ids": Scope(sandbox).subnets(), "security_group_ids": [security_group(sandbox)]}
        token = {
            "vault": {
                "address": vault.url,
                "namespace": NAMESPACE,
                "mount": "secret",
                "path": "teams/dns",
                "key": "cloudflare",
                "auth": {"aws_role": ROLE, "aws_mount": AUTH_MOUNT, "server_id": SERVER_ID},
            }
        }
        inputs = {"token": token, "function": {"vpc": network}}
        yield apply(sandbox, tmp_path_factory.mktemp("repository"), zone_ids, inputs)


def security_group(sandbox: Sandbox) -> str:
    """A security group of the default VPC."""
    group = sandbox.client("ec2").create_security_group(GroupName="mesh-dns", Description="Way out to Vault")
    return str(group["GroupId"])


def test_the_function_is_in_the_vpc(mesh: Installation, network: dict[str, list[str]]) -> None:
    found = mesh.functions.get_function_configuration(FunctionName=mesh.outputs["function_name"])["VpcConfig"]
    assert set(found["SubnetIds"]) == set(network["subnet_ids"])
    assert found["SecurityGroupIds"] == network["security_group_ids"]


class TestLoginByIam:
    """A signed `sts:GetCallerIdentity` instead of any secret."""

    def test_a_sealed_vault_is_waited_for(self, mesh: Installation, vault: BoundVault) -> None:
        name = mesh.hostname()
        target = mesh.controller().create(name)
        complaint = wait_for_complaint(mesh, "Vault is sealed or a standby")
        assert f"Vault {vault.url}, namespace {NAMESPACE}: secret/teams/dns, key cloudflare" in complaint
        assert mesh.records(name) == []

        vault.sealed = False
        mesh.wait_for_name(name, target)

        assert vault.requests[-2:] == [f"POST /v1/auth/{AUTH_MOUNT}/login", "GET /v1/secret/data/teams/dns"]

    def test_the_role_may_do_what_is_done_with_it_and_read_no_secret(self, mesh: Installation) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        assert mesh.outputs["secret_arn"] is None
        assert not [each for each in statements(mesh) if "secretsmanager" in str(each["Action"])]

    def test_network_interfaces_are_for_lambda_and_not_for_the_code(self, mesh: Installation) -> None:
        assert set(statement(mesh, "ServiceManagesNetworkInterfaces")["Action"]) == NETWORK_ACTIONS
        denied = statement(mesh, "CodeLeavesNetworkInterfacesAlone")
        assert (denied["Effect"], listed(denied["Action"])) == ("Deny", ["ec2:*"])
        assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": mesh.outputs["function_arn"]}}


@pytest.fixture(scope="class")
def secret(mesh: Installation, vault: BoundVault, network: dict[str, list[str]]) -> str:
    """ARN of the secret. Vault does not know the token in it."""
    vault.sealed = False
    made = mesh.sandbox.client("secretsmanager").create_secret(Name="vault/mesh", SecretString=f"{VAULT_TOKEN}\n")
    token = {
        "vault": {
            "address": vault.url,
            "namespace": NAMESPACE,
            "mount": "kv",
            "path": "dns",
            "key": "token",
            "kv_version": 1,
            "auth": {"token_secret_arn": made["ARN"]},
        }
    }
    touched = apply_again(mesh, {"token": token, "function": {"vpc": network}})
    assert touched == {"aws_iam_role_policy.function", "aws_lambda_function.mesh_dns"}
    return str(made["ARN"])


@pytest.mark.usefixtures("secret")
class TestVaultTokenInSecretsManager:
    """A Vault token of long life, for a simple set-up; KV version 1."""

    def test_a_vault_that_denies_it_says_what_to_check(self, mesh: Installation, vault: BoundVault) -> None:
        name = mesh.hostname()
        target = mesh.controller().create(name)
        complaint = wait_for_complaint(mesh, "read refused (Forbidden: permission denied)")
        assert "check that the policy of the login lets it read this path" in complaint
        assert mesh.records(name) == []

        vault.requests.clear()
        vault.tokens.add(VAULT_TOKEN)
        mesh.wait_for_name(name, target)

        assert set(vault.requests) == {"GET /v1/kv/dns"}

    def test_the_role_may_do_what_is_done_with_it(self, mesh: Installation, secret: str) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        assert statement(mesh, "CallsReadTheVaultToken")["Resource"] == [secret]

    def test_nothing_shows_a_token_or_a_key(self, mesh: Installation) -> None:
        sessions = sessions_of(mesh.outputs["function_role_arn"].rsplit("/", 1)[-1])
        assert len(sessions) > 1, "one before the change, one after it"
        keys = [key for session in sessions for key in (session.secret_access_key, session.session_token)]
        assert places_that_show(mesh, TOKEN, VAULT_TOKEN, LOGIN_TOKEN, *keys) == []
