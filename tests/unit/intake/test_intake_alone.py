"""A message that fails alone fails alone, and comes back when it may work."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

import pytest

from mesh_dns.core.values import LoadBalancerId, Scope, Sighting
from mesh_dns.dns.provider import RateLimited, Unavailable
from tests.doubles.hub import (
    AWAY,
    NAME,
    OTHER,
    Hub,
    event,
    lines_in,
    message,
    raises,
    sweep,
)
from tests.doubles.inventory import HUB, make, make_id
from tests.fixtures import events as samples
from tests.unit.intake.conftest import Lines

STRANGER = Scope("777788889999", "eu-west-1")


def test_a_message_that_fails_alone_fails_alone(hub: Hub) -> None:
    hub.know(AWAY)
    far, near = hub.inventory.put(make(make_id(1, AWAY), OTHER)), hub.inventory.put(make(2, NAME))
    hub.inventory.unreadable.add(AWAY)
    failed = hub.batch(
        message("rubbish", 1),
        message(event("AddTags", far, scope=AWAY), 2),
        message(samples.load("another-service"), 3),
        message(event("AddTags", near), 4),
    )
    assert failed == ["message-2"]
    assert list(hub.mailbox.dead) == ["message-1"]
    assert list(hub.mailbox.delays) == ["receipt-2"]
    assert len(hub.provider.at(NAME)) == 1


def test_a_dead_letter_that_cannot_be_sent_is_tried_again(hub: Hub, lines: Lines) -> None:
    hub.mailbox.broken = True
    lb = hub.inventory.put(make(1, NAME))
    assert hub.batch(message("rubbish", 1), message(event("AddTags", lb), 2)) == ["message-1"]
    assert len(hub.provider.at(NAME)) == 1
    last = lines()[-1]
    assert (last["message"], last["detail"]) == ("delay not set", "the queue is not to be reached")


def test_a_register_that_cannot_be_read_fails_what_needs_it_only(hub: Hub) -> None:
    hub.register.broken = True
    one, two = hub.put(make(1, NAME)), hub.put(make(2, OTHER))
    records = [message("rubbish", 1), message(event("AddTags", one), 2), message(event("AddTags", two), 3)]
    assert hub.batch(*records) == ["message-2", "message-3"]
    assert hub.inventory.calls == []


@pytest.mark.parametrize(
    ("after", "received", "delay"),
    [(300, 1, 300), (300, 7, 640), (0, 1, 10), (1, 5, 160), (12.6, 1, 12), (9_999_999, 1, 900), (-5, 1, 10)],
    ids=[
        "as long as asked",
        "its own back-off, when that is longer",
        "asked for nothing: its own back-off",
        "asked for a second again and again: its own back-off",
        "whole seconds",
        "a quarter of an hour at most, whoever asked",
        "never negative",
    ],
)
def test_a_rate_limit_says_when_to_come_back_and_stops_the_batch(
    hub: Hub, after: float, received: int, delay: int
) -> None:
    ids = hub.many(3)
    hub.provider.before = raises(RateLimited("429", after=after), "list", "apply")
    records = [message(event("AddTags", lb), n, received=received) for n, lb in enumerate(ids)]
    assert hub.batch(*records) == ["message-0", "message-1", "message-2"]
    assert hub.mailbox.delays == {f"receipt-{n}": delay for n in range(3)}
    assert len(hub.provider.calls) == 1


def test_a_retry_after_of_a_second_again_and_again_keeps_a_message_for_hours(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    hub.provider.before = raises(RateLimited("429", after=1), "list")
    waited = 0
    for received in range(1, 21):
        hub.batch(message(event("AddTags", lb), received=received))
        waited += hub.mailbox.delays["receipt-1"]
    assert waited > 3 * 3600


# Events ahead of AWS


def _at(hub: Hub, ago: float = 0) -> str:
    return datetime.fromtimestamp(hub.clock() - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(("ago", "delay"), [(0, 5), (5, 10), (20, 20), (50, 40)], ids=str)
@pytest.mark.parametrize("received", [1, 19], ids=["received once", "received often, by throttling"])
def test_an_event_that_aws_does_not_show_yet_waits_as_long_as_it_says_and_is_no_failure(
    hub: Hub, lines: Lines, ago: float, delay: int, received: int
) -> None:
    body = event("AddTags", make_id(1), eventTime=_at(hub, ago))
    assert hub.batch(message(body, received=received)) == ["message-1"]
    assert hub.mailbox.delays == {"receipt-1": delay}
    last = lines()[-1]
    assert (last["message"], last["delay_seconds"]) == ("postponed", delay)
    assert last["detail"] == f"AWS does not show yet that {make_id(1)} was tagged"


def test_it_is_done_once_aws_shows_it(hub: Hub) -> None:
    lb = make_id(1)
    body = event("AddTags", lb, eventTime=_at(hub))
    assert hub.batch(message(body)) == ["message-1"]
    hub.put(make(1, NAME))
    assert hub.batch(message(body, received=2)) == []
    assert hub.content() == hub.target(lb)


@pytest.mark.parametrize(
    ("event_ago", "sent_ago", "comes_back"),
    [(89, 0, True), (91, 0, False), (0, 89, True), (0, 91, False), (-500, 91, False)],
    ids=[
        "happened 89 s ago",
        "happened 91 s ago",
        "sent 89 s ago",
        "sent 91 s ago",
        "sent 91 s ago, and it says that it happens tomorrow",
    ],
)
def test_the_earlier_of_when_it_happened_and_when_it_was_sent_says_how_old_an_event_is(
    hub: Hub, event_ago: float, sent_ago: float, comes_back: bool
) -> None:
    body = event("AddTags", make_id(1), eventTime=_at(hub, event_ago))
    failed = hub.batch(message(body, sent=hub.clock() - sent_ago))
    assert failed == ["message-1"] * comes_back


def test_a_failure_with_an_event_ahead_waits_like_a_failure(hub: Hub, lines: Lines) -> None:
    hub.know(AWAY)
    hub.provider.before = raises(Unavailable("502"))
    body = event("AddTags", make_id(1), eventTime=_at(hub))
    hub.batch(message(body, received=3))
    assert hub.mailbox.delays == {"receipt-1": 40}
    assert [line["message"] for line in lines()][-1] == "retried"


# Faults of our own


def _breaks_on(hub: Hub, lb: LoadBalancerId) -> None:
    """Whoever looks at this one meets a fault of ours."""
    look = hub.inventory.look

    def breaks(ids: Collection[LoadBalancerId], deadline: float) -> Mapping[LoadBalancerId, Sighting]:
        if lb in ids:
            raise KeyError("Scheme")
        return look(ids, deadline)

    hub.inventory.look = breaks  # type: ignore[method-assign]


def test_a_fault_in_one_message_fails_that_one_alone(hub: Hub, lines: Lines) -> None:
    bad, *good = hub.many(4)
    _breaks_on(hub, bad)
    records = [message(event("AddTags", lb), n) for n, lb in enumerate([good[0], bad, *good[1:]])]
    assert hub.batch(*records) == ["message-1"]
    assert len(hub.provider.records_by_id) == 3
    told = [(line["message"], line["message_id"], line["detail"]) for line in lines() if "message_id" in line]
    assert told == [
        ("fault", "message-1", "KeyError"),
        ("retried", "message-1", "a fault of the function: KeyError"),
    ]


def test_a_fault_says_where_it_happened_and_never_what_a_library_says(hub: Hub, lines: Lines) -> None:
    (bad,) = hub.many(1)
    _breaks_on(hub, bad)
    hub.batch(message(event("AddTags", bad)))
    (line,) = (line for line in lines() if line["message"] == "fault")
    assert "Scheme" not in json.dumps(line)
    assert any("reading.py" in step for step in line["steps"])


def test_a_fault_waits_like_any_failure(hub: Hub) -> None:
    (bad,) = hub.many(1)
    _breaks_on(hub, bad)
    assert hub.batch(message(event("AddTags", bad), received=4)) == ["message-1"]
    assert hub.mailbox.delays == {"receipt-1": 80}


def test_a_message_of_which_sqs_says_nothing_is_worked_on_like_any_other(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    bare = message(event("AddTags", lb))
    del bare["attributes"]
    hub.provider.before = raises(Unavailable("502"))
    assert hub.batch(bare) == ["message-1"]
    assert hub.mailbox.delays == {"receipt-1": 10}


def test_a_message_that_is_no_message_fails_alone(hub: Hub) -> None:
    lb = hub.put(make(1, NAME))
    odd = message(event("AddTags", lb), 1)
    odd["body"] = 7
    assert hub.batch(odd, message(event("AddTags", lb), 2)) == ["message-1"]
    assert hub.content() is not None


# The register


def test_a_register_that_cannot_be_written_fails_the_sweeps_that_need_it_and_nothing_else(hub: Hub) -> None:
    hub.know(scope := Scope(HUB.account, "eu-west-2"))
    lb = hub.put(make(1, NAME))
    hub.register.read_only = True
    records = [message(sweep(AWAY), 1), message(sweep(scope), 2), message(event("AddTags", lb), 3), message(sweep(), 4)]
    assert hub.batch(*records) == ["message-1", "message-2", "message-4"]
    assert hub.content() is not None


# What came back often


@pytest.mark.parametrize(("received", "batches"), [(5, 1), (6, 3)], ids=["five times", "six times"])
def test_what_was_received_more_than_five_times_is_written_singly(hub: Hub, received: int, batches: int) -> None:
    records = [message(event("AddTags", lb), n, received=received) for n, lb in enumerate(hub.many(3))]
    assert hub.batch(*records) == []
    assert hub.provider.calls.count("apply") == batches


def test_the_oldest_message_that_failed_is_measured_from_when_it_was_first_tried(
    hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.inventory.unreadable.add(HUB)
    intake = hub.intake()
    now = hub.clock()
    records = [message(event("AddTags", make_id(n)), n, sent=now - 900, first=now - 100 * n) for n in (1, 7, 3)]
    intake.batch(records, hub.clock() + 100)
    intake.telemetry.flush()
    (metrics,) = (line for line in lines_in(capsys.readouterr().out) if "_aws" in line)
    assert metrics["OldestFailedMessageAge"] == [700]
    assert metrics["MessagesRetried"] == [3]
