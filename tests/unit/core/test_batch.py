"""Which messages of a batch come back: no message is acknowledged whose work was not done."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh_dns.core.batch import Batch, coming_back
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Sweep
from mesh_dns.errors import MeshDnsError, NotYet, Retryable

KEYS = ("a", "b", "c", "d", "e")
keys = st.sampled_from(KEYS)
some = st.frozensets(keys)
failures = st.dictionaries(keys, st.builds(Retryable, st.text(min_size=1, max_size=3)))


@given(some, some, failures)
def test_acknowledged_is_exactly_what_is_done_and_failed_in_nothing(
    received: frozenset[str], done: frozenset[str], failed: dict[str, Retryable]
) -> None:
    back = coming_back(received, done, failed)
    assert received - back.keys() == (received & done) - failed.keys()
    assert all(back[key] is failed[key] for key in back.keys() & failed.keys())


@given(some, some, some, failures, failures)
def test_more_failures_and_fewer_done_never_acknowledge_more(
    received: frozenset[str],
    done: frozenset[str],
    undone: frozenset[str],
    failed: dict[str, Retryable],
    more: dict[str, Retryable],
) -> None:
    before = coming_back(received, done, failed)
    after = coming_back(received, done - undone, failed | more)
    assert before.keys() <= after.keys()


def test_a_message_of_which_nothing_was_said_comes_back() -> None:
    (error,) = coming_back(["a"], (), {}).values()
    assert isinstance(error, Retryable)
    assert str(error) == "nothing was said of it"


# What is said of messages, one after the other: a failure of some, or that some are done.
sayings = st.lists(st.one_of(failures, some), max_size=8)


@given(sayings)
def test_what_failed_once_comes_back_with_its_first_reason_whatever_is_said_later(
    said: Sequence[dict[str, MeshDnsError] | frozenset[str]],
) -> None:
    batch = Batch({key: {} for key in KEYS})
    first: dict[str, MeshDnsError] = {}
    done: set[str] = set()
    for each in said:
        if isinstance(each, frozenset):
            batch.finish(each)
            done |= each
        else:
            batch.fail(each)
            first = each | first
    back = batch.coming_back()
    assert {key: back[key] for key in first} == first
    assert back.keys() == first.keys() | (set(KEYS) - done)


@pytest.mark.parametrize(
    ("receives", "returned"),
    [("1", False), ("5", False), ("6", True), ("", False)],
    ids=["once", "as often as AWS is late", "more often", "SQS does not say"],
)
def test_which_messages_came_back_several_times(receives: str, returned: bool) -> None:
    received = {"a": {"attributes": {"ApproximateReceiveCount": receives}}}
    batch = Batch(received, {"a": Sweep(Scope("111122223333", "eu-west-1"))})
    assert batch.returned() == ({"a"} if returned else set())


@pytest.mark.parametrize(
    ("error", "receives", "delay"),
    [
        (Retryable("no"), 1, 10),
        (Retryable("no"), 3, 40),
        (Retryable("no"), 40, 900),
        (Retryable("no", after=300), 1, 300),
        (Retryable("no", after=1), 3, 40),
        (Retryable("no", after=9_999_999), 1, 900),
        (NotYet("late", after=20), 19, 20),
    ],
    ids=[
        "its own back-off",
        "doubled at each receive",
        "a quarter of an hour at most",
        "as long as it was asked to",
        "its own back-off where that is longer",
        "a quarter of an hour at most, whoever asked",
        "AWS is late: as long as that takes, however often it was received",
    ],
)
def test_how_long_a_message_stays_away(error: MeshDnsError, receives: int, delay: int) -> None:
    batch = Batch({"a": {"attributes": {"ApproximateReceiveCount": str(receives)}}})
    assert batch.delay("a", error) == delay
