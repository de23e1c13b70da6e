"""Every case from public reports has a test here: the table names it, and the cases themselves go through the code.

The cases are kept beside the project, in ../shared/cases or in the folder that CASES names. Without them only the table
is looked at.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import responses

from mesh_dns.core import events, hostnames
from mesh_dns.dns.cloudflare import BASE_URL, Cloudflare
from mesh_dns.errors import Ignored, Rejected, Retryable
from tests.contract.worlds import OWNER, ZONE, ZONE_ID, SuppliedToken, create

ROOT = Path(__file__).parents[2]
ROWS: Mapping[str, Mapping[str, str]] = tomllib.loads((ROOT / "tests" / "cases.toml").read_text("utf-8"))
FOLDER = Path(os.environ.get("CASES", ROOT.parent / "shared" / "cases"))
FILES = sorted(FOLDER.glob("*.json")) + sorted(FOLDER.glob("*.tftest.hcl"))
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
with_the_cases = pytest.mark.skipif(not FILES, reason=f"the cases are not there: no files in {FOLDER}")


def of_terraform() -> set[str]:
    return {row["test"] for row in ROWS.values() if ".hcl::" in row["test"]}


def test_each_test_of_terraform_in_the_table_exists() -> None:
    assert of_terraform()
    for test in of_terraform():
        file, _, name = test.partition("::")
        assert re.search(f'^run "{name}" {{$', (ROOT / file).read_text("utf-8"), re.MULTILINE), test


def test_each_other_test_in_the_table_exists() -> None:
    wanted = sorted({row["test"] for row in ROWS.values()} - of_terraform())
    # Without the settings of the project, which spread tests over processes or repeat them.
    found = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "--collect-only", "-q", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]


@with_the_cases
def test_each_case_has_a_row() -> None:
    assert {file.name.partition("-")[0] for file in FILES} <= ROWS.keys()


def cases(key: str) -> list[Any]:
    described = {file.stem: json.loads(file.read_text("utf-8")) for file in FILES if file.suffix == ".json"}
    return [pytest.param(case[key], id=stem) for stem, case in described.items() if key in case]


def body(reply: Mapping[str, Any]) -> bytes:
    if "hex" in reply:
        return bytes.fromhex(reply["hex"])
    said = reply.get("body", "")
    return (said if isinstance(said, str) else json.dumps(said)).encode()


@with_the_cases
@responses.activate
@pytest.mark.parametrize("replies", cases("replies"))
def test_an_answer_of_the_provider_is_a_zone_or_a_failure_of_that_zone(replies: list[dict[str, Any]]) -> None:
    url = f"{BASE_URL}/zones/{ZONE_ID}/dns_records"
    for reply in replies:
        said = {"body": body(reply), "status": reply.get("status", 200), "headers": reply.get("headers", {})}
        if reply["on"] == "GET":
            responses.get(url, **said)
        else:
            responses.post(f"{url}/batch", **said)
    client = Cloudflare(OWNER, SuppliedToken(), clock=lambda: 1.8e9)
    assert isinstance(client.read({ZONE_ID: [f"cluster1.{ZONE}"]}, 1.9e9)[ZONE_ID], Retryable | list | tuple)
    if any(reply["on"] == "POST" for reply in replies):
        try:
            client.apply(ZONE_ID, [create(f"cluster1.{ZONE}")])
        except Retryable as error:
            assert str(error)  # whatever it is, it fails this batch alone, and says why


@with_the_cases
@pytest.mark.parametrize("load_balancers", cases("load_balancers"))
def test_every_name_in_a_tag_is_legal_or_has_a_problem(load_balancers: list[dict[str, Any]]) -> None:
    for load_balancer in load_balancers:
        for name in hostnames.in_tag(load_balancer.get("tag", "")):
            legal = len(name) <= 253 and all(LABEL.fullmatch(label) for label in name.split("."))
            assert (hostnames.problem_with(name) is None) == legal, name


@with_the_cases
@pytest.mark.parametrize("messages", cases("messages"))
def test_a_message_is_work_or_said_to_be_none(messages: list[Any]) -> None:
    for message in messages:
        text = message if isinstance(message, str) else json.dumps(message)
        try:
            work = events.work_in(events.from_text(text), OWNER, "hostname", 1.8e9)
        except (Ignored, Rejected) as reason:
            assert str(reason)
        else:
            assert work.scope.account
