"""Whoever may tag a load balancer tries for names that are not theirs. All at once; then a test looks at each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from sandbox.cloudflare.records import StoredRecord
from tests.e2e.installation import SUFFIX, ZONES, Installation
from tests.e2e.messages import event, tagged

TAKEN = f"taken.{SUFFIX}"
"""A live name."""
OTHER_OWNER = "mesh-dns/00000000 eu-west-1/111122223333/net/theirs/0123456789abcdef"
FOREIGN: dict[str, dict[str, object]] = {
    # name => fields of a record that somebody else made there
    f"by-hand.{SUFFIX}": {"type": "CNAME", "content": "www.example.com"},
    f"address.{SUFFIX}": {"type": "A", "content": "192.0.2.1"},
    f"text.{SUFFIX}": {"type": "TXT", "content": "v=spf1 -all"},
    f"mail.{SUFFIX}": {"type": "MX", "content": "mx.example.com", "priority": 10},
    f"neighbour.{SUFFIX}": {"type": "CNAME", "content": "theirs.example.com", "comment": OTHER_OWNER},
    SUFFIX: {"type": "A", "content": "192.0.2.2"},
    f"*.{SUFFIX}": {"type": "A", "content": "192.0.2.3"},
    f"evil{SUFFIX}": {"type": "A", "content": "192.0.2.4"},
}


@dataclass(frozen=True)
class Attack:
    """A claim that must not be served, and the reason that is given."""

    hostname: str
    reason: str
    detail: str
    scheme: str = "internal"
    told_as: str = ""

    @property
    def name(self) -> str:
        return self.told_as or self.hostname


ATTACKS = {
    "a live name of somebody else": Attack(TAKEN, "claimed-by", "eu-west-1/"),
    "a live name in capitals with a dot behind it": Attack(
        f"{TAKEN.upper()}.", "claimed-by", "eu-west-1/", told_as=TAKEN
    ),
    "the suffix itself": Attack(SUFFIX, "outside-zones", "suffix itself"),
    "the zone itself": Attack(ZONES[SUFFIX], "outside-zones", "it lies under none of"),
    "a wildcard": Attack(f"*.{SUFFIX}", "invalid-hostname", ""),
    "a name outside on no label border": Attack(f"evil{SUFFIX}", "outside-zones", "it lies under none of"),
    "a free name outside on no label border": Attack(f"more-evil{SUFFIX}", "outside-zones", "it lies under none of"),
    "a suffix inside a name": Attack(f"{SUFFIX}.evil.example.com", "outside-zones", "it lies under none of"),
    "somebody's CNAME": Attack(f"by-hand.{SUFFIX}", "name-taken", "CNAME"),
    "somebody's address": Attack(f"address.{SUFFIX}", "name-taken", "A there"),
    "somebody's text": Attack(f"text.{SUFFIX}", "name-taken", "TXT"),
    "somebody's mail": Attack(f"mail.{SUFFIX}", "name-taken", "MX"),
    "another installation's name": Attack(f"neighbour.{SUFFIX}", "name-taken", "CNAME"),
    "a name for the internet": Attack(f"public.{SUFFIX}", "not-allowed", "internet-facing", scheme="internet-facing"),
    "letters that look like others": Attack(f"cl\u0443ster.{SUFFIX}", "invalid-hostname", "not ASCII"),
    "a capital that becomes ASCII": Attack(f"\u212aubernetes.{SUFFIX}", "invalid-hostname", "not ASCII"),
    "letters that turn the text around": Attack(f"\u202eretsulc.{SUFFIX}", "invalid-hostname", "not ASCII"),
    "a name of a protocol": Attack(f"_acme-challenge.{SUFFIX}", "invalid-hostname", ""),
    "an empty label": Attack(f"a..{SUFFIX}", "invalid-hostname", ""),
    "a label of 64 letters": Attack(f"{'a' * 64}.{SUFFIX}", "invalid-hostname", ""),
}


@dataclass(frozen=True)
class Aftermath:
    """What there was before, and each attacker's load balancer."""

    before: Mapping[str, list[StoredRecord]]
    attackers: Mapping[str, str]


@pytest.fixture(scope="module")
def aftermath(installation: Installation) -> Aftermath:
    mesh, owner, zone_id = installation, installation.controller(), installation.zone_ids[SUFFIX]
    mesh.wait_for_name(TAKEN, owner.create(TAKEN))
    for name, fields in FOREIGN.items():
        mesh.sandbox.cloudflare.add_record(zone_id, name=name, ttl=60, **fields)
    before = {zone: mesh.sandbox.cloudflare.records(zone) for zone in mesh.zone_ids.values()}
    attackers = {}
    for case, attack in ATTACKS.items():
        attacker = mesh.controller()
        attacker.create(attack.hostname, scheme=attack.scheme)
        attackers[case] = attacker.arn.partition(":loadbalancer/")[2]
    mesh.drain()
    mesh.wait(lambda: len(mesh.listed()) == 1 + len(ATTACKS), "a sweep would find them all")
    sweeps = len(mesh.told("swept"))
    mesh.sandbox.schedules.fire()
    mesh.wait(lambda: len(mesh.told("swept")) > sweeps, "the sweep reaches its end")
    mesh.drain()
    return Aftermath(before, attackers)


@pytest.mark.parametrize("case", ATTACKS)
def test_the_claim_is_refused_and_says_why(mesh: Installation, aftermath: Aftermath, case: str) -> None:
    attack = ATTACKS[case]
    lines = [
        line
        for line in mesh.told("decision", hostname=attack.name)
        if line["load_balancer"].endswith(aftermath.attackers[case])
    ]
    assert {line["reason"] for line in lines} == {attack.reason}
    assert len(lines) >= 2  # at its own event, and at the sweep
    assert all(attack.detail in line["detail"] for line in lines)


def test_no_record_changed_and_none_came(mesh: Installation, aftermath: Aftermath) -> None:
    assert {zone: mesh.sandbox.cloudflare.records(zone) for zone in mesh.zone_ids.values()} == aftermath.before


def test_refusals_are_counted(mesh: Installation, aftermath: Aftermath) -> None:
    lines = [json.loads(line.text) for line in mesh.sandbox.logs if '"ClaimsRefused"' in line.text]
    assert sum(sum(line["ClaimsRefused"]) for line in lines) >= 2 * len(ATTACKS)
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "MeshDNS"


def test_the_loser_gets_the_name_by_itself_when_it_is_free(mesh: Installation) -> None:
    name, holder, waiting = mesh.hostname("inherited"), mesh.controller(), mesh.controller()
    record = mesh.wait_for_name(name, holder.create(name))
    heir = waiting.create(name)
    mesh.wait_for_decision(name, "claimed-by")
    assert mesh.records(name) == [record]

    holder.annotate(None)

    # An heir that AWS still provisions is looked at again half a minute later.
    assert mesh.wait_for_name(name, heir).id == record.id


def test_a_load_balancer_of_another_account_takes_nothing(mesh: Installation) -> None:
    name, holder = mesh.hostname("ours"), mesh.controller()
    record = mesh.wait_for_name(name, holder.create(name))
    theirs = mesh.sandbox.client("elbv2", account="444455556666")
    subnet = mesh.sandbox.client("ec2", account="444455556666").describe_subnets()["Subnets"][0]["SubnetId"]
    arn = theirs.create_load_balancer(
        Name="theirs", Type="network", Scheme="internal", Subnets=[subnet], Tags=[{"Key": "hostname", "Value": name}]
    )["LoadBalancers"][0]["LoadBalancerArn"]

    topic = mesh.outputs["topic_arn"]
    for message in (event(tagged(arn), account="444455556666"), event(tagged(arn))):
        mesh.sandbox.client("sns").publish(TopicArn=topic, Message=json.dumps(message))
    assert "444455556666/eu-west-1 is not known" in mesh.wait_for_line("unknown scope")["detail"]
    mesh.drain()

    assert mesh.records(name) == [record]
