"""Lists are whole or they are none: counts, pages that shift, pages that come too late, delegations and the apex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import Cloudflare, zones
from mesh_dns.dns.provider import Unavailable
from sandbox.cloudflare import CloudflareEmulator
from tests.contract.replies import FOREIGN, LIST_URL, OURS, listed, refused
from tests.contract.worlds import (
    MARK,
    OWNER,
    TARGET,
    ZONE,
    CloudflareWorld,
    SuppliedToken,
    records,
)
from tests.doubles.others import VirtualClock

Asked = Mapping[str, str]
Answer = Callable[[Asked], object]


def item(number: int, **fields: object) -> dict[str, Any]:
    return FOREIGN | {"id": f"{number:032x}", "name": f"f{number}.{ZONE}"} | fields


def ours(number: int) -> dict[str, Any]:
    return OURS | {"id": f"{number:032x}", "name": f"c{number}.{ZONE}"}


class Scripted:
    """A client, and Cloudflare's answers to its lists, one after the other; the last one again and again."""

    def __init__(self, mock: responses.RequestsMock, *answers: object, page_size: int = 5000) -> None:
        self.clock = VirtualClock()
        self.client = Cloudflare(OWNER, SuppliedToken(), page_size=page_size, clock=self.clock)
        self.asked: list[dict[str, str]] = []
        self._answers = list(answers)
        mock.add_callback("GET", LIST_URL, self._answer)

    def read(self, *names: str) -> list[str]:
        return sorted(record.id[-4:].lstrip("0") for record in records(self.client, names))

    def _answer(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.asked.append({key: values[-1] for key, values in parse_qs(urlsplit(str(request.url)).query).items()})
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return status, {}, requests.compat.json.dumps(body)


@pytest.fixture
def mock() -> Any:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as running:
        yield running


class TestCounts:
    @pytest.mark.parametrize(
        "info",
        [
            {},
            {"total_pages": None},
            {"total_pages": 0},
            {"per_page": 0, "total_pages": None},
            {"per_page": None},
            {"count": 7},
            {"total_count": 1},
        ],
        ids=repr,
    )
    def test_a_list_that_adds_up_is_taken(self, mock: responses.RequestsMock, info: dict[str, object]) -> None:
        script = Scripted(mock, listed(item(1), item(2), **info))
        assert script.read() == ["1", "2"]
        assert len(script.asked) == 1

    def test_an_empty_list_of_empty_pages_is_an_empty_zone(self, mock: responses.RequestsMock) -> None:
        assert Scripted(mock, listed(per_page=0, total_pages=0)).read() == []

    @pytest.mark.parametrize(
        "items, info",
        [
            ([item(1), item(2)], {"total_count": 300}),
            ([item(1), item(2)], {"total_count": 300, "per_page": 0}),
            ([], {"total_count": 1}),
            ([item(1), item(1)], {"total_count": 2}),
        ],
        ids=["2 of 300", "2 of 300 on pages of none", "none of 1", "the same one twice"],
    )
    def test_one_that_falls_short_is_read_again_and_then_given_up(
        self, mock: responses.RequestsMock, items: list[object], info: dict[str, int]
    ) -> None:
        script = Scripted(mock, listed(*items, **info))
        with pytest.raises(Unavailable, match=f"of {info['total_count']} records came"):
            script.read()
        assert len(script.asked) == 2

    def test_one_that_adds_up_the_second_time_is_taken(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, listed(item(1), total_count=2), listed(item(1), item(2)))
        assert script.read() == ["1", "2"]

    def test_records_without_an_id_count(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, listed(item(1), {"name": f"a.{ZONE}"}, None))
        assert script.read() == ["", "1"]


class TestPages:
    """A zone of six records and pages of two: large from the first answer on."""

    LARGE = listed(item(100), item(101), per_page=2, total_count=6, total_pages=3)

    def script(self, mock: responses.RequestsMock, *answers: object) -> Scripted:
        return Scripted(mock, self.LARGE, *answers, page_size=2)

    @staticmethod
    def page(number: int, *items: object, total: int) -> dict[str, Any]:
        return listed(*items, page=number, per_page=2, total_count=total, total_pages=-(-total // 2))

    def test_they_are_asked_for_in_one_order(self, mock: responses.RequestsMock) -> None:
        script = self.script(mock, self.page(1, ours(1), ours(2), total=3), self.page(2, ours(3), total=3))
        assert script.read() == ["1", "2", "3"]
        assert [asked["page"] for asked in script.asked] == ["1", "1", "2"]
        assert {(asked["order"], asked["per_page"]) for asked in script.asked} == {("name", "2")}

    def test_a_record_that_slips_between_them_is_found(self, mock: responses.RequestsMock) -> None:
        script = self.script(
            mock,
            self.page(1, ours(1), ours(2), total=4),
            self.page(2, ours(4), total=3),
            self.page(1, ours(2), ours(3), total=3),
            self.page(2, ours(4), total=3),
        )
        assert script.read() == ["2", "3", "4"]

    def test_a_record_on_a_page_that_was_not_there_is_found(self, mock: responses.RequestsMock) -> None:
        script = self.script(
            mock,
            self.page(1, ours(1), ours(2), total=4),
            self.page(2, ours(3), ours(4), total=5),
            self.page(1, ours(1), ours(2), total=5),
            self.page(2, ours(3), ours(4), total=5),
            self.page(3, ours(5), total=5),
        )
        assert script.read() == ["1", "2", "3", "4", "5"]

    def test_pages_that_never_stand_still_are_given_up(self, mock: responses.RequestsMock) -> None:
        again = [self.page(1, ours(1), ours(2), total=4), self.page(2, ours(3), total=3)]
        script = self.script(mock, *again, *again)
        with pytest.raises(Unavailable, match="4 records, then 3"):
            script.read()
        assert len(script.asked) == 5

    def test_a_page_that_stays_empty_ends_the_list(self, mock: responses.RequestsMock) -> None:
        script = self.script(mock, self.page(1, ours(1), ours(2), total=4), self.page(2, total=4))
        with pytest.raises(Unavailable):
            script.read()
        # The last answer goes on for ever: the second try finds no page but that one.
        assert [asked["page"] for asked in script.asked] == ["1", "1", "2", "1"]

    def test_a_server_that_shows_one_page_for_ever_does_not_hold_us(self, mock: responses.RequestsMock) -> None:
        script = self.script(mock, self.page(1, ours(1), ours(2), total=6))
        with pytest.raises(Unavailable, match="2 of 6"):
            script.read()
        assert len(script.asked) == 7

    def test_a_cap_on_the_size_of_pages_makes_a_zone_large(self, mock: responses.RequestsMock) -> None:
        first = listed(item(1), item(2), per_page=100, count=100, total_count=102, total_pages=None)
        script = Scripted(mock, first, listed(ours(7)), listed(item(9, name=f"x.{ZONE}")))
        assert script.read(f"x.{ZONE}") == ["7", "9"]
        assert "comment.startswith" in script.asked[1]
        assert script.asked[2]["name"] == f"x.{ZONE}"


class TestSlowPages:
    SLOW = requests.ReadTimeout()

    def test_a_page_that_does_not_come_is_asked_for_in_smaller_ones(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, self.SLOW, listed(item(1), per_page=500))
        assert script.read() == ["1"]
        assert [asked["per_page"] for asked in script.asked] == ["5000", "500"]

    def test_the_size_is_remembered_for_an_hour(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, self.SLOW, listed(item(1), per_page=500))
        script.read()
        script.clock.now += 3599
        script.read()
        script.clock.now += 1
        script.read()
        assert [asked["per_page"] for asked in script.asked] == ["5000", "500", "500", "5000"]

    def test_pages_get_no_smaller_than_100(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, self.SLOW)
        for _ in range(3):
            with pytest.raises(Unavailable, match="ReadTimeout"):
                script.read()
            script.clock.now += 301
        assert [asked["per_page"] for asked in script.asked] == ["5000", "500", "500", "100", "100"]

    def test_a_zone_that_goes_on_slowly_is_given_up(self, mock: responses.RequestsMock) -> None:
        page = listed(ours(1), per_page=1, total_count=99, total_pages=99)
        script = Scripted(mock, page, page_size=1)
        answer, script._answer = script._answer, None  # type: ignore[method-assign, assignment]

        def slow(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
            script.clock.now += 5
            return answer(request)

        mock.reset()
        mock.add_callback("GET", LIST_URL, slow)
        with pytest.raises(Unavailable, match=f"within {zones.ZONE_TIME:.0f} s"):
            script.read()
        with pytest.raises(Unavailable, match="left alone"):
            script.read()
        assert len(script.asked) == 3


class TestApex:
    """Records do not tell their zone's name, so of an NS record above everything Cloudflare itself is asked, once."""

    NS = item(1, type="NS", name=f"eu.{ZONE}", content="ns1.example.net")
    NAME = f"cluster1.eu.{ZONE}"

    def test_one_that_has_anything_beside_it_is_a_delegation(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, listed(self.NS, item(2)))
        assert script.read(self.NAME) == ["1", "2"]
        assert len(script.asked) == 1

    def test_of_one_above_everything_the_api_is_asked_once(self, mock: responses.RequestsMock) -> None:
        whole = listed(self.NS)
        script = Scripted(mock, whole, listed(self.NS), whole)
        assert script.read(self.NAME) == script.read(self.NAME) == ["1"]
        assert [asked.get("shadowing_name") for asked in script.asked] == [None, f"eu.{ZONE}", None]

    @pytest.mark.parametrize(
        "answer",
        [listed(), (400, refused(9207)), listed(NS, item(2)), listed(item(3, type="NS"))],
        ids=["no", "that is the apex", "a list that does not heed the question", "another delegation"],
    )
    def test_what_is_not_said_to_be_a_delegation_is_none(self, mock: responses.RequestsMock, answer: object) -> None:
        script = Scripted(mock, listed(self.NS), answer)
        assert script.read(self.NAME) == []

    def test_it_is_not_asked_about_names_elsewhere(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, listed(self.NS))
        assert script.read(f"cluster1.us.{ZONE}", f"cluster1.neu.{ZONE}") == script.read() == []
        assert len(script.asked) == 2

    def test_when_that_cannot_be_asked_the_zone_is_not_read(self, mock: responses.RequestsMock) -> None:
        script = Scripted(mock, listed(self.NS), (500, refused(10001)))
        with pytest.raises(Unavailable):
            script.read(self.NAME)

    def test_names_above_are_looked_up_in_a_large_zone_in_the_same_call(self, emulator: CloudflareEmulator) -> None:
        world = CloudflareWorld(emulator, large=True)
        delegation: Record = world.seed("NS", "eu", "ns1.example.net")
        emulator.calls.reset()
        for calls in (4, 2):
            assert delegation in records(world.provider, [f"a.b.c.eu.{ZONE}"])
            assert emulator.calls.total == calls
            emulator.calls.reset()

    def test_but_not_above_a_name_that_is_ours_already(self, emulator: CloudflareEmulator) -> None:
        world = CloudflareWorld(emulator, large=True)
        name = world.seed("CNAME", "cluster1", TARGET, comment=MARK).name
        records(world.provider)
        emulator.calls.reset()
        records(world.provider, [name])
        assert emulator.calls.total == 1
