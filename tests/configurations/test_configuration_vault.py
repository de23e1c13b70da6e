"""The token in Vault, in a VPC: first with a login by IAM at an emulated Vault, then in a real OpenBao.

OpenBao has no login by IAM. There it is a Vault token that is kept in Secrets Manager, and then a token that AWS signs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from moto.sts.models import AssumedRole, sts_backends

from mesh_dns.aws.web_identity import VALID_SECONDS
from sandbox.controllers import Scope
from sandbox.sandbox import ACCOUNT, Sandbox
from tests.configurations.configuration import (
    apply,
    apply_again,
    call_everything,
    heal,
    listed,
    places_that_show,
    running_sandbox,
    statement,
    statements,
    wait_for_complaint,
    what_is_wrong_with_the_role,
    zones_of,
)
from tests.e2e.installation import SUFFIX, Installation
from tests.e2e.leftovers import documented, first_to_go, made, what_is_left
from tests.unit.secrets import openbao
from tests.unit.secrets.openbao import OpenBao
from tests.unit.secrets.vault_server import LOGIN_TOKEN, ROLE, Vault, serving

TOKEN = "token-of-the-emulated-zones-in-vault-0123456789"
AUDIENCE = "https://vault.example.com"
SIGNED = "eyJhbGciOi"
"""How a signed token begins: `{"alg":`."""
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
    """Sealed."""
    secrets: dict[str, Mapping[str, object]] = {
        "/v1/secret/data/teams/dns": {"data": {"data": {"cloudflare": TOKEN}, "metadata": {"version": 3}}},
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


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    """The same token in engines of both KV versions, which no policy lets read yet."""
    with openbao.serving(tmp_path_factory.mktemp("bao")) as running:
        running.engines()
        running.admin.secrets.kv.v1.create_or_update_secret("dns", {"token": f"{TOKEN}\n"}, mount_point="kv1")
        running.admin.secrets.kv.v2.create_or_update_secret("dns", {"token": TOKEN}, mount_point="kv2")
        yield running


def at(bao: OpenBao, version: int, auth: Mapping[str, str]) -> Mapping[str, object]:
    """The input `token` for the secret in the engine of a KV version."""
    where = {"mount": f"kv{version}", "path": "dns", "key": "token", "kv_version": version}
    return {"vault": {"address": bao.url, **where, "auth": auth}}


@pytest.fixture(scope="module")
def stored(bao: OpenBao) -> str:
    """The Vault token that is kept in Secrets Manager."""
    return bao.token("mesh-dns")


@pytest.fixture(scope="module")
def left(mesh: Installation, vault: BoundVault) -> Installation:
    """The installation as it leaves the emulated Vault: nothing waits for that any more."""
    vault.sealed = False
    return mesh


@pytest.fixture(scope="class")
def secret(left: Installation, bao: OpenBao, stored: str, network: dict[str, list[str]]) -> str:
    """ARN of the secret."""
    made = left.sandbox.client("secretsmanager").create_secret(Name="vault/mesh", SecretString=f"{stored}\n")
    token = at(bao, 1, {"token_secret_arn": made["ARN"]})
    touched = apply_again(left, {"token": token, "function": {"vpc": network}})
    assert {each for each in touched if "iam_role_policy" not in each} == {"aws_lambda_function.mesh_dns"}
    return str(made["ARN"])


@pytest.mark.usefixtures("secret")
class TestVaultTokenInSecretsManager:
    """A Vault token of long life, for a simple set-up; KV version 1."""

    def test_a_policy_that_denies_it_is_named_and_mended(self, mesh: Installation, bao: OpenBao) -> None:
        name, controller = mesh.hostname(), mesh.controller()
        target = controller.create(name)
        complaint = wait_for_complaint(mesh, "read failed (Forbidden", "permission denied")
        assert "check that the policy of the login lets it read this path" in complaint
        assert mesh.records(name) == []

        bao.policy("mesh-dns", "kv1/dns")
        heal(mesh, controller.arn, name)
        mesh.wait_for_name(name, target)

    def test_the_role_may_do_what_is_done_with_it(self, mesh: Installation, secret: str) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        reading = [each for each in statements(mesh) if "secretsmanager:GetSecretValue" in listed(each["Action"])]
        assert [listed(each["Resource"]) for each in reading] == [[secret]]

    def test_nothing_shows_a_token_or_a_key(self, mesh: Installation, stored: str) -> None:
        sessions = sessions_of(mesh.outputs["function_role_arn"].rsplit("/", 1)[-1])
        assert len(sessions) > 1, "one before the change, one after it"
        keys = [key for session in sessions for key in (session.secret_access_key, session.session_token)]
        assert places_that_show(mesh, TOKEN, stored, LOGIN_TOKEN, *keys) == []


@pytest.fixture(scope="class")
def web_identity(left: Installation, bao: OpenBao, network: dict[str, list[str]]) -> None:
    """OpenBao trusts the account for the function's role; the account has not switched it on yet."""
    bao.policy("mesh-dns", "kv2/data/dns")
    bao.admin.sys.enable_auth_method("jwt", path="aws/jwt")
    issuer = left.sandbox.web_identity.issuer(ACCOUNT)
    bao.write("auth/aws/jwt/config", oidc_discovery_url=issuer, bound_issuer=issuer)
    bao.write(
        "auth/aws/jwt/role/mesh-dns",
        role_type="jwt",
        user_claim="sub",
        bound_audiences=[AUDIENCE],
        bound_subject=left.outputs["function_role_arn"],
        token_policies=["mesh-dns"],
        token_ttl="5m",
    )
    token = at(bao, 2, {"jwt_role": "mesh-dns", "jwt_mount": "aws/jwt", "audience": AUDIENCE})
    apply_again(left, {"token": token, "function": {"vpc": network}})


@pytest.mark.usefixtures("web_identity")
class TestLoginByWebIdentity:
    """A token that AWS signs instead of any secret: for Vault and OpenBao; KV version 2."""

    def test_an_account_that_did_not_switch_it_on_is_told_how(self, mesh: Installation) -> None:
        name = mesh.hostname()
        target = mesh.controller().create(name)
        wait_for_complaint(mesh, "OutboundWebIdentityFederationDisabled", "enable-outbound-web-identity-federation")
        assert mesh.records(name) == []

        mesh.sandbox.client("iam").enable_outbound_web_identity_federation()
        mesh.wait_for_name(name, target)

    def test_the_role_may_do_what_is_done_with_it_and_read_no_secret(self, mesh: Installation) -> None:
        call_everything(mesh)

        assert what_is_wrong_with_the_role(mesh) == {}
        assert not [each for each in statements(mesh) if "secretsmanager" in str(each["Action"])]

    def test_the_role_may_have_tokens_made_for_vault_only_and_for_no_longer_than_it_asks_for(
        self, mesh: Installation
    ) -> None:
        (found,) = [each for each in statements(mesh) if "sts:GetWebIdentityToken" in listed(each["Action"])]
        conditions = {
            key: [str(item) for item in (value if isinstance(value, list) else [value])]
            for operator, keys in found["Condition"].items()
            if operator != "Null"
            for key, value in keys.items()
        }
        assert conditions == {"sts:IdentityTokenAudience": [AUDIENCE], "sts:DurationSeconds": [str(VALID_SECONDS)]}

    def test_nothing_shows_a_token(self, mesh: Installation) -> None:
        assert places_that_show(mesh, TOKEN, SIGNED) == []


def test_destroy_in_two_steps_leaves_what_the_document_says_and_what_is_not_the_module_s(mesh: Installation) -> None:
    hub, records = Scope(mesh.sandbox), mesh.sandbox.cloudflare.records(mesh.zone_ids[SUFFIX])
    groups = {group["GroupId"] for group in hub.client("ec2").describe_security_groups()["SecurityGroups"]}
    foreign = {secret["Name"] for secret in hub.client("secretsmanager").list_secrets()["SecretList"]}
    assert records

    mesh.terraform.run("destroy", "-auto-approve", f"-target={first_to_go()}")
    kinds = {each.partition(":")[0] for each in made(hub)}
    assert kinds & {"iam Roles", "lambda Functions"} == {"iam Roles"}, "it removes the network interfaces"
    assert set(statement(mesh, "ServiceManagesNetworkInterfaces")["Action"]) == NETWORK_ACTIONS
    mesh.terraform.destroy()

    assert what_is_left(mesh, [hub]).keys() == documented().keys()
    assert {group["GroupId"] for group in hub.client("ec2").describe_security_groups()["SecurityGroups"]} == groups
    assert {secret["Name"] for secret in hub.client("secretsmanager").list_secrets()["SecretList"]} == foreign
    assert mesh.sandbox.cloudflare.records(mesh.zone_ids[SUFFIX]) == records
