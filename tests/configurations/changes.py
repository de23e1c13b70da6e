"""The table of docs/inputs.md: what a plan shows of a running installation when an input changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.doubles.hub import OWNER

ANOTHER_ZONE = {"cloudflare": {"zone_id": "023e105f4ecef8ad9ca31a8372d0c353"}}
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ON_CALL = "arn:aws:sns:eu-west-1:111122223333:on-call"
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

    spokes: the output `hub` changes. foreign: the owner mark does.
    """

    change: str
    inputs: Mapping[str, object]
    update: Sequence[str] = ()
    create: Sequence[str] = ()
    replace: Sequence[str] = ()
    delete: Sequence[str] = ()
    spokes: bool = False
    foreign: bool = False

    def plan(self) -> dict[str, set[str]]:
        """Action => resources, as Terraform calls the actions; none without resources."""
        kinds = {"update": self.update, "create": self.create, "replace": self.replace, "delete": self.delete}
        return {kind: set(addresses) for kind, addresses in kinds.items() if addresses}


# Applied one after the other: see the test. The first to an installation in a VPC, without spokes and without a trail.
LEAVING = Row("`function.vpc` taken away", {"function": {}}, update=[FUNCTION, ROLE_POLICY])
REPLACING = [
    Row("`token.version` raised", {"token": {"version": 2}}, replace=[VALUE]),
    Row(
        "`iam.path`",
        {"iam": {"path": "/platform/"}},
        update=[FUNCTION, SCHEDULE],
        replace=[*ROLES, ROLE_POLICY, TOKEN_POLICY, SWEEP_POLICY],
        spokes=True,
    ),
    Row(
        "`spokes` from null",
        {"spokes": {}},
        update=[FUNCTION, ROLE_POLICY, DEAD_LETTER],
        create=[*SPOKES, ALARMS],
        spokes=True,
    ),
    Row("`trail` from null", {"trail": {"force_destroy": True}}, create=WHOLE_TRAIL),
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

# In another region, with a trail of its own, where a bucket with log files would stop a replacement.
SPOKE = """
provider "aws" {
  alias  = "far"
  region = "us-east-1"
}
module "spoke" {
  source    = "../../modules/spoke"
  providers = { aws = aws.far }
  hub       = module.mesh_dns.hub
  trail     = { force_destroy = true }
}
"""
RENAMING_THE_SPOKE = Row(
    "`name`, in a spoke",
    {},
    update=[TRAIL, BUCKET],  # their tags
    replace=[
        *("aws_cloudwatch_event_rule.forward", "aws_cloudwatch_event_target.hub", "aws_sqs_queue.undelivered"),
        *(SCHEDULE, SCHEDULE_GROUP),
        *(
            f"{kind}.{name}"
            for kind in ("aws_iam_role", "aws_iam_role_policy")
            for name in ("reader", "forward", "sweep")
        ),
    ],
)


def in_place(zones: Mapping[str, object]) -> list[Row]:
    """Rows that replace nothing, of an installation with spokes and a trail that serves these zones."""
    first = next(iter(zones))
    another_token = {"cloudflare": {**ANOTHER_ZONE["cloudflare"], "token": "eu"}}
    return [
        Row("`zones`: a suffix added", {"zones": {**zones, "eu.example.com": ANOTHER_ZONE}}, update=[FUNCTION]),
        Row(
            "`zones`: another token",
            {"zones": {**zones, "eu.example.com": another_token}, "tokens": {"eu": {}}},
            update=[FUNCTION, TOKEN_POLICY],
            create=[SECRETS],
        ),
        Row("`zones`: a suffix removed", {"zones": {first: zones[first]}}, update=[FUNCTION]),
        Row("`zones`: another `zone_id`", {"zones": dict.fromkeys(zones, ANOTHER_ZONE)}, update=[FUNCTION]),
        Row(
            "`token`, `tokens`: another place",
            {"token": {"existing": {"secret_arn": SECRET}}},
            update=[FUNCTION, TOKEN_POLICY],
            delete=[SECRETS, VALUE],
        ),
        Row(
            "`accounts`",
            {"accounts": {"111122223333": ["*"], "444455556666": ["*"]}},
            update=[FUNCTION, ACCOUNTS, ROLE_POLICY, BUS_POLICY],
        ),
        Row(
            "`spokes` to null",
            {"spokes": None},
            update=[FUNCTION, ROLE_POLICY, DEAD_LETTER],
            delete=[*SPOKES, ALARMS],
            spokes=True,
        ),
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
        Row("`iam.permissions_boundary`", {"iam": {"permissions_boundary": BOUNDARY}}, update=ROLES),
        Row("`tags`", {"tags": {"team": "platform"}}, update=TAGGED),
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
