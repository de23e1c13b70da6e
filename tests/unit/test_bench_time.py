"""What the measurements rest on: a clock for threads, and AWS's allowance."""

from __future__ import annotations

import threading
import time

import pytest

from bench.slow import BURST, Clock, SlowAws
from mesh_dns.core.values import Scope
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE
from tests.unit.aws.fake_table import AwsError, Call

DESCRIBE = "elbv2:DescribeLoadBalancers"


def tried(aws: SlowAws, scope: Scope, action: str, calls: int) -> int:
    """How many of so many calls were taken."""
    before = aws.throttled.total()
    for _ in range(calls):
        try:
            aws(Call(scope, action, {}))
        except AwsError as error:
            assert error.answer["Error"]["Code"] == "Throttling"
    return calls - (aws.throttled.total() - before)


def test_threads_sleep_side_by_side_and_take_no_real_time() -> None:
    clock, woken, began = Clock(NOW), [], time.monotonic()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        woken.append((seconds, clock() - NOW))

    threads = [threading.Thread(target=sleep, args=[seconds]) for seconds in (300.0, 100.0, 200.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert woken == [(100.0, 100.0), (200.0, 200.0), (300.0, 300.0)]
    assert time.monotonic() - began < 60


def test_work_takes_time_only_while_it_is_measured() -> None:
    clock = Clock(NOW)
    sum(range(10**6))
    assert clock() == NOW
    with clock.working():
        sum(range(10**6))
    assert clock() > NOW


def test_nobody_goes_back_in_time() -> None:
    clock = Clock(NOW)
    clock.pass_until(NOW - 5)
    assert clock() == NOW


@pytest.mark.parametrize(
    ("scope", "action", "taken"),
    [
        pytest.param(HUB, DESCRIBE, 0, id="the same bucket is empty"),
        pytest.param(HUB, "elbv2:DescribeTags", 0, id="other describes of the generation share it"),
        pytest.param(HUB, "elb:DescribeTags", 20, id="the other generation has its own"),
        pytest.param(SPOKE, DESCRIBE, 20, id="another scope has its own"),
        pytest.param(HUB, "resourcegroupstaggingapi:GetResources", 20, id="the tagging API has none"),
    ],
)
def test_after_the_burst(scope: Scope, action: str, taken: int) -> None:
    aws = SlowAws(Clock(NOW), latency=0)
    assert tried(aws, HUB, DESCRIBE, BURST + 5) == BURST
    assert tried(aws, scope, action, 20) == taken


def test_a_second_later_ten_more_are_taken() -> None:
    aws = SlowAws(Clock(NOW), latency=0)
    tried(aws, HUB, DESCRIBE, BURST)
    aws.clock.pass_until(NOW + 1)
    assert tried(aws, HUB, DESCRIBE, 20) == 10


@pytest.mark.parametrize(
    ("action", "seconds"),
    [
        pytest.param(DESCRIBE, 0.3, id="a call to a far region takes its latency"),
        pytest.param("dynamodb:Query", 0.02, id="the table is near"),
    ],
)
def test_how_long_a_call_takes(action: str, seconds: float) -> None:
    clock = Clock(NOW)
    SlowAws(clock, latency=0.3)(Call(HUB, action, {}))
    assert clock() == pytest.approx(NOW + seconds, abs=1e-6)
