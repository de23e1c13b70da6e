"""What the module declares, read from its Terraform files: as much of HCL as these files use."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def alarms() -> set[str]:
    """The keys of the tables of alarms: what follows `<name>-`."""
    return set(re.findall(r"^    ([a-z-]+) += \{$", (ROOT / "alarms.tf").read_text(), re.MULTILINE))


def alarmed_metrics() -> set[str]:
    """The function's own metrics that alarms look at."""
    return set(re.findall(r'"MeshDNS", "(\w+)"', (ROOT / "alarms.tf").read_text()))
