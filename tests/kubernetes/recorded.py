"""What a real controller called for one Service, from its creation to its end, and the imitation of the same.

The calls of real controllers lie in tests/fixtures/controllers: what `make kubernetes` saw last, and sees again. So the
imitation is held to them also where no real controller runs. RECORD_CONTROLLER_CALLS=1 writes them anew.

Those of the add-on are of 3.5.0; 2.17.1 makes the same. Nothing in them was added by hand.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.kubernetes.calls import Compared, anonymous

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "controllers"
RECORD = "RECORD_CONTROLLER_CALLS"


@dataclass(frozen=True)
class Recorded:
    """uid: the Service's. names: the hostname that it begins with, and the one that it is changed to."""

    cluster: str
    service: str
    uid: str
    names: tuple[str, str]
    calls: list[Compared]

    @classmethod
    def of(cls, kind: str) -> Recorded:
        """What is kept of a kind of controller."""
        kept = json.loads((FOLDER / f"{kind}.json").read_text("utf-8"))
        return cls(**kept | {"names": tuple(kept["names"])})

    def is_as_kept(self, kind: str) -> None:
        """Assert that the calls are those that are kept, of another Service; or keep these from now on."""
        if os.environ.get(RECORD):
            (FOLDER / f"{kind}.json").write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")
        assert anonymous(self.calls) == anonymous(Recorded.of(kind).calls)


def imitate(kind: str, controllers: ModuleType, scope: Any, of: Recorded) -> None:
    """Let the imitation do what the Service went through. controllers: `sandbox.controllers`, or a changed copy."""
    _PLAYS[kind](controllers, scope, of)


def _add_on(controllers: ModuleType, scope: Any, of: Recorded) -> None:
    imitation = controllers.AwsLoadBalancerController(scope, of.cluster, of.service, uid=of.uid)
    imitation.create(of.names[0])
    imitation.annotate(of.names[1])
    imitation.annotate(None, extra_tags={"team": "mesh"})
    imitation.change_scheme("internet-facing")
    imitation.change_scheme("internal")
    imitation.delete()


def _cloud_provider(kind: str) -> Callable[[ModuleType, Any, Recorded], None]:
    def play(controllers: ModuleType, scope: Any, of: Recorded) -> None:
        imitation = controllers.CloudProviderAws(scope, of.cluster, kind, of.service, uid=of.uid)
        imitation.create(of.names[0])
        imitation.sync(of.names[1])
        imitation.delete()

    return play


_PLAYS: Mapping[str, Callable[[ModuleType, Any, Recorded], None]] = {
    "aws-load-balancer-controller": _add_on,
    "cloud-provider-aws-nlb": _cloud_provider("nlb"),
    "cloud-provider-aws-classic": _cloud_provider("classic"),
}
KINDS = tuple(_PLAYS)
