"""One sandbox and one apply for all end-to-end tests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.installation import QUEUE_SPEED, Installation, install, late


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The quickstart, applied to a running sandbox."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    with Sandbox(queue_speed=QUEUE_SPEED, lateness=late()) as sandbox:
        yield install(sandbox, tmp_path_factory.mktemp("repository"))


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays(installation: Installation) -> Iterator[None]:
    yield
    installation.clear()


@pytest.fixture
def mesh(installation: Installation) -> Iterator[Installation]:
    """The installation, with everything in working order again after the test."""
    yield installation
    installation.sandbox.cloudflare.faults.clear()
    installation.forget_dead_letters()
