"""What the function tells: lines that parse, and metrics that CloudWatch can read."""

from __future__ import annotations

import itertools
import json
import logging
import time
from functools import cached_property
from typing import Any

import pytest

from mesh_dns.core.decision import REFUSALS, Decision, Reason
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import Action, Change, Scope
from mesh_dns.core.work import Check
from mesh_dns.dns.provider import Fault, Unavailable
from mesh_dns.errors import Retryable
from mesh_dns.telemetry import Telemetry
from tests.doubles.inventory import HUB, make_id

NAME = "cluster1.mesh.example.com"
LB = make_id(1)
# The library keeps one logger per name, with the stream that was there when it was made.
NAMES = (f"function-{number}" for number in itertools.count())


class Heard:
    """A telemetry with what it told."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.service = next(NAMES)
        self._capsys = capsys

    @cached_property
    def telemetry(self) -> Telemetry:
        """Made by the test itself: what stdout is in a fixture is closed by then."""
        return Telemetry(self.service, HUB)

    def lines(self) -> list[dict[str, Any]]:
        """Every line so far, parsed; nothing may go anywhere else."""
        out, err = self._capsys.readouterr()
        assert err == ""
        return [json.loads(line) for line in out.splitlines()]

    def metrics(self) -> dict[str, float]:
        """What a flush sends to CloudWatch, checked against the embedded format."""
        self.telemetry.flush()
        documents = [line for line in self.lines() if "_aws" in line]
        found: dict[str, float] = {}
        for document in documents:
            assert abs(document["_aws"]["Timestamp"] / 1000 - time.time()) < 60
            (directive,) = document["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "MeshDNS"
            assert directive["Dimensions"] == [["service"]]
            assert document["service"] == self.service
            for metric in directive["Metrics"]:
                assert metric["Unit"] == ("Seconds" if metric["Name"].endswith("Age") else "Count")
                (found[metric["Name"]],) = document[metric["Name"]]
        return found


@pytest.fixture
def heard(capsys: pytest.CaptureFixture[str]) -> Heard:
    return Heard(capsys)


def decision(reason: Reason, action: Action | None = None) -> Decision:
    change = None if action is None else Change(action, "zone", NAME, LB)
    return Decision(NAME, reason, LB, "some detail", change)


def test_a_decision_is_one_line(heard: Heard) -> None:
    heard.telemetry.decided(decision(Reason.HAND_OVER, Action.UPDATE), outcome="done")
    (line,) = heard.lines()
    told = {key: line[key] for key in ("message", "reason", "hostname", "load_balancer", "outcome", "detail")}
    assert told == {
        "message": "decision",
        "reason": "hand-over",
        "hostname": NAME,
        "load_balancer": str(LB),
        "outcome": "done",
        "detail": "some detail",
    }
    assert (line["level"], line["service"]) == ("INFO", heard.service)
    assert "timestamp" in line


def test_names_in_sync_are_only_counted(heard: Heard) -> None:
    for _ in range(3):
        heard.telemetry.decided(decision(Reason.IN_SYNC), outcome="")
    assert heard.lines() == []
    heard.telemetry.flush()
    (summary,) = heard.lines()
    assert (summary["message"], summary["decisions"]) == ("summary", {"in-sync": 3})


def test_each_kind_of_line_parses(heard: Heard) -> None:
    heard.telemetry.swept(HUB, load_balancers=3)
    heard.telemetry.ignored("m1", "none of ours")
    heard.telemetry.unknown_scope("m2", "an unknown scope")
    heard.telemetry.overdue([Scope("444455556666", "us-east-1"), HUB])
    heard.telemetry.rejected("m3", "not JSON")
    heard.telemetry.retried("m4", "AccessDenied", delay=20, age=5)
    heard.telemetry.postponed("m5", "AWS does not show it yet", delay=5)
    heard.telemetry.postponing_failed("the queue is not to be reached")
    heard.telemetry.discarded(Check(HUB, frozenset({LB}), hops=21))
    heard.telemetry.unread({"z": UnreadZone(Retryable("502"))})
    heard.telemetry.commanded({"action": "sweep", "reason": "a teardown"}, "request-1")
    told = [(line["level"], line["message"], line.get("message_id")) for line in heard.lines()]
    assert told == [
        ("INFO", "swept", None),
        ("INFO", "ignored", "m1"),
        ("WARNING", "unknown scope", "m2"),
        ("WARNING", "overdue", None),
        ("ERROR", "rejected", "m3"),
        ("WARNING", "retried", "m4"),
        ("INFO", "postponed", "m5"),
        ("WARNING", "postponing failed", None),
        ("WARNING", "discarded", None),
        ("WARNING", "zone unread", None),
        ("INFO", "invoked by hand", None),
    ]


ODD = {
    "half a surrogate pair": "\ud800",
    "a line end": "one\ntwo\r\nthree",
    "a quote that ends the text": '","level":"DEBUG',
    "a control character": "\x00\x1b[31m",
    "something that looks like a field to fill in": "%s {} {0.__class__}",
    "letters that turn around": "\u202e\U0001f600",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_odd_text_costs_no_line_and_makes_no_line(heard: Heard, text: str) -> None:
    heard.telemetry.rejected("m1", text)
    (line,) = heard.lines()
    assert (line["detail"], line["level"]) == (text, "ERROR")


@pytest.mark.parametrize(
    ("decisions", "counts"),
    [
        ([(Reason.CREATE, Action.CREATE, "done")], {"RecordsCreated": 1}),
        ([(Reason.UPDATE, Action.UPDATE, "done"), (Reason.ADOPT, Action.UPDATE, "done")], {"RecordsUpdated": 2}),
        ([(Reason.DELETE, Action.DELETE, "done")], {"RecordsDeleted": 1}),
        ([(Reason.CREATE, Action.CREATE, "dry-run")], {}),
        ([(Reason.DELETE, Action.DELETE, "held-by-policy")], {}),
        ([(Reason.CREATE, Action.CREATE, "failed: 502")], {}),
        ([(Reason.MASS_DELETE_GUARD, None, "")] * 12, {"GuardTripped": 12}),
        ([(reason, None, "") for reason in sorted(REFUSALS)], {"ClaimsRefused": len(REFUSALS)}),
        ([(Reason.DELETE_WAITS, None, "")] * 2, {"DeletesWaiting": 2}),
        ([(Reason.KEPT_NOT_ALLOWED, None, "")], {}),
    ],
    ids=[
        "a create", "two updates", "a delete", "a dry run writes nothing", "what a policy holds is not written",
        "what failed is not written", "the guard", "each refusal", "deletes that wait", "what is kept is not refused",
    ],
)  # fmt: skip
def test_what_decisions_count(
    heard: Heard, decisions: list[tuple[Reason, Action | None, str]], counts: dict[str, int]
) -> None:
    for reason, action, outcome in decisions:
        heard.telemetry.decided(decision(reason, action), outcome=outcome)
    assert heard.metrics() == counts


def test_what_messages_and_sweeps_count(heard: Heard) -> None:
    heard.telemetry.swept(HUB, load_balancers=3)
    heard.telemetry.swept(Scope("444455556666", "us-east-1"), load_balancers=1)  # a spoke's is no sign of hub's life
    heard.telemetry.unknown_scope("m1", "unknown")
    heard.telemetry.overdue([HUB])
    for number in range(150):
        heard.telemetry.rejected(f"m{number}", "not JSON")
    heard.telemetry.retried("m4", "AccessDenied", delay=20, age=5)
    assert heard.metrics() == {
        "SweepCompleted": 1,
        "EventsOfUnknownScopes": 1,
        "ScopesOverdue": 1,
        "MessagesRejected": 150,
        "MessagesRetried": 1,
        "OldestFailedMessageAge": 5,
    }


def test_the_oldest_message_that_failed_counts_and_events_ahead_of_aws_do_not(heard: Heard) -> None:
    for age in (5, 700, 30):
        heard.telemetry.retried("m", "502", delay=20, age=age)
    heard.telemetry.postponed("m", "AWS does not show it yet", delay=5)
    assert heard.metrics() == {"MessagesRetried": 3, "OldestFailedMessageAge": 700}
    heard.telemetry.retried("m", "502", delay=20, age=1)
    assert heard.metrics()["OldestFailedMessageAge"] == 1


def test_only_zones_that_are_given_up_count(heard: Heard) -> None:
    zones = {"a": UnreadZone(Retryable("502")), "b": UnreadZone(Retryable("403"), given_up=True)}
    heard.telemetry.unread(zones)
    assert heard.metrics() == {"ZonesDenied": 1}


def test_faults_of_adapters_count_as_faults_of_the_function(heard: Heard) -> None:
    heard.telemetry.unread({"a": UnreadZone(Fault("a TypeError")), "b": UnreadZone(Unavailable("502"))})
    heard.telemetry.faults(2)
    heard.telemetry.faults(0)
    assert heard.metrics() == {"Faults": 3}


def test_what_an_adapter_logs_is_a_line_like_any_other(heard: Heard) -> None:
    assert heard.telemetry
    logging.getLogger("mesh_dns.aws.memory").warning("not written down: %s", "the table is not there")
    (line,) = heard.lines()
    assert (line["level"], line["message"]) == ("WARNING", "not written down: the table is not there")


def test_a_fault_says_where_it_happened_and_not_what_it_says(heard: Heard) -> None:
    try:
        raise KeyError("cf-token-in-clear")
    except KeyError as fault:
        heard.telemetry.fault("m1", fault)
    (line,) = heard.lines()
    assert (line["level"], line["message"], line["message_id"], line["detail"]) == ("ERROR", "fault", "m1", "KeyError")
    assert "test_telemetry.py" in line["steps"][-1]
    assert "in-clear" not in json.dumps(line)
    assert heard.metrics() == {"Faults": 1}


def test_a_command_is_told_in_known_fields_only(heard: Heard) -> None:
    heard.telemetry.commanded(
        {"action": "forget", "hostname": NAME, "reason": "gone", "token": "in-clear"}, "request-1"
    )
    (line,) = heard.lines()
    assert (line["action"], line["hostname"], line["reason"], line["request_id"]) == (
        "forget",
        NAME,
        "gone",
        "request-1",
    )
    assert "in-clear" not in json.dumps(line)


def test_no_overdue_scope_is_told_too_so_that_the_alarm_ends(heard: Heard) -> None:
    heard.telemetry.overdue([])
    assert heard.metrics() == {"ScopesOverdue": 0}


def test_a_flush_starts_over(heard: Heard) -> None:
    heard.telemetry.decided(decision(Reason.CREATE, Action.CREATE), outcome="done")
    assert heard.metrics() == {"RecordsCreated": 1}
    assert heard.metrics() == {}
    assert heard.lines() == []
