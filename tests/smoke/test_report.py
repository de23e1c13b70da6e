"""A report can be shown to anybody."""

from __future__ import annotations

from smoke.report import Report


def test_nothing_that_is_hidden_is_in_it_wherever_it_was_said() -> None:
    report = Report({"example.com": "<zone>", "111122223333": "<account>", "secret-token": "<token>", "": "never"})
    report.act("1. Names below smoke-1.example.com")
    report.check("it answers", False, "arn:aws:sns:eu-west-1:111122223333:x\n| said secret-token")
    report.left.append("cluster1.smoke-1.example.com")

    text = report.markdown({"region": "eu-west-1"})
    assert not [secret for secret in report.hidden if secret and secret in text]
    assert "| it answers | no | arn:aws:sns:eu-west-1:<account>:x / said <token> |" in text
    assert "- cluster1.smoke-1.<zone>" in text


def test_what_was_not_as_promised_is_what_failed_and_what_was_not_seen_is_not() -> None:
    report = Report({})
    for what, result in (("good", True), ("bad", False), ("unseen", None)):
        report.check(what, result)
    assert report.failed == ["bad"]
    assert "Nothing." in report.markdown({})
