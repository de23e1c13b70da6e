"""What README.md and its neighbours say, held against what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mesh_dns.core import events
from mesh_dns.core.values import Scope
from tests.cilium.test_cilium_docs import anchors
from tests.docs.declared import ROOT, alarms

README, CONTRIBUTING, SECURITY = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY"))
PUBLISHING = [ROOT / f"{name}.md" for name in ("RELEASING", "UPGRADING", "CHANGELOG")]
MANUAL = sorted((ROOT / "docs").glob("*.md"))
OPERATIONS, VAULT = (ROOT / "docs" / f"{name}.md" for name in ("operations", "vault"))
PAGES = [path for part in ("examples", "modules") for path in sorted((ROOT / part).rglob("README.md"))]
DOCUMENTS = [README, CONTRIBUTING, SECURITY, *PUBLISHING, *MANUAL, *PAGES]


# What the archive of a tag leaves out is linked by its address. tests/package/test_archive.py holds which is which.
# So is everything in what is shown elsewhere.
_ADDRESS = re.compile(r"https://github\.com/[\w-]+/terraform-aws-cilium-mesh-dns/(blob|tree)/main/([^#]+)")


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


def linked(document: Path, target: str) -> Path | None:
    """The file or folder of the repository that a link leads to; None when it leads elsewhere."""
    address = _ADDRESS.match(target)
    if address is not None:
        file = ROOT / address[2]
        assert address[1] == ("tree" if file.is_dir() else "blob"), target
        return file
    path = target.partition("#")[0]
    return None if "://" in target else (document.parent / path).resolve() if path else document


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    links = {target: linked(document, target) for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text())}
    found = {target: file for target, file in links.items() if file is not None}
    assert found
    for target, file in found.items():
        fragment = target.partition("#")[2]
        assert file.exists(), target
        assert not fragment or fragment in anchors(file), target


@pytest.mark.parametrize("document", [README, *PAGES, ROOT / "CHANGELOG.md"], ids=named)
def test_what_is_shown_elsewhere_links_by_whole_addresses(document: Path) -> None:
    """On the registries' pages, and on GitHub's of a release, what is relative to the repository leads nowhere."""
    links = re.findall(r"\]\(([^)\s]+)\)", document.read_text())
    assert [link for link in links if not re.match(r"https://|#", link)] == []


_VERBS = r"builds|compares|finds|holds|names|notices|sees|shows"
_OF_A_TEST = re.compile(rf"\b[Aa]\s+test\s+(?:{_VERBS})\b|\b(?:in|by)\s+a\s+test(?! against)\b")
_TEST_FILE = re.compile(r"test_\w+\.py|\w+\.tftest\.hcl")
_LINK_TO_A_TEST = re.compile(r"\[[Aa] test\]\(([^)\s]+)\)")


def unproved(document: Path, text: str) -> list[str]:
    """What a text says of a test without a link to it, and links to what is none."""
    files = {target: linked(document, target) for target in _LINK_TO_A_TEST.findall(text)}
    wrong = [target for target, file in files.items() if file is None or not _TEST_FILE.fullmatch(file.name)]
    return [*_OF_A_TEST.findall(text), *wrong]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_what_a_document_says_of_a_test_links_to_it(document: Path) -> None:
    assert unproved(document, document.read_text()) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("and a test holds it", ["a test holds"]),
        ("is planned in a test |", ["in a test"]),
        ("[a test](docs/inputs.md) holds it", ["docs/inputs.md"]),
        ("[A test](tests/docs/test_documents.py) holds it", []),
        ("[a test](tests/partitions.tftest.hcl) holds it", []),
        ("`pytest` runs a test; make one", []),
    ],
)
def test_a_claim_about_a_test_without_its_link_would_be_seen(text: str, found: list[str]) -> None:
    assert unproved(README, text) == found


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^|\n)make\s+([a-z0-9]+)", document.read_text())) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_script_is_shown_as_it_can_be_run(document: Path) -> None:
    """By `sh`, since not every way to a working copy keeps who may execute a file."""
    assert not re.search(r"(?:^ *|`)scripts/\w+\.sh\b", document.read_text(), re.MULTILINE)


def test_commands_by_hand_are_accepted() -> None:
    payloads = [each for path in MANUAL for each in re.findall(r"--payload '(.*?)'", path.read_text())]
    assert len(payloads) > 5
    for payload in payloads:
        events.command_in(json.loads(payload), Scope("444455556666", "eu-west-1"))


# Operations


def test_every_alarm_has_its_section() -> None:
    text = OPERATIONS.read_text().split("\n## Alarms\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^### (\S+)$", text, re.MULTILINE)) == alarms()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_an_alarm_that_is_named_exists(document: Path) -> None:
    assert set(re.findall(r"alarm\s+`<name>-([a-z-]+)`", document.read_text())) <= alarms()


# Security


def test_every_threat_has_a_test_that_exists() -> None:
    threats = rows(section(SECURITY, "Threats"))
    assert len(threats) > 15
    for threat, _, shown in threats:
        links = re.findall(r"\[(\w+)\]\(([^)]+)\)", shown)
        assert links, threat
        for test, target in links:
            file = linked(SECURITY, target)
            assert file is not None, target
            text = file.read_text()
            assert re.search(rf'(def {test}\(|^run "{test}" {{)', text, re.MULTILINE), f"{file} has no {test}"


PROMISES = rows(section(ROOT / "docs" / "design.md", "Promises"))


@pytest.mark.parametrize(("code", "held"), [row[1:] for row in PROMISES], ids=[row[0] for row in PROMISES])
def test_every_promise_has_one_file_and_one_test_that_exist(code: str, held: str) -> None:
    followed = re.fullmatch(r"`([\w./]+\.(?:py|tf))`(?: \(`(\w+)`\))?", code)
    assert followed is not None, "one file, and the function if that helps"
    files = [folder / followed[1] for folder in (ROOT / "lambda" / "src" / "mesh_dns", ROOT)]
    (text,) = (file.read_text() for file in files if file.is_file())
    assert followed[2] is None or f"def {followed[2]}(" in text, f"{followed[1]} has no {followed[2]}"
    test = re.fullmatch(r"`(tests/[\w/.]+)::(\w+)`", held)
    assert test is not None, "one test"
    assert re.search(rf'(def {test[2]}\(|^run "{test[2]}" {{)', (ROOT / test[1]).read_text(), re.MULTILINE), held


def test_the_design_has_many_promises_on_four_pages() -> None:
    assert len(PROMISES) > 30
    assert len((ROOT / "docs" / "design.md").read_text().split()) <= 4 * 500


# README


def test_the_readme_is_short_and_begins_with_something_to_paste() -> None:
    text = re.sub(r"<!-- BEGIN_TF_DOCS -->.*?<!-- END_TF_DOCS -->", "", README.read_text(), flags=re.DOTALL)
    assert len(text.split()) <= 1300
    before, fence, _ = text.partition("```hcl\n")
    assert fence
    assert len(before.split()) <= 150


def test_the_readme_has_its_sections_in_the_order_in_which_a_newcomer_asks() -> None:
    text = re.sub(r"```.*?```", "", README.read_text(), flags=re.DOTALL)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        "Use it", "Try it without an account", "Try it on an account", "How it decides", "This module or external-dns",
        "Reference", "Links",
    ]  # fmt: skip
    assert README.read_text().index("```mermaid") < README.read_text().index("## Use it")


# CONTRIBUTING


STEPS = re.findall(r"^\d+\. .+(?:\n   .+)*", CONTRIBUTING.read_text(), re.MULTILINE)


def test_every_name_of_a_step_is_in_a_file_that_the_step_links_to() -> None:
    checked = 0
    for step in STEPS:
        files = [ROOT / path for path in re.findall(r"\]\(([\w./]+\.(?:py|tf|json|hcl))\)", step)]
        names = re.findall(r"`(_\w+|[A-Z][a-z]\w+)`", step)
        text = "".join(file.read_text() for file in files)
        assert [name for name in names if files and not re.search(rf"\b{name}\b", text)] == [], step
        checked += len(names) if files else 0
    assert checked >= 6
