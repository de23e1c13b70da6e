"""The second table of docs/inputs.md: what a plan shows of a running spoke when an input of it or its hub changes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.configurations.changes import BOUNDARY, KEY, Row
from tests.doubles.hub import OWNER

REGION = "us-east-1"
# In another region than the hub, with a trail of its own, where a bucket with log files would stop a replacement.
SPOKE = f"""
provider "aws" {{
  alias  = "far"
  region = "{REGION}"
}}
module "spoke" {{
  source    = "../../modules/spoke"
  providers = {{ aws = aws.far }}
  hub       = module.mesh_dns.hub
  trail     = {{ force_destroy = true }}
}}
"""
INPUTS = {"source": "../../modules/spoke", "providers": {"aws": "aws.far"}, "trail": {"force_destroy": True}}
"""The same call, without its hub, as Terraform's JSON has it."""

PATTERN = json.dumps({"source": ["mesh-dns"]})
RULE, TARGET = "aws_cloudwatch_event_rule.forward", "aws_cloudwatch_event_target.hub"
UNDELIVERED = "aws_sqs_queue.undelivered"
SCHEDULE, SCHEDULE_GROUP = "aws_scheduler_schedule.sweep", "aws_scheduler_schedule_group.sweep"
ROLES = tuple(f"aws_iam_role.{name}" for name in ("reader", "forward", "sweep"))
POLICIES = tuple(f"aws_iam_role_policy.{name}" for name in ("reader", "forward", "sweep"))
TRAIL, S3 = "module.trail.aws_cloudtrail.events", "module.trail.aws_s3_bucket"
BUCKET = f"{S3}.trail"
EXPIRY, ENCRYPTION = f"{S3}_lifecycle_configuration.trail", f"{S3}_server_side_encryption_configuration.trail"
WHOLE_TRAIL = (
    *(TRAIL, BUCKET, EXPIRY, ENCRYPTION, f"{S3}_policy.trail"),
    *(f"{S3}_ownership_controls.trail", f"{S3}_public_access_block.trail"),
)

# What follows from a change of the hub, where something is replaced: hub's row => the spoke's.
AFTER = {
    "`iam.path`": Row("the hub's `iam.path`", {}, update=[TARGET, SCHEDULE], replace=[*ROLES, *POLICIES]),
    "`name`": Row(
        "the hub's `name`",
        {},
        update=[TRAIL, BUCKET],  # their tags
        replace=[RULE, TARGET, UNDELIVERED, SCHEDULE, SCHEDULE_GROUP, *ROLES, *POLICIES],
    ),
}


def in_place(hub: Mapping[str, object]) -> list[Row]:
    """Rows that replace nothing, of a spoke of this hub with a trail."""
    return [
        Row("the hub's `load_balancers`, `required_tags`", {"hub": {**hub, "event_pattern": PATTERN}}, update=[RULE]),
        Row(
            "the hub's `sweep`",
            {"hub": {**hub, "sweep_minutes": 5, "sweep_window_minutes": 3}},
            update=[SCHEDULE],
        ),
        Row("the hub's `owner`", {"hub": {**hub, "owner": OWNER}}, update=[RULE, SCHEDULE, *ROLES]),
        Row("`trail` from null", {}, create=WHOLE_TRAIL, without="module.trail"),
        Row("`trail`: its retention", {"trail": {"retention_days": 7, "force_destroy": True}}, update=[EXPIRY]),
        Row("`trail` to null", {"trail": None}, delete=WHOLE_TRAIL),
        Row("`kms_key_arn`", {"kms_key_arn": KEY}, update=[UNDELIVERED, TRAIL, ENCRYPTION]),
        Row("`iam.permissions_boundary`", {"iam": {"permissions_boundary": BOUNDARY}}, update=ROLES),
        Row(
            "`tags`",
            {"tags": {"team": "platform"}},
            update=[RULE, UNDELIVERED, SCHEDULE_GROUP, *ROLES, TRAIL, BUCKET],
        ),
    ]
