"""The tables of measurements in the documents are what `make bench` prints now, or the bounds that it stays under."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from bench import cloudflare_calls, load
from bench.installation import Period
from bench.load import EVERYWHERE, FAR, HUB, WAVES, Wave, installation, story
from bench.load import LATENCY as LATENCY_OF_THE_STORY
from bench.scope import LATENCY, SIZES, reading
from tests.docs.declared import ROOT
from tests.doubles.inventory import make_id
from tests.simulation.__main__ import MUTATION_SEEDS, lived
from tests.simulation.law import Law
from tests.simulation.mutations import MUTATIONS
from tests.simulation.test_histories import SOON

SAMPLE, OFTEN = 50, 30
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VARYING = {"seconds"}
# The first heading of each table that a bench prints.
MEASURED = (
    "500 names, one zone", "sweep of 3000 load balancers", "replaced within a minute", "what happens",
    "law", "load balancers in a scope",
)  # fmt: skip
Table = list[list[str]]


def tables(text: str) -> list[Table]:
    """Every table: its rows of cells, the headings first, without what varies from run to run."""
    found = re.findall(r"^(\|[^\n]*\|\n)\|(?:-+\|)+\n((?:\|[^\n]*\|\n?)+)", text, re.MULTILINE)
    return [without_times([row.strip("|").split("|") for row in (head + body).splitlines()]) for head, body in found]


def without_times(table: Table) -> Table:
    kept = [at for at, heading in enumerate(table[0]) if heading.strip() not in VARYING]
    return [[row[at].strip() for at in kept] for row in table]


@pytest.mark.parametrize("bench", ["cloudflare_calls", "sweep"])
def test_a_table_in_a_document_is_what_the_bench_prints(bench: str) -> None:
    printed = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"bench.{bench}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    (measured,) = tables(printed)
    shown = {
        document.name: table
        for document in DOCUMENTS
        for table in tables(document.read_text())
        if table[0][0] == measured[0][0]
    }
    assert shown, f"no document shows what bench.{bench} measures"
    for name, table in shown.items():
        assert table == measured, f"{name} shows an older run: `make bench` prints the table to paste"


# Measurements that differ a little from run to run: the documents give what they stay under.

COST, ASSURANCE = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("cost-and-limits", "assurance"))
# The other latencies take a processor for a minute and are easier: `make bench` holds those.
HARDEST = [wave for wave in WAVES if wave.latency == LATENCY]


def said(heading: str) -> dict[str, dict[str, str]]:
    """The rows of the table whose first heading begins so: title => heading => cell."""
    (table,) = (table for table in tables(COST) if table[0][0].startswith(heading))
    return {row[0]: dict(zip(table[0][1:], row[1:], strict=True)) for row in table[1:]}


def counted(period: Period, right: str) -> dict[str, str]:
    """What was measured, by the headings of the tables."""
    return {
        "names right": right,
        "slowest name": period.slowest,
        "killed": str(period.killed),
        "throttled tries": str(period.throttled),
        "AWS calls": str(period.aws_calls.total()),
        "Cloudflare calls": str(period.reads + period.writes),
        "the most of them in 5 minutes": str(period.busiest),
    }


def exceeding(cells: dict[str, str], measured: dict[str, str]) -> Iterator[str]:
    """What is not as a row says: the same, or under its bound."""
    for heading, cell in cells.items():
        bound = re.fullmatch(r"under ([\d,]+)( s)?", cell)
        if bound is None:
            fits = measured[heading] == cell
        else:
            fits = float(measured[heading].removesuffix(" s")) < float(bound[1].replace(",", ""))
        if not fits:
            yield f"{heading}: {measured[heading]}, the document says {cell}"


@pytest.mark.parametrize(("cell", "fits"), [("0", False), ("7", True), ("under 7", False), ("under 1,000", True)])
def test_a_measurement_is_held_against_its_bound(cell: str, fits: bool) -> None:
    assert list(exceeding({"killed": cell}, {"killed": "7"})) == (
        [] if fits else [f"killed: 7, the document says {cell}"]
    )


def test_the_laws_in_the_document_are_broken_by_the_mistakes_that_are_made() -> None:
    (table,) = (table for table in tables(ASSURANCE) if table[0][0] == "law")
    within = {True: f"{SOON} histories", False: f"{MUTATION_SEEDS} histories"}
    made = [[law, each.name, within[each.start == 0]] for law in Law for each in MUTATIONS if each.law is law]
    assert table[1:] == made


@pytest.mark.parametrize("law", Law)
def test_each_law_has_a_mistake_that_breaks_it(law: Law) -> None:
    assert [each.name for each in MUTATIONS if each.law is law]


def test_what_the_simulation_printed_is_about_what_happens_now() -> None:
    """The document shows one long run; a short one has the same things in it, about as often."""
    (printed,) = re.findall(r"^```text\n(histories .+?)^violations: 0\n```", ASSURANCE, re.MULTILINE | re.DOTALL)
    shown = {what: int(count) for what, count in re.findall(r"^(.+?) +(\d+)$", printed, re.MULTILINE)}
    counts, violations = lived(range(SAMPLE))
    assert violations == {}
    assert counts.keys() <= shown.keys()
    often = {what: count for what, count in counts.items() if count > OFTEN}
    assert len(often) > 10
    for what, count in often.items():
        assert 0.5 < count / SAMPLE / (shown[what] / shown["histories"]) < 2, f"{what}: run `make simulate N=10000`"


def test_each_wave_in_the_document_is_measured() -> None:
    assert list(said("replaced within a minute")) == [wave.title for wave in HARDEST]


@pytest.mark.parametrize("wave", HARDEST, ids=lambda wave: wave.title)
def test_a_wave_of_replacements_stays_within_its_limits_and_what_is_said(wave: Wave) -> None:
    period, right = wave.run()
    assert list(wave.missed(period, right)) == []
    seen = counted(period, f"{right} of {wave.clusters}")
    assert list(exceeding(said("replaced within a minute")[wave.title], seen)) == []


def test_300_clusters_in_a_far_region_are_held_to_three_minutes_however_slow_aws_is() -> None:
    held = {wave.latency: wave.slowest for wave in WAVES if (wave.scopes, wave.clusters, wave.hanging) == (FAR, 300, 0)}
    assert held == {0.05: 180, 0.15: 180, 0.3: 180}
    assert {wave.slowest for wave in WAVES if (wave.scopes, wave.clusters) == ((HUB,), 300)} == {150}


@pytest.mark.parametrize(
    ("right", "different", "missed"),
    [
        pytest.param(300, {}, [], id="none"),
        pytest.param(299, {}, ["299 of 300 names are right"], id="a wrong name"),
        pytest.param(300, {"killed": 1}, ["1 invocations were killed"], id="a killed invocation"),
        pytest.param(300, {"throttled": 2}, ["AWS did not take 2 calls"], id="throttled tries"),
        pytest.param(
            300,
            {"waits": {make_id(1): 180.6}},
            ["the slowest name took 181 s, and 180 s are the limit"],
            id="a slow name",
        ),
    ],
)
def test_a_limit_that_is_missed_is_told(right: int, different: dict[str, Any], missed: list[str]) -> None:
    period = replace(Period("", 0.0, waits={make_id(1): 179.0}), **different)
    assert list(Wave(FAR, 300, LATENCY, slowest=180).missed(period, right)) == missed


def test_where_nobody_answers_no_name_has_to_be_right() -> None:
    wave = Wave(FAR, 300, LATENCY, slowest=180, hanging=3)
    assert list(wave.missed(Period("", 0.0), 255)) == []
    assert list(wave.missed(Period("", 0.0), 254)) == ["254 of 300 names are right"]


@pytest.mark.parametrize("bench", [load, cloudflare_calls])
def test_a_bench_fails_when_a_limit_is_missed(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "waves", lambda: iter(["too slow"]))
    monkeypatch.setattr(load, "life", lambda: iter([]))
    monkeypatch.setattr(cloudflare_calls, "measure", lambda foreign, known: ([], cloudflare_calls.Calls(5, 3)))
    assert bench.main() == 1
    monkeypatch.setattr(load, "waves", lambda: iter([]))
    monkeypatch.setattr(cloudflare_calls, "measure", lambda foreign, known: ([], cloudflare_calls.Calls(4, 3)))
    assert bench.main() == 0


def test_reading_a_large_scope_takes_no_longer_than_is_said() -> None:
    rows = said("load balancers in a scope, ")
    assert list(rows) == [f"{size:,}" for size in SIZES]
    for size in SIZES:
        (bound,) = re.findall(r"^under (\d+) s", rows[f"{size:,}"]["both reads"])
        assert reading(size) < float(bound), size


def test_the_life_of_300_clusters_stays_within_what_is_said() -> None:
    measured = {}
    with installation(EVERYWHERE, LATENCY_OF_THE_STORY) as hub:
        for period in story(hub):
            measured[period.title] = counted(period, f"{hub.right()} of {len(hub.wanted)}")
        assert (hub.rejected, hub.lost_a_record) == (0, set())
    rows = said("what happens")
    assert rows.keys() == measured.keys()
    assert [found for title, cells in rows.items() for found in exceeding(cells, measured[title])] == []
