"""Two records of one load balancer at a name, as two writers leave them: each has its own end."""

from __future__ import annotations

import pytest

from mesh_dns.core.values import ClaimState, LoadBalancerId, Record
from mesh_dns.core.work import SecondLook
from mesh_dns.dns.provider import Unavailable
from tests.doubles.hub import NAME, Hub
from tests.doubles.inventory import HUB, make
from tests.doubles.provider import ZONE


@pytest.fixture
def hub() -> Hub:
    return Hub()


def two_records(hub: Hub) -> tuple[LoadBalancerId, Record, Record]:
    """Both point elsewhere: the one that is kept is to be corrected, the other one to be deleted."""
    lb = hub.put(make(1, NAME))
    kept, surplus = (
        hub.provider.add(NAME, "CNAME", "old.example.net", comment=f"{hub.rules.owner} {lb}") for _ in range(2)
    )
    hub.clock.now += 3600
    hub.know(HUB)
    return lb, kept, surplus


def ripe(hub: Hub, lb: LoadBalancerId, surplus: Record) -> SecondLook:
    return SecondLook(lb, NAME, ZONE, surplus.id, hub.clock() - 600, state=ClaimState.DROPPED)


def test_the_second_look_at_the_surplus_is_sent_although_the_other_one_is_corrected_in_the_same_batch(hub: Hub) -> None:
    lb, kept, surplus = two_records(hub)
    hub.check(lb)
    assert hub.provider.records_by_id[kept.id].content == hub.target(lb)
    assert [look.record_id for look in hub.outbox.second_looks] == [surplus.id]
    hub.wait(700)
    assert [record.id for record in hub.provider.at(NAME)] == [kept.id]


@pytest.mark.parametrize("first", [True, False], ids=["the first write fails", "the second one fails"])
def test_when_one_of_two_writes_at_a_name_fails_its_message_comes_back(hub: Hub, first: bool) -> None:
    lb, kept, surplus = two_records(hub)
    hub.provider.transaction_size = 1
    written: list[int] = []

    def before(call: str) -> None:
        if call == "apply":
            written.append(1)
            if (len(written) == 1) is first:
                raise Unavailable("502")

    hub.provider.before = before
    failures = hub.run(ripe(hub, lb, surplus))
    assert isinstance(failures["0"], Unavailable)
    hub.provider.before = lambda call: None
    assert hub.run(ripe(hub, lb, surplus)) == {}
    hub.check(lb)
    assert [(record.id, record.content) for record in hub.provider.at(NAME)] == [(kept.id, hub.target(lb))]


def test_when_the_provider_refuses_both_writes_both_are_told(hub: Hub) -> None:
    lb, _, surplus = two_records(hub)
    hub.provider.poison.add(NAME)
    assert hub.run(ripe(hub, lb, surplus)) == {}
    assert hub.told.reasons() == ["provider-refuses"] * 2
