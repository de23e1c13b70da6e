"""What the emulator knows of Cloudflare beyond the recorded exchanges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jsonschema
import pytest
import requests
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from sandbox.cloudflare import Call, CloudflareEmulator, FaultKind
from tests.contract.conftest import RECORDED, recorded
from tests.contract.worlds import TOKEN, ZONE_ID
from tests.doubles.others import VirtualClock

OTHER_ZONE_ID = "1" * 32
Query = Sequence[tuple[str, str]]


class Api:
    """Plain HTTP to an emulator that has the zone `example.com`."""

    def __init__(self, emulator: CloudflareEmulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        emulator.add_zone("example.com", ZONE_ID)
        emulator.add_token(TOKEN, [ZONE_ID])

    def __call__(self, method: str, path: str = "", json: object = None, query: Query = ()) -> requests.Response:
        url = f"{self.emulator.base_url}/zones/{ZONE_ID}/dns_records{path}"
        return self.session.request(method, url, json=json, params=list(query), timeout=5)

    def create(self, record_type: str, name: str, content: str, **fields: object) -> requests.Response:
        return self("POST", json={"type": record_type, "name": name, "content": content, **fields})

    def names(self, *query: tuple[str, str]) -> list[str]:
        return [item["name"].split(".")[0] for item in self("GET", query=query).json()["result"]]


@pytest.fixture
def api(emulator: CloudflareEmulator) -> Iterator[Api]:
    made = Api(emulator)
    yield made
    made.session.close()


def code(answer: requests.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["errors"][0]["code"]


REFUSED: dict[str, tuple[dict[str, object], tuple[int, int]]] = {
    "a CNAME to itself": ({"content": "WWW.example.com."}, (400, 9039)),
    "a TTL of 59": ({"ttl": 59}, (400, 9021)),
    "a TTL of 86401": ({"ttl": 86401}, (400, 9021)),
    "a TTL of 0": ({"ttl": 0}, (400, 9021)),
    "a TTL in quotes": ({"ttl": "60"}, (400, 9022)),
    "a TTL that is a truth": ({"ttl": True}, (400, 9207)),
    "a comment of 101": ({"comment": "x" * 101}, (400, 9313)),
    "a name with a space": ({"name": "a b"}, (400, 9000)),
    "a label of 64": ({"name": "x" * 64}, (400, 9000)),
    "an empty label": ({"name": "a..b"}, (400, 9000)),
    "a content that is no host": ({"content": "a b"}, (400, 9007)),
    "no content": ({"content": None}, (400, 9207)),
    "an unknown type": ({"type": "NAME"}, (400, 9207)),
}

ACCEPTED: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "TTL 60": ({"ttl": 60}, {"ttl": 60}),
    "TTL 86400": ({"ttl": 86400}, {"ttl": 86400}),
    "no TTL is automatic": ({}, {"ttl": 1, "proxied": False, "comment": None}),
    "a comment of 100": ({"comment": "x" * 100}, {"comment": "x" * 100}),
    "proxied forces the TTL": ({"proxied": True, "ttl": 300}, {"proxied": True, "ttl": 1}),
    "content in capitals with a dot": ({"content": "LB.Example.NET."}, {"content": "lb.example.net"}),
    "name in capitals with a dot": ({"name": "WWW.Example.com."}, {"name": "www.example.com"}),
    "a relative name": ({"name": "www"}, {"name": "www.example.com"}),
    "a name of another zone": ({"name": "www.example.org"}, {"name": "www.example.org.example.com"}),
    "a name that ends like the zone": ({"name": "evilexample.com"}, {"name": "evilexample.com.example.com"}),
    "the apex": ({"name": "@"}, {"name": "example.com"}),
}


class TestFields:
    @pytest.mark.parametrize("fields, expected", REFUSED.values(), ids=REFUSED)
    def test_refuses(self, api: Api, fields: dict[str, object], expected: tuple[int, int]) -> None:
        body = {"type": "CNAME", "name": "www", "content": "a.example.net", **fields}
        assert code(api("POST", json=body)) == expected
        assert api.emulator.records(ZONE_ID) == []

    @pytest.mark.parametrize("fields, expected", ACCEPTED.values(), ids=ACCEPTED)
    def test_accepts(self, api: Api, fields: dict[str, object], expected: dict[str, object]) -> None:
        body = {"type": "CNAME", "name": "www", "content": "a.example.net", **fields}
        answer = api("POST", json=body)
        assert answer.status_code == 200
        assert answer.json()["result"].items() >= expected.items()

    def test_put_resets_what_it_does_not_name_and_patch_keeps_it(self, api: Api) -> None:
        made = api.create("CNAME", "www", "a.example.net", ttl=300, comment="mine").json()["result"]
        patched = api("PATCH", f"/{made['id']}", {"content": "b.example.net"}).json()["result"]
        assert (patched["content"], patched["ttl"], patched["comment"]) == ("b.example.net", 300, "mine")
        body = {"type": "CNAME", "name": "www", "content": "c.example.net"}
        put = api("PUT", f"/{made['id']}", body).json()["result"]
        assert (put["id"], put["content"], put["ttl"], put["comment"]) == (made["id"], "c.example.net", 1, None)

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_a_type_cannot_be_changed(self, api: Api, method: str) -> None:
        made = api.create("CNAME", "www", "a.example.net").json()["result"]
        body = {"type": "A", "name": "www", "content": "192.0.2.7"}
        assert api(method, f"/{made['id']}", body).status_code == 400

    @pytest.mark.parametrize("record_type, content", [("TXT", "x"), ("MX", "mail.example.net")])
    def test_a_txt_or_mx_may_stand_beside_a_cname(self, api: Api, record_type: str, content: str) -> None:
        api.create("CNAME", "www", "a.example.net")
        assert api.create(record_type, "www", content).status_code == 200

    def test_a_rename_onto_a_taken_name_is_refused(self, api: Api) -> None:
        api.create("A", "taken", "192.0.2.7")
        made = api.create("CNAME", "www", "a.example.net").json()["result"]
        assert code(api("PATCH", f"/{made['id']}", {"name": "taken"})) == (400, 81053)
        assert api.names() == ["taken", "www"]


class TestRequests:
    def test_no_authorization_header(self, api: Api) -> None:
        del api.session.headers["Authorization"]
        assert code(api("GET")) == (400, 9106)

    @pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
    def test_a_body_that_is_no_object(self, api: Api, body: bytes) -> None:
        url = f"{api.emulator.base_url}/zones/{ZONE_ID}/dns_records"
        answer = api.session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=5)
        assert code(answer) == (400, 9207)

    def test_a_body_that_is_not_said_to_be_json(self, api: Api) -> None:
        answer = api.session.post(f"{api.emulator.base_url}/zones/{ZONE_ID}/dns_records", data=b"{}", timeout=5)
        assert code(answer) == (400, 9207)

    def test_a_url_of_more_than_16_kilobytes(self, api: Api) -> None:
        assert api("GET", query=[("name", "x" * 16_400)]).status_code == 414

    def test_a_zone_of_another_token(self, api: Api) -> None:
        api.emulator.add_zone("example.org", OTHER_ZONE_ID)
        url = f"{api.emulator.base_url}/zones/{OTHER_ZONE_ID}/dns_records"
        assert code(api.session.get(url, timeout=5)) == (403, 10000)

    def test_a_revoked_token(self, api: Api) -> None:
        api.emulator.revoke(TOKEN)
        assert code(api("GET")) == (403, 9109)

    def test_a_token_check_is_no_part_of_it(self, api: Api) -> None:
        answer = api.session.get(f"{api.emulator.base_url}/user/tokens/verify", timeout=5)
        assert code(answer) == (404, 7003)


class TestList:
    @pytest.fixture
    def full(self, api: Api) -> Api:
        for number in range(1, 6):
            api.create("CNAME", f"c{number}", f"t{number}.example.net", comment=f"Owner {number}")
        api.create("A", "a1", "192.0.2.7")
        return api

    @pytest.mark.parametrize(
        "query, expected",
        [
            ([], ["a1", "c1", "c2", "c3", "c4", "c5"]),
            ([("name", "C1.example.com")], ["c1"]),
            ([("name.startswith", "c")], ["c1", "c2", "c3", "c4", "c5"]),
            ([("comment.startswith", "owner ")], ["c1", "c2", "c3", "c4", "c5"]),
            ([("comment.startswith", "own er")], []),
            ([("comment.absent", "")], ["a1"]),
            ([("type", "A")], ["a1"]),
            ([("content", "t2.example.net")], ["c2"]),
            ([("type", "CNAME"), ("name", "a1.example.com")], []),
            ([("match", "any"), ("type", "A"), ("name", "c1.example.com")], ["a1", "c1"]),
            ([("match", "any"), ("name", "c1.example.com"), ("name", "c4.example.com")], ["c1", "c4"]),
            ([("name", "c1.example.com"), ("name", "c4.example.com")], []),
            ([("name", "c1.example.com,c4.example.com")], []),
            ([("order", "name"), ("direction", "desc"), ("per_page", "2")], ["c5", "c4"]),
            ([("per_page", "4"), ("page", "2")], ["c4", "c5"]),
            ([("per_page", "4"), ("page", "3")], []),
        ],
    )
    def test_filters_and_pages(self, full: Api, query: Query, expected: list[str]) -> None:
        assert full.names(*query) == expected

    def test_counts_its_pages(self, full: Api) -> None:
        info = full("GET", query=[("per_page", "4")]).json()["result_info"]
        assert info == {"page": 1, "per_page": 4, "count": 4, "total_count": 6, "total_pages": 2}

    @pytest.mark.parametrize("query", [("per_page", "0"), ("per_page", "5000001"), ("page", "x"), ("order", "id")])
    def test_refuses_impossible_pages(self, full: Api, query: tuple[str, str]) -> None:
        assert full("GET", query=[query]).status_code == 400


class TestBatch:
    def test_its_items_all_count(self, api: Api) -> None:
        items = [{"type": "CNAME", "name": f"c{number}", "content": "a.example.net"} for number in range(201)]
        assert api("POST", "/batch", {"posts": items}).status_code == 400
        assert api("POST", "/batch", {"posts": items[:200]}).status_code == 200

    def test_the_first_error_undoes_everything(self, api: Api) -> None:
        kept = api.create("CNAME", "c1", "a.example.net").json()["result"]
        body = {
            "deletes": [{"id": kept["id"]}],
            "posts": [{"type": "A", "name": "x", "content": "nonsense"}, {"type": "A", "name": "y", "content": 1}],
        }
        assert code(api("POST", "/batch", body)) == (400, 9005)
        assert api("GET", f"/{kept['id']}").json()["result"] == kept
        assert code(api.create("CNAME", "c1", "b.example.net")) == (400, 81053)

    def test_deletes_make_room(self, api: Api) -> None:
        api.emulator.set_quota(ZONE_ID, 1)
        kept = api.create("CNAME", "c1", "a.example.net").json()["result"]
        post = {"type": "CNAME", "name": "c1", "content": "b.example.net"}
        assert code(api("POST", "/batch", {"posts": [{**post, "name": "c2"}]})) == (400, 81045)
        result = api("POST", "/batch", {"deletes": [{"id": kept["id"]}], "posts": [post]}).json()["result"]
        assert [item["content"] for item in result["posts"]] == ["b.example.net"]
        assert (result["patches"], result["puts"]) == (None, None)


class TestFaults:
    def test_strike_the_named_calls_so_many_times(self, api: Api) -> None:
        api.emulator.faults.inject(FaultKind.SERVER_ERROR, Call.LIST, times=2, status=500)
        assert api.create("A", "a1", "192.0.2.7").status_code == 200
        assert [api("GET").status_code for _ in range(3)] == [500, 500, 200]

    def test_go_on_until_they_are_cleared(self, api: Api) -> None:
        api.emulator.faults.inject(FaultKind.HTML, times=None, status=502)
        assert [api("GET").status_code for _ in range(5)] == [502] * 5
        api.emulator.faults.clear()
        assert api("GET").status_code == 200

    @pytest.mark.parametrize(
        "kind, kept",
        [
            (FaultKind.TIMEOUT_BEFORE_COMMIT, 0),
            (FaultKind.TIMEOUT_AFTER_COMMIT, 1),
            (FaultKind.RESET_BEFORE_COMMIT, 0),
            (FaultKind.RESET_AFTER_COMMIT, 1),
        ],
    )
    def test_lose_answers_before_or_after_the_commit(self, api: Api, kind: FaultKind, kept: int) -> None:
        api.emulator.faults.inject(kind, seconds=0.1)
        with pytest.raises(requests.ConnectionError):
            api.create("A", "a1", "192.0.2.7")
        assert len(api.emulator.records(ZONE_ID)) == kept

    def test_are_counted_as_calls(self, api: Api) -> None:
        api.emulator.faults.inject(FaultKind.RATE_LIMITED)
        api("GET")
        api.create("A", "a1", "192.0.2.7")
        calls = api.emulator.calls
        assert (calls.of(Call.LIST), calls.of(Call.CREATE), calls.reads, calls.writes, calls.total) == (1, 1, 1, 1, 2)


def test_the_rate_limit_is_per_token_and_ends() -> None:
    clock = VirtualClock(1000)
    with CloudflareEmulator(rate_limit=2, clock=clock) as emulator:
        api = Api(emulator)
        emulator.add_token("another", [ZONE_ID])
        assert [api("GET").status_code for _ in range(2)] == [200, 200]
        clock.now = 1100
        assert api("GET").headers["Retry-After"] == "200"
        api.session.headers["Authorization"] = "Bearer another"
        assert api("GET").status_code == 200
        api.session.headers["Authorization"] = f"Bearer {TOKEN}"
        clock.now = 1299
        assert code(api("GET")) == (429, 971)
        clock.now = 1300
        assert api("GET").status_code == 200
        api.session.close()


def test_it_starts_again_after_a_stop_with_the_same_records() -> None:
    emulator = CloudflareEmulator()
    with emulator:
        api = Api(emulator)
        api.create("A", "a1", "192.0.2.7")
        api.session.close()
    with pytest.raises(RuntimeError):
        _ = emulator.base_url
    with emulator:
        assert api.names() == ["a1"]
        api.session.close()


class TestSchema:
    """Its answers against the extract of the API's OpenAPI schema."""

    @pytest.fixture
    def registry(self) -> Registry[Any]:
        if not (RECORDED / "openapi-dns.json").exists():
            pytest.skip("the extract of Cloudflare's OpenAPI schema is not on this machine")
        return Registry().with_resource("urn:api", Resource(recorded("openapi-dns"), DRAFT202012))

    def check(self, registry: Registry[Any], answer: requests.Response, schema: str) -> None:
        reference = {"$ref": f"urn:api#/components/schemas/dns-records_{schema}"}
        jsonschema.Draft202012Validator(reference, registry=registry).validate(answer.json())

    def test_answers_have_the_documented_form(self, api: Api, registry: Registry[Any]) -> None:
        made = api.create("CNAME", "www", "a.example.net", ttl=60, comment="mine")
        path = f"/{made.json()['result']['id']}"
        self.check(registry, made, "response-single")
        self.check(registry, api("GET", path), "response-single")
        self.check(registry, api("PATCH", path, {"ttl": 90}), "response-single")
        self.check(registry, api("GET"), "response-collection")
        batch = {
            "patches": [{"id": path[1:], "content": "b.example.net"}],
            "posts": [{"type": "A", "name": "a1", "content": "192.0.2.7"}],
        }
        self.check(registry, api("POST", "/batch", batch), "response-batch")
        self.check(registry, api("DELETE", path), "response-delete")
        self.check(registry, api("DELETE", path), "failure")

    def test_and_the_check_can_fail(self, api: Api, registry: Registry[Any]) -> None:
        with pytest.raises(jsonschema.ValidationError):
            self.check(registry, api.create("A", "a1", "nonsense"), "response-single")
