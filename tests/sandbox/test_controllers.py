"""The imitated controllers call as the real ones do, and the sandbox answers what the real ones ask.

The calls and their order were seen with AWS Load Balancer Controller 2.17.1 and 3.5.0 and cloud-provider-aws 1.37.1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import pytest

from sandbox.caller import Caller
from sandbox.controllers import AwsLoadBalancerController, CloudProviderAws, Scope
from sandbox.gateway import Call
from tests.sandbox.account import Account

UID = "0c9a3e1f-1111-2222-3333-444455556666"
OWNER = {"elbv2.k8s.aws/cluster": "cluster1", "service.k8s.aws/stack": "kube-system/clustermesh-apiserver"}


@pytest.fixture
def calls(aws: Account, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Mapping[str, str]]]:
    """Every writing call to ELB: its name, and its parameters."""
    heard: list[tuple[str, Mapping[str, str]]] = []

    def before(call: Call, _caller: Caller) -> None:
        if call.service == "elasticloadbalancing" and not call.action.startswith("Describe"):
            heard.append((call.action, call.form()))

    monkeypatch.setattr(aws.sandbox.cloudtrail, "before", before)
    return heard


Calls = list[tuple[str, Mapping[str, str]]]


def kind(parameters: Mapping[str, str]) -> str:
    """`loadbalancer`, `targetgroup` or `listener`."""
    return parameters["ResourceArns.member.1"].split(":")[5].split("/")[0]


def tags(parameters: Mapping[str, str]) -> dict[str, str]:
    """The tags of a call."""
    numbers = [name.split(".")[2] for name in parameters if re.fullmatch(r"Tags\.member\.\d+\.Key", name)]
    return {parameters[f"Tags.member.{n}.Key"]: parameters[f"Tags.member.{n}.Value"] for n in numbers}


def add_on(aws: Account, cluster: str = "cluster1", uid: str = UID) -> AwsLoadBalancerController:
    return AwsLoadBalancerController(Scope(aws.sandbox), cluster, uid=uid)


def test_the_add_on_makes_and_tags_three_resources(aws: Account, calls: Calls) -> None:
    add_on(aws).create("cluster1.mesh.example.com", extra_tags={"team": "mesh"})
    wanted = OWNER | {"hostname": "cluster1.mesh.example.com", "team": "mesh"}
    assert [(name, tags(parameters)) for name, parameters in calls] == [
        ("CreateTargetGroup", wanted | {"service.k8s.aws/resource": "kube-system/clustermesh-apiserver:2379"}),
        ("CreateLoadBalancer", wanted | {"service.k8s.aws/resource": "LoadBalancer"}),
        ("CreateListener", wanted | {"service.k8s.aws/resource": "2379"}),
    ]


def test_the_add_on_changes_tags_with_a_call_for_each_resource(aws: Account, calls: Calls) -> None:
    controller = add_on(aws)
    controller.create("one.mesh.example.com", extra_tags={"team": "mesh"})
    calls.clear()
    controller.annotate("two.mesh.example.com", extra_tags={"team": "mesh"})
    assert [(name, kind(asked), tags(asked)) for name, asked in calls] == [
        ("AddTags", resource, {"hostname": "two.mesh.example.com"})
        for resource in ("targetgroup", "loadbalancer", "listener")
    ]
    calls.clear()
    controller.annotate(None, extra_tags={"team": "mesh"})
    assert [(name, kind(asked), asked["TagKeys.member.1"]) for name, asked in calls] == [
        ("RemoveTags", resource, "hostname") for resource in ("targetgroup", "loadbalancer", "listener")
    ]


def test_the_add_on_names_a_load_balancer_by_cluster_uid_and_scheme(aws: Account) -> None:
    name = f"k8s-kubesyst-clusterm-{hashlib.sha256(f'cluster1{UID}internal'.encode()).hexdigest()[:10]}"
    assert add_on(aws).name == name
    others = {add_on(aws, "cluster2").name, add_on(aws, uid=UID[::-1]).name}
    assert len({name, *others}) == 3
    assert add_on(aws).name == name


def test_a_changed_scheme_deletes_first_and_then_makes_another_name(aws: Account, calls: Calls) -> None:
    controller = add_on(aws)
    controller.create("one.mesh.example.com")
    internal, arn = controller.name, controller.arn
    calls.clear()
    controller.change_scheme("internet-facing")
    assert [name for name, _ in calls] == ["DeleteLoadBalancer", "CreateLoadBalancer", "CreateListener"]
    assert calls[0][1]["LoadBalancerArn"] == arn
    assert calls[1][1]["Scheme"] == "internet-facing"
    assert tags(calls[1][1])["hostname"] == "one.mesh.example.com"
    assert calls[1][1]["Name"] == controller.name != internal
    calls.clear()
    controller.delete()
    assert [name for name, _ in calls] == ["DeleteLoadBalancer", "DeleteTargetGroup"]


def test_the_cloud_provider_names_by_uid_and_syncs_the_annotations_tags_only(aws: Account, calls: Calls) -> None:
    controller = CloudProviderAws(Scope(aws.sandbox), "cluster1", "classic", uid=UID)
    controller.create("one.mesh.example.com")
    assert controller.name == "a0c9a3e1f111122223333444455556666"[:32]
    assert tags(calls[0][1]) == {
        "hostname": "one.mesh.example.com",
        "kubernetes.io/cluster/cluster1": "owned",
        "kubernetes.io/service-name": "kube-system/clustermesh-apiserver",
    }
    calls.clear()
    controller.sync("two.mesh.example.com")
    controller.sync(None)  # no tag in the annotation: no call
    assert [(name, tags(asked)) for name, asked in calls] == [("AddTags", {"hostname": "two.mesh.example.com"})]


def test_the_cloud_provider_never_touches_the_tags_of_a_network_load_balancer(aws: Account, calls: Calls) -> None:
    controller = CloudProviderAws(Scope(aws.sandbox), "cluster1", "nlb")
    controller.create("one.mesh.example.com")
    calls.clear()
    controller.sync("two.mesh.example.com")
    assert calls == []


# What the real add-on asks at each reconcile


def test_a_listeners_default_rule_has_tags_of_its_own(aws: Account) -> None:
    controller = add_on(aws)
    controller.create("one.mesh.example.com")
    elb = aws.client("elbv2")
    (listener,) = elb.describe_listeners(LoadBalancerArn=controller.arn)["Listeners"]
    (rule,) = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert rule["IsDefault"]
    described = elb.describe_tags(ResourceArns=[rule["RuleArn"], listener["ListenerArn"]])["TagDescriptions"]
    assert [(x["ResourceArn"], len(x["Tags"])) for x in described] == [
        (rule["RuleArn"], 0),
        (listener["ListenerArn"], 4),
    ]
    with pytest.raises(elb.exceptions.RuleNotFoundException):
        elb.describe_tags(ResourceArns=[f"{rule['RuleArn']}0"])


@pytest.mark.parametrize(("type_", "shown"), [("network", "off"), ("application", None)])
def test_a_network_load_balancer_tells_its_source_nat(aws: Account, type_: str, shown: str | None) -> None:
    made = aws.load_balancer(Type=type_)
    (described,) = aws.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert made.get("EnablePrefixForIpv6SourceNat") == described.get("EnablePrefixForIpv6SourceNat") == shown


def test_the_account_has_no_shield_subscription(aws: Account) -> None:
    assert aws.client("shield").get_subscription_state()["SubscriptionState"] == "INACTIVE"
