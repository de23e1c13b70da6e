"""Which claims count, and why others do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mesh_dns.core.values import Readiness, Scope
from tests.doubles.inventory import HUB, make, make_id
from tests.doubles.provider import ZONE
from tests.unit.core.scene import FAR, NAME, OTHER, OTHER_ZONE, RULES

LB = make(1, NAME)


@pytest.mark.parametrize(
    ("tags", "failed", "names"),
    [
        ({"hostname": f"{NAME} {OTHER}"}, False, (NAME, OTHER)),
        ({"hostname": f"{NAME} *.x _bad"}, False, (NAME, "*.x", "_bad")),
        ({"Hostname": NAME}, False, ()),
        ({"hostname ": NAME}, False, ()),
        ({}, False, ()),
        ({"hostname": NAME}, True, ()),
    ],
    ids=[
        "all names in the tag", "legal or not", "the tag's case counts", "the tag's blanks count", "no tag",
        "a failed one claims nothing",
    ],
)  # fmt: skip
def test_what_a_load_balancer_claims(tags: dict[str, str], failed: bool, names: tuple[str, ...]) -> None:
    assert RULES.hostnames_of(make(1, tags=tags, readiness=Readiness.FAILED if failed else Readiness.ACTIVE)) == names


def test_the_tag_is_a_setting() -> None:
    rules = replace(RULES, hostname_tag="dns")
    assert rules.hostnames_of(make(1, NAME, tags={"dns": OTHER})) == (OTHER,)


ONE_NAME: dict[str, Any] = {"accounts": {HUB.account: (NAME,), FAR.account: ("*",)}}
TAGGED = {"required_tags": {"stack": "mesh", "team": "net"}}


@pytest.mark.parametrize(
    ("different", "lb", "objection"),
    [
        pytest.param({}, LB, None, id="allowed"),
        pytest.param(ONE_NAME, LB, None, id="a name of the account's"),
        pytest.param({"accounts": {HUB.account: (OTHER, NAME)}}, LB, None, id="the second pattern fits"),
        pytest.param(
            {"accounts": {HUB.account: (OTHER,)}},
            LB,
            f"{HUB.account} may only claim {OTHER}",
            id="no name of it",
        ),
        pytest.param({"accounts": {FAR.account: ("*",)}}, LB, "it is not in `accounts`", id="an account not named"),
        pytest.param({"accounts": {HUB.account: ()}}, LB, "may not claim names", id="an account without patterns"),
        pytest.param({}, make(1, NAME, internal=False), "internet-facing", id="not internal"),
        pytest.param({"internal_only": False}, make(1, NAME, internal=False), None, id="not internal, and it may be"),
        pytest.param({}, replace(LB, dns_name=""), "no DNS name", id="nothing to point to"),
        pytest.param(TAGGED, LB, "lacks the required tag stack=mesh", id="a required tag is missing"),
        pytest.param(TAGGED, make(1, tags={"stack": "mesh", "team": "x"}), "team=net", id="one of two is another"),
        pytest.param(TAGGED, make(1, tags={"stack": "mesh", "team": "net"}), None, id="all required tags"),
    ],
)
def test_objections(different: dict[str, Any], lb: Any, objection: str | None) -> None:
    found = replace(RULES, **different).objection_to(lb, NAME)
    assert (found is None) == (objection is None)
    assert (objection or "") in (found or "")


def test_another_account_has_its_own_patterns() -> None:
    rules = replace(RULES, **ONE_NAME)
    far = make(make_id(1, FAR), OTHER)
    assert rules.objection_to(far, OTHER) is None
    assert rules.objection_to(LB, OTHER) is not None


ANY = {"*": ("*.{account}.mesh.example.com", "shared.mesh.example.com")}


@pytest.mark.parametrize(
    ("accounts", "name", "allowed"),
    [
        pytest.param(ANY, f"a.{FAR.account}.mesh.example.com", True, id="below its own account's id"),
        pytest.param(ANY, f"a.{HUB.account}.mesh.example.com", False, id="below another account's id"),
        pytest.param(ANY, "a.{account}.mesh.example.com", False, id="below the word itself"),
        pytest.param(ANY, "shared.mesh.example.com", True, id="a name for everybody"),
        pytest.param({**ANY, FAR.account: (NAME,)}, NAME, True, id="its own entry"),
        pytest.param({**ANY, FAR.account: (NAME,)}, "shared.mesh.example.com", False, id="its own entry stands alone"),
        pytest.param({**ANY, FAR.account: ()}, "shared.mesh.example.com", False, id="its own entry is empty"),
        pytest.param({FAR.account: ("x.{account}.mesh.example.com",)}, f"x.{FAR.account}.mesh.example.com", True,
                     id="the account's id in its own entry"),
    ],
)  # fmt: skip
def test_a_rule_for_any_account(accounts: dict[str, tuple[str, ...]], name: str, allowed: bool) -> None:
    rules = replace(RULES, accounts=accounts)
    assert (rules.objection_to(make(make_id(1, FAR), name), name) is None) == allowed


def test_thousands_of_accounts_by_one_rule() -> None:
    rules = replace(RULES, accounts={"*": ("*.{account}.mesh.example.com",)})
    scopes = [Scope(f"{number:012}", "eu-west-1") for number in range(3000)]
    assert all(rules.may_claim(scope) for scope in scopes)
    assert {rules.patterns_of(scope.account) for scope in scopes} == {
        (f"*.{scope.account}.mesh.example.com",) for scope in scopes
    }


@pytest.mark.parametrize(
    ("accounts", "speaks"),
    [
        ({HUB.account: ("*",)}, True), ({HUB.account: ()}, False), ({FAR.account: ("*",)}, False), ({}, False),
        (ANY, True), ({**ANY, HUB.account: ()}, False),
    ],
    ids=["with patterns", "with none", "not named", "nobody is named", "anybody is", "anybody but this one"],
)  # fmt: skip
def test_who_may_claim(accounts: dict[str, tuple[str, ...]], speaks: bool) -> None:
    rules = replace(RULES, accounts=accounts)
    assert rules.may_claim(HUB) is speaks
    assert rules.may_claim(Scope(HUB.account, "another-region-1")) is speaks


def test_the_zone_of_a_name_is_that_of_the_longest_suffix() -> None:
    rules = replace(RULES, zones={"example.com": ZONE, "mesh.example.com": OTHER_ZONE})
    assert rules.zone_of(NAME) == OTHER_ZONE
    assert rules.zone_of("a.example.com") == ZONE
    assert rules.zone_of("mesh.example.com") is None
    assert rules.zone_of("a.example.org") is None
