"""Many zones at once: none waits for another, a token's pause stops its own zones, silence is not asked for again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise

import pytest
import responses

from mesh_dns.core.values import Record
from mesh_dns.dns.cloudflare import Cloudflare, client
from mesh_dns.dns.provider import Denied, RateLimited, Unavailable
from mesh_dns.errors import Misconfigured, OutOfTime, Retryable
from sandbox.cloudflare import Call, CloudflareEmulator, FaultKind
from tests.contract.replies import LIST_URL, listed
from tests.contract.worlds import NO_DEADLINE, OWNER, SECRET, TOKEN, ZONE_ID, SuppliedToken, create, records
from tests.doubles.others import VirtualClock

PATIENCE = 0.4


class Many:
    """A client with any number of zones; some have a token of their own."""

    def __init__(
        self, emulator: CloudflareEmulator, zones: int, own_tokens: Collection[int] = (), page_size: int = 100
    ) -> None:
        self.emulator = emulator
        self.clock = VirtualClock()
        self.zones = [emulator.add_zone(f"zone{number}.example.com") for number in range(zones)]
        own = {number: SuppliedToken(f"token{number}") for number in own_tokens}
        for number, token in own.items():
            token.name = f"{SECRET}{number}"
            emulator.add_token(token.stored, [self.zones[number]])
        emulator.add_token(TOKEN, [zone for number, zone in enumerate(self.zones) if number not in own])
        self.client = Cloudflare(
            OWNER,
            SuppliedToken(),
            zone_tokens={self.zones[number]: token for number, token in own.items()},
            base_url=emulator.base_url,
            page_size=page_size,
            read_timeout=PATIENCE,
            clock=self.clock,
        )

    def hang(self, *numbers: int) -> None:
        for number in numbers:
            self.emulator.faults.inject(
                FaultKind.TIMEOUT_BEFORE_COMMIT, Call.LIST, times=None, seconds=5, zone=self.zones[number]
            )

    def read(self, deadline: float = NO_DEADLINE) -> list[Sequence[Record] | Retryable]:
        answers = self.client.read({zone: [] for zone in self.zones}, deadline)
        return [answers[zone] for zone in self.zones]

    def failed(self, kind: type[Retryable] = Retryable) -> set[int]:
        return {number for number, answer in enumerate(self.read()) if isinstance(answer, kind)}


class TestSilence:
    def test_zones_that_hang_wait_side_by_side(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 12)
        many.hang(*range(12))
        begun = time.monotonic()
        assert many.failed(Unavailable) == set(range(12))
        assert time.monotonic() - begun < 4 * PATIENCE

    def test_zones_that_hang_cost_the_others_nothing(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 6)
        many.hang(0, 3)
        assert many.failed() == {0, 3}

    def test_a_zone_that_did_not_answer_is_left_alone_twice_as_long_each_time(
        self, emulator: CloudflareEmulator
    ) -> None:
        many = Many(emulator, 1)
        many.hang(0)
        asked = []
        for _ in range(1200):
            before = emulator.calls.total
            with pytest.raises(Unavailable, match="no answer"):
                records(many.client, zone_id=many.zones[0])
            if emulator.calls.total > before:
                asked.append(many.clock.now)
            many.clock.now += 1
            if len(asked) == 7:
                break
        assert [after - before for before, after in pairwise(asked)] == [30, 60, 120, 240, 300, 300]

    def test_once_it_answers_it_starts_anew(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 1)
        for _ in range(2):
            many.hang(0)
            assert many.failed() == {0}
            emulator.faults.clear()
            many.clock.now += 30
            assert many.failed() == set()

    def test_a_clock_that_is_put_back_ends_a_pause(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 1)
        many.hang(0)
        assert many.failed() == {0}
        emulator.faults.clear()
        many.clock.now -= 3600
        assert many.failed() == set()

    def test_those_that_did_not_answer_come_last(
        self, emulator: CloudflareEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "SIDE_BY_SIDE", 1)
        many = Many(emulator, 3)
        many.hang(0)
        many.read()
        many.clock.now += 30
        order = list(many.client.read({zone: [] for zone in many.zones}, NO_DEADLINE))
        assert order == [many.zones[1], many.zones[2], many.zones[0]]

    def test_a_host_that_cannot_be_reached_is_left_alone_as_a_whole(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 3)
        emulator.stop()
        assert many.failed(Unavailable) == {0, 1, 2}
        emulator.start()
        # The port is another one now, so that only what was kept in memory can answer.
        with pytest.raises(Unavailable, match="left alone for 30 s"):
            records(many.client, zone_id=many.zones[0])
        with pytest.raises(Unavailable, match="left alone for 30 s"):
            many.client.apply(many.zones[0], [create("cluster1")])
        many.clock.now += 30
        with pytest.raises(Unavailable) as caught:
            records(many.client, zone_id=many.zones[0])
        assert "left alone" not in str(caught.value)

    def test_a_write_without_an_answer_does_not_keep_from_reading(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 1)
        emulator.faults.inject(FaultKind.RESET_AFTER_COMMIT, Call.BATCH)
        with pytest.raises(Unavailable):
            many.client.apply(many.zones[0], [create("cluster1")])
        assert len(records(many.client, zone_id=many.zones[0])) == 1


class TestTokens:
    def limit(self, many: Many, number: int, seconds: float) -> None:
        many.emulator.faults.inject(FaultKind.RATE_LIMITED, zone=many.zones[number], seconds=seconds)

    @pytest.mark.parametrize("seconds", [17, 0])
    def test_a_429_stops_the_zones_of_that_token_and_no_others(
        self, emulator: CloudflareEmulator, monkeypatch: pytest.MonkeyPatch, seconds: int
    ) -> None:
        monkeypatch.setattr(client, "SIDE_BY_SIDE", 1)
        many = Many(emulator, 5, own_tokens=[2, 4])
        self.limit(many, 0, seconds)
        assert many.failed(RateLimited) == {0, 1, 3}
        assert emulator.calls.total == 3

    def test_nothing_is_asked_with_it_until_the_pause_is_over(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 1)
        self.limit(many, 0, 17)
        many.read()
        many.clock.now += 10
        for act in self.calls(many):
            with pytest.raises(RateLimited) as caught:
                act()
            assert caught.value.after == 7
        assert emulator.calls.total == 1
        many.clock.now += 7
        assert many.failed() == set()

    def test_a_429_to_a_write_counts_as_well(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 2, own_tokens=[1])
        self.limit(many, 0, 17)
        with pytest.raises(RateLimited):
            many.client.apply(many.zones[0], [create("cluster1")])
        assert many.failed(RateLimited) == {0}

    def calls(self, many: Many) -> list[Callable[[], object]]:
        zone = many.zones[0]
        return [
            lambda: records(many.client, zone_id=zone),
            lambda: many.client.apply(zone, [create("cluster1")]),
        ]

    def test_zones_with_one_token_have_one_name_for_it(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 3, own_tokens=[1])
        assert [many.client.token_name(zone) for zone in many.zones] == [SECRET, f"{SECRET}1", SECRET]

    def test_a_refused_token_is_read_anew_once_for_all_zones(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 8)
        token = SuppliedToken()
        token.stored = "new"
        emulator.revoke(TOKEN)
        emulator.add_token("new", many.zones)
        provider = Cloudflare(OWNER, token, base_url=emulator.base_url)
        answers = provider.read({zone: [] for zone in many.zones}, NO_DEADLINE)
        assert list(answers.values()) == [[]] * 8
        assert token.refreshes == 1

    def test_a_supplier_is_never_called_by_two_threads_at_once(self, emulator: CloudflareEmulator) -> None:
        inside = threading.Lock()

        class Watched(SuppliedToken):
            def __call__(self, *, refresh: bool = False) -> str:
                assert inside.acquire(blocking=False), "two threads"
                time.sleep(0.01)
                inside.release()
                return super().__call__(refresh=refresh)

        many = Many(emulator, 8)
        provider = Cloudflare(OWNER, Watched(), base_url=emulator.base_url)
        answers = provider.read({zone: [] for zone in many.zones}, NO_DEADLINE)
        assert list(answers.values()) == [[]] * 8

    @pytest.mark.parametrize(
        "raised, expected",
        [(Misconfigured("no such secret"), Denied), (Retryable("no answer", after=3), Unavailable)],
        ids=["because of how it is set up", "for now"],
    )
    def test_without_a_token_a_zone_is_not_read(
        self, emulator: CloudflareEmulator, raised: Retryable, expected: type[Retryable]
    ) -> None:
        def fail(*, refresh: bool = False) -> str:
            raise raised

        fail.name = SECRET  # type: ignore[attr-defined]
        provider = Cloudflare(OWNER, fail, base_url=emulator.base_url)  # type: ignore[arg-type]
        with pytest.raises(expected, match=str(raised)) as caught:
            records(provider)
        assert caught.value.after == raised.after


class TestDeadline:
    def test_no_zone_is_begun_after_it(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 3)
        assert all(isinstance(answer, OutOfTime) for answer in many.read(many.clock.now - 1))
        assert emulator.calls.total == 0

    def test_nor_is_a_page_of_one_that_was(self, emulator: CloudflareEmulator) -> None:
        many = Many(emulator, 1, page_size=1)
        for number in range(3):
            emulator.add_record(many.zones[0], type="TXT", name=f"filler{number}", content="x")
        token = SuppliedToken()

        def spend(*, refresh: bool = False) -> str:
            many.clock.now += 1
            return token(refresh=refresh)

        spend.name = SECRET  # type: ignore[attr-defined]
        provider = Cloudflare(
            OWNER,
            spend,
            base_url=emulator.base_url,
            page_size=1,
            clock=many.clock,  # type: ignore[arg-type]
        )
        answers: Mapping[str, object] = provider.read({many.zones[0]: ["x.zone0.example.com"]}, many.clock.now + 1)
        assert isinstance(answers[many.zones[0]], OutOfTime)
        assert emulator.calls.total == 1


def test_no_zones_are_no_calls(emulator: CloudflareEmulator) -> None:
    assert Many(emulator, 0).client.read({}, NO_DEADLINE) == {}


@responses.activate
def test_a_fault_of_our_own_costs_its_zone_alone_and_shows_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    responses.get(LIST_URL, json=listed())

    def fail(*_: object) -> None:
        raise TypeError(f"at {TOKEN}")

    monkeypatch.setattr("mesh_dns.dns.cloudflare.zones.records", fail)
    with pytest.raises(Unavailable, match=r"fault of this function's own .* TypeError at \S+\.py:\d+") as caught:
        records(Cloudflare(OWNER, SuppliedToken()), zone_id=ZONE_ID)
    assert TOKEN not in str(caught.value)
