"""What README.md and its neighbours say, held against what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mesh_dns.core import events
from mesh_dns.core.decision import Reason
from mesh_dns.core.values import Scope
from tests.cilium.test_cilium_docs import anchors
from tests.docs.declared import ROOT, Input, alarms, inputs, outputs
from tests.simulation.mutations import MUTATIONS

README, CONTRIBUTING, SECURITY = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY"))
PUBLISHING = [ROOT / f"{name}.md" for name in ("RELEASING", "UPGRADING", "CHANGELOG", "docs/verified")]
OPERATIONS, VAULT = (ROOT / "docs" / f"{name}.md" for name in ("operations", "vault"))
PAGES = [path for part in ("examples", "modules") for path in sorted((ROOT / part).rglob("README.md"))]
DOCUMENTS = [README, CONTRIBUTING, SECURITY, OPERATIONS, VAULT, *PUBLISHING, *PAGES]


def named(document: Path) -> str:
    return str(document.relative_to(ROOT))


def section(document: Path, heading: str) -> str:
    """The text under a heading, up to the next one of any level."""
    match = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", document.read_text(), re.MULTILINE | re.DOTALL)
    assert match is not None, f"{named(document)} has no heading {heading!r}"
    return match[1]


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in a text, without their headings."""
    tables = re.findall(r"^\|[^\n]*\|\n\|(?:-+\|)+\n((?:\|[^\n]*\|\n?)+)", text, re.MULTILINE)
    lines = [line for table in tables for line in table.splitlines()]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


# Links and commands


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()) if "://" not in target]
    assert targets
    for target in targets:
        path, _, fragment = target.partition("#")
        file = document if not path else (document.parent / path).resolve()
        assert file.exists(), target
        assert not fragment or fragment in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|\n)make\s+([a-z0-9]+)", document.read_text())) <= targets


def test_commands_by_hand_are_accepted() -> None:
    payloads = re.findall(r"--payload '(.*?)'", OPERATIONS.read_text())
    assert len(payloads) == 4
    for payload in payloads:
        events.command_in(json.loads(payload), Scope("444455556666", "eu-west-1"))


# README


def test_every_input_is_in_the_table_with_its_default() -> None:
    shown = {cells[0].strip("`"): cells[1] for cells in rows(section(README, "Inputs"))}
    declared = {name: "required" if each.default is None else f"`{each.default}`" for name, each in inputs().items()}
    assert shown == declared


@pytest.mark.parametrize("each", [each for each in inputs().values() if each.fields], ids=lambda each: each.name)
def test_every_field_of_an_input_is_named(each: Input) -> None:
    (row,) = [cells for cells in rows(section(README, "Inputs")) if cells[0] == f"`{each.name}`"]
    assert set(each.fields) <= set(re.findall(r"`(\w+)`", row[2]))


def test_every_output_is_in_the_table_with_its_description() -> None:
    assert {cells[0].strip("`"): cells[1] for cells in rows(section(README, "Outputs"))} == outputs()


def test_every_reason_is_explained() -> None:
    assert {cells[0].strip("`") for cells in rows(section(README, "How it decides"))} == {r.value for r in Reason}


def test_every_deliberate_mistake_is_in_the_table() -> None:
    shown = [cells[0] for cells in rows(section(README, "Can it be trusted"))]
    assert shown == [mutation.name for mutation in MUTATIONS]


# Operations


def test_every_alarm_has_its_section() -> None:
    text = OPERATIONS.read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == alarms()


def test_every_metric_is_in_the_table() -> None:
    source = (ROOT / "lambda" / "src" / "mesh_dns" / "telemetry.py").read_text()
    counted = set(re.findall(r'(?:_count\(|_counts\[|Action\.\w+: )"([A-Za-z]+)"', source))
    assert len(counted) > 5
    assert {cells[0].strip("`") for cells in rows(section(OPERATIONS, "Metrics"))} == counted


# Security


def test_every_threat_has_a_test_that_exists() -> None:
    threats = rows(section(SECURITY, "Threats"))
    assert len(threats) > 15
    for threat, _, shown in threats:
        links = re.findall(r"\[(\w+)\]\(([^)]+)\)", shown)
        assert links, threat
        for test, file in links:
            text = (ROOT / file).read_text()
            assert re.search(rf'(def {test}\(|^run "{test}" {{)', text, re.MULTILINE), f"{file} has no {test}"
