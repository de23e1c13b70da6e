"""The table of docs/inputs.md: what a plan shows of a running installation when an input changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.sandbox import ACCOUNT
from tests.doubles.hub import OWNER
from tests.e2e.installation import OTHER_SUFFIX

FURTHER = {"mesh.example.org": "given", "mesh.example.info": "made"}
"""Suffix => the key of `tokens` that its zone names: an existing secret, and one that the module makes."""
ANOTHER_SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf"
IN_VAULT = {
    "vault": {
        **{"address": "https://vault.example.com", "mount": "secret", "path": "cloudflare", "key": "token"},
        "auth": {"jwt_role": "mesh-dns", "audience": "https://vault.example.com"},
    }
}
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ORGANIZATION = "o-a1b2c3d4e5"
ON_CALL = "arn:aws:sns:eu-west-1:111122223333:on-call"
PATH = {"path": "/platform/"}
BOUNDARY = "arn:aws:iam::111122223333:policy/boundary"

FUNCTION, ALARMS = "aws_lambda_function.mesh_dns", "aws_cloudwatch_metric_alarm.watch"
ROLES = ("aws_iam_role.function", "aws_iam_role.scheduler")
ROLE_POLICY, TOKEN_POLICY = "aws_iam_role_policy.function", "aws_iam_role_policy.token"
SWEEP_POLICY = "aws_iam_role_policy.scheduler"
RULE, SPOKES_RULE = "aws_cloudwatch_event_rule.events", "aws_cloudwatch_event_rule.spokes"
TARGET, SPOKES_TARGET = "aws_cloudwatch_event_target.topic", "aws_cloudwatch_event_target.spokes"
SCHEDULE, SCHEDULE_GROUP = "aws_scheduler_schedule.sweep", "aws_scheduler_schedule_group.sweep"
QUEUE, DEAD_LETTER, TOPIC = "aws_sqs_queue.events", "aws_sqs_queue.dead_letter", "aws_sns_topic.events"
TOPIC_POLICY, SUBSCRIPTION = "aws_sns_topic_policy.events", "aws_sns_topic_subscription.queue"
RECURSION = "aws_lambda_function_recursion_config.mesh_dns"
LOG_GROUP, MAPPING = "aws_cloudwatch_log_group.function", "aws_lambda_event_source_mapping.queue"
TABLE, ACCOUNTS = "aws_dynamodb_table.memory", "aws_dynamodb_table_item.accounts"
SECRETS, VALUE = "aws_secretsmanager_secret.token", "aws_secretsmanager_secret_version.token"
BUS, BUS_POLICY = "aws_cloudwatch_event_bus.spokes", "aws_cloudwatch_event_bus_policy.spokes"
SPOKES = (BUS, BUS_POLICY, SPOKES_RULE, SPOKES_TARGET)
TRAIL, S3 = "module.trail.aws_cloudtrail.events", "module.trail.aws_s3_bucket"
BUCKET = f"{S3}.trail"
EXPIRY, ENCRYPTION = f"{S3}_lifecycle_configuration.trail", f"{S3}_server_side_encryption_configuration.trail"
WHOLE_TRAIL = (
    *(TRAIL, BUCKET, EXPIRY, ENCRYPTION, f"{S3}_policy.trail"),
    *(f"{S3}_ownership_controls.trail", f"{S3}_public_access_block.trail"),
)
TAGGED = (
    *(TOPIC, QUEUE, DEAD_LETTER, LOG_GROUP, TABLE, FUNCTION, MAPPING, SECRETS, *ROLES),
    *(RULE, SPOKES_RULE, BUS, SCHEDULE_GROUP, ALARMS, TRAIL, BUCKET),
)


@dataclass(frozen=True)
class Row:
    """One row: its first cell, the inputs that it means, and which resources the plan changes, without their keys.

    spokes: the output `hub` changes. foreign: the owner mark does. without: a part of the module that is not there yet.
    """

    change: str
    inputs: Mapping[str, object]
    update: Sequence[str] = ()
    create: Sequence[str] = ()
    replace: Sequence[str] = ()
    delete: Sequence[str] = ()
    spokes: bool = False
    foreign: bool = False
    without: str = ""

    def plan(self) -> dict[str, set[str]]:
        """Action => resources, as Terraform calls the actions; none without resources."""
        kinds = {"update": self.update, "create": self.create, "replace": self.replace, "delete": self.delete}
        return {kind: set(addresses) for kind, addresses in kinds.items() if addresses}


# To an installation in a VPC, without spokes and without a trail. They replace nothing, and are applied together.
LEAVING = Row("`function.vpc` taken away", {"function": {}}, update=[FUNCTION, ROLE_POLICY])
FIRST = [
    LEAVING,
    Row(
        "`spokes` from null",
        {"spokes": {}},
        update=[FUNCTION, ROLE_POLICY, DEAD_LETTER],
        create=[*SPOKES, ALARMS],
        spokes=True,
    ),
    Row("`trail` from null", {"trail": {"force_destroy": True}}, create=WHOLE_TRAIL),
]
# What replaces something: each is applied by itself, one after the other, and the new name last.
REPLACING = [
    Row("`token.version` raised", {"token": {"version": 2}}, replace=[VALUE]),
    Row(
        "`iam.path`",
        {"iam": PATH},
        update=[FUNCTION, SCHEDULE],
        replace=[*ROLES, ROLE_POLICY, TOKEN_POLICY, SWEEP_POLICY],
        spokes=True,
    ),
]
RENAMING = Row(
    "`name`",
    {"name": "dns-of-the-mesh"},
    update=[TABLE, SECRETS, TRAIL, BUCKET],  # their tags
    replace=[
        *(FUNCTION, LOG_GROUP, MAPPING, RECURSION, QUEUE, DEAD_LETTER, TOPIC, TOPIC_POLICY, SUBSCRIPTION),
        *(RULE, TARGET, SCHEDULE, SCHEDULE_GROUP, *SPOKES, ALARMS, *ROLES, ROLE_POLICY, TOKEN_POLICY, SWEEP_POLICY),
    ],
    spokes=True,
)


def start(zone_ids: Mapping[str, str], secret: str) -> dict[str, object]:
    """The inputs that the installation is first applied with.

    zone_ids: of all suffixes, also those that use a further token. secret: the ARN of an existing one.
    """
    return {
        "zones": {suffix: _zone(zone_id, FURTHER.get(suffix)) for suffix, zone_id in zone_ids.items()},
        "token": {"version": 1},
        "tokens": {"given": {"existing": {"secret_arn": secret}}, "made": {}},
        "accounts": {ACCOUNT: ["*"], "444455556666": ["*"]},
        "trail": None,
    }


def _zone(zone_id: str, token: str | None = None) -> Mapping[str, object]:
    return {"cloudflare": {"zone_id": zone_id, **({"token": token} if token else {})}}


def in_place(inputs: Mapping[str, Any]) -> list[Row]:
    """Rows that replace nothing, of an installation with these inputs, spokes and a trail."""
    return [
        *_of_zones_and_tokens(inputs["zones"], inputs["tokens"]),
        *_of_accounts_and_spokes(),
        Row(
            "`load_balancers`, `required_tags`",
            {"load_balancers": {"hostname_tag": "dns-name"}, "required_tags": {"stack": "mesh"}},
            update=[FUNCTION, RULE, SPOKES_RULE],
            spokes=True,
        ),
        Row(
            "`mode`, `write_policy`, `adopt`, `records`",
            {"mode": "dry-run", "write_policy": "upsert-only", "adopt": "matching", "records": {"ttl": 300}},
            update=[FUNCTION, ALARMS],
        ),
        Row("`sweep`", {"sweep": {"minutes": 5}}, update=[SCHEDULE, ALARMS, FUNCTION], spokes=True),
        Row("`trail`: its retention", {"trail": {"retention_days": 7, "force_destroy": True}}, update=[EXPIRY]),
        Row("`trail` to null", {"trail": None}, delete=WHOLE_TRAIL),
        *_of_the_function(),
        Row("`alarm_actions`", {"alarm_actions": [ON_CALL]}, update=[ALARMS]),
        Row(
            "`alarms`",
            {"alarms": {"topic": {"enabled": False}, "guard": {"threshold": 5}}},
            update=[ALARMS],
            delete=[ALARMS],
        ),
        Row(
            "`owner`",
            {"owner": OWNER},
            update=[FUNCTION, RULE, SPOKES_RULE, BUS, SCHEDULE],
            spokes=True,
            foreign=True,
        ),
        Row(
            "`kms_key_arn`",
            {"kms_key_arn": KEY},
            update=[
                *(TOPIC, QUEUE, DEAD_LETTER, LOG_GROUP, TABLE, FUNCTION, SECRETS, TRAIL, ENCRYPTION),
                *(ROLE_POLICY, TOKEN_POLICY),
            ],
        ),
        Row("`iam.permissions_boundary`", {"iam": {**PATH, "permissions_boundary": BOUNDARY}}, update=ROLES),
        Row("`tags`", {"tags": {"team": "platform"}}, update=TAGGED),
    ]


def _of_zones_and_tokens(zones: Mapping[str, Any], tokens: Mapping[str, object]) -> list[Row]:
    another = "023e105f4ecef8ad9ca31a8372d0c353"
    given, (made,) = tokens["given"], [suffix for suffix, token in FURTHER.items() if token == "made"]
    return [
        Row("`zones`: a suffix added", {"zones": {**zones, "eu.example.com": _zone(another)}}, update=[FUNCTION]),
        Row(
            "`zones`: a suffix removed",
            {"zones": {suffix: zone for suffix, zone in zones.items() if suffix != OTHER_SUFFIX}},
            update=[FUNCTION],
        ),
        Row("`zones`: another `zone_id`", {"zones": {**zones, OTHER_SUFFIX: _zone(another)}}, update=[FUNCTION]),
        Row(
            "`tokens`: a key added, and a zone that names it",
            {"zones": {**zones, "eu.example.com": _zone(another, "eu")}, "tokens": {**tokens, "eu": {}}},
            update=[FUNCTION, TOKEN_POLICY],
            create=[SECRETS],
        ),
        Row(
            "`tokens`: a key removed, and its zone uses another",
            {"zones": {**zones, made: _zone(zones[made]["cloudflare"]["zone_id"])}, "tokens": {"given": given}},
            update=[FUNCTION, TOKEN_POLICY],
            delete=[SECRETS],
        ),
        Row(
            "`token`, `tokens`: another existing secret",
            {"tokens": {**tokens, "given": {"existing": {"secret_arn": ANOTHER_SECRET}}}},
            update=[FUNCTION, TOKEN_POLICY],
        ),
        Row(
            "`token`: from the module's secret to an existing one",
            {"token": {"existing": {"secret_arn": ANOTHER_SECRET}}},
            update=[FUNCTION, TOKEN_POLICY],
            delete=[SECRETS, VALUE],
        ),
        Row(
            "`token`, `tokens`: all to Vault",
            {"token": IN_VAULT, "tokens": dict.fromkeys(tokens, IN_VAULT)},
            update=[FUNCTION, ROLE_POLICY],
            delete=[TOKEN_POLICY, SECRETS, VALUE],
        ),
        Row(
            "`tokens`: from an existing secret to one that the module makes",
            {"tokens": {**tokens, "given": {}}},
            update=[FUNCTION, TOKEN_POLICY],
            create=[SECRETS],
        ),
    ]


def _of_accounts_and_spokes() -> list[Row]:
    return [
        Row(
            "`accounts`",
            {"accounts": {ACCOUNT: ["*"], "555566667777": ["*"]}},
            update=[FUNCTION, ACCOUNTS, ROLE_POLICY, BUS_POLICY],
        ),
        Row("`spokes`: whom it lets in", {"spokes": {"organization_id": ORGANIZATION}}, update=[BUS_POLICY]),
        Row(
            "`spokes` to null",
            {"spokes": None},
            update=[FUNCTION, ROLE_POLICY, DEAD_LETTER],
            delete=[*SPOKES, ALARMS],
            spokes=True,
        ),
    ]


def _of_the_function() -> list[Row]:
    return [
        Row(
            "`function`",
            {
                "function": {
                    **{"memory_mb": 512, "timeout_seconds": 60, "architecture": "x86_64"},
                    **{"log_level": "DEBUG", "log_retention_days": 30},
                }
            },
            update=[FUNCTION, QUEUE, LOG_GROUP],
        ),
        Row(
            "`function.vpc`",
            {"function": {"vpc": {"subnet_ids": ["subnet-0a1b2c3d"], "security_group_ids": ["sg-0a1b2c3d"]}}},
            update=[FUNCTION, ROLE_POLICY],
        ),
        Row(
            "`function.reserved_concurrency`",
            {"function": {"reserved_concurrency": False}},
            update=[FUNCTION, MAPPING],
        ),
    ]
