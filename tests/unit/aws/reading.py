"""What the tests of reads have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.core.values import Cause, LoadBalancerId, Scope, Sighting, Unreadable
from tests.unit.aws.fake_aws import HUB, NOW, FakeAws, nlb
from tests.unit.aws.fake_table import AwsError, Call, Clock

ELB, ELBV2, TAGGING = "elb", "elbv2", "resourcegroupstaggingapi"
ROLE = ReaderRole("/mesh/mesh-dns-reader", "an-external-id")
DEADLINE = NOW + 100


def inventory_of(aws: FakeAws, clock: Clock | None = None, role: ReaderRole | None = ROLE) -> AwsInventory:
    clock = clock or Clock(NOW)
    return AwsInventory(Scopes(aws.clients(), HUB, role, clock, clock.sleep), "hostname")


def look(
    aws: FakeAws, ids: Collection[LoadBalancerId], deadline: float = DEADLINE
) -> Mapping[LoadBalancerId, Sighting]:
    return inventory_of(aws).look(ids, deadline)


def cause(sighting: Sighting) -> Cause | None:
    return sighting.cause if isinstance(sighting, Unreadable) else None


def fail_with(code: str, *actions: str, only_if: Callable[[Call], bool] = lambda call: True) -> Callable[[Call], None]:
    def before(call: Call) -> None:
        if call.action in actions and only_if(call):
            raise AwsError(code)

    return before


def calls_in(aws: FakeAws, scope: Scope, action: str) -> list[Call]:
    return [call for call in aws.calls if call.scope == scope and call.action == action]


@dataclass
class World:
    """A fake AWS, and an inventory that reads it."""

    role: ReaderRole | None = ROLE
    hub: Scope = HUB
    clock: Clock = field(default_factory=lambda: Clock(NOW))
    aws: FakeAws = field(default_factory=FakeAws)

    def __post_init__(self) -> None:
        self.clients = self.aws.clients(self.hub.region)
        self.scopes = Scopes(self.clients, self.hub, self.role, self.clock, self.clock.sleep)
        self.inventory = AwsInventory(self.scopes, "hostname")

    def look(self, scope: Scope) -> Sighting:
        return self.inventory.look([nlb(1, scope)], self.clock() + 100)[nlb(1, scope)]

    def count(self, action: str) -> int:
        return Counter(self.aws.actions())[action]
