"""Emulators that run for one test, and the recorded exchanges where they are there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.cloudflare import CloudflareEmulator
from tests.contract.worlds import CloudflareWorld, InMemoryWorld, World

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "recorded" / "cloudflare"


def recorded(name: str) -> dict[str, Any]:
    """One recorded exchange, or a skip."""
    path = RECORDED / f"{name}.json"
    if not path.exists():
        pytest.skip("the recorded exchanges with Cloudflare are not on this machine")
    exchange: dict[str, Any] = json.loads(path.read_text())
    return exchange


@pytest.fixture
def emulator() -> Iterator[CloudflareEmulator]:
    with CloudflareEmulator() as running:
        yield running


@pytest.fixture
def cloudflare(emulator: CloudflareEmulator) -> CloudflareWorld:
    return CloudflareWorld(emulator)


@pytest.fixture(params=["Cloudflare", "Cloudflare, large zone", "in memory"])
def world(request: pytest.FixtureRequest, emulator: CloudflareEmulator) -> World:
    """Every implementation of the provider's protocol."""
    if request.param == "in memory":
        return InMemoryWorld()
    return CloudflareWorld(emulator, large="large" in request.param)
