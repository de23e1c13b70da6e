"""A report can be shown to anybody, and says first how it went."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.terraform import ROOT
from smoke.__main__ import _hidden
from smoke.report import CLOSING, LEFT, LONGEST, Report


def test_nothing_that_is_hidden_is_in_it_wherever_it_was_said() -> None:
    report = Report({"example.com": "<zone>", "111122223333": "<account>", "secret-token": "<token>", "": "never"})
    report.act("1. Names below smoke-1.example.com", "In account 111122223333.")
    report.check("it answers", False, "arn:aws:sns:eu-west-1:111122223333:x\n| said secret-token")
    report.left.append("cluster1.smoke-1.example.com")

    text = report.markdown({"region": "eu-west-1"})
    assert not [secret for secret in report.hidden if secret and secret in text]
    assert "| 0.0 s | it answers | NO | arn:aws:sns:eu-west-1:<account>:x / said <token> |" in text
    assert "- cluster1.smoke-1.<zone>" in text


def test_the_first_thing_it_says_is_how_it_went() -> None:
    report = Report({})
    report.act("1. First", "Why.")
    report.say("something happened")
    report.check("good", True)
    assert report.verdict() == "1 of 1 checks are as they should be. Nothing is left."
    report.check("bad", False)
    report.left.append("a queue")
    assert report.failed == ["bad"]
    assert report.verdict() == "1 of 2 checks are as they should be; not so: bad. 1 thing is left."
    assert report.verdict() in report.markdown({}).splitlines()[2]


@pytest.mark.parametrize(
    ("left", "told"),
    [
        pytest.param([], "Nothing.", id="nothing"),
        pytest.param(["sqs smoke-1-gone", "record a"], f"- sqs smoke-1-gone\n- record a\n\n{LEFT}", id="two things"),
    ],
)
def test_what_is_left_is_listed_with_what_to_do(left: list[str], told: str) -> None:
    report = Report({}, left=left)
    assert f"## What is left\n\n{told}\n\n{CLOSING}\n" in report.markdown({})


@pytest.mark.parametrize(
    ("home", "said", "read"),
    [
        pytest.param("/home/alice", "/home/alice/.aws/config", "<home>/.aws/config", id="in a user's home"),
        pytest.param("/", "/etc/hosts", "/etc/hosts", id="where the whole machine is the home"),
        pytest.param("/home/alice", f"{ROOT}/main.tf", "<clone>/main.tf", id="in the clone"),
        pytest.param("/home/alice", "of 111122223333: token", "of <account>: <token>", id="with account and token"),
    ],
)
def test_an_error_does_not_tell_whose_machine_it_was(
    monkeypatch: pytest.MonkeyPatch, home: str, said: str, read: str
) -> None:
    monkeypatch.setenv("HOME", home)
    place: Any = SimpleNamespace(account="111122223333", zone_id="0123", zone="example.com", token="token")
    assert Report(_hidden(place)).redacted(said) == read


ACCOUNT = "111122223333"


@pytest.mark.parametrize("before", range(LONGEST - len(ACCOUNT) - 1, LONGEST + 1))
def test_no_cut_leaves_a_part_of_what_is_hidden(before: int) -> None:
    report = Report({ACCOUNT: "<account>"})
    report.check("it applies", False, "x" * before + ACCOUNT + "y" * LONGEST)
    assert not any(digit in report.markdown({}).partition("| it applies |")[2] for digit in ("1111", "3333"))


def test_a_long_text_is_cut_from_its_first_error() -> None:
    report = Report({})
    report.check("it applies", False, "TerraformError: noise " * 1000 + "Error: the cause\n\n" + "more " * 1000)
    (row,) = report.checks
    assert row.found.startswith("Error: the cause more more")
    assert len(row.found) == LONGEST


@pytest.mark.parametrize(
    ("said", "read"),
    [
        pytest.param("arn:aws:iam::1:user/alice is not", "arn:aws:iam::1:user/<caller> is not", id="a user"),
        pytest.param(
            "arn:aws:sts::1:assumed-role/Admin/alice@example.org is",
            "arn:aws:sts::1:assumed-role/<caller> is",
            id="a role with its session",
        ),
        pytest.param("the key AKIAIOSFODNN7EXAMPLE", "the key <caller>", id="a key"),
        pytest.param(
            "arn:aws:sts::1:assumed-role/smoke-abc123-function/x",
            "arn:aws:sts::1:assumed-role/smoke-abc123-function/x",
            id="a role of the run stays",
        ),
    ],
)
def test_who_called_aws_is_hidden(said: str, read: str) -> None:
    assert Report({}).redacted(said) == read
