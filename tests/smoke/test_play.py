"""One error ends one act, never the run or its report."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from smoke import __main__ as command
from smoke.play import Play
from smoke.report import Report

ACTS = (
    "_pattern", "_create", "_blue_to_green", "_dead_letters", "_errors", "_alarms", "_sweeps", "_delete", "_plan_again",
)  # fmt: skip
DENIED = ClientError(
    {"Error": {"Code": "AccessDenied", "Message": "User: arn:aws:iam::111122223333:user/alice may not"}}, "ListRules"
)


class AnyPlace:
    """An account that nothing asks anything."""

    run, suffix, name, token = "abc123", "smoke-abc123.example.com", "smoke-abc123", "token"

    def client(self, _service: str) -> object:
        return object()


def acts(play: Play, fault: BaseException) -> list[str]:
    """Stub every act; the second one fails. The names of those that began, as they do."""
    begun: list[str] = []

    def act(name: str) -> None:
        play.report.act(name, "")
        begun.append(name)
        if name == ACTS[1]:
            raise fault
        play.report.check(f"{name} was done", True)

    for name in ("_apply", *ACTS):
        setattr(play, name, lambda name=name: act(name))
    return begun


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(KeyError("Rules"), "KeyError: 'Rules'", id="an answer of another shape"),
        pytest.param(DENIED, "ClientError: An error occurred (AccessDenied)", id="a call that AWS denies"),
        pytest.param(OSError("reset"), "OSError: reset", id="a connection that breaks"),
    ],
)
def test_an_error_ends_its_act_and_the_others_go_on(fault: Exception, said: str) -> None:
    report = Report({"111122223333": "<account>"})
    play = Play(AnyPlace(), None, report, 1, 5)  # type: ignore[arg-type]
    begun = acts(play, fault)
    play.run()
    assert begun == ["_apply", *ACTS]
    (row,) = (row for row in report.checks if not row.result)
    assert row.what == "the act went on to its end"
    assert row.found.startswith(said)
    assert not [hidden for hidden in ("111122223333", "alice") if hidden in row.found]


def test_without_an_installation_nothing_is_tried() -> None:
    report = Report({})
    play = Play(AnyPlace(), None, report, 1, 5)  # type: ignore[arg-type]
    begun = acts(play, KeyError())

    def fails() -> None:
        raise OSError("no installation")

    play._apply = fails  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no installation"):
        play.run()
    assert begun == []


@pytest.fixture
def signals() -> Iterator[None]:
    """The handlers as they were."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_no_error_loses_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise KeyError("Rules")

    monkeypatch.setattr(command.Play, "run", fails)
    monkeypatch.setattr(command, "remove_everything", fails)
    report = Report({})
    options = argparse.Namespace(clean="", patience=1, grace=5)
    assert command._play(AnyPlace(), None, report, options) is False  # type: ignore[arg-type]
    assert report.failed == ["it went on to the end", "everything was taken away"]
    assert report.left == ["nobody knows what, because of KeyError: 'Rules'"]
