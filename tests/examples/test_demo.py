"""The demo runs to its end: what newcomers see first must not break unseen. How long it takes is no matter here."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from sandbox.terraform import ROOT

FIRST, SECOND = "cluster1.mesh.example.com", "cluster1-blue.mesh.example.com"
SEEN = {
    "1. The sandbox": {"AWS at http://127.0.0.1"},
    "2. terraform apply": {"a second plan: no changes", "the token is not in the state"},
    f"3. cluster1's Service gets its load balancer, tagged hostname={FIRST}": {
        "DescribeLoadBalancers shows it",
        "DescribeTags shows its tags",
        "it is active, and its own name exists",
        f"function: create {FIRST}",
        f"{FIRST}. 60 IN CNAME",
    },
    f"4. The annotation changes to {SECOND}": {
        f"function: create {SECOND}",
        f"function: look-again {FIRST}",
        f"function: delete {FIRST}",
        "NXDOMAIN",
    },
    "5. The Service goes": {f"function: look-again {SECOND}", f"function: delete {SECOND}", "NXDOMAIN", "Done in "},
}
"""How each act begins, and what is seen in it."""


def test_the_demo_runs_to_its_end_and_shows_how_late_aws_is() -> None:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    command = [sys.executable, "-m", "sandbox.demo"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    acts = re.split(r"\n\n(?=\d\. )", ended.stdout.strip())
    for act, (title, lines) in zip(acts, SEEN.items(), strict=True):
        assert act.startswith(title)
        assert {line for line in lines if line not in act} == set(), act
