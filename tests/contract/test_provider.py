"""What every implementation of `Provider` does alike."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from mesh_dns.core.values import Record
from mesh_dns.dns.provider import Denied, QuotaReached, RateLimited, TransactionRejected, Unavailable
from mesh_dns.errors import OutOfTime, Retryable
from tests.contract.worlds import (
    MARK,
    NO_DEADLINE,
    OWNER,
    TARGET,
    ZONE,
    ZONE_ID,
    World,
    create,
    delete,
    named,
    records,
    update,
)

UNKNOWN_ZONE_ID = "f" * 32
OTHER_TARGET = "k8s-other-fedcba9876543210.elb.eu-west-1.amazonaws.com"


def one(world: World, label: str) -> Record:
    (record,) = [record for record in world.kept() if record.name == f"{label}.{ZONE}"]
    return record


def listed(world: World, *labels: str) -> set[Record]:
    names = [named(label) for label in labels]
    return {record for record in records(world.provider, names) if not record.name.startswith("filler")}


def test_a_created_record_is_listed_as_it_was_asked_for(world: World) -> None:
    world.provider.apply(ZONE_ID, [create("cluster1", ttl=120)])
    (record,) = listed(world, "cluster1")
    assert record.id
    assert replace(record, id="", edited=None, made=None) == Record(
        id="",
        zone_id=ZONE_ID,
        name=f"cluster1.{ZONE}",
        type="CNAME",
        content=TARGET,
        ttl=120,
        proxied=False,
        comment=MARK,
    )


def test_an_update_changes_everything_but_the_id(world: World) -> None:
    before = world.seed("CNAME", "cluster1", "old.example.net", ttl=300, comment=f"{OWNER} something else")
    world.provider.apply(ZONE_ID, [update(before, OTHER_TARGET, ttl=90)])
    after = one(world, "cluster1")
    assert after == replace(before, content=OTHER_TARGET, ttl=90, comment=MARK, edited=after.edited)
    assert listed(world, "cluster1") == {after}


def test_an_update_takes_the_proxy_away(world: World) -> None:
    before = world.seed("CNAME", "cluster1", TARGET, proxied=True, comment=MARK)
    world.provider.apply(ZONE_ID, [update(before, TARGET)])
    after = one(world, "cluster1")
    assert after == replace(before, proxied=False, ttl=60, edited=after.edited)


def test_a_deleted_record_is_gone(world: World) -> None:
    record = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
    world.provider.apply(ZONE_ID, [delete(record)])
    assert world.kept() == []
    assert listed(world, "cluster1") == set()


def test_what_carries_our_mark_is_listed_whether_its_name_was_asked_for_or_not(world: World) -> None:
    record = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
    assert listed(world) == {record}


@pytest.mark.parametrize(
    "record_type, content",
    [
        ("A", "192.0.2.7"),
        ("TXT", "hello"),
        ("MX", "mail.example.net"),
        ("CAA", '0 issue "letsencrypt.org"'),
        ("NS", "ns1.example.net"),
    ],
)
def test_a_foreign_record_of_any_type_at_a_name_is_listed(world: World, record_type: str, content: str) -> None:
    record = world.seed(record_type, "cluster1", content)
    assert listed(world, "cluster1", "cluster2") == {record}


def test_a_wildcard_and_what_is_below_a_name_are_not_at_it(world: World) -> None:
    world.seed("CNAME", "*", "web.example.net")
    world.seed("TXT", "_acme-challenge.cluster1", "x")
    assert not [record for record in listed(world, "cluster1") if record.name == f"cluster1.{ZONE}"]


def test_all_foreign_records_at_a_name_are_listed(world: World) -> None:
    records = {world.seed("A", "cluster1", f"192.0.2.{number}") for number in range(1, 6)}
    assert listed(world, "cluster1") == records


def test_names_and_contents_come_in_lower_case_without_a_trailing_dot(
    world: World, request: pytest.FixtureRequest
) -> None:
    world.seed("CNAME", "Cluster1", "LB.Example.NET.", comment=MARK)
    (record,) = listed(world, "cluster1")
    assert (record.name, record.content) == (f"cluster1.{ZONE}", "lb.example.net")


def test_when_a_record_was_last_changed_is_told(world: World) -> None:
    before = time.time()
    world.provider.apply(ZONE_ID, [create("cluster1")])
    created = one(world, "cluster1")
    time.sleep(0.01)
    world.provider.apply(ZONE_ID, [update(created, OTHER_TARGET)])
    (updated,) = listed(world, "cluster1")
    assert created.edited is not None and updated.edited is not None
    assert created.made == updated.made == pytest.approx(created.edited, abs=0.01)
    assert before - 0.01 <= created.edited < updated.edited <= time.time() + 0.01


class TestDelegation:
    """NS records above a name are listed; those at the zone's apex delegate nothing and are not."""

    @pytest.mark.parametrize(
        "holder, label",
        [("eu", "cluster1.eu"), ("eu", "cluster1.a.b.eu"), ("b.eu", "cluster1.a.b.eu"), ("cluster1", "cluster1")],
        ids=["just above", "far above", "in between", "at the name itself"],
    )
    @pytest.mark.parametrize("beside", [True, False], ids=["beside other records", "alone in the zone"])
    def test_an_ns_record_at_or_above_a_name_is_listed(
        self, world: World, holder: str, label: str, beside: bool
    ) -> None:
        if beside:
            world.seed("A", "www", "192.0.2.7")
        delegation = world.seed("NS", holder, "ns1.example.net")
        assert delegation in listed(world, label)

    @pytest.mark.parametrize("beside", [True, False], ids=["beside other records", "alone in the zone"])
    def test_one_at_the_apex_is_not(self, world: World, beside: bool) -> None:
        if beside:
            world.seed("A", "www", "192.0.2.7")
        world.seed("NS", "@", "ns1.example.net")
        world.seed("NS", "@", "ns2.example.net")
        assert not [record for record in listed(world, "cluster1", "cluster1.eu") if record.type == "NS"]

    def test_one_at_the_apex_does_not_hide_one_below(self, world: World) -> None:
        world.seed("NS", "@", "ns1.example.net")
        delegation = world.seed("NS", "eu", "ns1.example.net")
        assert [record for record in listed(world, "cluster1.eu") if record.type == "NS"] == [delegation]

    def test_a_record_below_one_is_taken_all_the_same(self, world: World) -> None:
        world.seed("NS", "eu", "ns1.example.net")
        world.provider.apply(ZONE_ID, [create("cluster1.eu")])
        assert one(world, "cluster1.eu").comment == MARK


def test_each_zone_is_in_the_answer_with_its_records_or_its_error(world: World) -> None:
    there = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
    answers = world.provider.read({UNKNOWN_ZONE_ID: [], ZONE_ID: [there.name]}, NO_DEADLINE)
    assert answers.keys() == {UNKNOWN_ZONE_ID, ZONE_ID}
    read = answers[ZONE_ID]
    assert not isinstance(read, Retryable)
    assert there in read


def test_nothing_is_read_after_the_deadline(world: World) -> None:
    world.seed("CNAME", "cluster1", TARGET, comment=MARK)
    answers = world.provider.read({ZONE_ID: []}, time.time() - 1)
    assert isinstance(answers[ZONE_ID], OutOfTime)


def test_zones_are_told_apart_by_their_token(world: World) -> None:
    assert world.provider.token_name(ZONE_ID) == world.provider.token_name(UNKNOWN_ZONE_ID)


def test_a_batch_deletes_before_it_creates(world: World) -> None:
    old = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
    world.provider.apply(ZONE_ID, [create("cluster1", OTHER_TARGET), delete(old)])
    assert one(world, "cluster1").content == OTHER_TARGET


def test_a_full_batch_is_written_at_once(world: World) -> None:
    labels = [f"cluster{number}" for number in range(world.provider.transaction_size)]
    world.set_quota(1000)
    world.provider.apply(ZONE_ID, [create(label) for label in labels])
    assert {record.name for record in listed(world, *labels)} == {f"{label}.{ZONE}" for label in labels}


def test_more_than_a_full_batch_is_a_mistake_of_the_caller(world: World) -> None:
    changes = [create(f"cluster{number}") for number in range(world.provider.transaction_size + 1)]
    with pytest.raises((ValueError, AssertionError)):
        world.provider.apply(ZONE_ID, changes)


class TestRefused:
    """All or nothing: one item that is refused, and nothing is written."""

    @pytest.mark.parametrize("record_type, content", [("A", "192.0.2.7"), ("CNAME", "a.example.net")])
    def test_a_create_beside_a_record_that_stands_alone(self, world: World, record_type: str, content: str) -> None:
        there = world.seed(record_type, "cluster2", content)
        with pytest.raises(TransactionRejected):
            world.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
        assert world.kept() == [there]

    def test_an_identical_create(self, world: World) -> None:
        world.provider.apply(ZONE_ID, [create("cluster1")])
        with pytest.raises(TransactionRejected):
            world.provider.apply(ZONE_ID, [create("cluster1")])

    def test_an_update_of_a_record_that_is_gone(self, world: World) -> None:
        gone = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
        world.remove(gone)
        with pytest.raises(TransactionRejected):
            world.provider.apply(ZONE_ID, [update(gone, OTHER_TARGET), create("cluster2")])
        assert world.kept() == []

    def test_a_delete_of_a_record_that_is_gone_among_others(self, world: World) -> None:
        gone = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
        there = world.seed("CNAME", "cluster2", TARGET, comment=MARK)
        world.remove(gone)
        with pytest.raises(TransactionRejected):
            world.provider.apply(ZONE_ID, [delete(there), delete(gone)])
        assert world.kept() == [there]

    def test_a_delete_of_a_record_that_is_gone_alone_is_success(self, world: World) -> None:
        gone = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
        world.remove(gone)
        world.provider.apply(ZONE_ID, [delete(gone)])

    def test_one_bad_item_in_a_full_batch(self, world: World) -> None:
        world.refuse_name("cluster77")
        with pytest.raises(TransactionRejected):
            world.provider.apply(ZONE_ID, [create(f"cluster{number}") for number in range(200)])
        assert world.kept() == []

    def test_a_create_in_a_full_zone(self, world: World) -> None:
        world.set_quota(1)
        with pytest.raises(QuotaReached):
            world.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
        assert world.kept() == []

    def test_but_a_full_zone_takes_updates_and_deletes(self, world: World) -> None:
        first = world.seed("CNAME", "cluster1", TARGET, comment=MARK)
        second = world.seed("CNAME", "cluster2", TARGET, comment=MARK)
        world.set_quota(2)
        world.provider.apply(ZONE_ID, [update(first, OTHER_TARGET), delete(second), create("cluster3")])
        assert [record.name for record in world.kept()] == [f"cluster1.{ZONE}", f"cluster3.{ZONE}"]


class TestFaults:
    def test_a_rate_limit_says_how_long_to_wait(self, world: World) -> None:
        world.limit_rate(17)
        with pytest.raises(RateLimited) as caught:
            world.provider.apply(ZONE_ID, [create("cluster1")])
        assert caught.value.after == 17
        assert world.kept() == []

    def test_a_rate_limit_while_reading(self, world: World) -> None:
        world.limit_rate(17)
        with pytest.raises(RateLimited) as caught:
            records(world.provider)
        assert caught.value.after == 17

    @pytest.mark.parametrize("after_commit", [False, True], ids=["before the commit", "after the commit"])
    def test_a_lost_answer_leaves_it_open_what_was_written(self, world: World, after_commit: bool) -> None:
        world.lose_answer(after_commit=after_commit)
        with pytest.raises(Unavailable):
            world.provider.apply(ZONE_ID, [create("cluster1"), create("cluster2")])
        assert len(world.kept()) == (2 if after_commit else 0)
        assert len(listed(world, "cluster1", "cluster2")) == len(world.kept())

    def test_without_permission_nothing_is_read(self, world: World) -> None:
        world.deny()
        with pytest.raises(Denied):
            records(world.provider)

    def test_without_permission_nothing_is_written(self, world: World) -> None:
        world.deny()
        with pytest.raises(Denied):
            world.provider.apply(ZONE_ID, [create("cluster1")])
        assert world.kept() == []
