"""Three accounts and regions, one hub: names appear, stay with whom they belong to, and move without a gap.

One file, so that one apply serves all of it; the last test destroys it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from sandbox.alarms import State
from sandbox.cloudflare import Call, FaultKind
from sandbox.controllers import Scope
from sandbox.sandbox import REGION
from tests.e2e.alarms import GRACE, HOUR, Course, Points, Story, alarm_of, check, check_first_apply, names, published
from tests.e2e.leftovers import RECORDS, SECRET, days_until_gone, documented, made, what_is_left
from tests.e2e.messages import event, tagged
from tests.multi.mesh import BLUE, STRANGER, Mesh, Watcher, counted, hanging, without_role

DOCUMENT = Path(__file__).parents[2] / "docs" / "multi-account.md"
OREGON = "us-west-2"
STARTS = 40 * 60
"""Seconds: what the alarm `deletes-waiting` says with the default grace, by tests/alarms.tftest.hcl."""

Statements = Sequence[Mapping[str, Any]]


def test_names_appear_in_every_scope(mesh: Mesh) -> None:
    names = {scope: mesh.hostname(sub) for scope, sub in ((mesh.hub, ""), (mesh.blue, "blue"), (mesh.green, "green"))}
    targets = {scope: mesh.controller(scope).create(name) for scope, name in names.items()}
    for scope, name in names.items():
        record = mesh.installation.wait_for_name(name, targets[scope])
        assert mesh.installation.resolve(name) == [targets[scope].lower()]
        assert f" {scope.region}/{scope.account}/net/" in (record.comment or "")


@pytest.mark.parametrize(
    ("subdomain", "reason"),
    [
        pytest.param("blue", "not-allowed", id="that only the other may have"),
        pytest.param("shared", "claimed-by", id="that both may have, and the other has"),
    ],
)
def test_nobody_takes_a_name_of_another_account(mesh: Mesh, subdomain: str, reason: str) -> None:
    name = mesh.hostname(subdomain)
    record = mesh.installation.wait_for_name(name, mesh.controller(mesh.blue).create(name))

    mesh.controller(mesh.green).create(name)

    refusal = mesh.installation.wait_for_decision(name, reason)
    assert f"/{mesh.green.account}/" in refusal["load_balancer"]
    assert mesh.installation.records(name) == [record]


def test_an_account_that_may_have_no_names_is_refused_and_not_heard_again(mesh: Mesh) -> None:
    sweep = {"Source": "mesh-dns", "DetailType": "Mesh DNS Sweep", "EventBusName": mesh.hub_object["bus_arn"],
             "Detail": json.dumps({"owner": mesh.hub_object["owner"]})}  # fmt: skip
    put = mesh.sandbox.client("events", account=STRANGER).put_events(Entries=[sweep])
    assert put["FailedEntryCount"] == 0, "the Organization lets it in"

    refusal = mesh.installation.wait_for_line("unknown scope")
    assert f"{STRANGER}/{REGION}" in refusal["detail"]
    mesh.installation.drain()
    assert f"{STRANGER}/{REGION}" not in mesh.known_scopes()
    assert refusal["message_id"] not in {line["message_id"] for line in mesh.installation.told("retried")}


def test_a_name_moves_between_accounts_in_place(mesh: Mesh) -> None:
    name = mesh.hostname("shared")
    old, new = mesh.controller(mesh.blue), mesh.controller(mesh.green)
    before = mesh.installation.wait_for_name(name, old.create(name))
    new.create(name)
    mesh.installation.wait_for_decision(name, "claimed-by")
    mesh.installation.wait_for_address(new.dns_name)

    with Watcher(mesh.sandbox, name) as watcher:
        old.annotate(None)
        after = mesh.installation.wait_for_name(name, new.dns_name)
        mesh.installation.wait(lambda: watcher.answers[-1:] == [new.dns_name.lower()], "DNS says so too")

    assert after.id == before.id
    assert watcher.answers == [old.dns_name.lower(), new.dns_name.lower()]


def test_one_scope_that_cannot_be_read_holds_up_nobody_else(mesh: Mesh) -> None:
    kept, late, other = mesh.hostname("blue"), mesh.hostname("blue"), mesh.hostname("green")
    record = mesh.installation.wait_for_name(kept, mesh.controller(mesh.blue).create(kept))
    with without_role(mesh, mesh.blue):
        target = mesh.controller(mesh.blue).create(late)
        mesh.installation.wait_for_name(other, mesh.controller(mesh.green).create(other))
        denied = mesh.installation.wait(
            lambda: [line for line in mesh.installation.told("retried") if "AccessDenied" in line["detail"]],
            "blue cannot be read",
        )
        assert f"check that the role {mesh.hub_object['reader_role']}-{mesh.blue.region} exists" in denied[-1]["detail"]
        assert mesh.installation.records(kept) == [record]
        assert mesh.installation.records(late) == []
    mesh.installation.wait_for_name(late, target)


def test_a_region_that_hangs_holds_up_deletes_and_nothing_else(mesh: Mesh, healthy: Points) -> None:
    installation = mesh.installation
    made, moved, left = mesh.hostname("blue"), mesh.hostname("blue"), mesh.hostname("blue")
    kept, late = mesh.hostname("green"), mesh.hostname("green")
    its_own = installation.wait_for_name(kept, mesh.controller(mesh.green).create(kept))
    there = mesh.controller(mesh.green)
    installation.unnoticed()  # its event comes when nobody can look there
    target = there.create(late)
    old, new, leaving = (mesh.controller(mesh.blue) for _ in range(3))
    installation.wait_for_name(moved, old.create(moved))
    new.create(moved)
    record = installation.wait_for_name(left, leaving.create(left))
    installation.wait_for_address(new.dns_name)

    alarm = alarm_of(mesh.sandbox, "deletes-waiting")
    with hanging(mesh, mesh.green):
        installation.send(event(tagged(there.arn), account=mesh.green.account, region=mesh.green.region))
        with counted(mesh, alarm) as told:
            installation.wait_for_name(made, mesh.controller(mesh.blue).create(made))
            old.annotate(None)
            installation.wait_for_name(moved, new.dns_name)
            leaving.delete()
            waiting = installation.wait_for_decision(left, "delete-waits")
        with counted(mesh, alarm) as sweep:
            installation.invoke({"action": "sweep", "account": mesh.blue.account, "region": mesh.blue.region})
        assert [line for line in installation.told("retried") if there.name in line["detail"]], "green was asked"
        assert [installation.records(name) for name in (kept, late, left)] == [[its_own], [], [record]]

    installation.wait_for_name(late, target)
    assert f"{mesh.green.account}/{mesh.green.region} cannot be listed" in waiting["detail"]
    assert not any("Task timed out" in line.text for line in mesh.sandbox.logs)
    once = Story(alarm, healthy, [told]).states()
    assert [state for _, state in once] == [State.INSUFFICIENT_DATA, State.OK], "once is not enough"
    check(Story(alarm, healthy, [told, sweep], Course(2 * HOUR, at_once=True, waits=GRACE)), STARTS)
    installation.invoke({"action": "sweep", "account": mesh.blue.account, "region": mesh.blue.region})
    installation.wait_until_gone(left)


def test_another_region_joins_with_one_block_and_leaves_without_losing_names(mesh: Mesh, healthy: Points) -> None:
    oregon = Scope(mesh.sandbox, BLUE, OREGON)
    scope = f"{BLUE}/{OREGON}"
    file = mesh.terraform.folder / "oregon.tf"
    provider, module = documented_blocks()
    file.write_text(provider + module)
    mesh.terraform.init()
    mesh.terraform.apply()
    mesh.wait_until_known(oregon)
    name = mesh.hostname("blue")
    record = mesh.installation.wait_for_name(name, mesh.controller(oregon).create(name))

    file.write_text(provider)  # Terraform needs it to destroy the rest
    mesh.terraform.apply()

    alarm = alarm_of(mesh.sandbox, "overdue")
    with counted(mesh, alarm) as overdue:
        mesh.let_be_overdue(oregon)
        assert scope in mesh.installation.wait_for_line("overdue")["scopes"]
    check(Story(alarm, healthy, [overdue], Course(2 * HOUR)))
    assert mesh.installation.records(name) == [record], "nobody saw anything disappear"

    forget = {"action": "forget", "account": BLUE, "region": OREGON, "why": "it left"}
    told = mesh.installation.invoke(forget)
    assert told.payload["would_forget"] == scope, told.payload
    assert [(record["hostname"], record["reason"]) for record in told.payload["records"]] == [(name, "delete")]
    assert mesh.installation.records(name) == [record]
    assert scope in mesh.known_scopes()

    done = mesh.installation.invoke(forget | {"confirm": True})
    assert done.payload == {"forgotten": scope, "records": told.payload["records"]}
    assert mesh.installation.records(name) == []
    assert scope not in mesh.known_scopes()


def test_an_alarm_tells_that_what_spokes_send_cannot_be_handed_on(mesh: Mesh, healthy: Points) -> None:
    events, rule = mesh.sandbox.client("events"), {"Rule": "mesh-dns-spokes", "EventBusName": "mesh-dns"}
    (target,) = events.list_targets_by_rule(**rule)["Targets"]
    alarm = alarm_of(mesh.sandbox, "spokes-rule")
    with counted(mesh, alarm) as undelivered:
        events.put_targets(**rule, Targets=[target | {"Arn": f"{target['Arn']}-gone"}])
        mesh.sandbox.schedules.fire()
        try:
            mesh.installation.wait(lambda: published(alarm), "a sweep of a spoke is not handed on")
        finally:
            events.put_targets(**rule, Targets=[target])
    check(Story(alarm, healthy, [undelivered]))


def test_every_alarm_does_at_the_first_apply_what_it_says(mesh: Mesh) -> None:
    wanted = names(mesh.sandbox)
    assert {"deletes-waiting", "overdue", "spokes-rule"} <= set(wanted)
    check_first_apply(mesh.sandbox, mesh.installed, wanted)


@pytest.mark.parametrize("name", ["overdue", "spokes-rule", "deletes-waiting"])
def test_an_alarm_of_spokes_is_quiet_in_a_healthy_week(mesh: Mesh, healthy: Points, name: str) -> None:
    states = Story(alarm_of(mesh.sandbox, name), healthy).states()
    assert [state for _, state in states] == [State.INSUFFICIENT_DATA, State.OK]


def test_a_second_plan_is_empty(mesh: Mesh) -> None:
    assert "No changes" in mesh.terraform.plan()


@pytest.fixture(scope="module")
def _everything_is_called(mesh: Mesh) -> None:
    """In each scope a name that comes and goes; on the way a fault, a rejection, and a scope forgotten."""
    mesh.sandbox.cloudflare.faults.inject(FaultKind.HTML, Call.LIST)
    mesh.installation.send("not JSON")
    scopes = {mesh.hostname(sub): scope for scope, sub in ((mesh.hub, ""), (mesh.blue, "blue"), (mesh.green, "green"))}
    controllers = {name: mesh.controller(scope) for name, scope in scopes.items()}
    targets = {name: controller.create(name) for name, controller in controllers.items()}
    for name, target in targets.items():
        mesh.installation.wait_for_name(name, target)
    mesh.installation.drain()
    for controller in controllers.values():
        controller.delete()
    for name in targets:
        mesh.installation.wait_until_gone(name)
    mesh.sandbox.schedules.fire()
    mesh.installation.invoke({"action": "forget", "account": BLUE, "region": "eu-north-1", "confirm": True})
    mesh.installation.drain()


@pytest.mark.usefixtures("_everything_is_called")
def test_the_functions_policy_is_what_it_calls(mesh: Mesh) -> None:
    role = mesh.installation.outputs["function_role_arn"]
    assert role == mesh.hub_object["function_role_arn"]
    called = {call for call in mesh.sandbox.calls if call.role_arn == role}
    # Besides, AWS itself acts with the role, by the table in iam.tf: statements whose Sid begins with "Service".
    own = [s for s in statements_of(mesh.hub, role) if not s["Sid"].startswith("Service")]
    assert {action for s in own for action in listed(s["Action"])} == {call.action for call in called}
    for call in called:
        assert any(
            call.action in listed(s["Action"]) and any(fnmatchcase(call.resource, r) for r in listed(s["Resource"]))
            for s in own
        ), call


@pytest.mark.usefixtures("_everything_is_called")
@pytest.mark.parametrize("spoke", ["blue", "green"])
def test_a_reader_may_do_what_the_function_calls_there(mesh: Mesh, spoke: str) -> None:
    scope: Scope = getattr(mesh, spoke)
    role = f"arn:aws:iam::{scope.account}:role/{mesh.hub_object['reader_role']}-{scope.region}"
    (statement,) = statements_of(scope, role)
    assert set(statement["Action"]) == mesh.sandbox.actions_of(role)
    assert {call.region for call in mesh.sandbox.calls if call.role_arn == role} == {scope.region}
    assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": scope.region}}


def statements_of(scope: Scope, role_arn: str) -> Statements:
    iam, role = scope.client("iam"), role_arn.rsplit("/", 1)[-1]
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [
        statement
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]["Statement"]
    ]


def listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def documented_blocks() -> tuple[str, str]:
    """The two blocks that the documentation says to add, with the module of this tree."""
    section = DOCUMENT.read_text().split("<!-- tested: another-region -->")[1]
    code = section.split("```hcl\n")[1].split("```")[0]
    code = re.sub(r'"[\w-]+/cilium-mesh-dns/aws//modules/spoke"', '"../../modules/spoke"', code)
    code = re.sub(r"\n +version = .*", "", code)
    provider, module, rest = [*re.split(r"(?m)^(?=module )", code), ""]
    assert not rest
    return provider, module


def test_destroy_leaves_what_the_document_says(mesh: Mesh) -> None:
    name, scopes = mesh.hostname("blue"), (mesh.hub, mesh.blue, mesh.green)
    record = mesh.installation.wait_for_name(name, mesh.controller(mesh.blue).create(name))
    assert all(made(scope) for scope in scopes)

    mesh.terraform.destroy()

    there, said = what_is_left(mesh.installation, scopes), documented("the module made it")
    assert there.keys() == said.keys()
    assert mesh.installation.records(name) == [record]
    assert name in there[RECORDS]
    (secret,) = there[SECRET]
    assert said[SECRET] == f"{days_until_gone(mesh.hub, secret)} days"
