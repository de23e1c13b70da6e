"""Cut short in the middle, `python -m smoke` takes everything away before it ends."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.sandbox.account import eventually
from tests.smoke.command import Smoke, on_a_sandbox, wait_for_line


def terraform_is_at_work(smoke: Smoke, run: subprocess.Popen[str]) -> None:
    wait_for_line(run, "1. The module is installed")
    eventually(lambda: len(smoke.left()) > 2, 60)


def a_load_balancer_was_just_made(smoke: Smoke, run: subprocess.Popen[str]) -> None:
    wait_for_line(run, "AWS took the call CreateLoadBalancer")


def nobody_reads_its_output_any_more(smoke: Smoke, run: subprocess.Popen[str]) -> None:
    a_load_balancer_was_just_made(smoke, run)
    assert run.stdout is not None
    run.stdout.close()


Moment = Callable[[Smoke, "subprocess.Popen[str]"], None]


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param(terraform_is_at_work, signal.SIGINT, id="by Ctrl-C while Terraform applies"),
        pytest.param(
            nobody_reads_its_output_any_more,
            signal.SIGTERM,
            id="by SIGTERM when a load balancer was just made and the reader of its output is gone",
        ),
    ],
)
def test_it_takes_everything_away(moment: Moment, number: signal.Signals) -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        moment(smoke, run)
        assert smoke.left() != []
        os.killpg(run.pid, number)
        said = "" if run.stdout is None or run.stdout.closed else run.communicate()[0]
        assert run.wait() == 130, said
        assert smoke.left() == [], said
