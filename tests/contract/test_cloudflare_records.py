"""Records as Cloudflare describes them, odd ones too: each is something at its name, and costs the zone nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import responses

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import Cloudflare
from tests.contract.replies import FOREIGN, LIST_URL, OURS, listed
from tests.contract.worlds import MARK, OWNER, TARGET, ZONE, ZONE_ID, SuppliedToken, records

SEEN = Record(
    "a" * 32, ZONE_ID, f"cluster1.{ZONE}", "CNAME", TARGET, 60, False, MARK, 1_795_575_600.123456, 1_795_489_200
)
ODD: dict[str, tuple[dict[str, Any], Record]] = {
    "nothing": ({}, SEEN),
    "a name in upper case and with a dot": ({"name": f"Cluster1.{ZONE.upper()}."}, SEEN),
    "content in upper case and with a dot": ({"content": f"{TARGET.upper()}."}, SEEN),
    "a type in lower case": ({"type": "cname"}, SEEN),
    "no type": ({"type": None}, replace(SEEN, type="")),
    "content null": ({"content": None}, replace(SEEN, content="")),
    "content a number": ({"content": 5}, replace(SEEN, content="5")),
    "content an object": ({"content": {}}, replace(SEEN, content="")),
    "ttl null": ({"ttl": None}, replace(SEEN, ttl=0)),
    "ttl a text": ({"ttl": "60"}, replace(SEEN, ttl=0)),
    "ttl true": ({"ttl": True}, replace(SEEN, ttl=0)),
    "proxied": ({"proxied": True}, replace(SEEN, proxied=True)),
    "proxied null": ({"proxied": None}, SEEN),
    "comment null": ({"comment": None}, replace(SEEN, comment="")),
    "comment empty": ({"comment": "", "tags": None, "meta": None, "settings": None}, replace(SEEN, comment="")),
    "comment a list": ({"comment": ["x"]}, replace(SEEN, comment="")),
    "no id, so that it cannot be changed": ({"id": None}, replace(SEEN, id="", comment="")),
    "changed in another zone of time": ({"modified_on": "2026-11-25T04:00:00.123456+01:00"}, SEEN),
    "changed at a whole second": ({"modified_on": "2026-11-25T03:00:00Z"}, replace(SEEN, edited=1_795_575_600)),
    "changed nobody knows when": ({"modified_on": None}, replace(SEEN, edited=None)),
    "changed nobody knows where": ({"modified_on": "2026-11-25T03:00:00"}, replace(SEEN, edited=None)),
    "changed in words": ({"modified_on": "yesterday"}, replace(SEEN, edited=None)),
    "made nobody knows when": ({"created_on": None}, replace(SEEN, made=None)),
    "changed before time began": ({"modified_on": "0001-01-01T00:00:00+14:00"}, replace(SEEN, edited=-62_135_647_200)),
}


@responses.activate
@pytest.mark.parametrize("fields, expected", ODD.values(), ids=ODD)
def test_an_odd_record_is_still_something_at_its_name(fields: dict[str, Any], expected: Record) -> None:
    responses.get(LIST_URL, json=listed(OURS | fields))
    assert records(Cloudflare(OWNER, SuppliedToken())) == [expected]


@responses.activate
@pytest.mark.parametrize(
    "item",
    [None, 5, "x", [], {}, {"id": "7"}, {"id": "7", "name": None}, {"id": "7", "name": ""}, {"name": []}],
    ids=repr,
)
def test_what_is_at_no_name_costs_the_zone_nothing(item: object) -> None:
    responses.get(LIST_URL, json=listed(item, OURS, FOREIGN))
    assert [record.id for record in records(Cloudflare(OWNER, SuppliedToken()))] == [OURS["id"], FOREIGN["id"]]
