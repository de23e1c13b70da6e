"""One hub, and the lines that its function printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.doubles.hub import Hub, lines_in

Lines = Callable[[], list[Any]]


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """The lines since it was asked last."""
    return lambda: lines_in(capsys.readouterr().out)
