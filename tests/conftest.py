"""Which tests run in one process, where several run side by side."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ON_ONE_INSTALLATION = (
    ("alarms", "commands", "names", "permissions", "tightening"),
    ("attacks", "faults", "inputs", "recorded"),
    ("late", "pasted", "token"),
)
"""Files of tests/e2e that go to one process: an installation of their own for each would cost more than its tests."""


class ByInstallation(LoadFileScheduling):
    """Files to whoever is free, as with `--dist loadfile`, those above together."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        name = file.removeprefix("tests/e2e/test_e2e_").removesuffix(".py")
        return next((" ".join(files) for files in ON_ONE_INSTALLATION if name in files), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByInstallation:
    return ByInstallation(config, log)
