"""Three accounts and regions, one hub: names appear, stay with whom they belong to, and move without a gap."""

from __future__ import annotations

from tests.multi.mesh import Mesh


def test_names_appear_in_every_scope(mesh: Mesh) -> None:
    names = {scope: mesh.hostname(sub) for scope, sub in ((mesh.hub, ""), (mesh.blue, "blue"), (mesh.green, "green"))}
    targets = {scope: mesh.controller(scope).create(name) for scope, name in names.items()}
    for scope, name in names.items():
        mesh.installation.wait_for_name(name, targets[scope])
        assert mesh.installation.resolve(name) == [targets[scope].lower()]
        (record,) = mesh.installation.records(name)
        assert f" {scope.region}/{scope.account}/net/" in (record.comment or "")
