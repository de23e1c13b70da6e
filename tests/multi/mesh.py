"""`examples/multi-account`, applied to a sandbox with an Organization of three accounts."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dns.exception
import dns.resolver

from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.resource_policy import ORGANIZATION_ID
from sandbox.sandbox import ACCOUNT, REGION, Sandbox
from sandbox.terraform import Terraform
from tests.e2e.alarms import Points, published, recording
from tests.e2e.installation import GRACE, TOKEN, Installation
from tests.sandbox.account import Account

SUFFIX = "mesh.example.com"
BLUE, GREEN, STRANGER = "222222222222", "333333333333", "999999999999"
OVERRIDE = {"module": {"mesh_dns": {"records": {"grace_seconds": GRACE}}}}


@dataclass
class Mesh:
    """Three accounts, each with a scope of its own. Every test uses hostnames of its own."""

    sandbox: Sandbox
    installation: Installation
    terraform: Terraform
    installed: float = 0.0
    """When every scope was known, in seconds since the epoch."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.hub = Scope(self.sandbox, ACCOUNT, REGION)
        self.blue = Scope(self.sandbox, BLUE, "eu-central-1")
        self.green = Scope(self.sandbox, GREEN, "us-east-1")
        self.hub_object: Mapping[str, Any] = self.installation.outputs["hub"]

    def hostname(self, subdomain: str) -> str:
        """A name that nobody used before: `cluster1.blue.mesh.example.com`."""
        return ".".join(filter(None, (f"cluster{next(self._numbers)}", subdomain, SUFFIX)))

    def controller(self, scope: Scope) -> AwsLoadBalancerController:
        """The controller of a new cluster in a scope."""
        return AwsLoadBalancerController(scope, f"kubernetes-{next(self._numbers)}")

    def known_scopes(self) -> set[str]:
        """`account/region` of each scope that the hub remembers, its own among them."""
        return set(self._register())

    def _register(self) -> dict[str, dict[str, dict[str, str]]]:
        items = self.sandbox.client("dynamodb").query(
            TableName=self._table, KeyConditionExpression="kind = :kind",
            ExpressionAttributeValues={":kind": {"S": "scope"}},
        )["Items"]  # fmt: skip
        return {item["key"]["S"]: item for item in items}

    @property
    def _table(self) -> str:
        return str(self.installation.outputs["table_name"])

    def swept(self) -> set[str]:
        """`account/region` of each scope of which a sweep was completed so far."""
        return {line["scope"] for line in self.installation.told("swept")}

    def age_the_register(self) -> None:
        """Let every scope be known since long ago, and read just now: a young register lets nothing be deleted."""
        for item in self._register().values():
            read = item.get("read", {"N": str(int(time.time()))})
            self._put(item | {"announced": {"N": "1"}, "read": read})
        self.installation.start_anew()  # the process remembers the register for a minute

    def let_be_overdue(self, scope: Scope) -> None:
        """Let a scope have been read long ago, and the hub's next sweep see it."""
        self._put(self._register()[f"{scope.account}/{scope.region}"] | {"announced": {"N": "1"}, "read": {"N": "1"}})
        self.installation.start_anew()
        self.sandbox.schedules.fire("mesh-dns-sweep")

    def _put(self, item: Mapping[str, Any]) -> None:
        self.sandbox.client("dynamodb").put_item(TableName=self._table, Item=item)

    def wait_until_known(self, *scopes: Scope) -> None:
        """Wait until the hub remembers these."""
        wanted = {f"{scope.account}/{scope.region}" for scope in scopes}
        self.installation.wait(lambda: wanted <= self.known_scopes(), f"{wanted} announce themselves")


def install(sandbox: Sandbox, folder: Path) -> Mesh:
    """Apply the example as a user would, with the credentials of the hub's account."""
    zone_ids = {SUFFIX: sandbox.cloudflare.add_zone("example.com")}
    sandbox.cloudflare.add_token(TOKEN, zone_ids.values())
    for account in (ACCOUNT, BLUE, GREEN):
        Account(sandbox, account).trail(IsMultiRegionTrail=True)  # the Organization's
    variables = {
        "TF_VAR_zones": json.dumps(zone_ids),
        "TF_VAR_cloudflare_api_token": TOKEN,
        "TF_VAR_organization_id": ORGANIZATION_ID,
        "TF_VAR_accounts": json.dumps({"blue": BLUE, "green": GREEN}),
    }
    terraform = Terraform("multi-account", folder, sandbox.environment() | variables, OVERRIDE)
    terraform.init()
    terraform.apply()
    outputs = terraform.outputs()["mesh_dns"]
    return Mesh(sandbox, Installation(sandbox, terraform, zone_ids, outputs, {}, [TOKEN]), terraform)


class Watcher:
    """Asks the DNS server for a name again and again while the block runs; `answers` in order, without repetition."""

    def __init__(self, sandbox: Sandbox, hostname: str) -> None:
        self.answers: list[str] = []
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers, self._resolver.port = [sandbox.dns.host], sandbox.dns.port
        self._hostname = hostname
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            answer = self._ask()
            if answer not in self.answers[-1:]:
                self.answers.append(answer)
            time.sleep(0.02)

    def _ask(self) -> str:
        try:
            return str(self._resolver.resolve(self._hostname, "CNAME")[0]).rstrip(".")
        except dns.exception.DNSException as error:
            return type(error).__name__


def role_copy(iam: Any, name: str) -> dict[str, Any]:
    """What is needed to make a role with its inline policies again."""
    role = iam.get_role(RoleName=name)["Role"]
    policies = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    return {"trust": role["AssumeRolePolicyDocument"], "path": role["Path"], "policies": policies}


@contextmanager
def counted(mesh: Mesh, alarm: Mapping[str, Any]) -> Iterator[Points]:
    """What is published while the block runs, and behind it until the alarm's metric is among it."""
    before = published(alarm)
    with recording(mesh.sandbox) as points:
        yield points
        mesh.installation.wait(lambda: published(alarm) > before, "it is counted")
        mesh.installation.wait(lambda: not mesh.installation.busy(), "nothing more is")


@contextmanager
def hanging(mesh: Mesh, scope: Scope) -> Iterator[None]:
    """AWS does not answer in a region for a while."""
    mesh.sandbox.late.hang(scope.region, 60)
    try:
        yield
    finally:
        mesh.sandbox.late.hang(scope.region, 0)


@contextmanager
def without_role(mesh: Mesh, scope: Scope) -> Iterator[None]:
    """Somebody deletes the reader role, and makes it again afterwards."""
    iam, name = scope.client("iam"), f"{mesh.hub_object['reader_role']}-{scope.region}"
    role = role_copy(iam, name)
    for policy in role["policies"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    iam.delete_role(RoleName=name)
    try:
        yield
    finally:
        iam.create_role(RoleName=name, Path=role["path"], AssumeRolePolicyDocument=json.dumps(role["trust"]))
        for policy, document in role["policies"].items():
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))
