"""docs/verified.md names the versions that are pinned, and promises no more than the tests hold."""

from __future__ import annotations

import json
import re

import pytest

from scripts.provider_6 import KNOWN, PACKAGE, VERSION
from scripts.tools import ACTIONLINT, OPENTOFU
from tests.cilium.conftest import CHART_VERSIONS
from tests.docs.declared import ROOT

TEXT = (ROOT / "docs" / "verified.md").read_text()
STATES = re.compile(r"(run|checked, not run|checked, not published|not run yet|\*\*never run\*\*|run, but never on .+)")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(f"OpenTofu {OPENTOFU.version[1:]}, AWS provider", id="the OpenTofu that is built"),
        pytest.param(f"actionlint {ACTIONLINT.version[1:]}", id="the actionlint that is built"),
        pytest.param(f"known to {json.loads(KNOWN.read_text())['provider']}", id="the provider 6 that was looked up"),
        pytest.param(f"({PACKAGE} {VERSION})", id="the bindings that it was looked up in"),
        pytest.param(f"Cilium charts {' and '.join(CHART_VERSIONS)}", id="the charts that are rendered"),
    ],
)
def test_a_version_is_the_pinned_one(said: str) -> None:
    assert said in TEXT


def test_every_row_says_whether_it_was_run() -> None:
    rows = [row.strip("|").split(" | ") for row in re.findall(r"^\| [^|].*\|$", TEXT, re.MULTILINE)][1:]
    assert len(rows) > 8
    for row in rows:
        assert STATES.fullmatch(row[-1].strip()), row
