"""The composition root: the one place that knows every adapter. Ports are built once, at the first event.

Modules are imported at the start, when Lambda gives the function a whole processor. Two libraries are imported on first
use: jsonschema, which takes a third of the import time, and hvac, which few installations need.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from mesh_dns import settings as configuration
from mesh_dns.aws.accounts import read_accounts
from mesh_dns.aws.clients import AwsClients
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.memory import TableMemory
from mesh_dns.aws.queue import Queue
from mesh_dns.aws.register import HubOnly, TableRegister
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.aws.secrets_manager import SecretsManagerStore
from mesh_dns.aws.table import Table
from mesh_dns.aws.web_identity import web_identity_token
from mesh_dns.dns.cloudflare import BASE_URL, Cloudflare
from mesh_dns.dns.provider import Provider
from mesh_dns.intake import Intake
from mesh_dns.ports import Ports, Register
from mesh_dns.secrets.cached import CachedToken
from mesh_dns.secrets.vault import AwsLogin, JwtLogin, Location, Login, TokenLogin, VaultStore
from mesh_dns.settings import Settings
from mesh_dns.telemetry import Telemetry

# Seconds that are kept for the write under way, second looks and the answer when the function's time runs out.
RESERVE = 20


def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
    """Take an SQS batch, or an event or command by direct invocation."""
    deadline = time.time() + context.get_remaining_time_in_millis() / 1000 - RESERVE
    intake = _intake(context.function_name)
    try:
        if "Records" in event:
            return intake.batch(event["Records"], deadline)
        return intake.invoke(event, deadline, context.aws_request_id)
    finally:
        intake.telemetry.flush()


@cache
def _intake(function_name: str) -> Intake:
    settings = configuration.parse(os.environ)
    clients = AwsClients(settings.hub.region)
    settings = configuration.complete(settings, partial(read_accounts, clients, settings.table_name))
    queue = Queue(clients, settings.queue_url, settings.dead_letter_queue_url)
    telemetry = Telemetry(function_name, settings.hub)
    table = Table(clients, settings.table_name, time.time)
    ports = Ports(
        AwsInventory(_scopes(settings, clients), settings.rules.hostname_tag),
        _provider(settings, clients),
        queue,
        TableMemory(table, time.time),
        telemetry,
        settings.rules,
        time.time,
        settings.dry_run,
    )
    return Intake(ports, _register(settings, table), queue, telemetry, settings.hub, settings.role_id)


def _scopes(settings: Settings, clients: AwsClients) -> Scopes:
    spokes = settings.spokes
    reader = None if spokes is None else ReaderRole(spokes.reader_role, spokes.external_id)
    return Scopes(clients, settings.hub, reader, time.time)


def _register(settings: Settings, table: Table) -> Register:
    if settings.spokes is None:
        return HubOnly(settings.hub, time.time)
    return TableRegister(table, settings.hub, settings.rules.sweep_period, time.time)


def _provider(settings: Settings, clients: AwsClients) -> Provider:
    # One store for each token: zones that share one share what it reads, and its allowance.
    tokens = {key: _token(place, clients) for key, place in settings.tokens.items()}
    zone_tokens = {zone_id: tokens[key] for zone_id, key in settings.zone_tokens.items()}
    return Cloudflare(
        settings.rules.owner,
        next(iter(zone_tokens.values())),  # every zone has its own entry
        zone_tokens=zone_tokens,
        base_url=os.environ.get("CLOUDFLARE_BASE_URL", BASE_URL),
    )


def _token(place: Mapping[str, Any], clients: AwsClients) -> CachedToken:
    """The token at a place, in the words of schemas/settings.json."""
    if "vault" not in place:
        return CachedToken(SecretsManagerStore(place["secret_arn"], clients.client, place.get("json_key")))
    vault = place["vault"]
    location = Location(vault["mount"], vault["path"], vault["key"], vault["kv_version"])
    return CachedToken(
        VaultStore(
            vault["address"],
            location,
            _login(vault["auth"], clients),
            namespace=vault.get("namespace"),
            ca_certificate=vault.get("ca_certificate"),
        )
    )


def _login(auth: Mapping[str, Any], clients: AwsClients) -> Login:
    """The way into Vault, in the words of schemas/settings.json."""
    if "jwt_role" in auth:
        mint = partial(web_identity_token, clients)
        return JwtLogin(auth["jwt_role"], auth["audience"], mint, auth.get("jwt_mount", "jwt"))
    if "aws_role" in auth:
        return AwsLogin(auth["aws_role"], clients.credentials, auth.get("aws_mount", "aws"), auth.get("server_id"))
    return TokenLogin(SecretsManagerStore(auth["token_secret_arn"], clients.client))
