"""The function's settings: one JSON document from the environment, as frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mesh_dns.core.rules import Policy, Rules
from mesh_dns.core.validation import complaint_about
from mesh_dns.core.values import Scope
from mesh_dns.errors import Misconfigured

VARIABLE = "MESH_DNS_SETTINGS"
_DEFAULT = "default"  # the token of zones that name none


@dataclass(frozen=True, slots=True)
class Spokes:
    """How scopes outside the hub's own are read and remembered."""

    reader_role: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What Terraform decided.

    `tokens` says where each token is, in the words of the schema; `zone_tokens` maps a zone's id to a key of `tokens`.
    `accounts_item` is the SHA-256 of the accounts where they were too long for the environment: `complete` reads them.
    """

    hub: Scope
    role_id: str
    queue_url: str
    dead_letter_queue_url: str
    table_name: str
    rules: Rules
    dry_run: bool
    tokens: Mapping[str, Mapping[str, Any]] = field(hash=False)
    zone_tokens: Mapping[str, str] = field(hash=False)
    spokes: Spokes | None = None
    accounts_item: str | None = None


def parse(environment: Mapping[str, str]) -> Settings:
    """Read `MESH_DNS_SETTINGS`. Raises Misconfigured, naming the setting."""
    text = environment.get(VARIABLE)
    if text is None:
        raise Misconfigured(f"the environment variable {VARIABLE} is missing; the Terraform module sets it")
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Misconfigured(f"{VARIABLE} is not JSON: {error}") from None
    complaint = complaint_about(document, "settings")
    if complaint is not None:
        raise Misconfigured(f"{VARIABLE} is wrong: {complaint}")
    spokes = document.get("spokes")
    return Settings(
        hub=Scope(document["account"], document["region"]),
        role_id=document["role_id"],
        queue_url=document["queue_url"],
        dead_letter_queue_url=document["dead_letter_queue_url"],
        table_name=document["table_name"],
        rules=_rules(document),
        dry_run=document.get("mode") == "dry-run",
        tokens=document["tokens"],
        zone_tokens=_zone_tokens(document),
        spokes=None if spokes is None else Spokes(**spokes),
        accounts_item=document.get("accounts_item"),
    )


def complete(settings: Settings, read_accounts: Callable[[], Mapping[str, Sequence[str]]]) -> Settings:
    """The same settings with the accounts that are kept elsewhere. Raises Misconfigured, and what the reading raises.

    Misconfigured too if the accounts and the environment come from different applies; the retry finds both from one.
    """
    if settings.accounts_item is None:
        return settings
    accounts = read_accounts()
    text = json.dumps(accounts, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(text.encode()).hexdigest() != settings.accounts_item:
        raise Misconfigured(
            "the accounts in the table are not those of the function's environment: an apply is under way, or was cut "
            "short; apply the Terraform module again"
        )
    return replace(settings, rules=replace(settings.rules, accounts=_patterns(accounts)), accounts_item=None)


def _zone_tokens(document: Mapping[str, Any]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for suffix, zone in document["zones"].items():
        zone_id, key = zone["cloudflare"]["zone_id"], zone["cloudflare"].get("token", _DEFAULT)
        if key not in document["tokens"]:
            raise Misconfigured(f"{VARIABLE} is wrong: zones.{suffix} uses the token {key!r}, which tokens lacks")
        if found.setdefault(zone_id, key) != key:
            raise Misconfigured(f"{VARIABLE} is wrong: zones gives the zone {zone_id} two different tokens")
    return found


def _rules(document: Mapping[str, Any]) -> Rules:
    accounts = document.get("accounts")
    if accounts is None:
        accounts = {} if "accounts_item" in document else {document["account"]: ["*"]}
    return Rules(
        owner=document["owner"],
        zones={suffix: zone["cloudflare"]["zone_id"] for suffix, zone in document["zones"].items()},
        accounts=_patterns(accounts),
        hostname_tag=document.get("hostname_tag", "hostname"),
        required_tags=document.get("required_tags", {}),
        internal_only=document.get("internal_only", True),
        ttl=document.get("ttl", 60),
        adopt_matching=document.get("adopt") == "matching",
        policy=Policy(document.get("policy", "sync")),
        grace=document.get("grace_seconds", 600),
        sweep_period=document.get("sweep_seconds", 900),
    )


def _patterns(accounts: Mapping[str, Sequence[str]]) -> Mapping[str, tuple[str, ...]]:
    return {account: tuple(patterns) for account, patterns in accounts.items()}
