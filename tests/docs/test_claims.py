"""Numbers that the documents give, held against what decides them: a constant, a default, a limit that the plan checks.

A new number in a document gets a row here where something in the repository decides it. What AWS, Cloudflare or Cilium
decide has no row: those facts stand with their source, or in docs/verified.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.docs.declared import ROOT

SOURCE = ROOT / "lambda" / "src" / "mesh_dns"
WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "ten": 10, "half": 0.5}
DAY = 24 * 3600
MONTH_HOURS = 730


def constant(folder: str, name: str) -> float:
    """A number that one module below a folder of the package, or that module itself, gives a name."""
    path = SOURCE / folder
    files = path.rglob("*.py") if path.is_dir() else [path]
    found = [
        match for file in files for match in re.findall(rf"^_?{name}\b[^=\n]* = ([\d_.]+)", file.read_text(), re.M)
    ]
    assert len(found) == 1, f"{name} stands {len(found)} times below {folder}"
    return float(found[0])


def written(file: str, pattern: str) -> float:
    """The one number that a pattern finds in a Terraform file: a product is worked out, a comma is none."""
    (found,) = set(re.findall(pattern, (ROOT / file).read_text()))
    product = 1.0
    for factor in found.split("*"):
        product *= float(factor)
    return product


def number(text: str) -> float:
    """As a document writes it: in digits with commas, or as a word."""
    return WORDS[text] if text in WORDS else float(text.replace(",", ""))


sweep_minutes = written("variables.tf", r"minutes +?= optional\(number, (\d+)\)")
timeout = written("variables.tf", r"timeout_seconds +?= optional\(number, (\d+)\)")
grace = written("variables.tf", r"grace_seconds +?= optional\(number, (\d+)\)")
README, SECURITY, COST = "README.md", "SECURITY.md", "docs/cost-and-limits.md"
OPERATIONS, MULTI, VAULT = "docs/operations.md", "docs/multi-account.md", "docs/vault.md"

CLAIMS: list[tuple[str, str, Callable[[], float]]] = [
    # document, what it says with the number in a group, what decides it
    (COST, r"a sweep every (\d+)\s+minutes", lambda: sweep_minutes),
    (COST, r"minutes \(([\d,]+) a month\)", lambda: MONTH_HOURS * 60 / sweep_minutes),
    (COST, r"1 list and 1 write per (\d+) changes", lambda: constant("dns/cloudflare", "BATCH_SIZE")),
    (COST, r"Cloudflare comment \| (\d+) characters", lambda: constant("core", "LONGEST_MARK")),
    (COST, r"EventBridge pattern \| ([\d,]+) characters", lambda: written("events.tf", r"event_pattern\) <= (\d+)")),
    (COST, r"SQS retention \| (\d+) days in the queue",
     lambda: written("queue.tf", r"retention_seconds +?= (7 \* .*?) #") / DAY),
    (COST, r"in the queue, (\d+) in the dead-letter queue",
     lambda: written("queue.tf", r"retention_seconds +?= (14 \* .*?) #") / DAY),
    (COST, r"Lambda's environment \| (\d+) KB",
     lambda: written("function.tf", r"environment_bytes\S* <= (\d+)") / 1024),
    (COST, r"(\d+) messages at most, 2 seconds", lambda: written("function.tf", r"batch_size +?= (\d+)")),
    (COST, r"`records.grace_seconds` is at most (\d+)", lambda: constant("aws", "LONGEST_DELAY")),
    (VAULT, r"counts against the (\d+) KB", lambda: written("function.tf", r"environment_bytes\S* <= (\d+)") / 1024),
    (SECURITY, r"secret again, at most every (\w+) minutes", lambda: constant("secrets", "REFRESH_PAUSE") / 60),
    (OPERATIONS, r"visibility timeout\s+\((\d+) minutes by default\)", lambda: 6 * timeout / 60),
    (OPERATIONS, r"stopped deletes: more than (\d+) %", lambda: constant("core", "PERCENT")),
    (OPERATIONS, r"of the records \*and\* more than (\d+) would", lambda: constant("core", "FLOOR")),
    (OPERATIONS, r"the queue, after (\d+) receives", lambda: written("queue.tf", r"maxReceiveCount +?= (\d+)")),
    (MULTI, r"three sweep periods \((\d+) minutes by default\)", lambda: 3 * sweep_minutes),
    (MULTI, r"a sweep every (\d+) minutes", lambda: sweep_minutes),
    (MULTI, r"schedule, a sweep every 15 minutes \| ([\d,]+) x", lambda: MONTH_HOURS * 60 / sweep_minutes),
    (MULTI, r"the function's environment \| (\d+) KB",
     lambda: written("function.tf", r"environment_bytes\S* <= (\d+)") / 1024),
    (README, r"a sweep every (\d+)\s+minutes", lambda: sweep_minutes),
    (README, r"takes two looks\*\*, (\w+) minutes apart", lambda: grace / 60),
    (README, r"when more than (\d+) % of the records", lambda: constant("core", "PERCENT")),
    (README, r"of the records, and more than (\d+), would", lambda: constant("core", "FLOOR")),
    (README, r"Terraform ([\d.]+) or later, or OpenTofu", lambda: written("versions.tf", r'_version = ">= ([\d.]+)"')),
    (README, r"AWS provider ([\d.]+) or later", lambda: written("versions.tf", r">= ([\d.]+), < 7\.0")),
]  # fmt: skip


@pytest.mark.parametrize(("document", "says", "decides"), CLAIMS, ids=[f"{row[0]}: {row[1]}" for row in CLAIMS])
def test_what_a_document_says_is_so(document: str, says: str, decides: Callable[[], float]) -> None:
    found = re.findall(says, (ROOT / document).read_text())
    assert found, f"{document} does not say this any more: change the row with it"
    assert {number(text) for text in found} == {decides()}


@pytest.mark.parametrize("document", [COST, MULTI])
def test_the_bill_adds_up(document: str) -> None:
    """Each sum is that of its rows; a range adds up at both ends."""
    text = (ROOT / document).read_text()
    bills = re.findall(r"^\| \| arithmetic \| a month \|\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert bills
    for bill in bills:
        rows = [[cell.strip(" *") for cell in row.strip("|").split("|")] for row in bill.splitlines()]
        until = next(at for at, row in enumerate(rows) if row[0] == "sum")
        for end in (0, -1):
            parts = [float(row[-1].split(" - ")[end]) for row in rows[:until]]
            stated = rows[until][-1].split(" - ")[end]
            assert round(sum(parts), len(stated.split(".")[1])) == float(stated)
