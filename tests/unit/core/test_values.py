"""What a load balancer is known by, as text, as an ARN and as a key."""

from __future__ import annotations

import pytest

from mesh_dns.core.values import Kind, LoadBalancerId, Scope

ARN = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/"
NLB = LoadBalancerId("eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188")
ALB = LoadBalancerId("eu-west-1", "111122223333", Kind.APPLICATION, "classic", "50dc6c495c0c9188")
GWLB = LoadBalancerId("eu-west-1", "111122223333", Kind.GATEWAY, "net", "50dc6c495c0c9188")
CLASSIC = LoadBalancerId("eu-west-1", "111122223333", Kind.CLASSIC, "app")
ODD_CLASSIC = LoadBalancerId("eu-west-1", "111122223333", Kind.CLASSIC, "classic")
EVERY = [
    pytest.param(NLB, "net/k8s-kubesyst-clusterm-0123456789/50dc6c495c0c9188", id="network"),
    pytest.param(ALB, "app/classic/50dc6c495c0c9188", id="application, named like a kind"),
    pytest.param(GWLB, "gwy/net/50dc6c495c0c9188", id="gateway, named like another kind"),
    pytest.param(CLASSIC, "app", id="classic, named like a kind"),
    pytest.param(ODD_CLASSIC, "classic", id="classic, named classic"),
]


@pytest.mark.parametrize(("lb", "path"), EVERY)
def test_there_and_back(lb: LoadBalancerId, path: str) -> None:
    assert lb.arn_path == path
    assert LoadBalancerId.from_arn(ARN + path) == lb
    assert LoadBalancerId.parse(str(lb)) == lb
    assert lb.scope == Scope("111122223333", "eu-west-1")


def test_as_text() -> None:
    assert str(NLB) == "eu-west-1/111122223333/net/k8s-kubesyst-clusterm-0123456789/50dc6c495c0c9188"
    assert str(CLASSIC) == "eu-west-1/111122223333/classic/app"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov", "aws-iso-b"])
def test_the_partition_is_not_part_of_what_it_is_known_by(partition: str) -> None:
    assert LoadBalancerId.from_arn(ARN.replace("arn:aws:", f"arn:{partition}:") + NLB.arn_path) == NLB


@pytest.mark.parametrize(
    "arn",
    [
        pytest.param("", id="nothing"),
        pytest.param(ARN, id="no name"),
        pytest.param(ARN + "net/x", id="no id"),
        pytest.param(ARN + "net/x/50dc6c495c0c9188/more", id="more behind it"),
        pytest.param(ARN + "net/x/50DC6C495C0C9188", id="an id in upper case"),
        pytest.param(ARN + "net/x/50dc6c495c0c918", id="an id too short"),
        pytest.param(ARN + "foo/x/50dc6c495c0c9188", id="an unknown kind"),
        pytest.param(ARN + "classic/x", id="a classic one with its kind"),
        pytest.param(ARN + "net/x_y/50dc6c495c0c9188", id="an illegal name"),
        pytest.param(ARN + "net/" + "x" * 33 + "/50dc6c495c0c9188", id="a name too long"),
        pytest.param(ARN + "x\n", id="a line end"),
        pytest.param(" " + ARN + "x", id="a blank in front"),
        pytest.param((ARN + "x").upper(), id="in upper case"),
        pytest.param(ARN.replace("111122223333", "11112222333") + "x", id="an account of 11 digits"),
        pytest.param(ARN.replace("111122223333", "\uff11" * 12) + "x", id="an account in wide digits"),
        pytest.param(ARN.replace("loadbalancer", "targetgroup") + "x/50dc6c495c0c9188", id="a target group"),
        pytest.param(ARN.replace("loadbalancer", "listener") + NLB.arn_path + "/f2f7dc8efc522ab2", id="a listener"),
        pytest.param(ARN.replace("elasticloadbalancing", "ec2") + "x", id="another service"),
    ],
)
def test_anything_else_is_no_load_balancer(arn: str) -> None:
    assert LoadBalancerId.from_arn(arn) is None


def test_v2_and_classic_sort_together() -> None:
    assert sorted([CLASSIC, NLB, ODD_CLASSIC]) == sorted([NLB, ODD_CLASSIC, CLASSIC])
