"""The words that people search for: reasons, log lines, metrics, alarms and commands, in code and documents."""

from __future__ import annotations

import ast
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mesh_dns.core.decision import REFUSALS, Decision, Reason
from mesh_dns.core.snapshot import UnreadZone
from mesh_dns.core.values import Action, Change, Kind, LoadBalancerId, Scope
from mesh_dns.core.work import Check
from mesh_dns.errors import Retryable
from mesh_dns.telemetry import Telemetry
from tests.docs.declared import ROOT, alarmed_metrics, alarms
from tests.docs.test_documents import MANUAL, OPERATIONS, README, SECURITY, named, rows, section

TROUBLESHOOTING = ROOT / "docs" / "troubleshooting.md"
PACKAGE = ROOT / "lambda" / "src" / "mesh_dns"
PAGES = [README, SECURITY, *MANUAL]
REASONS = {reason.value for reason in Reason}

HUB = Scope("111122223333", "eu-west-1")
LB = LoadBalancerId(HUB.region, HUB.account, Kind.NETWORK, "mesh", "0123456789abcdef")
COMMAND = {
    "action": "forget", "account": HUB.account, "region": HUB.region, "hostname": "a.example.com",
    "override_guard": False, "confirm": True, "why": "gone",
}  # fmt: skip
# What each method of telemetry is told, so that every line and every metric is written once.
TOLD: Mapping[str, list[Callable[[Telemetry], None]]] = {
    "decided": [
        *(
            lambda told, action=action: told.decided(  # type: ignore[misc]
                Decision("a.example.com", Reason.UPDATE, LB, "why", Change(action, "zone", "a.example.com", LB)),
                outcome="done",
            )
            for action in Action
        ),
        *(
            lambda told, reason=reason: told.decided(Decision("a.example.com", reason, LB), outcome="")  # type: ignore[misc]
            for reason in Reason
        ),
    ],
    "faults": [lambda told: told.faults(1)],
    "swept": [lambda told: told.swept(HUB, load_balancers=1)],
    "sent_on_too_often": [lambda told: told.sent_on_too_often(Check(HUB, frozenset({LB}), hops=21))],
    "unread": [lambda told: told.unread({"zone": UnreadZone(Retryable("why"), given_up=True)})],
    "unknown_scope": [lambda told: told.unknown_scope("id", "why")],
    "overdue": [lambda told: told.overdue([HUB])],
    "ignored": [lambda told: told.ignored("id", "why")],
    "rejected": [lambda told: told.rejected("id", "why")],
    "retried": [lambda told: told.retried("id", "why", delay=1, age=1)],
    "postponed": [lambda told: told.postponed("id", "why", delay=1)],
    "delay_not_set": [lambda told: told.delay_not_set("why")],
    "fault": [lambda told: told.fault("id", ValueError("why"))],
    "commanded": [lambda told: told.commanded(COMMAND, "request")],
    "flush": [lambda told: told.flush()],
}
# What the library adds to every line.
COMMON = {"level", "message", "timestamp", "service"}
# The library keeps one logger per name, with the stream that was there when it was made.
NAMES = (f"words-{number}" for number in itertools.count())


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Everything that telemetry can write, parsed."""
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    telemetry = Telemetry(next(NAMES), HUB)
    for tell in itertools.chain.from_iterable(TOLD.values()):
        tell(telemetry)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def words_in(cell: str) -> set[str]:
    """What a cell of a table has in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))


def first_words(path: Path, heading: str) -> list[str]:
    """What the first cells of a section's tables have in backticks."""
    return [word for cells in rows(section(path, heading)) for word in re.findall(r"`([^`]+)`", cells[0])]


# Words that once had a second meaning, or a private one. None of them is part of a name in the code any more.
FORMER = {
    "home", "letters", "observer", "release", "released", "settle", "settled", "silence", "silent", "speak",
    "standing",
}  # fmt: skip


def names_in(file: Path) -> Iterator[str]:
    """What is defined or bound in a module: classes, functions, arguments, variables and members."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_no_name_in_the_code_has_a_word_that_had_two_meanings(file: Path) -> None:
    for name in names_in(file):
        words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
        assert not words & FORMER, name


def test_each_reason_is_explained_once_and_no_other() -> None:
    assert sorted(first_words(TROUBLESHOOTING, "Reasons")) == sorted(REASONS)


def test_the_refusals_are_those_of_the_code() -> None:
    table = rows(section(TROUBLESHOOTING, "Reasons"))
    assert {cells[0].strip("`") for cells in table if cells[1].startswith("refusal:")} == {r.value for r in REFUSALS}


@pytest.mark.parametrize("path", [OPERATIONS, TROUBLESHOOTING], ids=named)
def test_a_query_for_refusals_finds_them_all(path: Path) -> None:
    either = r"filter reason in \[(.*?)\]|-filter-pattern '(.*claimed-by.*\|\|.*delegated.*)'"
    (query,) = re.findall(either, path.read_text())
    assert set(re.findall(r'"([a-z-]+)"', "".join(query))) == {reason.value for reason in REFUSALS}


def test_every_method_of_telemetry_is_told_something() -> None:
    public = {name for name, value in vars(Telemetry).items() if callable(value) and not name.startswith("_")}
    assert set(TOLD) == public


def test_each_log_line_is_in_the_table_with_its_fields(lines: list[dict[str, Any]]) -> None:
    written: dict[str, set[str]] = {}
    for line in lines:
        if "_aws" not in line:
            written.setdefault(line["message"], set()).update(line.keys() - COMMON)
    table = {cells[0].strip("`"): words_in(cells[2]) for cells in rows(section(OPERATIONS, "The log"))}
    assert table == written


def test_each_metric_is_in_the_table(lines: list[dict[str, Any]]) -> None:
    written = {
        metric["Name"]
        for line in lines
        if "_aws" in line
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }
    assert sorted(first_words(OPERATIONS, "Metrics")) == sorted(written)
    assert alarmed_metrics() <= written


def plain_lines() -> Iterator[tuple[str, str]]:
    """The longest literal part of each line that is not logged by telemetry, with its file."""
    for file in PACKAGE.rglob("*.py"):
        for text in re.findall(r'\b_log\.\w+\("([^"]+)"', file.read_text()):
            yield file.name, max(re.split(r"%s", text), key=len).strip(" :")


def test_each_plain_log_line_is_named() -> None:
    found = list(plain_lines())
    assert len(found) > 3
    text = " ".join(OPERATIONS.read_text().split())
    for file, part in found:
        assert f"`{part}`" in text, file


def test_each_command_is_in_the_table_with_its_fields() -> None:
    schema = json.loads((PACKAGE / "schemas" / "command.json").read_text())["properties"]
    table = {cells[0].strip("`"): words_in(cells[1]) for cells in rows(section(OPERATIONS, "Commands"))}
    assert set(table) == set(schema["action"]["enum"])
    assert set().union(*table.values()) == schema.keys() - {"action"}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_no_document_names_what_does_not_exist(path: Path, lines: list[dict[str, Any]]) -> None:
    text = path.read_text()
    metrics = set(first_words(OPERATIONS, "Metrics"))
    metric_like = r"`((?:Records|Claims|Sweep|Guard|Deletes|Zones|Scopes|Events|Messages|Oldest|Faults)[A-Za-z]*)`"
    assert set(re.findall(metric_like, text)) <= metrics
    assert set(re.findall(r'\breason (?:=|<>) "([^"]+)"', text)) <= REASONS
    assert set(re.findall(r'\bmessage = "([^"]+)"', text)) <= {line["message"] for line in lines if "message" in line}
    resources = {"dead-letter", "events", "sweep", "spokes", "scope", "reader"}
    assert set(re.findall(r"alarm `(?:\$NAME|<name>)-([a-z-]+)`", text)) <= alarms() | resources
