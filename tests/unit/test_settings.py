"""Settings: what is taken, what stands for what is not said, and what a mistake is called."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from mesh_dns import settings
from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.values import Scope
from mesh_dns.errors import Misconfigured
from tests.doubles.hub import OWNER

ZONE, OTHER_ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:mesh-dns-AbCdEf"
LEAST: dict[str, Any] = {
    "owner": OWNER,
    "account": "111122223333",
    "region": "eu-west-1",
    "role_id": "AROAEXAMPLE0000000000",
    "queue_url": "https://sqs.eu-west-1.amazonaws.com/111122223333/mesh-dns",
    "dead_letter_queue_url": "https://sqs.eu-west-1.amazonaws.com/111122223333/mesh-dns-dead-letter",
    "table_name": "mesh-dns",
    "zones": {"mesh.example.com": {"cloudflare": {"zone_id": ZONE}}},
    "tokens": {"default": {"secret_arn": SECRET}},
}
VAULT: dict[str, Any] = {
    "address": "https://vault.example.net",
    "mount": "secret",
    "path": "mesh-dns",
    "key": "token",
    "kv_version": 2,
    "auth": {"aws_role": "mesh-dns"},
}
SPOKES = {"reader_role": "mesh-dns/reader", "external_id": OWNER}


def parse(**different: object) -> settings.Settings:
    """The least settings with these; `...` takes one out."""
    document = {key: value for key, value in (LEAST | different).items() if value is not ...}
    return settings.parse({settings.VARIABLE: json.dumps(document)})


def test_the_least_that_must_be_said_and_what_stands_for_the_rest() -> None:
    assert parse() == settings.Settings(
        hub=Scope("111122223333", "eu-west-1"),
        role_id=LEAST["role_id"],
        queue_url=LEAST["queue_url"],
        dead_letter_queue_url=LEAST["dead_letter_queue_url"],
        rules=Rules(
            owner=OWNER,
            zones={"mesh.example.com": ZONE},
            accounts={"111122223333": ("*",)},
            hostname_tag="hostname",
            required_tags={},
            internal_only=True,
            ttl=60,
            adopt_matching=False,
            policy=Policy.SYNC,
            grace=600,
            sweep_period=900,
        ),
        dry_run=False,
        table_name="mesh-dns",
        tokens={"default": {"secret_arn": SECRET}},
        zone_tokens={ZONE: "default"},
        spokes=None,
    )


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ({"hostname_tag": "dns"}, {"hostname_tag": "dns"}),
        ({"required_tags": {"a": "b"}}, {"required_tags": {"a": "b"}}),
        ({"internal_only": False}, {"internal_only": False}),
        ({"accounts": None}, {"accounts": {"111122223333": ("*",)}}),
        ({"accounts": {}}, {"accounts": {}}),
        ({"accounts": {"4" * 12: ["*.eu.example.com", "a"]}}, {"accounts": {"4" * 12: ("*.eu.example.com", "a")}}),
        ({"accounts": {"*": ["*.{account}.a.com"]}}, {"accounts": {"*": ("*.{account}.a.com",)}}),
        ({"ttl": 300}, {"ttl": 300}),
        ({"adopt": "matching"}, {"adopt_matching": True}),
        ({"adopt": "none"}, {"adopt_matching": False}),
        ({"policy": "upsert-only"}, {"policy": Policy.UPSERT_ONLY}),
        ({"policy": "create-only"}, {"policy": Policy.CREATE_ONLY}),
        ({"grace_seconds": 0}, {"grace": 0}),
        ({"sweep_seconds": 3600}, {"sweep_period": 3600}),
    ],
    ids=lambda value: json.dumps(value, default=str)[:60],
)
def test_what_can_be_said(said: dict[str, object], rules: dict[str, object]) -> None:
    found = parse(**said).rules
    assert {name: getattr(found, name) for name in rules} == rules


def test_the_rest_that_can_be_said() -> None:
    found = parse(mode="dry-run", spokes=SPOKES, tokens=LEAST["tokens"] | {"eu": {"vault": VAULT}}, zones=TWO_ZONES)
    assert found.dry_run
    assert found.spokes == settings.Spokes(**SPOKES)
    assert found.tokens["eu"]["vault"]["auth"] == {"aws_role": "mesh-dns"}
    assert found.rules.zones == {"a.example.com": ZONE, "b.example.com": ZONE, "example.net": OTHER_ZONE}
    assert found.zone_tokens == {ZONE: "default", OTHER_ZONE: "eu"}
    assert not parse(mode="apply").dry_run


@pytest.mark.parametrize(
    "auth",
    [
        {"aws_role": "mesh-dns", "aws_mount": "aws-eu", "server_id": "vault.example.net"},
        {"jwt_role": "mesh-dns", "jwt_mount": "jwt-aws", "audience": "https://vault.example.net"},
        {"jwt_role": "mesh-dns", "audience": "https://vault.example.net"},
        {"token_secret_arn": SECRET},
    ],
    ids=["by the AWS method", "by a token that AWS signs", "at the usual mount", "by a Vault token"],
)
def test_the_ways_into_vault(auth: dict[str, str]) -> None:
    place = {"vault": VAULT | {"auth": auth}}
    assert parse(tokens={"default": place}).tokens == {"default": place}


def zone(zone_id: str, **token: str) -> dict[str, object]:
    """A zone at Cloudflare, as the settings say it."""
    return {"cloudflare": {"zone_id": zone_id} | token}


TWO_ZONES = {"a.example.com": zone(ZONE), "b.example.com": zone(ZONE), "example.net": zone(OTHER_ZONE, token="eu")}


MANY = {f"{number:012}": [f"*.team-{number}.mesh.example.com"] for number in range(500)}
SHA = hashlib.sha256(json.dumps(MANY, separators=(",", ":")).encode()).hexdigest()


def test_accounts_that_are_kept_in_the_table() -> None:
    half = parse(accounts=None, accounts_item=SHA)
    assert half.rules.accounts == {}, "nobody claims anything before they are read"

    whole = settings.complete(half, lambda: dict(reversed(MANY.items())))

    assert whole.rules.accounts == {account: tuple(patterns) for account, patterns in MANY.items()}
    assert (whole.accounts_item, whole.tokens) == (None, half.tokens)


def test_accounts_of_another_apply_are_not_taken() -> None:
    with pytest.raises(Misconfigured, match="an apply is under way"):
        settings.complete(parse(accounts=None, accounts_item=SHA), lambda: MANY | {"999999999999": ["*"]})


def test_accounts_in_the_environment_need_no_table() -> None:
    def never() -> dict[str, list[str]]:
        raise AssertionError("asked the table")

    found = parse(accounts={"4" * 12: ["a"]})
    assert settings.complete(found, never) is found


WRONG: dict[str, tuple[dict[str, object], str]] = {
    "no owner": ({"owner": ...}, "'owner' is a required property"),
    "an owner with a blank": ({"owner": "mesh dns"}, "owner: 'mesh dns'"),
    "an owner too long": ({"owner": "o" * 18}, "owner: "),
    "no zones": ({"zones": {}}, "zones: {}"),
    "a zone map that is a list": ({"zones": ["mesh.example.com"]}, "zones: "),
    "a zone id without its provider": ({"zones": {"mesh.example.com": ZONE}}, "zones.mesh.example.com: "),
    "a zone of no provider": (
        {"zones": {"mesh.example.com": {}}},
        "zones.mesh.example.com: 'cloudflare' is a required",
    ),
    "a zone id that is a name": (
        {"zones": {"mesh.example.com": zone("example.com")}},
        "zones.mesh.example.com.cloudflare.zone_id: ",
    ),
    "a suffix in upper case": ({"zones": {"Mesh.example.com": zone(ZONE)}}, "zones: 'Mesh.example.com'"),
    "a suffix with a dot at its end": ({"zones": {"mesh.example.com.": zone(ZONE)}}, "zones: "),
    "a suffix of one label": ({"zones": {"com": zone(ZONE)}}, "zones: 'com'"),
    "a zone whose token is nowhere": (
        {"zones": {"mesh.example.com": zone(ZONE, token="eu")}},
        "zones.mesh.example.com uses the token 'eu', which tokens lacks",
    ),
    "no default token though a zone uses it": ({"tokens": {}}, "uses the token 'default', which tokens lacks"),
    "two tokens for one zone": (
        {
            "zones": {"a.example.com": zone(ZONE), "b.example.com": zone(ZONE, token="eu")},
            "tokens": {"default": {"secret_arn": SECRET}, "eu": {"secret_arn": SECRET}},
        },
        f"zones gives the zone {ZONE} two different tokens",
    ),
    "no table": ({"table_name": ...}, "'table_name' is a required property"),
    "an account of 11 digits": ({"account": "1" * 11}, "account: "),
    "an account among accounts of 11 digits": ({"accounts": {"1" * 11: ["*"]}}, "accounts: "),
    "a hash that is none": ({"accounts": None, "accounts_item": "abc"}, "accounts_item: 'abc'"),
    "accounts that is a list": ({"accounts": ["111122223333"]}, "accounts: "),
    "a region that is none": ({"region": "Ireland"}, "region: 'Ireland'"),
    "a role's ARN for its id": ({"role_id": "arn:aws:iam::111122223333:role/mesh-dns"}, "role_id: "),
    "a TTL too short": ({"ttl": 30}, "ttl: 30 is less than the minimum of 60"),
    "a TTL that is a text": ({"ttl": "60"}, "ttl: '60' is not of type 'integer'"),
    "a grace too long": ({"grace_seconds": 901}, "grace_seconds: 901"),
    "an unknown policy": ({"policy": "synch"}, "policy: 'synch' is not one of"),
    "an unknown mode": ({"mode": "dryrun"}, "mode: 'dryrun' is not one of"),
    "an unknown adopt": ({"adopt": "all"}, "adopt: 'all' is not one of"),
    "a setting that does not exist": ({"grace": 600}, "'grace' was unexpected"),
    "a token by value": ({"tokens": {"default": "cf-secret"}}, "tokens.default: "),
    "a token in two places": ({"tokens": {"default": {"secret_arn": SECRET, "vault": VAULT}}}, "tokens.default"),
    "a parameter's ARN for a secret's": ({"tokens": {"default": {"secret_arn": "arn:aws:ssm:x"}}}, "tokens.default"),
    "a vault without a key": (
        {"tokens": {"default": {"vault": {k: v for k, v in VAULT.items() if k != "key"}}}},
        "tokens.default.vault",
    ),
    "a JWT role without an audience": (
        {"tokens": {"default": {"vault": VAULT | {"auth": {"jwt_role": "mesh-dns"}}}}},
        "tokens.default.vault.auth",
    ),
    "spokes without an external id": ({"spokes": {"reader_role": "r"}}, "spokes: 'external_id'"),
}


@pytest.mark.parametrize(("different", "complaint"), WRONG.values(), ids=WRONG.keys())
def test_a_mistake_is_called_by_its_name(different: dict[str, object], complaint: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        parse(**different)
    assert str(raised.value).startswith("MESH_DNS_SETTINGS is wrong: ")
    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("environment", "complaint"),
    [
        ({}, "the environment variable MESH_DNS_SETTINGS is missing"),
        ({"MESH_DNS_SETTINGS": ""}, "MESH_DNS_SETTINGS is not JSON"),
        ({"MESH_DNS_SETTINGS": "{"}, "MESH_DNS_SETTINGS is not JSON"),
        ({"MESH_DNS_SETTINGS": "[]"}, "MESH_DNS_SETTINGS is wrong: [] is not of type 'object'"),
    ],
    ids=["missing", "empty", "broken", "not an object"],
)
def test_settings_that_are_no_settings(environment: dict[str, str], complaint: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        settings.parse(environment)
    assert complaint in str(raised.value)
