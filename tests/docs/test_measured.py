"""The tables of measurements in the documents are what `make bench` prints now; only times of our own may differ."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.docs.declared import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VARYING = {"seconds"}
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
        if table[0] == measured[0]
    }
    if not shown:
        pytest.skip(f"no document shows what bench.{bench} measures")
    for name, table in shown.items():
        assert table == measured, f"{name} shows an older run: `make bench` prints the table to paste"
