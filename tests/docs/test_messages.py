"""What Terraform says when it refuses a value: the native tests see that it does, and not by which sentence.

Variables need no provider, so each case is a plan of `variables.tf` alone.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.docs.declared import ROOT

ZONE = {"zone_id": "023e105f4ecef8ad9ca31a8372d0c353"}
ZONES = {"mesh.example.com": {"cloudflare": ZONE}}
IN_EUROPE = {"eu.example.com": {"cloudflare": ZONE | {"token": "eu"}}}
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cloudflare-AbCdEf"

Refusal = Callable[[Mapping[str, object]], str]


@pytest.fixture
def refusal(tmp_path: Path) -> Refusal:
    """What a plan of these inputs fails with, in one line and without Terraform's frame."""
    terraform = shutil.which("terraform")
    if terraform is None:
        pytest.skip("terraform is not on the path")

    def of(inputs: Mapping[str, object]) -> str:
        shutil.copy(ROOT / "variables.tf", tmp_path)
        values = {"zones": ZONES, "trail": None} | dict(inputs)
        (tmp_path / "terraform.tfvars.json").write_text(json.dumps(values))
        plan = [terraform, "plan", "-input=false", "-no-color"]
        said = subprocess.run(plan, cwd=tmp_path, capture_output=True, text=True, check=False).stderr  # noqa: S603 - our own
        return " ".join(said.replace("│", " ").split())

    return of


@pytest.mark.parametrize(
    ("inputs", "sentences"),
    [
        pytest.param(
            {"zones": {"eu.example.com": {}}},
            ['zones says no provider for "eu.example.com"'],
            id="a zone without a provider is named",
        ),
        pytest.param(
            {"zones": IN_EUROPE},
            ['tokens lacks what zones names: "eu" (for "eu.example.com").'],
            id="a token that is missing is named, and the zone that names it",
        ),
        pytest.param(
            {"tokens": {"us": {"existing": {"secret_arn": SECRET}}}},
            ["tokens holds what no zone names: us."],
            id="a token that no zone names is named",
        ),
        pytest.param(
            {"zones": IN_EUROPE, "tokens": {"eu": None}},
            ["tokens says null for eu. Write {} for a secret that the module makes"],
            id="a token that is null is named",
        ),
        pytest.param(
            {"accounts": {"111122223333": None, "444455556666": ["*"]}},
            ['accounts has null for "111122223333", or among its patterns.'],
            id="an account whose patterns are null is named",
        ),
        pytest.param(
            {"accounts": {"111122223333": ["*", None]}},
            ['accounts has null for "111122223333", or among its patterns.'],
            id="an account with a pattern that is null is named",
        ),
        pytest.param(
            {"alarms": {"guard": None, "topic": None}},
            ["alarms says null for guard, topic. Write { enabled = false }"],
            id="alarms that are null are named",
        ),
        pytest.param(
            {"alarms": {"silence": {"threshold": 0}}},
            ["alarms.silence takes no threshold: it starts when three sweep periods in a row"],
            id="another limit for silence is none",
        ),
    ],
)
def test_the_message_names_what_is_wrong(refusal: Refusal, inputs: Mapping[str, object], sentences: list[str]) -> None:
    said = refusal(inputs)
    assert said.count("Error: Invalid value for variable") == said.count("Error:") == len(sentences)
    assert [sentence for sentence in sentences if sentence not in said] == []


def test_what_is_right_is_not_refused(refusal: Refusal) -> None:
    assert "Error" not in refusal({"zones": ZONES | {"eu.example.com": {"cloudflare": ZONE}}})
