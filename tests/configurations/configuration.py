"""What the tests of every configuration share: the module applied with these inputs, and what must hold in each."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import s3_backends

from sandbox.cloudflare import Call, FaultKind
from sandbox.sandbox import ACCOUNT, Sandbox
from sandbox.terraform import Terraform
from tests.e2e.installation import GRACE, QUEUE_SPEED, ZONES, Installation

# What AWS does with the role, by the table in iam.tf: statements whose Sid begins like this.
BY_AWS = "Service"


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """A sandbox for the tests of one file."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    with Sandbox(queue_speed=QUEUE_SPEED) as sandbox:
        yield sandbox


def zones_of(sandbox: Sandbox) -> dict[str, str]:
    """The emulated zones: suffix => zone id. No token opens them yet."""
    return {suffix: sandbox.cloudflare.add_zone(zone) for suffix, zone in ZONES.items()}


def apply(
    sandbox: Sandbox,
    folder: Path,
    zone_ids: Mapping[str, str],
    inputs: Mapping[str, object],
    files: Mapping[str, str] | None = None,
) -> Installation:
    """Apply the quickstart with other inputs of the module, and with more Terraform files beside it.

    Terraform is never told a token.
    """
    variables = {"TF_VAR_zones": json.dumps(zone_ids)}
    terraform = Terraform("quickstart", folder, sandbox.environment() | variables, override(inputs))
    for name, text in (files or {}).items():
        (terraform.folder / name).write_text(text)
    terraform.init()
    plans = {"first": terraform.plan("first"), "first, as JSON": json.dumps(terraform.plan_json("first"))}
    terraform.run("apply", "first")
    return Installation(sandbox, terraform, zone_ids, terraform.outputs()["mesh_dns"], plans, [])


def apply_again(mesh: Installation, inputs: Mapping[str, object]) -> set[str]:
    """Change the inputs; what resources this touches. Starts `calls` and `logs` anew (CloudWatch keeps the latter)."""
    mesh.drain()
    terraform = mesh.terraform
    terraform.override(override(inputs))
    said, planned, state = terraform.plan("changes"), terraform.plan_json("changes"), terraform.state()
    terraform.run("apply", "changes")
    mesh.plans = {**mesh.plans, "changing": said, "changing, as JSON": json.dumps(planned), "state before it": state}
    mesh.outputs = terraform.outputs()["mesh_dns"]
    mesh.sandbox.forget_calls_and_logs()
    return {
        change["address"].removeprefix("module.mesh_dns.")
        for change in planned["resource_changes"]
        if change["change"]["actions"] != ["no-op"]
    }


def override(inputs: Mapping[str, object]) -> dict[str, object]:
    """An override of the quickstart. The account has a trail, and the grace is short."""
    common = {"records": {"grace_seconds": GRACE}, "trail": {"force_destroy": True}}
    return {"module": {"mesh_dns": {**common, **inputs}}}


@contextmanager
def log_that_is_kept(mesh: Installation) -> Iterator[None]:
    """For a while the trail's log is not empty; applied without `trail.force_destroy`, which every other test sets."""
    terraform, key = mesh.terraform, "AWSLogs/one.json.gz"
    inputs = json.loads((terraform.folder / "sandbox_override.tf.json").read_text())["module"]["mesh_dns"]
    terraform.override({"module": {"mesh_dns": inputs | {"trail": {}}}})
    terraform.apply()
    s3 = s3_backends[ACCOUNT]["aws"]  # as CloudTrail: the bucket's policy lets nobody in without TLS
    (bucket,) = s3.buckets
    s3.put_object(bucket, key, b"{}")
    yield
    s3.delete_object(bucket, key)


def complaints(mesh: Installation, *texts: str) -> list[str]:
    """Why messages came back or zones could not be read, as far as all of these texts are in the reason."""
    details = [str(line["detail"]) for message in ("retried", "zone unread") for line in mesh.told(message)]
    return [detail for detail in details if all(text in detail for text in texts)]


def wait_for_complaint(mesh: Installation, *texts: str) -> str:
    """Wait until something fails for such a reason; the reason."""
    return mesh.wait(lambda: complaints(mesh, *texts), f"a complaint that says {texts}")[-1]


def heal(mesh: Installation, arn: str, hostname: str) -> None:
    """Let sweeps take up a name that a zone which denied left over; a token that failed is read again after 10 s."""

    def swept() -> bool:
        mesh.invoke({"action": "sweep"})
        time.sleep(1)
        return bool(mesh.records(hostname))

    mesh.wait_until_listed(arn)
    mesh.wait(swept, f"{hostname} is there after a sweep")


def call_everything(mesh: Installation) -> None:
    """A rejection, a message that is postponed, a sweep, a second look: everything for which the role has a right."""
    name, controller = mesh.hostname(), mesh.controller()
    mesh.sandbox.cloudflare.faults.inject(FaultKind.HTML, Call.LIST)
    mesh.send("not JSON")
    mesh.wait_for_name(name, controller.create(name))
    mesh.drain()  # its making is told and done: an event of it that came after its end would be waited for
    controller.delete()
    assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1
    mesh.wait_until_gone(name)
    mesh.drain()


def statements(mesh: Installation) -> list[Mapping[str, Any]]:
    """All statements of the deployed role."""
    iam, role = mesh.sandbox.client("iam"), mesh.outputs["function_role_arn"].rsplit("/", 1)[-1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    ]


def statement(mesh: Installation, sid: str) -> Mapping[str, Any]:
    """The one statement of this name."""
    (found,) = [each for each in statements(mesh) if each["Sid"] == sid]
    return found


def listed(value: str | Sequence[str]) -> Sequence[str]:
    """A policy's member that may be one text or several."""
    return [value] if isinstance(value, str) else value


def what_is_wrong_with_the_role(mesh: Installation) -> dict[str, set[str]]:
    """Rights and calls that do not fit together; nothing when the role may do exactly what is done with it."""
    allowed = [each for each in statements(mesh) if each["Effect"] == "Allow"]
    by_aws = {action for each in allowed if each["Sid"].startswith(BY_AWS) for action in listed(each["Action"])}
    by_code = {action for each in allowed if not each["Sid"].startswith(BY_AWS) for action in listed(each["Action"])}
    calls = [call for call in mesh.sandbox.calls if call.role_arn == mesh.outputs["function_role_arn"]]

    def granted(action: str, resource: str) -> bool:
        return any(
            action in listed(each["Action"])
            and any(fnmatchcase(resource, pattern) for pattern in listed(each["Resource"]))
            for each in allowed
            if not each["Sid"].startswith(BY_AWS)
        )

    found = {
        "granted, and nobody calls it": by_code - {call.action for call in calls},
        "called, and not granted": {
            f"{call.action} on {call.resource}" for call in calls if not granted(call.action, call.resource)
        },
        "called, and granted for AWS only": by_aws & {call.action for call in calls},
        "not one action": {action for action in by_code | by_aws if "*" in action},
    }
    return {what: which for what, which in found.items() if which}


def places_that_show(mesh: Installation, *secrets: str) -> list[str]:
    """Where any of these can be read, of everything that holds none: Terraform's files and words, settings, logs."""
    logs, group = mesh.sandbox.client("logs"), f"/aws/lambda/{mesh.outputs['function_name']}"
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    configuration = mesh.functions.get_function_configuration(FunctionName=mesh.outputs["function_name"])
    searched = {f"plans: {name}": text for name, text in mesh.plans.items()} | {
        "the last plan": mesh.terraform.plan("last"),
        "the last plan, as JSON": json.dumps(mesh.terraform.plan_json("last")),
        "the state": mesh.terraform.state(),
        "the outputs": json.dumps(mesh.outputs),
        "the function's configuration": json.dumps(configuration, default=str),
        "what the function printed": "\n".join(line.text for line in mesh.sandbox.logs),
        "CloudWatch": "\n".join(event["message"] for page in pages for event in page["events"]),
        "dead letters": repr(mesh.dead_letters()),
    }
    assert "No changes." in searched["the last plan"], searched["the last plan"]
    assert all(searched.values())
    return [place for place, text in searched.items() if any(secret in text for secret in secrets)]
