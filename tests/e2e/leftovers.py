"""What `terraform destroy` leaves, on the sandbox and by the document."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from sandbox.controllers import Scope
from sandbox.metrics import recorded
from tests.e2e.installation import Installation

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
RECORDS, SECRET, LOG, METRICS = "the DNS records", "the token's secret", "the log of the trail", "metrics"
"""What the document's table begins its rows with."""
BUCKETS = "s3 Buckets"
DAY = 86_400

# What is made: service, call, the answer's list, the name in each of its items (none: the item is the name).
LISTS: tuple[tuple[str, str, str, str], ...] = (
    ("cloudtrail", "describe_trails", "trailList", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("events", "list_event_buses", "EventBuses", "Name"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("scheduler", "list_schedule_groups", "ScheduleGroups", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", ""),
)


def made(scope: Scope) -> set[str]:
    """Kinds of things with the module's name in theirs, as `service list: name`, those under deletion too."""
    return set(_made(scope))


def _made(scope: Scope) -> Iterator[str]:
    for service, call, items, member in LISTS:
        for item in getattr(scope.client(service), call)().get(items, []):
            name = item[member] if member else item
            if "mesh-dns" in name:
                yield f"{service} {items}: {name}"


def secrets(scope: Scope) -> Mapping[str, bool]:
    """Name => whether it is in its recovery window, of each secret with the module's name in its own."""
    found = scope.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"]
    return {item["Name"]: "DeletedDate" in item for item in found if "mesh-dns" in item["Name"]}


def section() -> str:
    """The document's section about removing."""
    return DOCUMENT.read_text().split("\n## Removing it\n")[1].split("\n## ")[0]


def documented(*conditions: str) -> dict[str, str]:
    """What the document says is left, where only these conditions of its rows hold => for how long."""
    rows = re.findall(r"^\| ([^|]+?)(?:, if ([^|]+?))? \| ([^|]+?) \| [^|]+ \|$", section(), re.MULTILINE)
    assert rows[0][0] == "what", rows
    return {what: how_long for what, condition, how_long in rows[1:] if not condition or condition in conditions}


def first_to_go() -> str:
    """What goes in a step of its own where the function is in a VPC: the target of the document's first command."""
    (target,) = re.findall(r"^terraform destroy -target=(\S+)$", section(), re.MULTILINE)
    return str(target)


def what_is_left(mesh: Installation, scopes: Collection[Scope]) -> dict[str, set[str]]:
    """What is left there, by the document's words; anything else by what it is. Nothing that is not there."""
    found: dict[str, set[str]] = {}
    owner = f"{mesh.outputs['owner']} "
    for zone_id in mesh.zone_ids.values():
        ours = {r.name for r in mesh.sandbox.cloudflare.records(zone_id) if (r.comment or "").startswith(owner)}
        found[RECORDS] = found.get(RECORDS, set()) | ours
    for scope in scopes:
        for thing in made(scope):
            found.setdefault(LOG if thing.startswith(BUCKETS) else thing.partition(":")[0], set()).add(thing)
        for name, deleted in secrets(scope).items():
            found.setdefault(SECRET if deleted else "a secret that nobody deleted", set()).add(name)
        names = {name for _, name, _ in recorded(scope.account, scope.region)}
        found[METRICS] = found.get(METRICS, set()) | names
    return {what: things for what, things in found.items() if things}


def days_until_gone(scope: Scope, secret: str) -> int:
    """How many days a secret stays in its recovery window."""
    described = scope.client("secretsmanager").describe_secret(SecretId=secret)
    return round((described["DeletedDate"].timestamp() - time.time()) / DAY)
