"""Answers that the Cloudflare client must survive, and what it makes of them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import responses

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import Cloudflare, http
from mesh_dns.dns.cloudflare.answers import pause
from mesh_dns.dns.provider import Denied, QuotaReached, RateLimited, TransactionRejected, Unavailable
from mesh_dns.errors import Retryable
from sandbox.cloudflare import Call, CloudflareEmulator, FaultKind
from tests.contract.replies import LIST_URL, OURS, head, listed, raw_server, refused
from tests.contract.worlds import (
    MARK,
    OWNER,
    TARGET,
    ZONE,
    ZONE_ID,
    CloudflareWorld,
    SuppliedToken,
    create,
    delete,
    records,
    update,
)

NOW = 1_792_000_000.0  # Wed, 14 Oct 2026 17:46:40 GMT
RECORD = Record("7", ZONE_ID, f"cluster1.{ZONE}", "CNAME", TARGET, 60, False, MARK)
DEEP = '{"result": ' + "[" * 100_000 + "]" * 100_000 + "}"


def client() -> Cloudflare:
    return Cloudflare(OWNER, SuppliedToken(), clock=lambda: NOW)


@pytest.mark.parametrize(
    "asked, seconds",
    [
        ("12", 12),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("0", 0),
        ("900", 900),
        ("901", 900),
        ("9999999", 900),
        ("Wed, 14 Oct 2026 17:47:40 GMT", 60),
        ("Wed, 14 Oct 2026 17:45:40 GMT", 0),
        ("Fri, 14 Oct 2033 17:47:40 GMT", 900),
        (None, 300),
        ("", 300),
        ("soon", 300),
        ("-1", 300),
        ("nan", 300),
        ("inf", 300),
        ("1, 2", 300),
        ("Wed, 99 Oct 2026 17:47:40 GMT", 300),
    ],
)
def test_a_retry_after_is_seconds_or_a_date_and_capped(asked: str | None, seconds: float) -> None:
    assert pause(asked, NOW) == seconds


@responses.activate
@pytest.mark.parametrize("write", [False, True], ids=["list", "batch"])
@pytest.mark.parametrize(
    "status, body, headers, seconds",
    [
        (429, json.dumps(refused(971)), {"Retry-After": "17"}, 17),
        (429, json.dumps(refused(971)), {"Retry-After": "0"}, 0),
        (429, "error code: 1015", {}, 300),
        (429, "<html>slow down</html>", {}, 300),
        (400, json.dumps(refused(10100)), {}, 300),
    ],
    ids=["with seconds", "with none", "a text of the edge", "a page", "the older code"],
)
def test_a_rate_limit_says_how_long_to_wait(
    write: bool, status: int, body: str, headers: dict[str, str], seconds: float
) -> None:
    responses.get(LIST_URL, status=status, body=body, headers=headers)
    responses.post(f"{LIST_URL}/batch", status=status, body=body, headers=headers)
    provider = client()
    with pytest.raises(RateLimited) as caught:
        provider.apply(ZONE_ID, [create("cluster1")]) if write else records(provider)
    assert caught.value.after == seconds


BROKEN_LISTS: dict[str, tuple[int, str]] = {
    "a page": (200, "<!DOCTYPE html><title>Just a moment...</title>"),
    "nothing": (200, ""),
    "a list without its envelope": (200, "[]"),
    "no success": (200, json.dumps({"success": False, "errors": [], "result": None})),
    "no success beside a result": (200, json.dumps(listed() | {"success": False})),
    "success in words": (200, json.dumps(listed() | {"success": "true"})),
    "success with a server error": (500, json.dumps(listed())),
    "no result_info": (200, json.dumps({"success": True, "errors": [], "result": []})),
    "result_info null": (200, json.dumps(listed() | {"result_info": None})),
    "result null": (200, json.dumps(listed() | {"result": None})),
    "result an object": (200, json.dumps(listed() | {"result": {}})),
    "no totals": (200, json.dumps(listed(total_count=None, total_pages=None))),
    "total_count a text": (200, json.dumps(listed(total_count="0"))),
    "total_count negative": (200, json.dumps(listed(total_count=-1))),
    "nested without end": (200, DEEP),
    "compressed by nobody": (200, "\x0b\x02\x80{}\x03"),
    "a code that is no number": (400, json.dumps(refused(7003.5))),
    "a firewall's page": (403, "<html>Attention Required!</html>"),
    "a firewall's text": (403, "error code: 1020"),
    "not found": (404, "not found"),
    "a server error": (500, json.dumps(refused(10001))),
    "errors as texts": (400, json.dumps({"success": False, "errors": ["boom"], "result": None})),
    "errors null": (500, json.dumps({"success": False, "errors": None, "result": None})),
    "a bad gateway": (502, "<html>Bad Gateway</html>"),
    "a timeout of the edge": (524, ""),
}


@responses.activate
@pytest.mark.parametrize("status, body", BROKEN_LISTS.values(), ids=BROKEN_LISTS)
def test_a_broken_answer_to_a_list_is_not_an_empty_zone(status: int, body: str) -> None:
    responses.get(LIST_URL, status=status, body=body)
    with pytest.raises(Unavailable, match=ZONE_ID):
        records(client())


@responses.activate
@pytest.mark.parametrize("status, headers", [(200, {"Content-Encoding": "br"}), (200, {"Content-Encoding": "gzip"})])
def test_a_body_in_a_foreign_encoding_is_not_an_empty_zone(status: int, headers: dict[str, str]) -> None:
    responses.get(LIST_URL, status=status, body=b"\x0b\x02\x80{}\x03", headers=headers)
    with pytest.raises(Unavailable, match="not JSON"):
        records(client())


@responses.activate
def test_a_body_with_a_stray_byte_is_not_an_empty_zone() -> None:
    responses.get(LIST_URL, body=json.dumps(listed()).encode() + b"\xff")
    with pytest.raises(Unavailable, match=ZONE_ID):
        records(client())


def test_a_body_that_is_cut_off_is_not_an_empty_zone() -> None:
    body = json.dumps(listed()).encode()
    with raw_server(head(5000) + body) as url, pytest.raises(Unavailable, match="ChunkedEncodingError"):
        records(Cloudflare(OWNER, SuppliedToken(), base_url=url))


def test_an_answer_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "ANSWER_TIME", 0.1)
    with (
        raw_server(head(5000), pieces=[b" "] * 100, pause=0.05) as url,
        pytest.raises(Unavailable, match="ReadTimeout"),
    ):
        records(Cloudflare(OWNER, SuppliedToken(), base_url=url, page_size=1))


def test_an_answer_in_chunks_and_compressed_is_read() -> None:
    body = gzip.compress(json.dumps(listed(*[OURS | {"id": f"{n:032x}"} for n in range(2000)])).encode())
    middle = len(body) // 2
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:middle], body[middle:], b"")]
    top = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n"
    with raw_server(top, pieces=chunks, pause=0.01) as url:
        assert len(records(Cloudflare(OWNER, SuppliedToken(), base_url=url))) == 2000
    with raw_server(top, pieces=chunks[:1], pause=0.01) as url, pytest.raises(Unavailable):
        records(Cloudflare(OWNER, SuppliedToken(), base_url=url))


@responses.activate
def test_a_refused_token_is_told_from_a_firewall() -> None:
    responses.get(LIST_URL, status=403, json={"success": False, "errors": None, "result": None})
    with pytest.raises(Denied):
        records(client())


BROKEN_BATCHES: dict[str, tuple[int, str]] = {
    "a page": (200, "<html>"),
    "nothing": (200, ""),
    "no success": (200, '{"success": false}'),
    "another kind of success": (201, json.dumps({"success": True, "result": {}})),
    "a page of refusal": (400, "<html>"),
    "too large": (413, ""),
    "success with a server error": (500, '{"success": true}'),
    "nested without end": (200, DEEP),
    "a timeout of the edge": (524, "<html>timeout</html>"),
}


@responses.activate
@pytest.mark.parametrize("status, body", BROKEN_BATCHES.values(), ids=BROKEN_BATCHES)
def test_a_broken_answer_to_a_batch_may_have_been_written(status: int, body: str) -> None:
    responses.post(f"{LIST_URL}/batch", status=status, body=body)
    with pytest.raises(Unavailable, match=str(status)):
        client().apply(ZONE_ID, [create("cluster1")])


REFUSALS: dict[str, tuple[int, dict[str, Any], type[Retryable]]] = {
    "errors as texts": (400, {"success": False, "errors": ["boom"], "result": None}, TransactionRejected),
    "another change under way": (409, refused(81999), TransactionRejected),
    "a CNAME to itself": (400, refused(9039), TransactionRejected),
    "an invalid body": (400, refused(9207), TransactionRejected),
    "the name is taken": (400, refused(81053), TransactionRejected),
    "an address over a CNAME": (400, refused(81054), TransactionRejected),
    "an NS record at the name": (400, refused(81056), TransactionRejected),
    "an identical record": (400, refused(81058), TransactionRejected),
    "below a delegation": (400, refused(89018), TransactionRejected),
    "no authorization": (400, refused(9106), Denied),
    "a full zone": (400, refused(81045), QuotaReached),
    "a full zone, in the older form": (400, refused(1004, error_chain=[None, {"code": 81045}]), QuotaReached),
    "an odd chain": (400, refused(1004, error_chain=81045), TransactionRejected),
}


@responses.activate
@pytest.mark.parametrize("status, body, expected", REFUSALS.values(), ids=REFUSALS)
def test_a_refused_batch(status: int, body: dict[str, Any], expected: type[Retryable]) -> None:
    responses.post(f"{LIST_URL}/batch", status=status, json=body)
    with pytest.raises(Retryable) as caught:
        client().apply(ZONE_ID, [create("cluster1"), create("cluster2")])
    assert type(caught.value) is expected


RESULTS: dict[str, object] = {
    "nothing": None,
    "an empty one": {},
    "no posts": {"posts": None},
    "posts that are no list": {"posts": {"id": "b"}},
    "a post that is null": {"posts": [None]},
    "a post that is a text": {"posts": ["b"]},
    "a post without a name": {"posts": [{"id": "b"}]},
    "a post without an id": {"posts": [{"name": f"cluster1.{ZONE}"}]},
    "a post with a name that is null": {"posts": [{"id": "b", "name": None}]},
    "a name with a trailing dot": {"posts": [{"id": "b", "name": f"cluster1.{ZONE}."}]},
    "a name in upper case": {"posts": [{"id": "b", "name": f"Cluster1.{ZONE.upper()}"}]},
}


@responses.activate
@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_a_committed_batch_is_done_however_its_result_looks(result: object) -> None:
    responses.post(f"{LIST_URL}/batch", json={"success": True, "errors": [], "result": result})
    provider = client()
    provider.apply(ZONE_ID, [create("cluster1")])
    provider.apply(ZONE_ID, [create("cluster1")])
    assert len(responses.calls) == 2


@responses.activate
def test_a_deleted_record_that_is_missing_by_the_older_form_is_deleted() -> None:
    responses.delete(f"{LIST_URL}/7", status=400, json=refused(1004, error_chain=[{"code": 81044}]))
    client().apply(ZONE_ID, [delete(RECORD)])


def test_a_connection_that_died_in_a_pause_is_opened_again_to_read(cloudflare: CloudflareWorld) -> None:
    cloudflare.emulator.faults.inject(FaultKind.RESET_BEFORE_COMMIT)
    assert records(cloudflare.provider) == []
    assert cloudflare.emulator.calls.of(Call.LIST) == 2


def test_but_a_write_is_never_sent_twice(cloudflare: CloudflareWorld) -> None:
    cloudflare.emulator.faults.inject(FaultKind.RESET_AFTER_COMMIT)
    with pytest.raises(Unavailable):
        cloudflare.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
    assert cloudflare.emulator.calls.total == 1


def test_nor_is_a_list_that_timed_out_and_cannot_be_made_shorter(emulator: CloudflareEmulator) -> None:
    cloudflare = CloudflareWorld(emulator, patience=0.3, large=True)
    cloudflare.emulator.faults.inject(FaultKind.TIMEOUT_BEFORE_COMMIT, seconds=2)
    with pytest.raises(Unavailable, match="ReadTimeout"):
        records(cloudflare.provider)
    assert cloudflare.emulator.calls.total == 1


def test_no_request_ever_asks_for_the_proxy_or_names_a_type_that_is_not_ours() -> None:
    with responses.RequestsMock() as mock:
        mock.post(f"{LIST_URL}/batch", json={"success": True, "result": {"posts": None}})
        client().apply(ZONE_ID, [create("a"), update(RECORD, TARGET), delete(RECORD)])
        sent = mock.calls[0].request.body
    assert sent == (
        b'{"posts": [{"type": "CNAME", "name": "a.mesh.example.com", "content": "%(target)s", "ttl": 60, '
        b'"proxied": false, "comment": "%(mark)s"}], "patches": [{"id": "7", "content": "%(target)s", "ttl": 60, '
        b'"proxied": false, "comment": "%(mark)s"}], "deletes": [{"id": "7"}]}'
        % {b"target": TARGET.encode(), b"mark": MARK.encode()}
    )
