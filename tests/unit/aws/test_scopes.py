"""Whose keys are used where, and for how long."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from mesh_dns.aws.clients import AwsClients
from mesh_dns.core.values import Cause, Gone, LoadBalancer, Scope, Unreadable
from mesh_dns.credentials import Credentials
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, FakeAws, claiming, classic, nlb
from tests.unit.aws.fake_table import AwsError, Call
from tests.unit.aws.reading import World


def test_the_hubs_scope_is_read_with_the_functions_own_role() -> None:
    world = World()
    world.aws.add(claiming(nlb(1)))

    assert isinstance(world.look(HUB), LoadBalancer)
    assert world.count("sts:AssumeRole") == 0


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(SPOKE, id="another account"),
        pytest.param(Scope(HUB.account, "us-east-1"), id="another region of the hub's account"),
        pytest.param(Scope("444455556666", "cn-north-1"), id="another partition"),
    ],
)
def test_any_other_scope_is_read_with_its_reader_role(scope: Scope) -> None:
    world = World()
    world.aws.add(claiming(nlb(1, scope)))

    world.look(scope)

    (assumed,) = [call for call in world.aws.calls if call.action == "sts:AssumeRole"]
    partition = "aws-cn" if scope.region.startswith("cn-") else "aws"
    assert assumed.scope == HUB, "asked at hub's regional endpoint, with the function's own keys"
    assert assumed.arguments == {
        "RoleArn": f"arn:{partition}:iam::{scope.account}:role/mesh/mesh-dns-reader-{scope.region}",
        "RoleSessionName": "mesh-dns",
        "ExternalId": "an-external-id",
    }
    assert world.aws.calls[-1].scope == scope


def test_sessions_and_clients_are_kept_until_shortly_before_the_session_ends() -> None:
    world = World()
    world.aws.add(claiming(nlb(1, SPOKE)))

    for now in (NOW, NOW + 1000, NOW + 3299):
        world.clock.now = now
        assert isinstance(world.look(SPOKE), LoadBalancer)
    assert world.count("sts:AssumeRole") == 1
    made = len(world.clients.made)  # type: ignore[attr-defined]

    world.clock.now = NOW + 3301
    world.aws.session_seconds += 3600
    world.look(SPOKE)
    assert world.count("sts:AssumeRole") == 2
    assert len(world.clients.made) == made + 1  # type: ignore[attr-defined]


def test_a_session_of_another_account_is_not_used() -> None:
    world = World()
    world.aws.session_account = "999900001111"

    seen = world.look(SPOKE)

    assert isinstance(seen, Unreadable)
    assert "session is of account 999900001111" in seen.reason
    assert world.aws.actions() == ["sts:AssumeRole"]


def test_without_a_reader_role_only_the_hubs_scope_can_be_read() -> None:
    world = World(role=None)

    seen = world.look(SPOKE)

    assert isinstance(seen, Unreadable)
    assert "`spokes`" in seen.reason
    assert world.aws.actions() == []


def test_a_denied_role_names_the_role_and_leaves_other_scopes_alone() -> None:
    world = World()
    world.aws.add(claiming(nlb(1)))

    def deny(call: Call) -> None:
        if call.action == "sts:AssumeRole":
            raise AwsError("AccessDenied", "not authorized to perform: sts:AssumeRole", 403)

    world.aws.before = deny
    seen = world.inventory.look([nlb(1), nlb(1, SPOKE)], NOW + 100)

    assert isinstance(seen[nlb(1)], LoadBalancer)
    denied = seen[nlb(1, SPOKE)]
    assert isinstance(denied, Unreadable)
    assert denied.reason == (
        "sts:AssumeRole in 444455556666/eu-central-1: AccessDenied: not authorized to perform: sts:AssumeRole; check "
        "that the role mesh/mesh-dns-reader-eu-central-1 exists in account 444455556666 and trusts this function "
        "(module spoke)"
    )


@pytest.mark.parametrize(
    ("failures", "seen", "sessions"),
    [
        pytest.param(1, LoadBalancer, 2, id="a session that was revoked: another one works"),
        pytest.param(2, Unreadable, 2, id="keys that do not work there: denied"),
    ],
)
def test_a_session_whose_keys_are_not_accepted_is_thrown_away(failures: int, seen: type, sessions: int) -> None:
    world = World()
    world.aws.add(claiming(nlb(1, SPOKE)))
    left = [AwsError("InvalidClientTokenId", "The security token is invalid", 403)] * failures

    def fail(call: Call) -> None:
        if call.action != "sts:AssumeRole" and left:
            raise left.pop()

    world.aws.before = fail

    assert isinstance(world.look(SPOKE), seen)
    assert world.count("sts:AssumeRole") == sessions
    assert isinstance(world.look(SPOKE), LoadBalancer)


def test_the_hubs_own_keys_are_not_tried_twice() -> None:
    world = World()

    def fail(call: Call) -> None:
        raise AwsError("ExpiredToken")

    world.aws.before = fail

    assert isinstance(world.look(HUB), Unreadable)
    assert len(world.aws.calls) == 1


@pytest.mark.parametrize("answers", [True, False], ids=["sts answers", "sts does not answer"])
def test_threads_that_want_the_same_session_ask_for_it_once(answers: bool) -> None:
    world = World()
    world.aws.add(claiming(nlb(1, SPOKE)), claiming(classic(1, SPOKE)))
    second = threading.Barrier(2, timeout=0.5)

    def wait_for_a_second(call: Call) -> None:
        if call.action == "sts:AssumeRole":
            with suppress(threading.BrokenBarrierError):
                second.wait()
            if not answers:
                raise ReadTimeoutError(endpoint_url="https://sts.eu-west-1.amazonaws.com")

    world.aws.before = wait_for_a_second
    seen = world.inventory.look([nlb(1, SPOKE), classic(1, SPOKE)], NOW + 100)
    world.look(SPOKE)

    assert {type(sighting) for sighting in seen.values()} == {LoadBalancer if answers else Unreadable}
    assert world.count("sts:AssumeRole") == 1


class TestRegionsThatAreNotEnabled:
    """The hub is in a region that accounts have to enable, and the spoke's account has not."""

    OPT_IN = Scope(HUB.account, "mx-central-1")

    def world(self, *off: str) -> World:
        world = World(hub=self.OPT_IN)
        world.aws.regions_off = {(SPOKE.account, region) for region in ("mx-central-1", *off)}
        world.aws.add(claiming(nlb(1, SPOKE)))
        return world

    def asked(self, world: World) -> list[str]:
        return [call.scope.region for call in world.aws.calls if call.action == "sts:AssumeRole"]

    def test_sts_is_asked_in_the_partitions_main_region_from_then_on(self) -> None:
        world = self.world()

        assert isinstance(world.look(SPOKE), LoadBalancer)
        assert self.asked(world) == ["mx-central-1", "us-east-1"]

        world.clock.now += 3600
        world.aws.session_seconds += 3600
        other = Scope(SPOKE.account, "eu-north-1")
        assert isinstance(world.look(SPOKE), LoadBalancer)
        assert isinstance(world.look(other), Gone)
        assert self.asked(world) == ["mx-central-1", "us-east-1", "us-east-1", "us-east-1"]

    def test_other_accounts_are_still_asked_in_the_hubs_region(self) -> None:
        world = self.world()
        world.look(SPOKE)
        world.look(Scope("999900001111", "eu-north-1"))

        assert self.asked(world) == ["mx-central-1", "us-east-1", "mx-central-1"]

    def test_the_advice_names_the_region(self) -> None:
        seen = self.world("us-east-1").look(SPOKE)

        assert isinstance(seen, Unreadable)
        assert seen.cause is Cause.ERROR
        assert "check that the region us-east-1 is enabled in the account" in seen.reason


@pytest.mark.parametrize(
    ("region", "main"),
    [
        ("eu-west-1", "us-east-1"),
        ("us-gov-east-1", "us-gov-west-1"),
        ("cn-northwest-1", "cn-north-1"),
        ("eu-isoe-west-1", "eu-isoe-west-1"),
    ],
)
def test_the_main_region_of_a_partition(region: str, main: str) -> None:
    assert AwsClients(region).main_region() == main


def test_no_session_is_asked_for_behind_the_deadline() -> None:
    world = World()

    seen = world.inventory.look([nlb(1, SPOKE)], NOW)[nlb(1, SPOKE)]

    assert isinstance(seen, Unreadable)
    assert seen.cause is Cause.OUT_OF_TIME
    assert world.aws.calls == []


@pytest.mark.parametrize("member", ["AssumedRoleUser", "Credentials"])
def test_an_odd_answer_of_sts_is_not_a_session(member: str) -> None:
    class Strange(FakeAws):
        def _sts_AssumeRole(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
            return {key: value for key, value in super()._sts_AssumeRole(call).items() if key != member}

    seen = World(aws=Strange()).look(SPOKE)

    assert isinstance(seen, Unreadable)
    assert f"no {member}" in seen.reason
    assert "s3cret" not in seen.reason


def test_sts_is_asked_at_a_regional_endpoint() -> None:
    sts = AwsClients("eu-west-1").client("sts")

    assert sts.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_credentials_do_not_show_what_is_secret() -> None:
    credentials = Credentials("ASIAEXAMPLE", "the-secret-key", "the-token")

    assert f"{credentials!r} {credentials}" == "Credentials(ASIAEXAMPLE) Credentials(ASIAEXAMPLE)"


def test_scopes_do_not_show_what_is_secret() -> None:
    world = World()
    world.look(SPOKE)

    state = world.scopes._states[SPOKE]
    assert state.session is not None
    assert "s3cret" not in repr(state) + repr(vars(world.scopes))
