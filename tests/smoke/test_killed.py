"""What a run left that was killed outright is taken away by the command that it told at its beginning."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable

import pytest

from tests.sandbox.account import eventually
from tests.smoke.command import ROOT, Smoke, on_a_sandbox, wait_for_line


def while_terraform_applies(smoke: Smoke, run: subprocess.Popen[str]) -> str:
    """Terraform goes on alone for a moment; of what it was just making its state knows nothing."""
    said = wait_for_line(run, "1. The module is installed")
    eventually(lambda: len(smoke.left()) > 2, 60)
    return said


def when_a_load_balancer_was_just_made(_smoke: Smoke, run: subprocess.Popen[str]) -> str:
    return wait_for_line(run, "AWS took the call CreateLoadBalancer")


def make_what_no_state_knows(smoke: Smoke, name: str) -> None:
    """As a call that AWS took, and whose answer nobody waited for."""
    client = smoke.sandbox.client
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]
    client("elbv2").create_load_balancer(Name=f"{name}-green", Type="network", Subnets=subnets)
    groups = client("logs").describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    if not groups:
        client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")


Moment = Callable[[Smoke, "subprocess.Popen[str]"], str]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(while_terraform_applies, id="while Terraform applies"),
        pytest.param(when_a_load_balancer_was_just_made, id="when a load balancer was just made"),
    ],
)
def test_the_command_that_it_told_takes_away_what_a_killed_run_left(moment: Moment) -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        said = moment(smoke, run)
        run.kill()
        run.communicate()
        assert smoke.left() != []
        (told,) = re.findall(r"^ *(make smoke .*--clean.*)$", said, re.MULTILINE)
        assert "--own-trail" in told  # as the killed run had it
        options = as_make_hands_them_on(told)
        (number,) = re.findall(r"--clean (\w+)", told)
        make_what_no_state_knows(smoke, f"smoke-{number}")
        cleaning = smoke.start(*options)
        said, _ = cleaning.communicate()
        assert cleaning.returncode == 0, said
        assert smoke.left() == [], said


def as_make_hands_them_on(command: str) -> list[str]:
    """The options of `python -m smoke` that this command becomes."""
    typed = ["make", "--dry-run", *shlex.split(command)[1:]]
    meant = subprocess.run(typed, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
    (line,) = (line for line in meant.splitlines() if "-m smoke " in line)  # make tells its folder, too
    return shlex.split(line.partition("-m smoke ")[2])
