"""What only the Cloudflare client promises: calls it may spend, the token it may not leak, answers it must survive."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from mesh_dns.dns.cloudflare import BASE_URL, Cloudflare
from mesh_dns.dns.provider import Denied, Unavailable
from mesh_dns.errors import Misconfigured, Retryable
from sandbox.cloudflare import CloudflareEmulator, FaultKind
from tests.contract.worlds import (
    MARK,
    OWNER,
    SECRET,
    TARGET,
    TOKEN,
    ZONE,
    ZONE_ID,
    CloudflareWorld,
    SuppliedToken,
    create,
    records,
)

OTHER_ZONE_ID = "1" * 32
LIST_URL = f"{BASE_URL}/zones/{ZONE_ID}/dns_records"


class TestBaseUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "http://api.cloudflare.com/client/v4",
            "http://10.0.0.1:8080",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "127.0.0.1:8080",
            "",
        ],
    )
    def test_a_url_that_would_send_the_token_in_clear_is_refused(self, url: str) -> None:
        with pytest.raises(Misconfigured, match="CLOUDFLARE_BASE_URL"):
            Cloudflare(OWNER, SuppliedToken(), base_url=url)

    @pytest.mark.parametrize("url", [BASE_URL, "http://127.0.0.1:1/x", "http://localhost:1", "http://[::1]:1"])
    def test_https_and_this_very_machine_are_accepted(self, url: str) -> None:
        Cloudflare(OWNER, SuppliedToken(), base_url=url)


class TestToken:
    def test_a_refused_token_is_read_again_and_the_call_repeated(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.revoke(TOKEN)
        cloudflare.emulator.add_token("new", [ZONE_ID])
        cloudflare.token.stored = "new"
        cloudflare.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
        assert len(cloudflare.kept()) == 2
        assert (cloudflare.token.refreshes, cloudflare.emulator.calls.total) == (1, 2)

    def test_the_same_token_is_not_tried_twice(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.revoke(TOKEN)
        with pytest.raises(Denied, match="Invalid access token"):
            records(cloudflare.provider)
        assert (cloudflare.token.refreshes, cloudflare.emulator.calls.total) == (1, 1)

    def test_a_fresh_token_that_is_refused_too_is_the_end(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.revoke(TOKEN)
        cloudflare.token.stored = "also-wrong"
        with pytest.raises(Denied):
            records(cloudflare.provider)
        assert (cloudflare.token.refreshes, cloudflare.emulator.calls.total) == (1, 2)

    def test_a_denial_names_the_permission_the_zone_and_the_place(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.deny()
        with pytest.raises(Denied) as caught:
            records(cloudflare.provider)
        for part in ("10000", "Zone / DNS / Edit", ZONE_ID, SECRET):
            assert part in str(caught.value)

    def test_a_zone_may_have_its_own_token(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.add_zone("other.example.org", OTHER_ZONE_ID)
        cloudflare.emulator.add_token("for-the-other", [OTHER_ZONE_ID])
        both = Cloudflare(
            OWNER,
            SuppliedToken(),
            zone_tokens={OTHER_ZONE_ID: SuppliedToken("for-the-other")},
            base_url=cloudflare.emulator.base_url,
        )
        assert records(both) == records(both, zone_id=OTHER_ZONE_ID) == []

    @pytest.mark.parametrize("stored", ["", f"{TOKEN}\n", f"Bearer {TOKEN}", f"{TOKEN[:-1]}é"])
    def test_what_cannot_be_a_token_is_not_sent(self, cloudflare: CloudflareWorld, stored: str) -> None:
        provider = Cloudflare(OWNER, SuppliedToken(stored), base_url=cloudflare.emulator.base_url)
        with pytest.raises(Denied, match="no Cloudflare token") as caught:
            records(provider)
        assert SECRET in str(caught.value)
        assert TOKEN[:-1] not in str(caught.value)
        assert cloudflare.emulator.calls.total == 0

    @pytest.mark.parametrize("fault", FaultKind)
    @pytest.mark.parametrize("write", [False, True], ids=["list", "batch"])
    def test_no_failure_shows_the_token(
        self, emulator: CloudflareEmulator, caplog: pytest.LogCaptureFixture, fault: FaultKind, write: bool
    ) -> None:
        caplog.set_level(logging.DEBUG)
        cloudflare = CloudflareWorld(emulator, patience=0.3)
        cloudflare.emulator.faults.inject(fault, times=None, seconds=1)
        act: Callable[[], object] = (
            (lambda: cloudflare.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")]))
            if write
            else (lambda: records(cloudflare.provider))
        )
        with pytest.raises(Retryable) as caught:
            act()
        assert everything_in(caught.value)
        assert not [text for text in everything_in(caught.value) if TOKEN in text]
        assert TOKEN not in caplog.text
        assert TOKEN not in repr(cloudflare.provider)

    def test_a_refused_connection_does_not_show_the_token(self) -> None:
        provider = Cloudflare(OWNER, SuppliedToken(), base_url="http://127.0.0.1:9")
        with pytest.raises(Unavailable, match="ConnectionError") as caught:
            records(provider)
        assert not [text for text in everything_in(caught.value) if TOKEN in text]

    @responses.activate
    def test_a_netrc_file_does_not_take_its_place(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine api.cloudflare.com login somebody password else\n")
        monkeypatch.setenv("NETRC", str(netrc))
        responses.get(LIST_URL, json=empty_list())
        records(Cloudflare(OWNER, SuppliedToken()))
        assert responses.calls[0].request.headers["Authorization"] == f"Bearer {TOKEN}"

    def test_a_proxy_of_the_environment_does_not_see_it(
        self, cloudflare: CloudflareWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert records(cloudflare.provider) == []

    @responses.activate
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, status: int) -> None:
        responses.get(LIST_URL, status=status, headers={"Location": "https://attacker.example.net/"})
        responses.get("https://attacker.example.net/", json=empty_list())
        with pytest.raises(Unavailable, match=str(status)):
            records(Cloudflare(OWNER, SuppliedToken()))
        assert len(responses.calls) == 1


class TestCost:
    @pytest.fixture
    def big(self, emulator: CloudflareEmulator) -> Iterator[CloudflareWorld]:
        world = CloudflareWorld(emulator)
        emulator.add_zone(ZONE, ZONE_ID, quota=20_000)
        yield world

    def test_one_connection_serves_all_calls(self, cloudflare: CloudflareWorld) -> None:
        for number in range(5):
            records(cloudflare.provider)
            cloudflare.provider.apply(ZONE_ID, [create(f"cluster{number}")])
        assert (cloudflare.emulator.calls.total, cloudflare.emulator.connections) == (10, 1)

    def test_a_zone_of_one_page_is_one_call_whatever_is_asked_for(self, cloudflare: CloudflareWorld) -> None:
        records(cloudflare.provider, [f"cluster{number}.{ZONE}" for number in range(500)])
        assert cloudflare.emulator.calls.total == 1

    def test_500_new_names_in_a_large_zone_are_at_most_8_calls(self, big: CloudflareWorld) -> None:
        fill(big.emulator, 5001)
        names = [f"cluster-in-some-region-{number}" for number in range(500)]
        assert records(big.provider, [f"{name}.{ZONE}" for name in names]) == []
        for start in range(0, 500, 200):
            big.provider.apply(ZONE_ID, [create(name) for name in names[start : start + 200]])
        assert len(big.kept()) == 500
        assert big.emulator.calls.total <= 8

    def test_that_a_zone_is_large_is_remembered(self, big: CloudflareWorld) -> None:
        fill(big.emulator, 5001)
        records(big.provider)
        big.emulator.calls.reset()
        records(big.provider)
        assert big.emulator.calls.total == 1

    def test_in_a_large_zone_a_name_with_our_own_record_is_not_looked_up(self, big: CloudflareWorld) -> None:
        fill(big.emulator, 5001)
        names = []
        for number in range(500):
            names.append(big.seed("CNAME", f"cluster{number}", TARGET, comment=MARK).name)
        records(big.provider)
        big.emulator.calls.reset()
        assert len(records(big.provider, names)) == 500
        assert big.emulator.calls.total == 1

    def test_but_one_with_a_record_that_only_looks_like_ours_is(self, emulator: CloudflareEmulator) -> None:
        world = CloudflareWorld(emulator, large=True)
        other = world.seed("TXT", "cluster1", "x", comment=MARK)
        foreign = world.seed("A", "cluster1", "192.0.2.7")
        assert {record.id for record in records(world.provider, [foreign.name])} == {other.id, foreign.id}

    def test_our_records_of_a_large_zone_are_read_page_by_page(self, emulator: CloudflareEmulator) -> None:
        world = CloudflareWorld(emulator, large=True)
        ours = {world.seed("CNAME", f"cluster{number}", TARGET, comment=MARK).id for number in range(5)}
        assert {record.id for record in records(world.provider)} == ours

    def test_very_long_names_are_looked_up_in_urls_that_are_short_enough(self, big: CloudflareWorld) -> None:
        fill(big.emulator, 5001)
        labels = [f"{number:03d}{'x' * 60}.{'y' * 63}.{'z' * 63}" for number in range(200)]
        foreign = [big.seed("A", label, "192.0.2.7").name for label in labels[::50]]
        read = records(big.provider, [f"{label}.{ZONE}" for label in labels])
        assert sorted(record.name for record in read) == foreign


def test_no_changes_are_no_call(cloudflare: CloudflareWorld) -> None:
    cloudflare.provider.apply(ZONE_ID, [])
    assert cloudflare.emulator.calls.total == 0


def empty_list() -> dict[str, Any]:
    return {"success": True, "errors": [], "result": [], "result_info": {"total_pages": 1, "total_count": 0}}


def fill(emulator: CloudflareEmulator, records: int) -> None:
    for number in range(records):
        emulator.add_record(ZONE_ID, type="TXT", name=f"filler{number}", content="x")


def everything_in(error: BaseException | None) -> list[str]:
    """All text that a log of this error, with its chain and its attributes, could show."""
    texts: list[str] = []
    while error is not None:
        request = getattr(error, "request", None)
        texts += [repr(error), str(error), repr(vars(error)), repr(getattr(request, "headers", ""))]
        error = error.__cause__ or error.__context__
    return texts
