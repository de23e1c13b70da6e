"""A role is assumed only by whom its trust policy names."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.sandbox import ACCOUNT, REGION
from tests.sandbox.account import Account

SPOKE = "444455556666"
ADMIN = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"


def trust(principal: str, **conditions: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    return {"Version": "2012-10-17", "Statement": [statement | {"Condition": conditions}]}


@pytest.mark.parametrize(
    ("policy", "external_id", "allowed"),
    [
        pytest.param(trust(f"arn:aws:iam::{ACCOUNT}:root"), None, True, id="the caller's account"),
        pytest.param(trust("arn:aws:iam::999999999999:root"), None, False, id="another account"),
        pytest.param(trust(ADMIN), None, True, id="the caller's role"),
        pytest.param(trust("*", StringEquals={"sts:ExternalId": "secret"}), "secret", True, id="with the external id"),
        pytest.param(trust("*", StringEquals={"sts:ExternalId": "secret"}), "wrong", False, id="with a wrong one"),
        pytest.param(trust("*", StringEquals={"sts:ExternalId": "secret"}), None, False, id="without it"),
        pytest.param(trust("*", ArnEquals={"aws:PrincipalArn": ADMIN}), None, True, id="by principal ARN"),
        pytest.param(
            trust("*", ArnLike={"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/x-*"}), None, False, id="not by it"
        ),
    ],
)
def test_trust(aws: Account, policy: dict[str, object], external_id: str | None, allowed: bool) -> None:
    role = Account(aws.sandbox, SPOKE).role("reader", policy)
    extra = {"ExternalId": external_id} if external_id else {}
    sts = aws.client("sts")
    if allowed:
        assumed = sts.assume_role(RoleArn=role, RoleSessionName="me", **extra)
        assert assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{SPOKE}:assumed-role/reader/me"
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=role, RoleSessionName="me", **extra)


def test_a_role_that_is_gone_is_denied(aws: Account) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.client("sts").assume_role(RoleArn=f"arn:aws:iam::{SPOKE}:role/gone", RoleSessionName="me")


def test_a_session_ends_with_its_role(aws: Account) -> None:
    spoke = Account(aws.sandbox, SPOKE)
    role = spoke.role("reader", trust("*"))
    keys = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], REGION)
    clients = [session.client(name, endpoint_url=aws.sandbox.endpoint) for name in ("elbv2", "ssm")]
    looks = [clients[0].describe_load_balancers, clients[1].describe_parameters]
    for look in looks:
        look()

    spoke.client("iam").delete_role(RoleName="reader")

    for look, code in zip(looks, ("InvalidClientTokenId", "UnrecognizedClientException"), strict=True):
        with pytest.raises(ClientError, match=code):
            look()


def test_everybody_may_administer_every_account(aws: Account) -> None:
    admin = f"arn:aws:iam::{SPOKE}:role/OrganizationAccountAccessRole"
    assumed = aws.client("sts").assume_role(RoleArn=admin, RoleSessionName="me")
    assert f"::{SPOKE}:" in assumed["AssumedRoleUser"]["Arn"]
