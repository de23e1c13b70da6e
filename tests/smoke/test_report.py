"""A report can be shown to anybody, and says first how it went."""

from __future__ import annotations

from smoke.report import Report


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
    assert report.verdict() == "1 of 2 checks are as they should be; not so: bad. 1 things are left."
    assert report.verdict() in report.markdown({}).splitlines()[2]
