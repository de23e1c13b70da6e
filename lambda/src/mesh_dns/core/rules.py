"""What the settings say about claims: which tag holds them, and which load balancer may have which name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from mesh_dns.core import hostnames
from mesh_dns.core.values import LoadBalancer, Readiness, Scope

ANY_ACCOUNT = "*"


class Policy(StrEnum):
    """Which changes are carried out: a named filter over the plan."""

    SYNC = "sync"
    UPSERT_ONLY = "upsert-only"
    CREATE_ONLY = "create-only"


@dataclass(frozen=True, slots=True)
class Rules:
    """What decisions depend on, besides the facts.

    `zones` maps a DNS suffix to the id of the zone that holds its names. `accounts` maps an account to the hostname
    patterns that it may claim, `*` any account that is not named; `{account}` in a pattern is the account's id.
    `grace` and `sweep_period` are seconds.
    """

    owner: str
    zones: Mapping[str, str] = field(hash=False)
    accounts: Mapping[str, tuple[str, ...]] = field(hash=False)
    hostname_tag: str = "hostname"
    required_tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    internal_only: bool = True
    ttl: int = 60
    adopt_matching: bool = False
    policy: Policy = Policy.SYNC
    grace: float = 600
    sweep_period: float = 900

    def hostnames_of(self, load_balancer: LoadBalancer) -> tuple[str, ...]:
        """The names that it claims: those in its tag, normalized, legal or not. A failed one claims nothing."""
        if load_balancer.readiness is Readiness.FAILED:
            return ()
        return hostnames.in_tag(load_balancer.tags.get(self.hostname_tag, ""))

    def zone_of(self, hostname: str) -> str | None:
        """The id of the zone that holds a name; None outside all of them."""
        suffix = hostnames.suffix_of(hostname, self.zones)
        return None if suffix is None else self.zones[suffix]

    def may_claim(self, scope: Scope) -> bool:
        """Whether the account of a scope may claim anything at all."""
        return bool(self.patterns_of(scope.account))

    def patterns_of(self, account: str) -> tuple[str, ...]:
        """The hostname patterns of an account: its own entry alone, or else that of any account; none without both."""
        patterns = self.accounts.get(account, self.accounts.get(ANY_ACCOUNT, ()))
        return tuple(pattern.replace("{account}", account) for pattern in patterns)

    def objection_to(self, load_balancer: LoadBalancer, hostname: str) -> str | None:
        """Why this load balancer may not have this (legal, in-zone) name, or None when it may."""
        account = load_balancer.id.account
        patterns = self.patterns_of(account)
        if not patterns:
            return f"account {account} may not claim names: it is not in `accounts`"
        if not any(hostnames.matches(hostname, pattern) for pattern in patterns):
            return f"account {account} may only claim {', '.join(patterns)}"
        if self.internal_only and not load_balancer.internal:
            return "the load balancer is internet-facing, and only internal ones may claim names"
        if not load_balancer.dns_name:
            return "the load balancer has no DNS name that a record could point to"
        for key, value in self.required_tags.items():
            if load_balancer.tags.get(key) != value:
                return f"the load balancer lacks the required tag {key}={value}"
        return None
