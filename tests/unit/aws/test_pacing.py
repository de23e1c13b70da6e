"""How often AWS is asked, measured against AWS's own bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mesh_dns.aws.pacing import BURST, Bucket
from mesh_dns.aws.scopes import Scopes
from mesh_dns.core.values import Gone, LoadBalancer
from mesh_dns.errors import OutOfTime
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, FakeAws, claiming, nlb
from tests.unit.aws.fake_table import AwsError, Call, Clock
from tests.unit.aws.reading import ELBV2, ROLE, inventory_of

FOR_EVER = float("inf")


class AwsBucket:
    """AWS's bucket of `Describe*`, from which the clusters' controllers take all that we leave them."""

    def __init__(self, clock: Clock, size: float = 20, per_second: float = 8) -> None:
        self.clock = clock
        self.size = self.left = size
        self.per_second = per_second
        self.at = clock()
        self.throttled = 0

    def __call__(self, call: Call) -> None:
        now = self.clock()
        self.left = min(self.size, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1 - 1e-6:
            self.throttled += 1
            raise AwsError("Throttling", "Rate exceeded")
        self.left -= 1


class TestBucket:
    def test_a_burst_then_eight_a_second(self) -> None:
        clock = Clock(NOW)
        bucket = Bucket(clock, clock.sleep)
        taken = []
        for _ in range(BURST + 80):
            bucket.take(FOR_EVER)
            taken.append(round(clock() - NOW, 6))

        assert taken[:BURST] == [0] * BURST
        assert taken[BURST:] == [(number + 1) / 8 for number in range(80)]

    def test_threads_share_it(self) -> None:
        waits: list[float] = []
        bucket = Bucket(lambda: NOW, waits.append)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(bucket.take, [FOR_EVER] * 100))

        assert sorted(waits) == [(number + 1) / 8 for number in range(100 - BURST)]

    def test_it_does_not_wait_behind_the_deadline_and_takes_nothing_then(self) -> None:
        clock = Clock(NOW)
        bucket = Bucket(clock, clock.sleep)
        for _ in range(BURST):
            bucket.take(FOR_EVER)

        for _ in range(5):
            with pytest.raises(OutOfTime):
                bucket.take(NOW + 0.1)
        assert clock() == NOW
        bucket.take(NOW + 0.2)
        assert clock() == NOW + 0.125

    @pytest.mark.parametrize(
        ("asked", "pause"),
        [(None, 1), (0.2, 1), (5, 5), (3600, 10)],
        ids=["nothing", "less than a second", "some seconds", "an hour: not in the middle of a batch"],
    )
    def test_a_throttle_is_a_pause_and_no_burst_after_it(self, asked: float | None, pause: float) -> None:
        clock = Clock(NOW)
        bucket = Bucket(clock, clock.sleep)
        bucket.throttled(asked)
        taken = []
        for _ in range(3):
            bucket.take(FOR_EVER)
            taken.append(clock() - NOW)

        assert taken == pytest.approx([pause, pause + 0.125, pause + 0.25])

    def test_a_clock_that_is_set_back_does_not_stop_it(self) -> None:
        clock = Clock(NOW)
        bucket = Bucket(clock, clock.sleep)
        bucket.take(FOR_EVER)
        clock.now -= 86_400

        bucket.take(clock.now + 20)


class TestInTheScope:
    def test_three_hundred_calls_are_never_throttled_though_others_use_the_rest(self) -> None:
        clock = Clock(NOW)
        limit = AwsBucket(clock)
        scopes = Scopes(FakeAws(before=limit).clients(), HUB, ROLE, clock, clock.sleep)

        for _ in range(300):
            scopes.call(HUB, "elbv2", "describe_load_balancers", FOR_EVER)

        assert limit.throttled == 0
        assert clock() - NOW == pytest.approx(280 / 8)

    def test_a_hundred_that_were_replaced_in_one_scope_cost_few_calls_and_no_throttle(self) -> None:
        clock = Clock(NOW)
        limit = AwsBucket(clock)
        aws = FakeAws(before=limit)
        old, new = [nlb(number) for number in range(100)], [nlb(number) for number in range(100, 200)]
        aws.add(*map(claiming, new))

        seen = inventory_of(aws, clock).look(old + new, NOW + 100)

        assert all(isinstance(seen[key], Gone) for key in old)
        assert all(isinstance(seen[key], LoadBalancer) for key in new)
        assert len(aws.calls) == 1 + 100 + 5
        assert limit.throttled == 0

    @pytest.mark.parametrize(
        ("other", "shared"),
        [
            pytest.param((HUB, "elbv2"), True, id="the same scope and generation"),
            pytest.param((HUB, "elb"), False, id="another generation"),
            pytest.param((SPOKE, "elbv2"), False, id="another scope"),
        ],
    )
    def test_each_scope_and_generation_has_a_bucket(self, other: tuple[object, str], shared: bool) -> None:
        clock = Clock(NOW)
        scopes = Scopes(FakeAws().clients(), HUB, ROLE, clock, clock.sleep)
        for _ in range(BURST):
            scopes.call(HUB, "elbv2", "describe_load_balancers", FOR_EVER)

        scopes.call(*other, "describe_load_balancers", FOR_EVER)  # type: ignore[arg-type]

        assert (clock() > NOW) == shared

    def test_a_throttled_call_is_tried_again_once_after_a_pause(self) -> None:
        clock = Clock(NOW)
        tried_at: list[float] = []

        def throttle_first(call: Call) -> None:
            tried_at.append(clock() - NOW)
            if len(tried_at) == 1:
                raise AwsError("Throttling")

        aws = FakeAws(before=throttle_first)
        aws.add(claiming(nlb(1)))

        assert isinstance(inventory_of(aws, clock).look([nlb(1)], NOW + 100)[nlb(1)], LoadBalancer)
        assert tried_at[:2] == pytest.approx([0, 1])

    def test_a_throttled_call_is_not_tried_again_where_aws_asks_for_a_long_wait(self) -> None:
        def throttle(call: Call) -> None:
            raise AwsError("Throttling", after="60")

        aws = FakeAws(before=throttle)
        inventory_of(aws).look([nlb(1)], NOW + 100)

        assert aws.actions() == [f"{ELBV2}:DescribeLoadBalancers"]
