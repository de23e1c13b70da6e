"""What a person reads when an input is wrong: which cluster, and what is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = {"cluster1": {"id": 1}}

REFUSALS = [
    pytest.param(
        {"clusters": {"Cluster1": {"id": 1}, "cluster2": {"id": 2}}},
        "\"Cluster1\" cannot be a Cilium cluster name. Accepted: 1 to 32 characters of a-z, 0-9 and '-'",
        id="a typo in a cluster name",
    ),
    pytest.param(
        {"clusters": {"default": {"id": 1}}},
        '"default" cannot be a Cilium cluster name',
        id="the name that Cilium keeps",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 7}, "cluster2": {"id": 7}, "cluster3": {"id": 3}}},
        'id 7 is given to "cluster1" and "cluster2". Accepted: an id of its own for every cluster',
        id="a duplicate id",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 256}}},
        '"cluster1" has id 256. Accepted: whole numbers from 1 to 255 (max_connected_clusters)',
        id="an id out of range",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 1}, "cluster2": {"id": None}}},
        '"cluster2" has id null. Accepted: whole numbers from 1 to 255',
        id="an id that is null",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 200}}, "datapath": "eni"},
        '"cluster1" has id 200, which Cilium refuses with datapath = "eni". Accepted: 1 to 127',
        id="an id that ENI mode cannot carry",
    ),
    pytest.param(
        {"domain": "Mesh.example.com."},
        'domain = "Mesh.example.com." is not a DNS name. Accepted: two or more labels',
        id="an illegal domain",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 1, "hostname": "10.0.0.1"}}},
        '"cluster1" has hostname "10.0.0.1". Accepted: one full DNS name',
        id="an address as hostname",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 1, "hostname": "cluster2.mesh.example.com"}, "cluster2": {"id": 2}}},
        'hostname "cluster2.mesh.example.com" is given to "cluster1" and "cluster2". Accepted: a hostname',
        id="a duplicate hostname",
    ),
    pytest.param(
        {"clusters": {"c" * 32: {"id": 1}}, "domain": ".".join(["a" * 63] * 3) + "." + "b" * 25 + ".com"},
        f'the hostname of "{"c" * 32}" has 254 characters. Accepted: at most 253',
        id="a hostname that is too long",
    ),
    pytest.param(
        {"clusters": {"cluster1": {"id": 1, "port": 0}}},
        '"cluster1" has port 0. Accepted: whole numbers from 1 to 65535',
        id="an impossible port",
    ),
    pytest.param(
        {"extra_tags": {"query": "a=b"}, "controller": "cloud-provider-aws"},
        "the value of \"query\" contains '=', and cloud-provider-aws would drop what follows it",
        id="a tag value that cloud-provider-aws cuts off",
    ),
    pytest.param(
        {"extra_tags": {"team": "a,b"}},
        'the value of "team" cannot be a load balancer tag. Accepted: at most 256',
        id="a comma in a tag value",
    ),
]


@pytest.mark.parametrize(("inputs", "sentence"), REFUSALS)
def test_the_plan_stops_with_a_sentence_that_helps(
    inputs: dict[str, Any], sentence: str, refusal: Callable[..., str]
) -> None:
    said = refusal(**({"domain": "mesh.example.com", "clusters": GOOD} | inputs))
    assert sentence in said
    assert said.count("Error:") == 1, "one mistake, one error"
