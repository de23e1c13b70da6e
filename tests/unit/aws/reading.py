"""What the tests of reads have in common."""

from __future__ import annotations

from collections.abc import Callable

from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.core.values import Scope
from tests.unit.aws.fake_aws import HUB, NOW, FakeAws
from tests.unit.aws.fake_table import AwsError, Call, Clock

ELB, ELBV2, TAGGING = "elb", "elbv2", "resourcegroupstaggingapi"
ROLE = ReaderRole("/mesh/mesh-dns-reader", "an-external-id")


def inventory_of(aws: FakeAws, clock: Clock | None = None, role: ReaderRole | None = ROLE) -> AwsInventory:
    clock = clock or Clock(NOW)
    return AwsInventory(Scopes(aws.clients(), HUB, role, clock, clock.sleep), "hostname")


def fail_with(code: str, *actions: str, only_if: Callable[[Call], bool] = lambda call: True) -> Callable[[Call], None]:
    def before(call: Call) -> None:
        if call.action in actions and only_if(call):
            raise AwsError(code)

    return before


def calls_in(aws: FakeAws, scope: Scope, action: str) -> list[Call]:
    return [call for call in aws.calls if call.scope == scope and call.action == action]
