"""What an account or a zone lacks is said, with its remedy, before anything is made."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.lateness import INSTANT
from sandbox.sandbox import Sandbox
from smoke import __main__ as command
from smoke.alarms import NOT_PROVOKED, PROVOKED
from smoke.installation import override
from smoke.place import Place
from smoke.preparation import NotReady, place_of, prepare, try_zone
from tests.smoke.command import ROOT, TOKEN, ZONE, Smoke


@pytest.fixture(scope="module")
def smoke() -> Iterator[Smoke]:
    with Sandbox(lateness=INSTANT) as sandbox:
        yield Smoke(sandbox)


@pytest.fixture
def there(smoke: Smoke, monkeypatch: pytest.MonkeyPatch) -> Smoke:
    """The sandbox, to which this process's environment leads."""
    for name, value in smoke.environment.items():
        monkeypatch.setenv(name, value)
    return smoke


def options(smoke: Smoke, **others: object) -> argparse.Namespace:
    given = {"zone": ZONE, "zone_id": smoke.zone_id, "region": "eu-west-1", "vpc": "", "own_trail": True, "clean": ""}
    return argparse.Namespace(**given | others)


def ready(smoke: Smoke, **others: object) -> Place:
    asked = options(smoke, **others)
    place = place_of(asked.clean or "abc123", asked)
    prepare(place, asked)
    return place


@pytest.mark.parametrize(
    ("environment", "others", "words"),
    [
        pytest.param({}, {"zone": ""}, "make smoke ZONE=", id="no zone is named"),
        pytest.param({"CLOUDFLARE_API_TOKEN": ""}, {}, "CLOUDFLARE_API_TOKEN is not set", id="there is no token"),
        pytest.param({"CLOUDFLARE_API_TOKEN": "x" * 40}, {}, "Cloudflare does not show", id="the token is another one"),
        pytest.param({}, {"zone_id": "0" * 32}, "Cloudflare does not show", id="the zone's id is another one"),
        pytest.param({"PATH": ""}, {}, "install Terraform", id="there is no Terraform"),
        pytest.param({}, {"own_trail": False}, 'SMOKE="--own-trail"', id="the account has no trail"),
        pytest.param({}, {"clean": ".*"}, "'.*' is no run", id="what to clean is no run"),
        pytest.param({}, {"vpc": "vpc-0123456789abcdef0"}, 'SMOKE="--vpc vpc-..."', id="there is no such VPC"),
    ],
)
def test_what_is_missing_is_said(
    there: Smoke, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], others: dict[str, object], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NotReady, match=re.escape(words)) as told:
        ready(there, **others)
    assert TOKEN not in str(told.value)


def test_the_id_of_another_zone_is_noticed_and_nothing_stays_there(there: Smoke) -> None:
    other = there.sandbox.cloudflare.add_zone("another.example.net")
    there.sandbox.cloudflare.add_token(TOKEN, [there.zone_id, other])
    place = ready(there, zone_id=other)
    with pytest.raises(NotReady, match="The id is not that of"):
        try_zone(place)
    assert there.sandbox.cloudflare.records(other) == []


def test_a_record_that_went_into_another_zone_is_found_to_be_taken_away(there: Smoke) -> None:
    other = there.sandbox.cloudflare.add_zone("further.example.net")
    there.sandbox.cloudflare.add_token(TOKEN, [there.zone_id, other])
    place = ready(there, zone_id=other)
    made = place.add_record(f"stray-1.{place.suffix}", "gone.example.net", "")
    assert [each["id"] for each in place.records()] == [made["id"]]


def test_the_right_zone_is_left_as_it_was(there: Smoke) -> None:
    try_zone(ready(there))
    assert there.sandbox.cloudflare.records(there.zone_id) == []


def test_every_alarm_is_provoked_or_there_is_a_reason() -> None:
    (block,) = re.findall(r"^  alarms_of_every_hub = \{\n(.*?)^  \}$", (ROOT / "alarms.tf").read_text(), re.M | re.S)
    alarms = set(re.findall(r"^    ([a-z-]+) += \{$", block, re.M))
    assert alarms == PROVOKED | NOT_PROVOKED.keys()


def test_without_credentials_it_says_so_and_nothing_else(smoke: Smoke) -> None:
    kept = {name: value for name, value in smoke.environment.items() if not name.startswith("AWS_")}
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "smoke", "--zone", ZONE, "--zone-id", smoke.zone_id, "--yes"],
        cwd=ROOT, env=kept | {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert run.stderr.startswith("AWS lets nobody in (")
    assert len(run.stderr.splitlines()) == 1
    assert run.stdout == ""


def trail(smoke: Smoke, read_write: str, *, logging: bool) -> None:
    cloudtrail = smoke.sandbox.client("cloudtrail")
    smoke.sandbox.client("s3").create_bucket(
        Bucket="a-trail", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloudtrail.create_trail(Name="theirs", S3BucketName="a-trail")
    selector = {"ReadWriteType": read_write, "IncludeManagementEvents": True, "DataResources": []}
    cloudtrail.put_event_selectors(TrailName="theirs", EventSelectors=[selector])
    if logging:
        cloudtrail.start_logging(Name="theirs")


@pytest.mark.parametrize(
    ("read_write", "logging", "enough"),
    [
        pytest.param("All", True, True, id="of all management events is enough"),
        pytest.param("WriteOnly", True, True, id="of writes is enough"),
        pytest.param("ReadOnly", True, False, id="of reads is not"),
        pytest.param("All", False, False, id="that was stopped is not"),
    ],
)
def test_a_trail_of_the_account(there: Smoke, read_write: str, logging: bool, enough: bool) -> None:
    trail(there, read_write, logging=logging)
    try:
        if enough:
            ready(there, own_trail=False)
        else:
            with pytest.raises(NotReady, match="--own-trail"):
                ready(there, own_trail=False)
    finally:
        there.sandbox.client("cloudtrail").delete_trail(Name="theirs")
        there.sandbox.client("s3").delete_bucket(Bucket="a-trail")


def test_of_several_vpcs_the_default_one_is_taken_or_the_one_that_is_named(there: Smoke) -> None:
    ec2 = there.sandbox.client("ec2")
    (default,) = ec2.describe_vpcs()["Vpcs"]
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=other, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]

    def vpcs(place: Place) -> set[str]:
        return {each["VpcId"] for each in ec2.describe_subnets(SubnetIds=list(place.subnets))["Subnets"]}

    assert vpcs(ready(there)) == {default["VpcId"]}
    assert ready(there, vpc=other).subnets == (subnet,)


@pytest.mark.parametrize(("limit", "reserves"), [("10", False), ("100", False), ("101", True), ("1000", True)])
def test_an_execution_is_reserved_where_lambda_lets_the_account(
    there: Smoke, monkeypatch: pytest.MonkeyPatch, limit: str, reserves: bool
) -> None:
    monkeypatch.setenv("MOTO_LAMBDA_CONCURRENCY_QUOTA", limit)
    module = override(ready(there), 60, True)["module"]["mesh_dns"]  # type: ignore[index]
    assert module.get("function") == (None if reserves else {"reserved_concurrency": False})


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        pytest.param({"AWS_REGION": "eu-north-1", "AWS_PROFILE": "mine"}, "eu-north-1", id="the environment's"),
        pytest.param({"AWS_PROFILE": "mine"}, "eu-west-3", id="the profile's"),
        pytest.param({"AWS_PROFILE": "nobody"}, "eu-west-1", id="of a profile that is not there, any"),
        pytest.param({}, "eu-west-1", id="without any, the one of the examples"),
    ],
)
def test_the_region_is_the_one_that_other_commands_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], region: str
) -> None:
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-3\n", "utf-8")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (environment | {"AWS_CONFIG_FILE": str(tmp_path / "config")}).items():
        monkeypatch.setenv(name, value)
    assert command._options([]).region == region
