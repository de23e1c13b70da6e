"""Where histories happen: scopes, zones, names, and the settings that a history begins with."""

from __future__ import annotations

from collections.abc import Mapping

from mesh_dns.core.rules import Rules
from mesh_dns.core.values import Scope
from tests.doubles.hub import OWNER

HUB = Scope("111111111111", "eu-west-1")
SCOPES = (HUB, Scope("222222222222", "us-east-1"), Scope("333333333333", "eu-west-1"))

ZONES = ("a" * 32, "b" * 32, "c" * 32)
# Three suffixes in one zone, one of them below another, and one below it in a zone of its own.
SUFFIXES: Mapping[str, str] = {
    "mesh.example.com": ZONES[0],
    "lab.example.com": ZONES[0],
    "eu.mesh.example.com": ZONES[1],
    "us.mesh.example.com": ZONES[0],
    "mesh.example.net": ZONES[2],
}
APEXES = {ZONES[0]: "example.com", ZONES[1]: "eu.mesh.example.com", ZONES[2]: "example.net"}
# The last zone has a token of its own; the other two share one.
TOKENS = {ZONES[2]: "token 2"}
TOKEN_NAMES = ("token", "token 2")

_OF = (
    "mesh.example.com",
    "mesh.example.com",
    "lab.example.com",
    "eu.mesh.example.com",
    "mesh.example.net",
    "us.mesh.example.com",
)
# What stands in tags besides good names: other people's zones, no hostnames, a suffix, another spelling of name 0.
ODD_NAMES = ("c1.elsewhere.org", "bad_name.mesh.example.com", "mesh.example.com", "C0.Mesh.Example.com.")

# Another tag that names may stand in, when the settings say so.
OTHER_TAG = "mesh-name"
RULES = Rules(owner=OWNER, zones=SUFFIXES, accounts={scope.account: ("*",) for scope in SCOPES})
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "all": ("*",),
    "lab": ("*.lab.example.com", "c0.mesh.example.com"),
    "other": ("other.mesh.example.com",),
}


def name_of(number: int) -> str:
    """The n-th hostname; a negative number is an odd one."""
    return ODD_NAMES[-number - 1] if number < 0 else f"c{number}.{_OF[number % len(_OF)]}"


# The judges know the rules on their own: a mistake in the code under test must not blind them.


def normal(name: str) -> str:
    """As names are compared."""
    return name.lower().removesuffix(".")


def zone_of(rules: Rules, name: str) -> str | None:
    """The id of the zone that holds a good name under the settings' suffixes."""
    if "_" in name or name in rules.zones:
        return None
    found = [suffix for suffix in rules.zones if name.endswith(f".{suffix}")]
    return rules.zones[max(found, key=len)] if found else None


def fits(name: str, pattern: str) -> bool:
    """Whether a pattern, `*`, `*.<suffix>` or a whole name, covers a name."""
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))
