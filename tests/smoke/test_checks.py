"""What a check looks at may be wrong: then it says NO."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from smoke import pattern
from smoke.dead_letters import DeadLetters
from smoke.report import Report
from smoke.watch import Watch

OWNER = "mesh-dns/abc123"


class Place:
    """An account whose services answer by methods of ours, and a zone whose name server says this in turn."""

    name = "smoke-abc123"

    def __init__(self, answers: Mapping[str, Callable[..., Any]] | None = None, said: list[str] | None = None) -> None:
        self._answers, self._said = answers or {}, itertools.chain(said or [], itertools.repeat((said or [""])[-1]))

    def client(self, _service: str) -> Any:
        return type("Client", (), {name: staticmethod(answer) for name, answer in self._answers.items()})

    def answer(self, _hostname: str) -> str:
        return next(self._said)


def rule(takes: Callable[[dict[str, Any]], bool]) -> Any:
    """An account in which EventBridge takes these events."""
    return Place(
        {
            "describe_rule": lambda **_: {"EventPattern": "{}"},
            "test_event_pattern": lambda EventPattern, Event: {"Result": takes(json.loads(Event))},  # noqa: N803
        }
    )


@pytest.mark.parametrize(
    ("takes", "wrong"),
    [
        pytest.param(lambda _: True, "it leaves", id="a rule that takes everything"),
        pytest.param(lambda _: False, "it takes", id="a rule that takes nothing"),
    ],
)
def test_a_rule_without_judgement(takes: Callable[[dict[str, Any]], bool], wrong: str) -> None:
    report = Report({})
    pattern.check(rule(takes), OWNER, report)
    assert report.failed == [row.what for row in report.checks if row.what.startswith(wrong)]
    assert len(report.failed) > 5


@pytest.mark.parametrize(
    ("left", "told"),
    [
        pytest.param({"eventName": "RemoveTags"}, {"RemoveTags of the hostname"}, id="RemoveTags"),
        pytest.param({"eventName": "DeleteLoadBalancer"}, {"DeleteLoadBalancer"}, id="DeleteLoadBalancer"),
        pytest.param({"owner": OWNER}, {"this installation's sweep"}, id="the sweep of this installation"),
    ],
)
def test_a_rule_that_leaves_one_kind_of_event(left: dict[str, str], told: set[str]) -> None:
    report = Report({})
    pattern.check(rule(lambda event: not left.items() <= event["detail"].items()), OWNER, report)
    wrong = [what.removeprefix("it takes ") for what in report.failed if what.startswith("it takes ")]
    assert {what.removesuffix(" of a classic one") for what in wrong} == told


@pytest.mark.parametrize(
    ("said", "empty"),
    [
        pytest.param(["blue", "green"], False, id="one of the two all the time"),
        pytest.param(["blue", "NXDOMAIN", "green"], True, id="no such name for a moment"),
        pytest.param(["blue", "NODATA", "green"], True, id="a name without a record for a moment"),
        pytest.param(["blue", "", "green"], False, id="a name server that does not answer says nothing"),
    ],
)
def test_a_watch_over_a_name(said: list[str], empty: bool) -> None:
    place: Any = Place(said=said)
    with Watch(place, "cluster1.example.com", every=0.001) as watch:
        while watch.asked < len(said):
            pass
    assert bool(watch.empty) is empty


ROLE = "AROAEXAMPLE0000000000"


@pytest.mark.parametrize(
    ("senders", "right"),
    [
        pytest.param([f"{ROLE}:smoke-abc123"], True, id="the function's role"),
        pytest.param([f"{ROLE}:a", f"{ROLE}:b"], True, id="its role in two sessions"),
        pytest.param([f"{ROLE}:a", "AIDAEXAMPLE0000000000"], False, id="one of them is somebody else"),
        pytest.param([f"{ROLE}X:a"], False, id="a role whose id begins alike"),
        pytest.param([], False, id="there is no message"),
    ],
)
def test_the_sender_that_sqs_names(senders: list[str], right: bool) -> None:
    messages = [{"Attributes": {"SenderId": sender}} for sender in senders]
    place: Any = Place(
        {
            "get_queue_url": lambda **_: {"QueueUrl": "url"},
            "get_function_configuration": lambda **_: {"Role": "arn:aws:iam::111122223333:role/smoke-abc123-function"},
            "get_role": lambda **_: {"Role": {"RoleId": ROLE}},
            "receive_message": lambda **_: {"Messages": messages} if messages else {},
        }
    )
    report, log = Report({}), Any
    outputs = {"queue_arn": "a:events", "dead_letter_queue_arn": "a:dead", "function_name": "smoke-abc123"}
    DeadLetters(place, outputs, log, report, 1)._who_sent_them()  # type: ignore[arg-type]
    (row,) = report.checks
    assert row.result is right
