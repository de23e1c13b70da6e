"""A zone id that belongs to another zone than was said.

Cloudflare makes `cluster1.mesh.example.com.other.example.org` of a name that is not the zone's.
"""

from __future__ import annotations

import json

import pytest
import responses
from responses.registries import OrderedRegistry

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import Cloudflare
from mesh_dns.dns.provider import Denied
from tests.contract.replies import LIST_URL, listed, refused
from tests.contract.worlds import (
    OWNER,
    ZONE,
    ZONE_ID,
    CloudflareWorld,
    SuppliedToken,
    create,
    delete,
    records,
)

WRONG = f"cluster1.{ZONE}.other.example.org"
MADE = {"success": True, "errors": [], "result": {"posts": [{"id": "b" * 32, "name": WRONG}]}}
DONE = {"success": True, "errors": [], "result": {}}
MISSING = refused(81044)
BATCH = f"{LIST_URL}/batch"


class TestUndone:
    def test_what_landed_under_a_wrong_name_is_taken_away_again(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.add_zone("other.example.org", ZONE_ID)
        with pytest.raises(Denied, match=f"{WRONG} .* was removed. .* `zones`"):
            cloudflare.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
        assert cloudflare.kept() == []

    def test_and_nothing_is_written_there_any_more(self, cloudflare: CloudflareWorld) -> None:
        cloudflare.emulator.add_zone("other.example.org", ZONE_ID)
        for _ in range(2):
            with pytest.raises(Denied, match="`zones`"):
                cloudflare.provider.apply(ZONE_ID, [create("cluster1")])
        assert cloudflare.emulator.calls.writes == 2


@pytest.fixture
def provider() -> Cloudflare:
    return Cloudflare(OWNER, SuppliedToken())


def misplace(provider: Cloudflare) -> None:
    with pytest.raises(Denied):
        provider.apply(ZONE_ID, [create("cluster1")])


@responses.activate(registry=OrderedRegistry)
@pytest.mark.parametrize("status, refusal", [(500, refused(10001)), (403, refused(10000)), (429, refused(971))])
def test_until_it_is_undone_the_zone_is_denied_and_says_what_to_do(
    provider: Cloudflare, status: int, refusal: object
) -> None:
    responses.post(BATCH, json=MADE)
    responses.post(BATCH, status=status, json=refusal)
    with pytest.raises(Denied, match=f"Delete there: {WRONG}. Correct the zone id .* could not be deleted") as caught:
        provider.apply(ZONE_ID, [create("cluster1")])
    assert "was removed" not in str(caught.value)


@responses.activate(registry=OrderedRegistry)
def test_an_undo_that_failed_is_repeated_at_each_read_until_it_succeeds(provider: Cloudflare) -> None:
    responses.post(BATCH, json=MADE)
    responses.post(BATCH, status=500, json=refused(10001))
    misplace(provider)
    responses.post(BATCH, status=500, json=refused(10001))
    with pytest.raises(Denied, match=f"Delete there: {WRONG}"):
        records(provider)
    responses.post(BATCH, json=DONE)
    responses.get(LIST_URL, json=listed())
    assert records(provider) == []
    responses.get(LIST_URL, json=listed())
    assert records(provider) == []
    assert [json.loads(call.request.body) for call in responses.calls if call.request.method == "POST"][1:] == [
        {"deletes": [{"id": "b" * 32}]}
    ] * 3


@responses.activate(registry=OrderedRegistry)
def test_and_at_each_write(provider: Cloudflare) -> None:
    responses.post(BATCH, json=MADE)
    responses.post(BATCH, status=500, json=refused(10001))
    misplace(provider)
    responses.post(BATCH, json=DONE)
    with pytest.raises(Denied, match="was removed"):
        provider.apply(ZONE_ID, [delete(Record("7", ZONE_ID, "x", "CNAME", "y", 60, False))])
    assert len(responses.calls) == 3


@responses.activate(registry=OrderedRegistry)
def test_what_somebody_else_deleted_meanwhile_does_not_keep_it_from_ending(provider: Cloudflare) -> None:
    both = [{"id": "b" * 32, "name": WRONG}, {"id": "c" * 32, "name": f"cluster2.{ZONE}.other.example.org"}]
    responses.post(BATCH, json=MADE | {"result": {"posts": both}})
    responses.post(BATCH, status=404, json=MISSING)
    responses.delete(f"{LIST_URL}/{'b' * 32}", status=404, json=MISSING)
    responses.delete(f"{LIST_URL}/{'c' * 32}", status=500, json=refused(10001))
    with pytest.raises(Denied, match=f"Delete there: cluster2.{ZONE}.other.example.org. "):
        provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
    responses.post(BATCH, json=DONE)
    responses.get(LIST_URL, json=listed())
    assert records(provider) == []
    assert json.loads(responses.calls[4].request.body) == {"deletes": [{"id": "c" * 32}]}


@responses.activate(registry=OrderedRegistry)
def test_after_the_deadline_it_waits(provider: Cloudflare) -> None:
    responses.post(BATCH, json=MADE)
    responses.post(BATCH, status=500, json=refused(10001))
    misplace(provider)
    answer = provider.read({ZONE_ID: []}, 0)[ZONE_ID]
    assert isinstance(answer, Denied)
    assert len(responses.calls) == 2
