"""The recorded exchanges with Cloudflare: the emulator answers the same, and the client understands them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
import responses

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import BASE_URL, Cloudflare
from mesh_dns.dns.provider import Denied, Provider, QuotaReached, RateLimited, TransactionRejected
from mesh_dns.errors import Retryable
from sandbox.cloudflare import CloudflareEmulator
from tests.contract.conftest import recorded
from tests.contract.worlds import OWNER, SECRET, TOKEN, ZONE_ID, SuppliedToken, create, delete, records

LISTS = [
    "lexicon-list-all",
    "lexicon-list-empty",
    "lexicon-list-name-type",
    "lexicon-list-name-type-content",
    "lexicon-list-ttl",
    "lexicon-list-two-same-name",
]

# Exchange => what must be in the zone before, so that the same request gets the same answer.
WRITES: dict[str, list[dict[str, object]]] = {
    "lexicon-create-a": [],
    "lexicon-create-cname": [],
    "lexicon-create-txt": [],
    "lexicon-create-duplicate-81058": [
        {"type": "TXT", "name": "_acme-challenge.noop.example.com", "content": "challengetoken"}
    ],
    "lexicon-delete": [{"type": "TXT", "name": "x.example.com", "content": "x"}],
    "lexicon-put-content": [{"type": "TXT", "name": "orig.nameonly.test.example.com", "content": "x", "ttl": 3600}],
    "lexicon-put-rename": [{"type": "TXT", "name": "orig.test.example.com", "content": "challengetoken", "ttl": 3600}],
    "reported-a-over-cname-81054": [{"type": "CNAME", "name": "www.example.com", "content": "a.example.net"}],
    "reported-cname-conflict-81053": [{"type": "A", "name": "apim-stack.example.com", "content": "192.0.2.7"}],
    "reported-comment-too-long-9313": [],
    "reported-ns-exists-81056": [{"type": "NS", "name": "blog.example.com", "content": "ns.example.net"}],
    "reported-record-missing-81044": [],
    "reported-tags-not-allowed-9300": [],
    "reported-ttl-9021": [],
    "reported-ttl-string-9022": [{"type": "A", "name": "x.example.com", "content": "198.51.100.4"}],
    "reported-route-7003": [],
}

# Fields that are new in each zone, whoever makes it.
OWN = {"id", "created_on", "modified_on"}


@pytest.fixture
def zone(emulator: CloudflareEmulator) -> CloudflareEmulator:
    emulator.add_zone("example.com", ZONE_ID)
    emulator.add_token(TOKEN, [ZONE_ID])
    return emulator


def ask(emulator: CloudflareEmulator, request: dict[str, Any], *, token: str | None = TOKEN) -> requests.Response:
    return requests.request(
        request["method"],
        emulator.base_url.removesuffix("/client/v4") + request["path"] + "?" + request["query"],
        json=request["json"],
        headers={"Authorization": f"Bearer {token}"} if token else {},
        timeout=5,
    )


def without_own(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_own(inner) for key, inner in value.items() if key not in OWN}
    return [without_own(inner) for inner in value] if isinstance(value, list) else value


def assert_same(answer: requests.Response, response: dict[str, Any]) -> None:
    assert answer.status_code == response["status"]
    body = answer.json()
    assert without_own(body) == without_own(response["json"])
    results = [body["result"], response["json"]["result"]]
    if all(isinstance(result, dict) for result in results):
        assert results[0].keys() == results[1].keys()


def unredacted(value: Any) -> Any:
    """Redaction gave one name and its target the same text, which Cloudflare would refuse (9039)."""
    if isinstance(value, list):
        return [unredacted(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    plain = {key: unredacted(inner) for key, inner in value.items()}
    if "content" in plain and plain["content"] == plain.get("name"):
        plain["content"] = "docs.example.net"
    return plain


@pytest.mark.parametrize("name", LISTS)
def test_the_emulator_lists_as_recorded(zone: CloudflareEmulator, name: str) -> None:
    everything, exchange = unredacted(recorded("lexicon-list-all")), unredacted(recorded(name))
    items = everything["response"]["json"]["result"] + exchange["response"]["json"]["result"]
    held = {item["id"]: item for item in items}
    for item in sorted(held.values(), key=lambda item: str(item["created_on"])):
        zone.add_record(ZONE_ID, **{key: item[key] for key in ("type", "name", "content", "ttl", "comment")})
    assert_same(ask(zone, exchange["request"]), exchange["response"])


@pytest.mark.parametrize("name", WRITES)
def test_the_emulator_answers_as_recorded(zone: CloudflareEmulator, name: str) -> None:
    exchange = unredacted(recorded(name))
    seeded = [zone.add_record(ZONE_ID, **fields) for fields in WRITES[name]]
    if seeded and exchange["request"]["method"] != "POST":
        path = exchange["request"]["path"]
        exchange["request"]["path"] = re.sub(r"[0-9a-f]{32}$", seeded[0].id, path)
    assert_same(ask(zone, exchange["request"]), exchange["response"])


def test_the_emulator_answers_a_full_zone_as_recorded(zone: CloudflareEmulator) -> None:
    exchange = recorded("reported-quota-81045")
    zone.set_quota(ZONE_ID, 0)
    assert_same(ask(zone, exchange["request"]), exchange["response"])


def test_the_emulator_runs_the_documented_batch(zone: CloudflareEmulator) -> None:
    request = recorded("reported-batch-docs-example-request")["request"]
    kept = [zone.add_record(ZONE_ID, type="A", name=name, content="192.0.2.1") for name in ("d", "p", "u")]
    for key, record in zip(("deletes", "patches", "puts"), kept, strict=True):
        request["json"][key][0]["id"] = record.id
    result = ask(zone, request).json()["result"]
    assert {key: [item["name"] for item in items] for key, items in result.items()} == {
        "deletes": ["d.example.com"],
        "patches": ["p.example.com"],
        "puts": ["change.example.com"],
        "posts": ["example.com", "a.example.com"],
    }


@pytest.mark.parametrize(
    "name, token",
    [
        ("reported-zones-invalid-token", "unknown"),
        ("reported-zones-malformed-token", "two words"),
        ("reported-dns-auth-error", "other-zone"),
    ],
)
def test_the_emulator_refuses_tokens_as_recorded(zone: CloudflareEmulator, name: str, token: str) -> None:
    zone.add_token("other-zone", [])
    response = recorded(name)["response"]
    request = {"method": "GET", "path": f"/client/v4/zones/{ZONE_ID}/dns_records", "query": "", "json": None}
    assert_same(ask(zone, request, token=token), response)


def test_the_emulator_limits_the_rate_as_recorded() -> None:
    exchange = recorded("reported-rate-limited-971")
    with CloudflareEmulator(rate_limit=1) as emulator:
        emulator.add_zone("example.com", ZONE_ID)
        emulator.add_token(TOKEN, [ZONE_ID])
        assert ask(emulator, exchange["request"]).headers["Ratelimit"].startswith('"default";r=0;t=')
        answer = ask(emulator, exchange["request"])
    assert_same(answer, exchange["response"])
    assert answer.headers["Retry-After"] in ("299", "300")
    assert re.fullmatch(r'"default";q=1;w=300', answer.headers["Ratelimit-Policy"])


def client() -> Provider:
    return Cloudflare(OWNER, SuppliedToken())


def replay(response: dict[str, Any], method: str, path: str = "") -> None:
    headers = {key: value for key, value in response["headers"].items() if key.lower() != "content-type"}
    url = f"{BASE_URL}/zones/{ZONE_ID}/dns_records{path}"
    responses.add(method, url, json=response["json"], status=response["status"], headers=headers)


@responses.activate
@pytest.mark.parametrize("name", LISTS)
def test_the_client_reads_a_recorded_list(name: str) -> None:
    response = recorded(name)["response"]
    replay(response, "GET")
    read = records(client())
    fields = ("id", "name", "type", "content", "ttl", "proxied")
    assert [tuple(getattr(record, field) for field in fields) for record in read] == [
        tuple(item[field] for field in fields) for item in response["json"]["result"]
    ]
    assert {record.comment for record in read} <= {""}


REFUSALS: dict[str, type[Retryable]] = {
    "lexicon-create-duplicate-81058": TransactionRejected,
    "reported-a-over-cname-81054": TransactionRejected,
    "reported-cname-conflict-81053": TransactionRejected,
    "reported-comment-too-long-9313": TransactionRejected,
    "reported-dns-auth-error": Denied,
    "reported-ns-exists-81056": TransactionRejected,
    "reported-quota-81045": QuotaReached,
    "reported-rate-limited-10100-legacy": RateLimited,
    "reported-rate-limited-971": RateLimited,
    "reported-record-missing-81044": TransactionRejected,
    "reported-route-7003": Denied,
    "reported-tags-not-allowed-9300": TransactionRejected,
    "reported-ttl-9021": TransactionRejected,
    "reported-ttl-string-9022": TransactionRejected,
    "reported-unauthorized-resource": Denied,
    "reported-verify-invalid": Denied,
    "reported-zones-cannot-access-from-ip": Denied,
    "reported-zones-invalid-token": Denied,
    "reported-zones-malformed-token": Denied,
}


@responses.activate
@pytest.mark.parametrize("name", REFUSALS)
def test_the_client_understands_a_recorded_refusal(name: str) -> None:
    response = recorded(name)["response"]
    replay(response, "POST", "/batch")
    with pytest.raises(Retryable) as caught:
        client().apply(ZONE_ID, [create("cluster1"), create("cluster2")])
    assert type(caught.value) is REFUSALS[name]
    text = str(caught.value)
    assert str(response["json"]["errors"][0]["code"]) in text
    assert "zone" in text or isinstance(caught.value, RateLimited)
    if type(caught.value) is Denied and "7003" not in text:
        assert SECRET in text
        assert "Zone / DNS / Edit" in text
    if type(caught.value) is RateLimited:
        assert caught.value.after == 300


@responses.activate
def test_the_client_takes_a_recorded_missing_record_for_deleted() -> None:
    exchange = recorded("reported-record-missing-81044")
    record_id = exchange["request"]["path"].rsplit("/", 1)[1]
    replay(exchange["response"], "DELETE", f"/{record_id}")
    client().apply(ZONE_ID, [delete(Record(record_id, ZONE_ID, "x", "CNAME", "y", 60, False))])
    assert len(responses.calls) == 1
