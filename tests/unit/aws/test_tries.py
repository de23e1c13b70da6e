"""How often a call is tried, how long that takes, and how long a scope that does not answer is left alone."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from mesh_dns.aws.clients import AwsClients
from mesh_dns.core.values import Cause, Gone, LoadBalancer, Unreadable
from tests.unit.aws.fake_aws import HUB, NOW, claiming, nlb
from tests.unit.aws.fake_table import Call
from tests.unit.aws.reading import World


@pytest.mark.parametrize("there", [True, False], ids=["an answer", "an error that is an answer"])
def test_a_scope_that_does_not_answer_is_asked_again_after_ever_longer_pauses(there: bool) -> None:
    world = World()
    if there:
        world.aws.add(claiming(nlb(1)))

    def no_answer(call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="https://elasticloadbalancing.eu-west-1.amazonaws.com")

    world.aws.before = no_answer
    asked = []
    for second in range(0, 1000, 10):
        world.clock.now = NOW + second
        before = len(world.aws.calls)
        seen = world.look(HUB)
        assert isinstance(seen, Unreadable)
        assert seen.cause is Cause.UNANSWERED
        asked += [second] if len(world.aws.calls) > before else []
    assert asked == [0, 30, 90, 210, 450, 750]
    assert len(world.aws.calls) == 2 * len(asked)

    world.aws.before = lambda call: None
    world.clock.now = NOW + 1049
    assert isinstance(world.look(HUB), Unreadable)
    world.clock.now = NOW + 1050
    assert isinstance(world.look(HUB), LoadBalancer if there else Gone)

    world.aws.before = no_answer
    world.look(HUB)
    world.aws.before = lambda call: None
    world.clock.now = NOW + 1080
    assert not isinstance(world.look(HUB), Unreadable), "after an answer, pauses are short again"


@pytest.mark.parametrize("seconds", [0, 7], ids=["there is time for a second try", "there is none"])
def test_a_connection_that_broke_is_tried_again(seconds: float) -> None:
    world = World()
    world.aws.add(claiming(nlb(1)))
    broken = [ConnectionClosedError(endpoint_url="https://elasticloadbalancing.eu-west-1.amazonaws.com")]

    def once(call: Call) -> None:
        if broken:
            world.clock.sleep(seconds)
            raise broken.pop()

    world.aws.before = once
    seen = world.inventory.look([nlb(1)], NOW + 5)[nlb(1)]

    if seconds == 0:
        assert isinstance(seen, LoadBalancer)
    else:
        assert isinstance(seen, Unreadable)
        assert seen.cause is Cause.UNANSWERED, "it was asked"
        assert len(world.aws.calls) == 1


@pytest.mark.parametrize(
    ("service", "attempts"),
    [
        pytest.param("elbv2", 1, id="a read is tried again by us"),
        pytest.param("elb", 1, id="of either generation"),
        pytest.param("resourcegroupstaggingapi", 1, id="by the tagging API as well"),
        pytest.param("sts", 1, id="and a session"),
        pytest.param("sqs", 2, id="anything else by botocore"),
        pytest.param("dynamodb", 2, id="the table too"),
    ],
)
def test_a_call_that_nobody_answers_costs_seconds(service: str, attempts: int) -> None:
    config = AwsClients("eu-west-1").client(service).meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == attempts


def test_a_fault_of_ours_is_logged_with_its_place_and_not_with_its_text(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    def fault(call: Call) -> None:
        raise TypeError("s3cret")

    world.aws.before = fault
    seen = world.look(HUB)

    assert isinstance(seen, Unreadable)
    assert "TypeError" in seen.reason
    assert "test_tries.py" in caplog.text
    assert "s3cret" not in caplog.text + seen.reason
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
