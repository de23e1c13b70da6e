"""What the emulator knows of subdomain delegations ("Shadowed records" in Cloudflare's documentation), and of zones."""

from __future__ import annotations

import pytest
import requests

from sandbox.cloudflare import CloudflareEmulator, FaultKind
from tests.contract.worlds import TOKEN, ZONE_ID

ZONE = "example.com"
OTHER_ZONE_ID = "1" * 32


@pytest.fixture
def zone(emulator: CloudflareEmulator) -> CloudflareEmulator:
    """NS records at the apex, at `eu` and below it at `a.eu`."""
    emulator.add_zone(ZONE, ZONE_ID)
    emulator.add_zone("example.org", OTHER_ZONE_ID)
    emulator.add_token(TOKEN, [ZONE_ID, OTHER_ZONE_ID])
    emulator.add_record(ZONE_ID, type="NS", name=ZONE, content="ns0.example.net")
    emulator.add_record(ZONE_ID, type="NS", name="eu", content="ns1.example.net")
    emulator.add_record(ZONE_ID, type="NS", name="eu", content="ns2.eu.example.com")
    emulator.add_record(ZONE_ID, type="NS", name="a.eu", content="ns3.example.net")
    return emulator


def call(
    emulator: CloudflareEmulator, method: str, zone_id: str = ZONE_ID, json: object = None, **query: str
) -> requests.Response:
    url = f"{emulator.base_url}/zones/{zone_id}/dns_records"
    return requests.request(
        method, url, params=query, json=json, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5
    )


def make(emulator: CloudflareEmulator, record_type: str, name: str, content: str) -> requests.Response:
    return call(emulator, "POST", json={"type": record_type, "name": name, "content": content, "ttl": 60})


@pytest.mark.parametrize(
    "name, expected",
    [
        ("www.example.com", set()),
        ("eu.example.com", {"ns1.example.net", "ns2.eu.example.com"}),
        ("EU.example.com.", {"ns1.example.net", "ns2.eu.example.com"}),
        ("x.y.eu.example.com", {"ns1.example.net", "ns2.eu.example.com"}),
        ("a.eu.example.com", {"ns1.example.net", "ns2.eu.example.com", "ns3.example.net"}),
        ("x.a.eu.example.com", {"ns1.example.net", "ns2.eu.example.com", "ns3.example.net"}),
    ],
)
def test_shadowing_name_finds_ns_records_at_and_above_a_name(
    zone: CloudflareEmulator, name: str, expected: set[str]
) -> None:
    answer = call(zone, "GET", shadowing_name=name).json()
    assert {item["content"] for item in answer["result"]} == expected
    assert answer["result_info"]["total_count"] == len(expected)


@pytest.mark.parametrize("name", [ZONE, "eu.example.org", "notexample.com", ""])
def test_but_the_apex_and_names_outside_are_refused(zone: CloudflareEmulator, name: str) -> None:
    assert call(zone, "GET", shadowing_name=name).status_code == 400


@pytest.mark.parametrize(
    "name, expected",
    [
        ("example.com", set()),
        ("www.example.com", set()),
        ("eu.example.com", {"ns1.example.net", "ns2.eu.example.com"}),
        ("x.a.eu.example.com", {"ns1.example.net", "ns2.eu.example.com"}),
    ],
)
def test_name_servers_refer_to_the_delegation_that_is_nearest_to_the_apex(
    zone: CloudflareEmulator, name: str, expected: set[str]
) -> None:
    assert {record.content for record in zone.delegation(ZONE_ID, name)} == expected


def test_a_record_below_a_delegation_is_taken(zone: CloudflareEmulator) -> None:
    assert make(zone, "CNAME", "x.eu.example.com", "lb.example.net").status_code == 200


@pytest.mark.parametrize(
    "record_type, name, content, status",
    [
        ("CNAME", "x.eu.example.com", "lb.example.net", 400),
        ("A", "x.eu.example.com", "192.0.2.7", 400),
        ("A", "ns2.eu.example.com", "192.0.2.7", 200),
        ("CNAME", "x.example.com", "lb.example.net", 200),
        ("NS", "eu.example.com", "ns4.example.net", 200),
    ],
    ids=["an alias below", "an address below", "glue", "beside it", "another name server"],
)
def test_the_older_api_refused_it(
    zone: CloudflareEmulator, record_type: str, name: str, content: str, status: int
) -> None:
    zone.faults.refuse_delegated()
    answer = make(zone, record_type, name, content)
    assert answer.status_code == status
    assert [error["code"] for error in answer.json()["errors"]] == [89018] * (status != 200)
    zone.faults.clear()
    assert make(zone, "TXT", "y.eu.example.com", "x").status_code == 200


def test_a_fault_strikes_the_zone_that_it_names(zone: CloudflareEmulator) -> None:
    zone.faults.inject(FaultKind.SERVER_ERROR, times=None, zone=ZONE_ID)
    assert call(zone, "GET").status_code == 503
    assert call(zone, "GET", OTHER_ZONE_ID).status_code == 200
