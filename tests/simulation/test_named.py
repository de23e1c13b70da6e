"""Histories that broke earlier versions of the rules, told one by one. Each write in them is judged by the laws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from mesh_dns.converge import Converge
from mesh_dns.core.rules import Rules
from mesh_dns.core.values import LoadBalancer, LoadBalancerId, Record, Scope
from mesh_dns.core.work import Check, Sweep
from mesh_dns.errors import Retryable
from mesh_dns.ports import KnownScopes
from tests.doubles.inventory import InMemoryInventory, make, make_id
from tests.doubles.others import InMemoryOutbox, Told, VirtualClock
from tests.doubles.provider import ZONE, InMemoryProvider
from tests.simulation.simulator import SCOPE, Simulation
from tests.simulation.steps import Allow, Create, Delete, DeleteAll, Disturb, Outsider, Retag, Step, Wait

# Load balancers go by their numbers.
X, Y, Z, R = 1, 2, 3, 4
# Scopes: B is another region of A's country and another account, C another account again.
A, B, C = 0, 1, 2
NAME = 0
SOON = (2.0,)
MONTHS = Wait(100 * 24 * 3600)
GRACE = 600


@dataclass
class Inventory(InMemoryInventory):
    """AWS, where listing all of a scope can be denied while looking at one load balancer works."""

    unlistable: set[Scope] = field(default_factory=set)

    def listing(self, scope: Scope) -> Mapping[LoadBalancerId, LoadBalancer]:
        if scope in self.unlistable:
            self.failed_listings.append(scope)
            raise Retryable(f"listing in {scope}: AccessDenied")
        return super().listing(scope)


class Story(Simulation):
    """A simulation that is told rather than drawn. Its sweeps are lost, so that events alone must do, until the end."""

    def __init__(self, *steps: Step) -> None:
        self.aws = Inventory(scopes=set(SCOPE))
        super().__init__(inventory=self.aws)
        self.lost_sweeps.update(dict.fromkeys(range(len(SCOPE)), 1_000_000))
        self.then(*steps)

    def then(self, *steps: Step) -> None:
        """What happens next."""
        for step in steps:
            self.take(step)

    def never_empty_for(self, seconds: int) -> None:
        """Time passes, and somebody looks at the name every few seconds."""
        for _ in range(0, seconds, 5):
            self.take(Wait(5))
            assert self.record() is not None, "the name was empty"

    def sweep(self, scope: int, *, override: bool = False) -> None:
        """Somebody sweeps a scope by hand; such a sweep is not lost."""
        self._deliver([(1, Sweep(SCOPE[scope], override_guard=override))])

    def record(self, name: int = NAME) -> Record | None:
        """The CNAME at a name."""
        found = [record for record in self.provider.at(f"c{name}.mesh.example.com") if record.type == "CNAME"]
        return found[0] if found else None

    def holder(self, name: int = NAME) -> int | None:
        """The number of the load balancer that has a name."""
        record = self.record(name)
        return None if record is None else int(record.comment.rpartition("/")[2], 16)

    def reasons(self) -> set[str]:
        """The reasons told since the last time, forgotten now."""
        reasons = set(self.told.reasons())
        self.told.decisions.clear()
        return reasons

    def before_the_next_write(self, happens: Callable[[], None]) -> None:
        """Something happens between our last list and our write."""
        usual = self.provider.before

        def before(call: str) -> None:
            if call == "apply":
                self.provider.before = usual
                happens()
            usual(call)

        self.provider.before = before


def test_1_a_refused_claimant_inherits_by_the_second_look_and_the_name_is_never_empty() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, B, (NAME,), SOON), Wait(10))
    assert story.holder() == X
    assert "claimed-by" in story.reasons()
    before = story.record()
    story.then(MONTHS, Delete(X, SOON))
    story.never_empty_for(GRACE - 5)
    assert story.holder() == X
    story.never_empty_for(20)
    assert story.holder() == Y
    after = story.record()
    assert before is not None
    assert after is not None
    assert after.id == before.id
    story.settle()
    assert story.holder() == Y


def test_2_a_replacement_gets_the_name_although_a_stale_claimant_has_waited_for_months() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Z, A, (NAME,), SOON), MONTHS)
    story.then(Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(10)
    assert story.holder() == R
    story.never_empty_for(2 * GRACE)
    assert story.holder() == R
    story.settle()
    assert story.holder() == R


def test_2_even_when_the_delete_is_told_after_the_create() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Z, B, (NAME,), SOON), MONTHS)
    story.then(Delete(X, (60.0,)), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(2 * GRACE)
    assert story.holder() == R
    story.settle()
    assert story.holder() == R


def test_3_a_tag_that_moves_in_one_batch_moves_the_name_in_seconds() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Create(Y, A, (7,), SOON), MONTHS)
    story.then(Retag(X, (), SOON), Retag(Y, (NAME,), SOON))
    story.never_empty_for(5)
    assert story.holder() == Y
    story.settle()


def _thirty(*, in_scope: int) -> Story:
    story = Story(*(Create(number, in_scope, (number,), SOON) for number in range(1, 31)), Wait(60))
    assert len(story.provider.records_by_id) == 30
    story.reasons()
    return story


def test_4_a_real_teardown_is_stopped_told_overridden_and_done_a_grace_later() -> None:
    story = _thirty(in_scope=A)
    story.then(DeleteAll(A, SOON), Wait(3 * GRACE))
    story.sweep(A)
    assert story.reasons() == {"mass-delete-guard"}
    assert len(story.provider.records_by_id) == 30
    story.sweep(A, override=True)
    assert story.reasons() == {"look-again"}
    story.then(Wait(GRACE - 5))
    assert len(story.provider.records_by_id) == 30
    story.then(Wait(10))
    assert story.provider.records_by_id == {}
    story.settle()


def test_5_thirty_of_thirty_untagged_is_stopped() -> None:
    story = _thirty(in_scope=B)
    story.then(*(Retag(number, (), SOON) for number in range(1, 31)), Wait(3 * GRACE))
    story.sweep(B)
    story.then(Wait(3 * GRACE))
    assert story.reasons() == {"mass-delete-guard"}
    assert len(story.provider.records_by_id) == 30


def test_5_twenty_scopes_of_five_gone_at_once_are_stopped() -> None:
    scopes = [Scope(f"{number:012}", "eu-west-1") for number in range(20)]
    rules = Rules("mesh-dns/1", {"mesh.example.com": ZONE}, {scope.account: ("*",) for scope in scopes})
    inventory, provider, outbox, told, clock = (
        InMemoryInventory(scopes=set(scopes)),
        InMemoryProvider(),
        InMemoryOutbox(),
        Told(),
        VirtualClock(),
    )
    converge = Converge(inventory, provider, outbox, told, rules, clock)
    known = KnownScopes(frozenset(scopes), frozenset())
    checks: dict[str, Check] = {}
    for number in range(100):
        lb = make(make_id(number, scopes[number // 5]), f"c{number}.mesh.example.com")
        inventory.put(lb)
        checks[str(number)] = Check(lb.id.scope, frozenset({lb.id}))
    converge(checks, known, clock() + 100)
    assert len(provider.records_by_id) == 100
    told.decisions.clear()
    inventory.load_balancers.clear()
    for key, check in checks.items():
        converge({key: check}, known, clock() + 100)
    assert set(told.reasons()) == {"mass-delete-guard"}
    clock.now += GRACE
    converge({str(number): look for number, look in enumerate(outbox.second_looks)}, known, clock() + 100)
    assert len(provider.records_by_id) == 100


def test_6_tightening_a_policy_moves_nothing_and_loosening_it_moves_nothing_either() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, C, (NAME,), SOON), Wait(10))
    written = len(story.provider.written)
    before = story.record()
    story.reasons()
    story.then(Allow(A, "none"))
    for scope in (A, C):
        story.sweep(scope)
        story.then(Wait(2 * GRACE))
    assert story.record() == before
    assert story.reasons() == {"kept-not-allowed", "claimed-by"}
    story.then(Allow(A, "all"))
    for scope in (A, C):
        story.sweep(scope)
        story.then(Wait(2 * GRACE))
    assert story.record() == before
    assert story.reasons() == {"in-sync", "claimed-by"}
    assert len(story.provider.written) == written
    story.settle()


def test_7_a_text_record_beside_ours_does_not_stop_a_replacement() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10))
    before = story.record()
    story.then(Outsider("add-txt", NAME), Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON))
    story.never_empty_for(10)
    after = story.record()
    assert before is not None
    assert after is not None
    assert (story.holder(), after.id) == (R, before.id)
    assert {record.type for record in story.provider.at(after.name)} == {"CNAME", "TXT"}
    story.settle()


@pytest.mark.parametrize("freed_by", [Delete(X, SOON), Retag(X, (), SOON)], ids=["deleted", "untagged"])
def test_8_while_its_own_scope_cannot_be_listed_a_name_is_neither_deleted_nor_handed_over(freed_by: Step) -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Create(Y, B, (NAME,), SOON), MONTHS)
    written = len(story.provider.written)
    story.aws.unlistable.add(SCOPE[A])
    story.then(freed_by)
    story.never_empty_for(5 * 900)
    assert (story.holder(), len(story.provider.written)) == (X, written)
    assert "scope-unlistable" in story.reasons()
    story.aws.unlistable.clear()
    story.never_empty_for(2 * GRACE + 900)
    assert story.holder() == Y
    story.settle()


@pytest.mark.parametrize("off_for", [1, 60, 590], ids=lambda seconds: f"for {seconds} s")
def test_9_a_tag_that_flaps_off_and_on_changes_nothing(off_for: int) -> None:
    story = Story(Create(X, A, (NAME,), SOON), MONTHS)
    written, before = len(story.provider.written), story.record()
    story.then(Retag(X, (), (0.0,)), Wait(off_for), Retag(X, (NAME,), (0.0,)))
    story.never_empty_for(3 * GRACE)
    assert "look-again" in story.reasons()
    assert (len(story.provider.written), story.record()) == (written, before)
    story.settle()


@pytest.mark.parametrize("what", ["delete", "edit"])
def test_10_what_somebody_does_to_our_record_between_our_list_and_our_write_is_healed(what: str) -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10))
    story.before_the_next_write(lambda: story.take(Outsider(what, NAME)))
    story.then(Delete(X, SOON), Wait(20), Create(R, A, (NAME,), SOON), Wait(60))
    assert story.holder() == R
    assert len(story.provider.at("c0.mesh.example.com")) == 1
    story.settle()


def test_10_a_record_that_somebody_puts_there_before_our_create_stays_theirs() -> None:
    story = Story()
    story.before_the_next_write(lambda: story.take(Outsider("add-cname", NAME)))
    story.then(Create(X, A, (NAME,), SOON), Wait(1000))
    (record,) = story.provider.at("c0.mesh.example.com")
    assert (record.content, record.comment) == ("somewhere.example.net", "")
    assert "name-taken" in story.reasons()
    story.settle()


@pytest.mark.parametrize(
    ("before", "write"),
    [
        pytest.param((), (Create(X, A, (NAME,), SOON),), id="a create"),
        pytest.param(
            (Create(X, A, (NAME,), SOON), Wait(10)), (Delete(X, (60.0,)), Create(R, A, (NAME,), SOON)), id="an update"
        ),
    ],
)
def test_11_a_write_that_commits_after_its_timeout_is_found_done(
    before: tuple[Step, ...], write: tuple[Step, ...]
) -> None:
    story = Story(*before)
    written = len(story.provider.written)
    story.then(Disturb(0, "after-commit"), *write, Wait(5))
    assert story.counts["timeouts after the commit"] == 1
    story.then(Wait(300))
    assert len(story.provider.written) == written + 1
    assert "in-sync" in story.reasons()
    assert story.holder() == write[-1].number  # type: ignore[attr-defined]
    story.settle()


def test_11_a_delete_that_commits_after_its_timeout_is_found_done() -> None:
    story = Story(Create(X, A, (NAME,), SOON), Wait(10), Delete(X, SOON), Wait(10), Disturb(0, "after-commit"))
    story.then(Wait(GRACE + 300))
    assert story.counts["timeouts after the commit"] == 1
    assert story.record() is None
    assert [change.action.value for change in story.provider.written] == ["create", "delete"]
    story.settle()
