"""Whose keys are used where, and for how long."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.parsers import ResponseParserError

from mesh_dns.aws.clients import AwsClients
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.core.values import Gone, LoadBalancer, Scope, Sighting, Unreadable
from mesh_dns.credentials import Credentials
from mesh_dns.errors import Retryable
from tests.unit.aws.fake_aws import HUB, NOW, SPOKE, AwsError, Call, FakeAws, claiming, nlb

ROLE = ReaderRole("/mesh/mesh-dns-reader", "an-external-id")


@dataclass
class World:
    role: ReaderRole | None = ROLE
    now: float = NOW
    aws: FakeAws = field(default_factory=FakeAws)

    def __post_init__(self) -> None:
        self.clients = self.aws.clients()
        scopes = Scopes(self.clients, HUB, self.role, lambda: self.now)
        self.inventory = AwsInventory(scopes, "hostname")

    def look(self, scope: Scope) -> Sighting:
        return self.inventory.look([nlb(1, scope)])[nlb(1, scope)]

    def count(self, action: str) -> int:
        return Counter(self.aws.actions())[action]


def test_home_is_read_with_the_functions_own_role() -> None:
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
        world.now = now
        assert isinstance(world.look(SPOKE), LoadBalancer)
    assert world.count("sts:AssumeRole") == 1
    made = len(world.clients.made)  # type: ignore[attr-defined]

    world.now = NOW + 3301
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


def test_without_a_reader_role_only_home_can_be_read() -> None:
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
    seen = world.inventory.look([nlb(1), nlb(1, SPOKE)])

    assert isinstance(seen[nlb(1)], LoadBalancer)
    denied = seen[nlb(1, SPOKE)]
    assert isinstance(denied, Unreadable)
    assert denied.reason == (
        "sts:AssumeRole in 444455556666/eu-central-1: AccessDenied: not authorized to perform: sts:AssumeRole; check "
        "that the role mesh/mesh-dns-reader-eu-central-1 exists in account 444455556666 and trusts this function "
        "(module spoke)"
    )


def test_a_session_whose_keys_are_refused_is_thrown_away() -> None:
    world = World()
    world.aws.add(claiming(nlb(1, SPOKE)))
    world.look(SPOKE)

    def refuse(call: Call) -> None:
        if call.action != "sts:AssumeRole":
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid", 403)

    world.aws.before = refuse
    assert isinstance(world.look(SPOKE), Unreadable)
    world.aws.before = lambda call: None

    assert isinstance(world.look(SPOKE), LoadBalancer)
    assert world.count("sts:AssumeRole") == 2


def test_a_silent_scope_is_asked_again_after_ever_longer_pauses() -> None:
    world = World()

    def silence(call: Call) -> None:
        raise ReadTimeoutError(endpoint_url="https://elasticloadbalancing.eu-west-1.amazonaws.com")

    world.aws.before = silence
    asked = []
    for second in range(0, 1000, 10):
        world.now = NOW + second
        before = len(world.aws.calls)
        assert isinstance(world.look(HUB), Unreadable)
        asked += [second] if len(world.aws.calls) > before else []
    assert asked == [0, 30, 90, 210, 450, 750]

    world.aws.before = lambda call: None
    world.now = NOW + 1049
    assert isinstance(world.look(HUB), Unreadable)
    world.now = NOW + 1050
    assert isinstance(world.look(HUB), Gone)

    world.aws.before = silence
    world.look(HUB)
    world.aws.before = lambda call: None
    world.now = NOW + 1080
    assert isinstance(world.look(HUB), Gone), "after an answer, pauses are short again"


def test_sts_is_asked_at_a_regional_endpoint() -> None:
    sts = AwsClients("eu-west-1").client("sts")

    assert sts.meta.endpoint_url == "https://sts.eu-west-1.amazonaws.com"


def test_calls_are_short_and_seldom_repeated() -> None:
    config = AwsClients("eu-west-1").client("elbv2").meta.config

    assert (config.connect_timeout, config.read_timeout) == (2, 5)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}


def test_credentials_do_not_show_what_is_secret() -> None:
    credentials = Credentials("ASIAEXAMPLE", "the-secret-key", "the-token")

    assert f"{credentials!r} {credentials}" == "Credentials(ASIAEXAMPLE) Credentials(ASIAEXAMPLE)"


def test_scopes_do_not_show_what_is_secret() -> None:
    world = World()
    world.look(SPOKE)

    scopes = world.inventory._scopes
    assert "s3cret" not in repr(scopes._sessions) + repr(vars(scopes))
    assert scopes._sessions


def test_a_malformed_answer_of_sts_is_not_a_session() -> None:
    world = World()

    def fail(call: Call) -> None:
        raise AwsError("InternalFailure", status=500)

    world.aws.before = fail
    with pytest.raises(Retryable, match="InternalFailure"):
        world.inventory.listing(SPOKE)


def test_an_answer_that_is_not_of_aws_is_no_answer() -> None:
    world = World()

    def page(call: Call) -> None:
        raise ResponseParserError("invalid XML received: <html>" + "x" * 9999)

    world.aws.before = page
    seen = world.look(HUB)
    assert isinstance(seen, Unreadable)
    assert "who is not AWS" in seen.reason
    assert "<html>" not in seen.reason
