"""One sandbox and one apply for all tests of many accounts and regions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from sandbox.sandbox import Sandbox
from tests.e2e.installation import QUEUE_SPEED, late
from tests.multi.mesh import Mesh, install


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A hub and two spokes in three accounts, all of which have announced themselves."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on the path; install Terraform 1.11 or later")
    with Sandbox(queue_speed=QUEUE_SPEED, lateness=late()) as sandbox:
        mesh = install(sandbox, tmp_path_factory.mktemp("repository"))
        mesh.wait_until_known(mesh.hub, mesh.blue, mesh.green)
        mesh.age_the_register()
        yield mesh
