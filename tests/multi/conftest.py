"""One sandbox and one apply for all tests of many accounts and regions."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator

import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.alarms import Points, recording
from tests.e2e.installation import QUEUE_SPEED, late
from tests.multi.mesh import Mesh, install

SCOPES = 3


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A hub and two spokes in three accounts, all of which have announced themselves."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    with Sandbox(queue_speed=QUEUE_SPEED, lateness=late()) as sandbox:
        mesh = install(sandbox, tmp_path_factory.mktemp("repository"))
        mesh.wait_until_known(mesh.hub, mesh.blue, mesh.green)
        mesh.installation.wait(lambda: len(mesh.swept()) == SCOPES, "the first sweeps are through")
        mesh.installed = time.time()
        mesh.age_the_register()
        yield mesh


@pytest.fixture(scope="package")
def healthy(mesh: Mesh) -> Points:
    """A sweep period of all scopes in which all is well."""
    sweeps = len(mesh.installation.told("swept"))
    with recording(mesh.sandbox) as points:
        mesh.sandbox.schedules.fire()
        mesh.installation.wait(lambda: len(mesh.installation.told("swept")) >= sweeps + SCOPES, "every scope is swept")
        mesh.installation.wait(lambda: not mesh.installation.busy(), "it is counted")
    assert {name for _, name, _ in points} >= {"SweepCompleted", "ScopesOverdue"}
    return points
