"""`python -m smoke`, as it runs on an account, against the sandbox: from apply to an empty account."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.sandbox import ACCOUNT
from smoke.alarms import NOT_PROVOKED, PROVOKED
from tests.smoke.command import TOKEN, ZONE, on_a_sandbox

CHECKS = (
    "another plan changes nothing",
    "the Cloudflare token is not in Terraform's state",
    "it takes CreateLoadBalancer",
    "it takes AddTags with the hostname",
    "it takes RemoveTags of the hostname",
    "it takes DeleteLoadBalancer",
    "it takes CreateLoadBalancer of a classic one",
    "it takes AddTags with the hostname of a classic one",
    "it takes RemoveTags of the hostname of a classic one",
    "it takes DeleteLoadBalancer of a classic one",
    "it leaves AddTags with another tag only",
    "it leaves RemoveTags with another tag only",
    "it leaves AddTags of a classic one with another tag only",
    "it leaves DescribeLoadBalancers",
    "it leaves a call of another service",
    "it takes this installation's sweep",
    "it leaves another installation's sweep",
    "CloudTrail's event of the call came through rule and topic into a queue",
    "the function decided to create the record",
    "the record is at Cloudflare",
    "the zone's own name server answers with the load balancer",
    "AWS says that the load balancer is active",
    "green is refused while blue has the name",
    "the name still leads to blue",
    "the name leads to green",
    "it always led to one of the two",
    "both are in the dead-letter queue",
    "the second look was rejected for its sender",
    "SQS calls the function's role the sender of what the function sent (`SenderId`)",
    "the alarm `dead-letter` is raised",
    "put back, the function gets them again",
    "the function refuses it",
    "the alarm `errors` is raised",
    "the alarm `rule` is raised",
    "the alarm `topic` is raised",
    "the alarm `guard` is raised",
    "the guard kept all of them",
    "there is no other alarm",
    "more than 2 sweeps were done",
    "one came each minute",
    "the alarm `silence` is quiet while they come",
    "the alarm `silence` is raised",
    "the record is gone",
    "it went at the second look, the message of the function to itself",
    "it waited for the grace",
    "a plan at the end changes nothing",
    "nothing of it is left",
)
"""All of them: a check that is left out is missed. In which order some are seen is chance."""


def test_everything_is_as_it_should_be_and_nothing_is_left() -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        said, _ = run.communicate()
        assert run.returncode == 0, said
        assert smoke.left() == []
        zone_id = smoke.zone_id

    report = Path(said.strip().splitlines()[-1]).read_text()
    for secret in (TOKEN, ACCOUNT, zone_id, ZONE):
        assert secret not in report
    checks = re.findall(r"^\| [\d.]+ s \| (.+?) \| (yes|NO) \|", report, re.MULTILINE)
    assert sorted(checks) == sorted((what, "yes") for what in CHECKS)
    assert re.search(r"CloudTrail told it [\d.]+ s after the call", report)
    assert re.search(r"[\d.]+ s after the event was in a queue", report)
    assert report.strip().endswith("/issues/new")
    told = set(re.findall(r"the alarm `([a-z-]+)` is (?:raised|not provoked)", report))
    assert told == {*PROVOKED, *NOT_PROVOKED}
    facts = dict(re.findall(r"^\| (\w[^|]*) \| ([^|]+) \|$", report, re.MULTILINE))
    assert facts["AWS provider"][0].isdigit()
    assert facts["costs on AWS"].startswith("less than a dollar")
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", facts["commit"])
