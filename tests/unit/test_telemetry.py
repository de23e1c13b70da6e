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


class Output:
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
def output(capsys: pytest.CaptureFixture[str]) -> Output:
    return Output(capsys)


def decision(reason: Reason, action: Action | None = None) -> Decision:
    change = None if action is None else Change(action, "zone", NAME, LB)
    return Decision(NAME, reason, LB, "some detail", change)


def test_a_decision_is_one_line(output: Output) -> None:
    output.telemetry.decided(decision(Reason.HAND_OVER, Action.UPDATE), outcome="done")
    (line,) = output.lines()
    told = {key: line[key] for key in ("message", "reason", "hostname", "load_balancer", "outcome", "detail")}
    assert told == {
        "message": "decision",
        "reason": "hand-over",
        "hostname": NAME,
        "load_balancer": str(LB),
        "outcome": "done",
        "detail": "some detail",
    }
    assert (line["level"], line["service"]) == ("INFO", output.service)
    assert "timestamp" in line


def test_names_in_sync_are_only_counted(output: Output) -> None:
    for _ in range(3):
        output.telemetry.decided(decision(Reason.IN_SYNC), outcome="")
    assert output.lines() == []
    output.telemetry.flush()
    (summary,) = output.lines()
    assert (summary["message"], summary["decisions"]) == ("summary", {"in-sync": 3})


def test_each_kind_of_line_parses(output: Output) -> None:
    output.telemetry.swept(HUB, load_balancers=3)
    output.telemetry.ignored("m1", "none of ours")
    output.telemetry.unknown_scope("m2", "an unknown scope")
    output.telemetry.overdue([Scope("444455556666", "us-east-1"), HUB])
    output.telemetry.rejected("m3", "not JSON")
    output.telemetry.retried("m4", "AccessDenied", delay=20, age=5)
    output.telemetry.postponed("m5", "AWS does not show it yet", delay=5)
    output.telemetry.delay_not_set("the queue is not to be reached")
    output.telemetry.sent_on_too_often(Check(HUB, frozenset({LB}), hops=21))
    output.telemetry.unread({"z": UnreadZone(Retryable("502"))})
    output.telemetry.commanded({"action": "sweep", "why": "a teardown"}, "request-1")
    told = [(line["level"], line["message"], line.get("message_id")) for line in output.lines()]
    assert told == [
        ("INFO", "swept", None),
        ("INFO", "ignored", "m1"),
        ("WARNING", "unknown scope", "m2"),
        ("WARNING", "overdue", None),
        ("ERROR", "rejected", "m3"),
        ("WARNING", "retried", "m4"),
        ("INFO", "postponed", "m5"),
        ("WARNING", "delay not set", None),
        ("WARNING", "sent on too often", None),
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
def test_odd_text_costs_no_line_and_makes_no_line(output: Output, text: str) -> None:
    output.telemetry.rejected("m1", text)
    (line,) = output.lines()
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
        ([(Reason.MASS_DELETE_GUARD, None, "")] * 12, {"DeletesStopped": 12}),
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
    output: Output, decisions: list[tuple[Reason, Action | None, str]], counts: dict[str, int]
) -> None:
    for reason, action, outcome in decisions:
        output.telemetry.decided(decision(reason, action), outcome=outcome)
    assert output.metrics() == counts


def test_what_messages_and_sweeps_count(output: Output) -> None:
    output.telemetry.swept(HUB, load_balancers=3)
    output.telemetry.swept(Scope("444455556666", "us-east-1"), load_balancers=1)  # a spoke's is no sign of hub's life
    output.telemetry.unknown_scope("m1", "unknown")
    output.telemetry.overdue([HUB])
    for number in range(150):
        output.telemetry.rejected(f"m{number}", "not JSON")
    output.telemetry.retried("m4", "AccessDenied", delay=20, age=5)
    assert output.metrics() == {
        "SweepCompleted": 1,
        "MessagesOfUnknownScopes": 1,
        "ScopesOverdue": 1,
        "MessagesRejected": 150,
        "MessagesRetried": 1,
        "OldestFailedMessageAge": 5,
    }


def test_the_oldest_message_that_failed_counts_and_events_ahead_of_aws_do_not(output: Output) -> None:
    for age in (5, 700, 30):
        output.telemetry.retried("m", "502", delay=20, age=age)
    output.telemetry.postponed("m", "AWS does not show it yet", delay=5)
    assert output.metrics() == {"MessagesRetried": 3, "OldestFailedMessageAge": 700}
    output.telemetry.retried("m", "502", delay=20, age=1)
    assert output.metrics()["OldestFailedMessageAge"] == 1


def test_only_zones_that_are_given_up_count(output: Output) -> None:
    zones = {"a": UnreadZone(Retryable("502")), "b": UnreadZone(Retryable("403"), given_up=True)}
    output.telemetry.unread(zones)
    assert output.metrics() == {"ZonesDenied": 1}


def test_faults_of_adapters_count_as_faults_of_the_function(output: Output) -> None:
    output.telemetry.unread({"a": UnreadZone(Fault("a TypeError")), "b": UnreadZone(Unavailable("502"))})
    output.telemetry.faults(2)
    output.telemetry.faults(0)
    assert output.metrics() == {"Faults": 3}


def test_what_an_adapter_logs_is_a_line_like_any_other(output: Output) -> None:
    assert output.telemetry
    logging.getLogger("mesh_dns.aws.memory").warning("not written down: %s", "the table is not there")
    (line,) = output.lines()
    assert (line["level"], line["message"]) == ("WARNING", "not written down: the table is not there")


def test_a_fault_says_where_it_happened_and_not_what_it_says(output: Output) -> None:
    try:
        raise KeyError("cf-token-in-clear")
    except KeyError as fault:
        output.telemetry.fault("m1", fault)
    (line,) = output.lines()
    assert (line["level"], line["message"], line["message_id"], line["detail"]) == ("ERROR", "fault", "m1", "KeyError")
    assert "test_telemetry.py" in line["steps"][-1]
    assert "in-clear" not in json.dumps(line)
    assert output.metrics() == {"Faults": 1}


def test_a_command_is_told_in_known_fields_only(output: Output) -> None:
    output.telemetry.commanded({"action": "forget", "hostname": NAME, "why": "gone", "token": "in-clear"}, "request-1")
    (line,) = output.lines()
    assert (line["action"], line["hostname"], line["why"], line["request_id"]) == (
        "forget",
        NAME,
        "gone",
        "request-1",
    )
    assert "in-clear" not in json.dumps(line)


def test_no_overdue_scope_is_told_too_so_that_the_alarm_ends(output: Output) -> None:
    output.telemetry.overdue([])
    assert output.metrics() == {"ScopesOverdue": 0}


def test_a_flush_starts_over(output: Output) -> None:
    output.telemetry.decided(decision(Reason.CREATE, Action.CREATE), outcome="done")
    assert output.metrics() == {"RecordsCreated": 1}
    assert output.metrics() == {}
    assert output.lines() == []
