"""What a person asks of the function by invoking it."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.sandbox import ACCOUNT, REGION
from tests.e2e.installation import SUFFIX, Installation
from tests.e2e.messages import event, tagged

MANY = 12
"""More names than the mass-delete guard lets go without asking."""


def test_a_sweep_looks_at_everything(mesh: Installation) -> None:
    controller, name = mesh.controller(), mesh.hostname()
    dns_name = mesh.create_unnoticed(controller, name)

    answer = mesh.invoke({"action": "sweep"})

    assert (answer.payload["done"], answer.error) == (f"{ACCOUNT}/{REGION}", "")

    assert mesh.leads_to(name) == dns_name


def test_an_event_can_be_handed_over_by_hand(mesh: Installation) -> None:
    controller, name = mesh.controller(), mesh.hostname()
    dns_name = mesh.create_unnoticed(controller, name)

    answer = mesh.invoke(event(tagged(controller.arn)))

    assert (answer.payload["done"], answer.error) == (f"{ACCOUNT}/{REGION}", "")

    assert mesh.leads_to(name) == dns_name


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a sweep of a scope that nobody knows": (
        {"action": "sweep", "account": "444455556666"}, f"scope 444455556666/{REGION} is not known"
    ),
    "forgetting the hub's own scope": (
        {"action": "forget", "account": ACCOUNT, "region": REGION, "confirm": True},
        "the hub's own scope, which cannot be forgotten",
    ),
    "forgetting neither scope nor name": ({"action": "forget"}, "is not valid under any of the given schemas"),
    "an action that is none": ({"action": "delete-everything"}, "is not one of"),
    "forgetting with an override": (
        {"action": "forget", "account": "444455556666", "region": REGION, "override_guard": True}, "override_guard"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_rejected(mesh: Installation, case: str) -> None:
    command, words = WRONG[case]
    before = mesh.sandbox.cloudflare.records(mesh.zone_ids[SUFFIX])

    answer = mesh.invoke(command)

    assert answer.payload["errorType"] == "Rejected"
    assert words in answer.message
    assert mesh.sandbox.cloudflare.records(mesh.zone_ids[SUFFIX]) == before


def test_the_guard_stops_a_mass_delete_until_it_is_overridden(mesh: Installation) -> None:
    mesh.clear()
    controllers = {mesh.hostname("many"): mesh.controller() for _ in range(MANY)}
    targets = {name: controller.create(name) for name, controller in controllers.items()}
    for name, dns_name in targets.items():
        mesh.wait_for_name(name, dns_name)
    mesh.drain()
    mesh.unnoticed(MANY)
    for controller in controllers.values():
        controller.delete()
    mesh.wait_until_not_listed(*(controller.arn for controller in controllers.values()))

    answer = mesh.invoke({"action": "sweep"})
    assert answer.payload["deletes_to_come"] == MANY, answer
    assert all(mesh.told("decision", hostname=name, reason="mass-delete-guard") for name in targets)
    assert any('"DeletesStopped":[' in line.text.replace(" ", "") for line in mesh.sandbox.logs)
    assert mesh.backlog() == 0  # no second look, so nothing can follow
    assert all(mesh.records(name) for name in targets)

    assert mesh.invoke({"action": "sweep", "override_guard": True}).error == ""
    assert all(mesh.records(name) for name in targets)
    for name in targets:
        mesh.wait_until_gone(name)
