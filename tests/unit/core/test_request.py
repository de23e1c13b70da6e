"""No message is acknowledged whose work was not done, and none comes back for the work of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh_dns.core.decision import Decision, Need, Reason
from mesh_dns.core.report import Report, Result, Written
from mesh_dns.core.request import Request
from mesh_dns.core.rules import Policy
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.snapshot import Snapshot, UnreadZone
from mesh_dns.core.values import Action, Cause, Change, LoadBalancerId, Unreadable
from mesh_dns.core.work import MOST_HOPS, Check, Event, EventKind, SecondLook, Stage, Sweep, Work
from mesh_dns.errors import NotYet, OutOfTime, Retryable
from tests.doubles.inventory import make
from tests.unit.core.request_world import IDS, NAMES, SCOPES, World, report_of, result_of, worlds, zone_of
from tests.unit.core.scene import AWAY, FAR, HUB, NAME, NOW, RULES

often = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
names, ids = st.sampled_from(NAMES), st.sampled_from(IDS)
ERROR = Retryable("502")


def failing(world: World, result: Result) -> set[str]:
    return set(world.request.failures(result))


def decides(result: Result, name: str, **different: Any) -> Decision:
    """A decision about a name, whoever it is about."""
    return replace(Decision(name, Reason.CREATE, IDS[0]), **different)


def with_plan(result: Result, **different: Any) -> Result:
    return replace(result, plan=replace(result.plan, **different))


def seeing(result: Result, **different: Any) -> Result:
    return replace(result, snapshot=replace(result.snapshot, **different))


def unseen(result: Result, lb: LoadBalancerId, cause: Cause) -> Mapping[LoadBalancerId, Any]:
    return {**result.snapshot.sightings, lb: Unreadable("?", cause=cause)}


def looks_at(world: World, lb: LoadBalancerId) -> set[str]:
    """The messages that want this one looked at, sweeps and our own checks excepted."""
    found = set()
    for key, work in world.messages.items():
        if isinstance(work, Check):
            wants = work.event is not None and lb in work.load_balancers
        elif isinstance(work, SecondLook):
            wants = lb == work.load_balancer or (work.stage is Stage.HEIR and lb == work.heir)
        else:
            wants = False
        found |= {key} if wants else set()
    return found


@often
@given(world=worlds())
def test_when_everything_was_done_no_message_comes_back(world: World) -> None:
    assert failing(world, world.result()) == set()


@often
@given(world=worlds(), name=names)
def test_a_write_that_failed_brings_back_whom_its_name_concerns(world: World, name: str) -> None:
    result = world.result()
    decision = decides(result, name, change=Change(Action.CREATE, zone_of(name), name, IDS[0]))
    assert failing(world, replace(result, report=report_of(decision, ERROR))) == world.concerned_by(name)
    assert failing(world, replace(result, report=report_of(decision))) == set()


@often
@given(world=worlds(), name=names)
def test_a_write_of_which_nothing_came_brings_back_whom_its_name_concerns(world: World, name: str) -> None:
    result = world.result(Report(due=frozenset({name})))
    assert failing(world, result) == world.concerned_by(name)


@often
@given(world=worlds(), name=names)
def test_a_name_that_could_not_be_decided_brings_back_whom_it_concerns(world: World, name: str) -> None:
    need = Need(name, list_scopes=frozenset({HUB}))
    assert failing(world, with_plan(world.result(), needs=(need,))) == world.concerned_by(name)


@often
@given(world=worlds(), name=names)
def test_a_decision_to_retry_brings_back_whom_it_concerns_except_sweeps(world: World, name: str) -> None:
    result = world.result()
    decisions = (*result.plan.decisions, decides(result, name, retry=True))
    sweeps = {key for key, work in world.messages.items() if isinstance(work, Sweep)}
    assert failing(world, with_plan(result, decisions=decisions)) == world.concerned_by(name) - sweeps


@often
@given(world=worlds(), lb=ids, cause=st.sampled_from(Cause))
def test_a_look_that_failed_brings_back_who_asked_for_it(world: World, lb: LoadBalancerId, cause: Cause) -> None:
    result = world.result()
    assert failing(world, seeing(result, sightings=unseen(result, lb, cause))) == looks_at(world, lb)


@often
@given(world=worlds(), lb=ids, cause=st.sampled_from(Cause))
def test_in_an_overdue_scope_a_look_that_was_not_answered_is_waited_for_no_more(
    world: World, lb: LoadBalancerId, cause: Cause
) -> None:
    result = world.result()
    scopes = KnownScopes(frozenset(SCOPES), frozenset({lb.scope}))
    overdue = seeing(result, sightings=unseen(result, lb, cause), scopes=scopes)
    assert failing(world, overdue) == (set() if cause is Cause.UNANSWERED else looks_at(world, lb))


@often
@given(world=worlds(), zone_id=st.sampled_from(list(map(zone_of, NAMES))))
def test_a_zone_that_was_not_read_brings_back_what_may_have_freed_a_name_in_it(world: World, zone_id: str) -> None:
    result = world.result()
    zones = {key: records for key, records in result.snapshot.zones.items() if key != zone_id}
    its_own = {k for k, work in world.messages.items() if isinstance(work, SecondLook) and work.zone_id == zone_id}
    unread = seeing(result, zones=zones, unread_zones={zone_id: UnreadZone(ERROR)})
    assert failing(world, unread) == world.may_free() | its_own
    given_up = seeing(result, zones=zones, unread_zones={zone_id: UnreadZone(ERROR, given_up=True)})
    assert failing(world, given_up) == set()


@often
@given(world=worlds(), name=names, policy=st.sampled_from(Policy), heir=st.booleans())
def test_a_second_look_that_was_not_sent_brings_back_whom_it_concerns(
    world: World, name: str, policy: Policy, heir: bool
) -> None:
    result = seeing(world.result(), rules=replace(world.snapshot().rules, policy=policy))
    look = SecondLook(IDS[0], name, zone_of(name), name, NOW, heir=IDS[1] if heir else None)
    result = with_plan(result, decisions=(decides(result, name, look_again=look),))
    held = policy is Policy.CREATE_ONLY or (policy is Policy.UPSERT_ONLY and not heir)
    unsent = replace(result, report=Report(unsent=ERROR))
    assert failing(world, unsent) == (set() if held else world.concerned_by(name))
    assert failing(world, result) == set()


@often
@given(world=worlds(), lb=ids)
def test_a_check_that_was_not_sent_brings_back_the_sweep_that_it_was_left_by(world: World, lb: LoadBalancerId) -> None:
    result = replace(world.result(), report=Report(unsent=ERROR))
    result = seeing(with_plan(result, decisions=()), sightings=unseen(result, lb, Cause.OUT_OF_TIME))
    left = {
        key
        for key, work in world.messages.items()
        if (isinstance(work, Sweep) and (work.scope == lb.scope or work.scope in world.challengers_of(lb)))
        or (isinstance(work, Check) and work.event is None and lb in work.load_balancers)
    }
    assert failing(world, result) == left | looks_at(world, lb)
    assert {each.load_balancers for each in world.request.unasked(result.snapshot)} == (
        {frozenset({lb})} if left else set()
    )


@pytest.mark.parametrize("missing", [True, False], ids=["not begun", "denied"])
@often
@given(world=worlds(), scope=st.sampled_from(SCOPES))
def test_a_scope_whose_tags_were_not_read_brings_back_its_sweeps(world: World, scope: Any, missing: bool) -> None:
    result = world.result()
    tagged = dict(result.snapshot.tagged) | {scope: Unreadable("AccessDenied")}
    if missing:
        del tagged[scope]
    sweeps = {key for key, work in world.messages.items() if work == Sweep(scope)}
    unread = seeing(result, tagged=tagged)
    assert failing(world, unread) == sweeps
    kind = OutOfTime if missing else Retryable
    assert {type(error) for error in world.request.failures(unread).values()} <= {kind}


@often
@given(world=worlds(), data=st.data())
def test_faults_together_bring_back_all_that_each_of_them_does(world: World, data: st.DataObject) -> None:
    result = world.result()
    one, two, lb = data.draw(names), data.draw(names), data.draw(ids)
    change = Change(Action.UPDATE, zone_of(one), one, IDS[0], "r")
    report = report_of(decides(result, one, change=change), ERROR)
    result = with_plan(replace(result, report=report), needs=(Need(two, list_zones=frozenset({zone_of(two)})),))
    result = seeing(result, sightings=unseen(result, lb, Cause.ERROR))
    assert failing(world, result) == world.concerned_by(one) | world.concerned_by(two) | looks_at(world, lb)


# Which reason counts


LB = make(1, NAME).id
LATE = Request({"m": Check(HUB, frozenset({LB}), Event(EventKind.CREATED, NOW, NAME))})


def snapshot(**different: Any) -> Snapshot:
    return replace(Snapshot(NOW, RULES, KnownScopes(frozenset({HUB}))), **different)


def concerned(*failures: Retryable) -> Result:
    """A batch in which these writes failed, all of the message's."""
    written = {
        (f"{number}.{NAME}", LB, ""): Written(Decision(f"{number}.{NAME}", Reason.CREATE, LB), failure)
        for number, failure in enumerate(failures)
    }
    concerns = {hostname: frozenset({LB}) for hostname, *_ in written}
    result = result_of(snapshot(sightings={LB: make(LB)}), report=Report(written))
    return with_plan(result, concerns=concerns)


def test_a_failure_counts_more_than_aws_being_late() -> None:
    assert isinstance(LATE.failures(concerned())["m"], NotYet)
    assert LATE.failures(concerned(ERROR)) == {"m": ERROR}


def test_of_several_failures_the_one_that_asks_for_the_longest_pause_counts() -> None:
    short, long = Retryable("429", after=1), Retryable("429", after=300)
    assert LATE.failures(concerned(short, ERROR, long))["m"] is long
    assert LATE.failures(concerned(ERROR, short))["m"] is short


@pytest.mark.parametrize(
    ("cause", "kind"), [(Cause.OUT_OF_TIME, OutOfTime), (Cause.UNANSWERED, Retryable), (Cause.ERROR, Retryable)]
)
def test_a_look_without_an_answer_says_why_and_how_long_to_wait(cause: Cause, kind: type[Retryable]) -> None:
    seen = Unreadable("Throttling", after=7, cause=cause)
    error = LATE.failures(result_of(snapshot(sightings={LB: seen})))["m"]
    assert (type(error), error.after) == (kind, 7)
    assert str(error) == f"{LB}: Throttling"


def test_a_need_of_a_zone_fails_with_the_words_of_the_zone() -> None:
    denied = UnreadZone(Retryable("the token lacks ...", after=60))
    result = result_of(snapshot(sightings={LB: make(LB)}, unread_zones={"y": UnreadZone(ERROR), "z": denied}))
    result = with_plan(result, needs=(Need(NAME, list_zones=frozenset({"z"})),), concerns={NAME: frozenset({LB})})
    assert LATE.failures(result) == {"m": denied.error}


def test_an_heir_whose_scope_was_forgotten_meanwhile_fails_no_second_look() -> None:
    heir = make(9).id
    forgotten = replace(heir, account=FAR.account)
    look = SecondLook(LB, NAME, "z", "r", NOW, Stage.HEIR, heir=forgotten)
    seen = {LB: make(LB), forgotten: Unreadable("its scope is not known")}
    assert Request({"m": look}).failures(result_of(snapshot(sightings=seen))) == {}


def test_an_heir_that_cannot_be_read_fails_no_second_look_but_the_one_that_waits_for_it() -> None:
    heir = make(9).id
    seen = {LB: make(LB), heir: Unreadable("denied")}
    for stage in Stage:
        request = Request({"m": SecondLook(LB, NAME, "z", "r", NOW, stage, heir=heir)})
        assert bool(request.failures(result_of(snapshot(sightings=seen)))) is (stage is Stage.HEIR), stage


# What is read and asked


@pytest.mark.parametrize(
    ("work", "named"),
    [
        (Check(HUB, frozenset(IDS[:2])), set(IDS[:2])),
        (SecondLook(IDS[0], NAME, "z", "r", NOW), {IDS[0]}),
        (SecondLook(IDS[0], NAME, "z", "r", NOW, heir=IDS[1]), {IDS[0], IDS[1]}),
        (SecondLook(IDS[0], NAME, "z", "r", NOW, Stage.HEIR, heir=IDS[1]), {IDS[0], IDS[1]}),
        (SecondLook(IDS[0], NAME, "z", "r", NOW, Stage.HEIR), {IDS[0]}),
        (Sweep(HUB), set()),
    ],
    ids=[
        "a check",
        "a second look",
        "a second look with an heir",
        "a look at an heir",
        "a look at nobody's heir",
        "a sweep",
    ],
)
def test_whom_a_message_wants_looked_at(work: Any, named: set[LoadBalancerId]) -> None:
    assert Request({"m": work}).load_balancers() == named


def test_an_override_goes_to_the_scope_or_to_the_load_balancers_that_it_came_with() -> None:
    messages: dict[str, Work] = {
        "1": Sweep(HUB, override_guard=True),
        "2": Sweep(AWAY),
        "3": Check(AWAY, frozenset({IDS[1]}), override_guard=True),
        "4": Check(AWAY, frozenset({IDS[3]})),
        "5": SecondLook(IDS[5], NAME, "z", "r", NOW, override_guard=True),
    }
    assert Request(messages).question(snapshot(tagged={HUB: {}, AWAY: {}})).override == {HUB, IDS[1]}


def test_a_sweep_whose_tags_could_not_be_read_asks_nothing() -> None:
    request = Request({"1": Sweep(HUB), "2": Sweep(AWAY)})
    assert request.question(snapshot(tagged={HUB: Unreadable("?"), AWAY: {}})).swept == {AWAY}


@pytest.mark.parametrize(
    ("work", "sent"),
    [
        (Sweep(HUB), Check(HUB, frozenset({LB}))),
        (Sweep(HUB, override_guard=True), Check(HUB, frozenset({LB}), None, True)),
        (Check(HUB, frozenset({LB, make(2).id})), Check(HUB, frozenset({LB}), None, False, 1)),
        (Check(HUB, frozenset({LB}), None, True, 7), Check(HUB, frozenset({LB}), None, True, 8)),
        (Check(HUB, frozenset({LB}), None, False, MOST_HOPS), Check(HUB, frozenset({LB}), None, False, MOST_HOPS + 1)),
        (Check(HUB, frozenset({LB}), Event(EventKind.DELETED, NOW)), None),
        (Check(HUB, frozenset({make(2).id})), None),
        (Sweep(AWAY), None),
        (SecondLook(LB, NAME, "z", "r", NOW), None),
    ],
    ids=[
        "of a sweep", "of an overridden sweep", "of a check of our own", "with its override and hops",
        "even at the limit, so that it can be dropped aloud", "of an event: its message comes back",
        "of a check of somebody else", "of a sweep of another scope", "of a second look: its message comes back",
    ],
)  # fmt: skip
def test_whom_there_was_no_time_to_ask_travels_in_a_check(work: Any, sent: Check | None) -> None:
    late = snapshot(sightings={LB: Unreadable("?", cause=Cause.OUT_OF_TIME), make(3).id: Unreadable("denied")})
    assert list(Request({"m": work}).unasked(late)) == ([] if sent is None else [sent])
