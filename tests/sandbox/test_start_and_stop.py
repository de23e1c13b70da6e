"""The sandbox comes and goes without a trace."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account

ROOT = Path(__file__).parents[2]


def is_open(endpoint: str) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(endpoint.rsplit(":", 1)[1]))) == 0


def test_nothing_stays_behind() -> None:
    with Sandbox() as sandbox:
        aws = Account(sandbox)
        aws.function("import os\ndef handler(e, c):\n    return [os.getpid(), os.environ['LAMBDA_TASK_ROOT']]")
        pid, folder = aws.invoke({})["Payload"]
        endpoint = sandbox.endpoint
        assert is_open(endpoint)
        assert Path(folder).is_dir()
        os.kill(pid, 0)
    assert not is_open(endpoint)
    assert not Path(folder).exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_second_sandbox_starts_empty() -> None:
    for _ in range(2):
        with Sandbox() as sandbox:
            aws = Account(sandbox)
            assert aws.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
            aws.load_balancer()


def test_two_at_a_time_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(RuntimeError, match="another sandbox"):
        Sandbox().start()
    assert is_open(sandbox.endpoint)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM], ids=lambda ending: ending.name)
def test_the_command_prints_what_to_paste_and_ends_cleanly(ending: signal.Signals) -> None:
    command = [sys.executable, "-m", "sandbox", "--zone", "zone.example.com"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, f"ended early: {printed}"
            printed += line
        process.send_signal(ending)
        assert process.wait(timeout=20) == 0
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in printed
    assert "export CLOUDFLARE_BASE_URL=http://127.0.0.1:" in printed
    assert "cluster1.zone.example.com" in printed
