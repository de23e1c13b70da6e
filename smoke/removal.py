"""Everything that a run may have made goes away again, also what Terraform never heard of.

An apply that is interrupted may leave what it was just making: the call was made, and nobody waited for its answer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.terraform import Terraform
from smoke.place import Place
from smoke.report import Report, described

# AWS shows things late, when they are made and when they are deleted.
LOOKS, SECONDS_BETWEEN_LOOKS = 18, 5


@dataclass(frozen=True)
class Kind:
    """A kind of thing: how it is listed, what its name is called (empty: the item is the name), how it is deleted.

    key: what of an item names it at its deletion, if that is not its name. listed_with, deleted_with: more parameters.
    note: what is said of one that stays.
    """

    service: str
    listing: str
    items: str
    name: str
    delete: str
    parameter: str
    key: str = ""
    listed_with: Mapping[str, object] = field(default_factory=dict)
    deleted_with: Mapping[str, object] = field(default_factory=dict)
    note: str = ""

    def found(self, place: Place) -> Iterator[str]:
        """Those of a run, by what names them at their deletion."""
        for page in place.client(self.service).get_paginator(self.listing).paginate(**self.listed_with):
            # Only SQS leaves an empty list out.
            for item in page.get(self.items, ()) if self.service == "sqs" else page[self.items]:
                name = str(item.get(self.name, "") if self.name else item)
                if re.search(rf"(^|[/:]){place.name}([-/]|$)", name):
                    yield str(item[self.key]) if self.key else name

    def remove(self, place: Place, name: str) -> None:
        """Delete one, and first what AWS does not delete it with."""
        client = place.client(self.service)
        if self.service == "iam":
            for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
                client.delete_role_policy(RoleName=name, PolicyName=policy)
        if self.service == "events":
            targets = [target["Id"] for target in client.list_targets_by_rule(Rule=name)["Targets"]]
            if targets:
                client.remove_targets(Rule=name, Ids=targets)
        if self.service == "s3":
            _empty(client, name)
        value = [name] if self.parameter.endswith("s") else name
        getattr(client, self.delete)(**{self.parameter: value}, **self.deleted_with)


def _empty(s3: Any, bucket: str) -> None:
    """Delete every object, with all its versions."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        if found:
            objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})


_ARN = "LoadBalancerArn"
KINDS = (
    Kind("elbv2", "describe_load_balancers", "LoadBalancers", _ARN, "delete_load_balancer", _ARN),
    Kind("scheduler", "list_schedule_groups", "ScheduleGroups", "Name", "delete_schedule_group", "Name"),
    Kind(
        "lambda", "list_event_source_mappings", "EventSourceMappings", "FunctionArn", "delete_event_source_mapping",
        "UUID", key="UUID",
    ),
    Kind("lambda", "list_functions", "Functions", "FunctionName", "delete_function", "FunctionName"),
    Kind("events", "list_rules", "Rules", "Name", "delete_rule", "Name"),
    Kind("sns", "list_topics", "Topics", "TopicArn", "delete_topic", "TopicArn"),
    Kind("sqs", "list_queues", "QueueUrls", "", "delete_queue", "QueueUrl"),
    Kind("cloudtrail", "list_trails", "Trails", "Name", "delete_trail", "Name"),
    Kind("s3", "list_buckets", "Buckets", "Name", "delete_bucket", "Bucket"),
    Kind("logs", "describe_log_groups", "logGroups", "logGroupName", "delete_log_group", "logGroupName"),
    Kind("dynamodb", "list_tables", "TableNames", "", "delete_table", "TableName"),
    Kind("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", "delete_alarms", "AlarmNames"),
    # Terraform only schedules its deletion: for 30 days it, and the token in it, could be restored.
    Kind(
        "secretsmanager", "list_secrets", "SecretList", "Name", "delete_secret", "SecretId",
        listed_with={"IncludePlannedDeletion": True}, deleted_with={"ForceDeleteWithoutRecovery": True},
        note="it holds the token, and can be restored for 30 days",
    ),
    Kind("iam", "list_roles", "Roles", "RoleName", "delete_role", "RoleName"),
)  # fmt: skip

KINDS_IN_WORDS = f"DNS records, {', '.join(kind.items for kind in KINDS)}, with the run's name"


def remove_everything(place: Place, applied: Terraform, report: Report) -> None:
    """Take away all that a run may have made, as often as called; what stays is noted in the report."""
    why = "Load balancers, then `terraform destroy`, then whatever else bears the run's name."
    report.act("Everything is taken away", why)
    for arn in place.made:
        _fault(lambda arn=arn: KINDS[0].remove(place, arn))  # type: ignore[misc]
    undestroyed = _fault(lambda: _destroy(applied))
    left, faults = _sweep(place)
    if undestroyed:  # something that it did not know may have stood in its way
        undestroyed = _fault(lambda: _destroy(applied))
    for what, fault in (faults | ({"terraform destroy": undestroyed} if undestroyed else {})).items():
        report.say(f"{what} did not go", fault)
    report.left += [*left, *(["what `terraform destroy` could not delete"] if undestroyed else [])]
    report.check("nothing of it is left", not report.left, f"looked for {KINDS_IN_WORDS}")


def _destroy(applied: Terraform) -> None:
    if (applied.folder / "terraform.tfstate").exists():
        applied.init()
        applied.destroy()


def _sweep(place: Place) -> tuple[list[str], dict[str, str]]:
    """Delete what bears the run's name until nothing does: what is left, and what was said at each of it."""
    left: dict[str, Callable[[], object]] = {}
    faults: dict[str, str] = {}
    for look in range(LOOKS):
        if look:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        left = dict(_left(place))
        faults = {what: fault for what, remove in left.items() if (fault := _fault(remove))}
        if not left:
            break
    return list(left), faults


def _fault(action: Callable[[], Any]) -> str:
    """What was said when it did not go; empty when it went. Nothing ends the removal: the rest must go all the same."""
    try:
        action()
    except Exception as error:
        return described(error)
    return ""


def _left(place: Place) -> Iterator[tuple[str, Callable[[], object]]]:
    """What of the run is there, and how it goes. A kind that cannot be listed may be there."""
    try:
        for record in place.records():
            yield f"record {record['name']}", lambda record=record: place.delete_record(record["id"])  # type: ignore[misc]
    except Exception:
        yield "perhaps records: they cannot be listed", place.records
    for kind in KINDS:
        try:
            for name in kind.found(place):
                what = f"{kind.service} {name}" + (f" ({kind.note})" if kind.note else "")
                yield what, lambda kind=kind, name=name: kind.remove(place, name)  # type: ignore[misc]
        except Exception:
            what = f"perhaps {kind.items} of {kind.service}: they cannot be listed"
            yield what, lambda kind=kind: list(kind.found(place))  # type: ignore[misc]
