"""A running sandbox that shows everything at once, and its default account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.lateness import INSTANT
from sandbox.sandbox import Sandbox
from tests.sandbox.account import Account


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(lateness=INSTANT) as running:
        yield running


@pytest.fixture
def aws(sandbox: Sandbox) -> Account:
    return Account(sandbox)
