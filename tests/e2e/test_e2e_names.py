"""The main job: a tag becomes a name, the name follows the tag, and leaves after the grace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sandbox.controllers import AwsLoadBalancerController, CloudProviderAws, Scope
from tests.e2e.installation import GRACE, OTHER_SUFFIX, Installation


class Maker(Protocol):
    """Whoever makes a load balancer, changes its hostname and deletes it."""

    def create(self, hostname: str | None) -> str: ...

    def delete(self) -> None: ...


class AlbMaker:
    """An application load balancer, made and tagged by the API's own calls."""

    def __init__(self, mesh: Installation) -> None:
        self._elb = mesh.sandbox.client("elbv2")
        self._subnets = Scope(mesh.sandbox).subnets()
        self._arn = ""

    def create(self, hostname: str | None) -> str:
        tags = [{"Key": "hostname", "Value": hostname}]
        made = self._elb.create_load_balancer(
            Name="alb-of-a-mesh", Type="application", Scheme="internal", Subnets=self._subnets, Tags=tags
        )["LoadBalancers"][0]
        self._arn = made["LoadBalancerArn"]
        return str(made["DNSName"])

    def sync(self, hostname: str) -> None:
        self._elb.add_tags(ResourceArns=[self._arn], Tags=[{"Key": "hostname", "Value": hostname}])

    def delete(self) -> None:
        self._elb.delete_load_balancer(LoadBalancerArn=self._arn)


def rename(maker: Maker, hostname: str) -> None:
    """The hostname changes, by the calls that this maker makes then."""
    if isinstance(maker, AwsLoadBalancerController):
        maker.annotate(hostname)
    else:
        assert isinstance(maker, AlbMaker | CloudProviderAws)
        maker.sync(hostname)


def test_a_tag_becomes_a_name_that_follows_it_and_leaves_with_its_load_balancer(mesh: Installation) -> None:
    makers: dict[str, Maker] = {
        "network": mesh.controller(),
        "application": AlbMaker(mesh),
        "classic": CloudProviderAws(Scope(mesh.sandbox), "kubernetes-classic", kind="classic"),
    }
    names = {kind: mesh.hostname(kind) for kind in makers}
    new_names = {kind: mesh.hostname(f"new-{kind}", OTHER_SUFFIX) for kind in makers}

    targets = {kind: maker.create(names[kind]).lower() for kind, maker in makers.items()}
    for kind, name in names.items():
        record = mesh.wait_for_name(name, targets[kind])
        assert (record.type, record.proxied, record.ttl) == ("CNAME", False, 60)
        assert (record.comment or "").startswith(f"{mesh.outputs['owner']} eu-west-1/")
        assert mesh.resolve(name, "CNAME") == [targets[kind]]
        mesh.wait_for_address(name)

    for kind, maker in makers.items():
        rename(maker, new_names[kind])
    for kind, name in new_names.items():
        mesh.wait_for_name(name, targets[kind])
        assert mesh.leads_to(names[kind]) == targets[kind]

    for maker in makers.values():
        maker.delete()
    for name in [*names.values(), *new_names.values()]:
        mesh.wait_until_gone(name)  # a classic load balancer may have been made anew under its name
        assert mesh.resolve(name, "CNAME") == []


def written_at(line: Mapping[str, Any]) -> datetime:
    """When the function wrote a log line."""
    return datetime.strptime(line["timestamp"], "%Y-%m-%d %H:%M:%S,%f%z")


def test_several_hostnames_in_one_tag_come_and_go_one_by_one_each_after_its_grace(mesh: Installation) -> None:
    controller = mesh.controller()
    first, second, third = (mesh.hostname(label) for label in ("first", "second", "third"))

    dns_name = controller.create(f"{first} {second.upper()}.")
    mesh.wait_for_name(first, dns_name)
    kept = mesh.wait_for_name(second, dns_name)

    controller.annotate(f"{second} {third}")
    first_look = mesh.wait_for_decision(first, "look-again")
    mesh.wait_for_name(third, dns_name)
    mesh.wait_until_gone(first)
    deleted = mesh.wait_for_decision(first, "delete")
    assert written_at(deleted) - written_at(first_look) >= timedelta(seconds=GRACE / 2)
    assert mesh.records(second) == [kept]


def test_what_concerns_nobody_costs_no_call_to_the_provider(mesh: Installation) -> None:
    mesh.drain()
    before, runs = mesh.sandbox.cloudflare.calls.total, mesh.runs()

    mesh.controller().create(None)
    mesh.wait(lambda: mesh.runs() > runs, "the function looks")
    mesh.drain()

    assert mesh.sandbox.cloudflare.calls.total == before


def test_a_second_plan_is_empty(mesh: Installation) -> None:
    assert "No changes." in mesh.plans["second"]
