"""The owner mark: never too long, and recognised exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.loaders
import pytest

from mesh_dns.core import mark
from mesh_dns.core.values import Kind, LoadBalancerId, Record
from tests.doubles.hub import OWNER

NLB = LoadBalancerId("eu-west-1", "111122223333", Kind.NETWORK, "k8s-kubesyst-clusterm-0123456789", "50dc6c495c0c9188")
MARK = f"{OWNER} eu-west-1/111122223333/net/k8s-kubesyst-clusterm-0123456789/50dc6c495c0c9188"


def marked(comment: str) -> Record:
    return Record("id", "zone", "cluster1.mesh.example.com", "CNAME", "x.example.net", 60, False, comment)


def regions() -> Iterator[str]:
    """Every region that botocore knows, of all partitions."""
    loader = botocore.loaders.Loader()
    for document in ("endpoints", "partitions"):
        data: dict[str, Any] = loader.load_data(document)
        for partition in data["partitions"]:
            yield from (region for region in partition["regions"] if not region.endswith("global"))


def longest(region: str, kind: Kind) -> LoadBalancerId:
    return LoadBalancerId(region, "9" * 12, kind, "x" * 32, "" if kind is Kind.CLASSIC else "f" * 16)


def test_there_are_regions_to_test() -> None:
    assert {"eu-west-1", "us-gov-west-1", "cn-northwest-1", "us-isob-east-1"} <= set(regions())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("region", sorted(set(regions())))
def test_the_longest_mark_fits_and_is_recognised(region: str, kind: Kind) -> None:
    owner = "o" * 17  # the longest that the settings take
    lb = longest(region, kind)
    comment = mark.comment_for(owner, lb)
    assert len(comment) <= mark.LONGEST_MARK == 100
    assert mark.served_by(owner, marked(comment)) == lb
    assert mark.is_marked(marked(comment))


def test_a_mark() -> None:
    assert mark.comment_for(OWNER, NLB) == MARK
    assert mark.served_by(OWNER, marked(MARK)) == NLB


@pytest.mark.parametrize(
    ("comment", "is_a_mark"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param(OWNER, False, id="the owner alone"),
        pytest.param(f"{OWNER} ", False, id="the owner and a blank"),
        pytest.param(f"{OWNER} made by Kim", False, id="the owner and a text"),
        pytest.param(f"{MARK} ", False, id="a blank behind it"),
        pytest.param(f"{MARK}\n", False, id="a line end behind it"),
        pytest.param(f"{MARK} more", False, id="a field more"),
        pytest.param(f"{MARK}/more", False, id="a part more"),
        pytest.param(f" {MARK}", False, id="a blank in front"),
        pytest.param(MARK.replace(" ", "  "), False, id="two blanks"),
        pytest.param(MARK.replace(" ", "\t"), False, id="a tab"),
        pytest.param(MARK.replace("eu-west-1", "EU-WEST-1"), False, id="the region in upper case"),
        pytest.param(MARK[:-1], False, id="an id too short"),
        pytest.param(f"{OWNER} eu-west-1/111122223333/mesh", False, id="a name without its kind"),
        pytest.param(f"{OWNER} eu-west-1/111122223333/net/mesh", False, id="a network one without its id"),
        pytest.param(MARK.replace("/net/", "/classic/net/"), False, id="two kinds"),
        pytest.param(MARK.replace("mesh-dns/", "Mesh-DNS/"), True, id="the owner in another case"),
        pytest.param(MARK.replace("1f0c9a3e", "1f0c9a3"), True, id="a prefix of the owner"),
        pytest.param(MARK.replace("1f0c9a3e", "1f0c9a3e0"), True, id="an owner that ours is a prefix of"),
        pytest.param(MARK.removeprefix("mesh-dns/"), True, id="an end of the owner"),
    ],
)
def test_anything_else_is_not_ours(comment: str, is_a_mark: bool) -> None:
    assert mark.served_by(OWNER, marked(comment)) is None
    assert mark.is_marked(marked(comment)) is is_a_mark
