"""What `terraform destroy` leaves in one account and region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sandbox.controllers import Scope

# What is made: service, call, the answer's list, the name in each of its items (none: the item is the name).
LISTS: tuple[tuple[str, str, str, str], ...] = (
    ("cloudtrail", "describe_trails", "trailList", "Name"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("events", "list_event_buses", "EventBuses", "Name"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
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
