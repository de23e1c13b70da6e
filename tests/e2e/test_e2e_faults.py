"""Whatever fails on the way: every name ends right, no message is lost, and nothing is deleted meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from moto.elbv2.exceptions import ELBClientError

from sandbox.cloudflare import Call, FaultKind
from sandbox.load_balancers import SandboxLoadBalancersV2
from tests.e2e.installation import OTHER_SUFFIX, SUFFIX, Installation
from tests.e2e.messages import event, tagged
from tests.e2e.watcher import Watcher

BURST = 12


def burst(mesh: Installation, size: int = BURST, suffix: str = SUFFIX) -> dict[str, str]:
    """As many load balancers at once; hostname => DNS name."""
    names = [mesh.hostname("burst", suffix) for _ in range(size)]
    return {name: mesh.controller().create(name).lower() for name in names}


def wait_for_all(mesh: Installation, names: dict[str, str]) -> None:
    """Every name is right, with one record; nothing is left in the queue, and nothing died."""
    for name, dns_name in names.items():
        mesh.wait_for_name(name, dns_name)
    mesh.drain()
    assert mesh.dead_letters() == {}


@contextmanager
def live_name(mesh: Installation) -> Iterator[None]:
    """A name that is live before and after, and keeps its record."""
    name = mesh.hostname("live")
    record = mesh.wait_for_name(name, mesh.controller().create(name))
    yield
    assert mesh.records(name) == [record]


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        pytest.param(FaultKind.HTML, Call.LIST, id="a list is answered with an HTML page"),
        pytest.param(FaultKind.SERVER_ERROR, Call.BATCH, id="a write is answered with 503"),
        pytest.param(FaultKind.TIMEOUT_AFTER_COMMIT, Call.BATCH, id="a write is done but never answered"),
    ],
)
def test_a_failing_provider_is_tried_again(mesh: Installation, kind: FaultKind, call: Call) -> None:
    retried = len(mesh.told("retried"))
    mesh.sandbox.cloudflare.faults.inject(kind, call)
    names = burst(mesh, 2)

    with live_name(mesh):
        wait_for_all(mesh, names)

    assert len(mesh.told("retried")) > retried


@pytest.mark.filterwarnings("ignore:Exception.ELBClientError.")  # moto's model lacks what every AWS API may answer
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        pytest.param(ELBClientError("Throttling", "not now"), "Throttling: not now", id="throttled"),
        pytest.param(ELBClientError("AccessDenied", "not you"), "AccessDenied: not you", id="denied"),
        pytest.param(RuntimeError("the server answers with a page"), "somebody answered who is not AWS", id="a page"),
    ],
)
def test_a_failing_describe_deletes_nothing(
    mesh: Installation, monkeypatch: pytest.MonkeyPatch, failure: Exception, words: str
) -> None:
    controller, name = mesh.controller(), mesh.hostname("unread")
    record = mesh.wait_for_name(name, controller.create(name))

    def refuse(*_: object) -> None:
        raise failure

    with monkeypatch.context() as patched:
        patched.setattr(SandboxLoadBalancersV2, "describe_load_balancers", refuse)
        mesh.send(event(tagged(controller.arn)))
        retried = mesh.wait(
            lambda: [line for line in mesh.told("retried") if controller.name in line["detail"]], "a retry"
        )
    assert words in retried[0]["detail"]
    mesh.start_anew()  # what does not answer is left alone for half a minute
    mesh.drain()
    assert mesh.records(name) == [record]


def test_a_token_without_permission_costs_its_own_zone_only(mesh: Installation) -> None:
    zone_id, cloudflare = mesh.zone_ids[OTHER_SUFFIX], mesh.sandbox.cloudflare
    cloudflare.add_token(mesh.tokens[-1], [mesh.zone_ids[SUFFIX]])
    try:
        controllers = {mesh.hostname("denied", OTHER_SUFFIX): mesh.controller() for _ in range(2)}
        denied = {name: controller.create(name) for name, controller in controllers.items()}
        wait_for_all(mesh, burst(mesh, 1))
        for name in denied:
            mesh.wait_for_decision(name, "zone-denied")
    finally:
        cloudflare.add_token(mesh.tokens[-1], mesh.zone_ids.values())

    told = [line["detail"] for line in mesh.told("zone unread", zone_id=zone_id, given_up=True)]
    assert told
    assert all("Zone / DNS / Edit" in text and zone_id in text and mesh.outputs["secret_arn"] in text for text in told)

    mesh.wait_until_listed(*(controller.arn for controller in controllers.values()))
    mesh.sandbox.schedules.fire("mesh-dns-sweep")
    wait_for_all(mesh, denied)


def test_what_keeps_failing_is_kept_unchanged_and_can_be_put_back(mesh: Installation) -> None:
    controllers = {mesh.hostname("stuck", OTHER_SUFFIX): mesh.controller() for _ in range(2)}
    targets = {name: mesh.create_unnoticed(controller, name) for name, controller in controllers.items()}
    faults, zone_id = mesh.sandbox.cloudflare.faults, mesh.zone_ids[OTHER_SUFFIX]
    faults.inject(FaultKind.SERVER_ERROR, times=None, zone=zone_id)
    bodies = [json.dumps(event(tagged(controller.arn))) for controller in controllers.values()]
    with mesh.impatient_queue():
        ids = mesh.send(*bodies)
        mesh.drain()
        kept = mesh.dead_letters()
    faults.clear()

    assert kept == dict.fromkeys(bodies, "")  # unchanged: the reasons are in the log
    assert {line["message_id"] for line in mesh.told("retried")} >= set(ids)

    moved = subprocess.run(
        [sys.executable, "-m", "sandbox.redrive"], check=True, capture_output=True, text=True,
        cwd=Path(__file__).parents[2], env=os.environ | mesh.sandbox.environment(),
    )  # fmt: skip
    assert moved.stdout == "2 messages are back in mesh-dns-events\n"
    wait_for_all(mesh, targets)


def test_a_storm_of_429_ends_with_every_name_right(mesh: Installation) -> None:
    faults, pauses = mesh.sandbox.cloudflare.faults, {Call.LIST: 11, Call.BATCH: 22}
    for call, seconds in pauses.items():
        faults.inject(FaultKind.RATE_LIMITED, call, seconds=seconds)

    # Each event once, and none before AWS shows what it tells: then its receives tell which pause it met.
    controllers = {mesh.hostname("burst"): mesh.controller() for _ in range(BURST)}
    mesh.unnoticed(BURST)
    names = {name: controller.create(name) for name, controller in controllers.items()}
    mesh.wait_until_listed(*(controller.arn for controller in controllers.values()))
    with mesh.sandbox.queue_clock.true():  # as the function's clock, by which a token has to wait
        mesh.send(*(event(tagged(controller.arn)) for controller in controllers.values()))
        for seconds in pauses.values():
            mesh.wait_for_line("retried", delay_seconds=seconds)  # as long as the provider asked for
        names |= burst(mesh)
        wait_for_all(mesh, names)


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        pytest.param(Call.BATCH, FaultKind.DELAY, id="before the write is done"),
        pytest.param(Call.BATCH, FaultKind.TIMEOUT_AFTER_COMMIT, id="after the write is done"),
    ],
)
def test_a_function_killed_in_mid_batch_ends_right(mesh: Installation, call: Call, fault: FaultKind) -> None:
    with mesh.queue_attribute("VisibilityTimeout", "30"):
        with mesh.crash_during(call, fault):
            names = burst(mesh, 3)
        wait_for_all(mesh, names)


def test_a_token_is_rotated_in_mid_burst_without_a_restart(mesh: Installation) -> None:
    mesh.start_anew()
    cloudflare, old, new = mesh.sandbox.cloudflare, mesh.tokens[-1], f"{mesh.tokens[-1]}-rotated"
    cloudflare.add_token(new, mesh.zone_ids.values())
    first = burst(mesh, 1)
    wait_for_all(mesh, first)
    retried = len(mesh.told("retried"))

    before = cloudflare.calls.of(Call.BATCH)
    cloudflare.faults.inject(FaultKind.DELAY, Call.BATCH, seconds=2)
    names = burst(mesh)
    mesh.wait(lambda: cloudflare.calls.of(Call.BATCH) > before, "a write that the old token began")
    cloudflare.revoke(old)
    mesh.tokens.append(new)
    mesh.sandbox.client("secretsmanager").put_secret_value(SecretId=mesh.outputs["secret_arn"], SecretString=new)
    names |= burst(mesh)

    wait_for_all(mesh, names)
    assert len(mesh.told("retried")) == retried


def test_a_create_that_nobody_told_of_is_healed_by_the_next_sweep(mesh: Installation) -> None:
    controller, name = mesh.controller(), mesh.hostname("lost")
    mesh.drain()
    runs, sweeps = mesh.runs(), len(mesh.told("swept"))
    dns_name = mesh.create_unnoticed(controller, name)
    assert (mesh.backlog(), mesh.runs(), mesh.records(name)) == (0, runs, [])

    assert mesh.sandbox.schedules.fire("mesh-dns-sweep") == 1

    mesh.wait_for_name(name, dns_name)
    mesh.wait(lambda: len(mesh.told("swept")) > sweeps, "the sweep reaches its end")


def test_a_replacement_never_empties_the_name(mesh: Installation) -> None:
    controller, name = mesh.controller(), mesh.hostname("replaced")
    first = controller.create(name)
    record = mesh.wait_for_name(name, first)

    # AWS shows a load balancer some seconds after it was made: the grace must be longer.
    with mesh.settings({"grace_seconds": 30}), Watcher(mesh, name) as watcher:
        sweeps = len(mesh.told("swept"))
        second = controller.change_scheme("internal")  # delete, then create at once
        mesh.wait_for_name(name, second)
        controller.delete()
        mesh.wait_for_decision(name, "look-again")  # this time the create is late
        third = controller.create(name)
        mesh.wait_for_name(name, third)
        mesh.drain()
        assert len(mesh.told("swept")) == sweeps, "an event is enough"

    assert watcher.answers == [[first], [second], [third]]
    looks = mesh.told("decision", hostname=name, reason="look-again")
    assert not any("is old" in line["detail"] for line in looks)  # whoever was created just now is the replacement
    assert watcher.asked > 100
    assert [found.id for found in mesh.records(name)] == [record.id]


WRONG_SETTINGS = {
    "the variable is missing": (None, "MESH_DNS_SETTINGS is missing"),
    "the variable is not JSON": ("{", "MESH_DNS_SETTINGS is not JSON"),
    "a zone id is mistyped": (
        {"zones": {SUFFIX: {"cloudflare": {"zone_id": "not-an-id"}}}},
        f"zones.{SUFFIX}.cloudflare.zone_id",
    ),
}


@pytest.mark.parametrize("case", WRONG_SETTINGS)
def test_wrong_settings_fail_at_once_and_name_the_setting(mesh: Installation, case: str) -> None:
    wrong, words = WRONG_SETTINGS[case]
    with mesh.settings(wrong):
        answer = mesh.invoke({"action": "sweep"})
    assert answer.payload["errorType"] == "Misconfigured"
    assert words in answer.message
    assert json.dumps(answer.payload).count(mesh.tokens[-1]) == 0
