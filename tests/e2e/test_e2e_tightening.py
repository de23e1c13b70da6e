"""Settings become stricter through Terraform: who may no longer claim a name keeps the one it has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from sandbox.cloudflare.records import StoredRecord
from sandbox.sandbox import ACCOUNT
from tests.e2e.installation import OTHER_SUFFIX, OVERRIDE, SUFFIX, Installation

REQUIRED = {"service.k8s.aws/stack": "kube-system/clustermesh-apiserver"}
"""The controller sets this tag to the Service's name."""
OTHER_SERVICE = "default/web"
STRICT = {
    "required_tags": REQUIRED,
    "accounts": {ACCOUNT: [f"*.eu.{SUFFIX}", f"*.new.{SUFFIX}"]},
}


@dataclass(frozen=True)
class Before:
    """The live names, each with what makes it no longer allowed, as they were before."""

    records: dict[str, StoredRecord]


@pytest.fixture(scope="module")
def before(installation: Installation) -> Iterator[Before]:
    mesh = installation
    lacks_tag, not_of_account, in_lost_zone = mesh.controller(OTHER_SERVICE), mesh.controller(), mesh.controller()
    claims = {
        f"lacks-tag.eu.{SUFFIX}": lacks_tag,
        f"not-of-account.{SUFFIX}": not_of_account,
        f"in-lost-zone.{OTHER_SUFFIX}": in_lost_zone,
    }
    records = {}
    for name, controller in claims.items():
        controller.create(name)
    for name, controller in claims.items():
        records[name] = mesh.wait_for_name(name, controller.dns_name)
    apply(mesh, STRICT, {SUFFIX: mesh.zone_ids[SUFFIX]})
    yield Before(records)
    apply(mesh, {}, mesh.zone_ids)


def apply(mesh: Installation, settings: dict[str, object], zones: Mapping[str, str]) -> None:
    module = OVERRIDE["module"]["mesh_dns"]
    mesh.terraform.override({"module": {"mesh_dns": module | settings}})
    mesh.terraform.run("apply", "-auto-approve", "-refresh=false", variables={"zones": json.dumps(zones)})


def test_live_names_stay_as_they_are(mesh: Installation, before: Before) -> None:
    mesh.drain()
    assert mesh.invoke({"action": "sweep"}).error == ""
    assert mesh.invoke({"action": "sweep", "override_guard": True}).error == ""

    assert mesh.backlog() == 0  # no second look
    assert {name: mesh.records(name) for name in before.records} == {
        name: [record] for name, record in before.records.items()
    }
    kept = {line["hostname"]: line["detail"] for line in mesh.told("decision", reason="kept-not-allowed")}
    assert "lacks the required tag" in kept[f"lacks-tag.eu.{SUFFIX}"]
    assert "may only claim" in kept[f"not-of-account.{SUFFIX}"]


def test_new_claims_meet_the_stricter_settings(mesh: Installation, before: Before) -> None:
    stranger, right, elsewhere = mesh.controller(OTHER_SERVICE), mesh.controller(), mesh.controller()
    stranger.create(f"stranger.new.{SUFFIX}")
    elsewhere.create(f"elsewhere.{SUFFIX}")
    dns_name = right.create(f"right.new.{SUFFIX}")

    mesh.wait_for_name(f"right.new.{SUFFIX}", dns_name)
    lacking = mesh.wait_for_decision(f"stranger.new.{SUFFIX}", "not-allowed")
    outside = mesh.wait_for_decision(f"elsewhere.{SUFFIX}", "not-allowed")
    assert "lacks the required tag service.k8s.aws/stack=" in lacking["detail"]
    assert f"may only claim *.eu.{SUFFIX}, *.new.{SUFFIX}" in outside["detail"]
    assert mesh.records(f"stranger.new.{SUFFIX}") == mesh.records(f"elsewhere.{SUFFIX}") == []
