"""AWS as `mesh_dns.aws` calls it: real botocore clients, which check every parameter, answered from memory.

It keeps AWS's ways where emulators differ: a describe of several load balancers fails whole when one is gone, so
is a DescribeTags; the tagging API may still name what is deleted; ids per call and pages have limits.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

from mesh_dns.aws.clients import AwsClients, Client
from mesh_dns.core.values import Kind, LoadBalancerId, Scope
from mesh_dns.credentials import Credentials
from tests.unit.aws.fake_table import AwsError, Call, FakeTable

HUB = Scope("111122223333", "eu-west-1")
SPOKE = Scope("444455556666", "eu-central-1")
NOW = 1_700_000_000.0


@dataclass(frozen=True)
class Balancer:
    """A load balancer as AWS keeps it. `odd`: members of its description as they should not be; None leaves one out."""

    id: LoadBalancerId
    tags: Mapping[str, str] = field(default_factory=dict)
    dns_name: str | None = "Internal-Name.elb.example.amazonaws.com"
    scheme: str | None = "internal"
    created: float = NOW
    state: str = "active"
    odd: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class FakeAws(FakeTable):
    """All accounts and regions. `before`: called with each call before it is answered; may change things or raise."""

    balancers: dict[LoadBalancerId, Balancer] = field(default_factory=dict)
    secrets: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    still_tagged: dict[LoadBalancerId, Mapping[str, str]] = field(default_factory=dict)
    sent: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    before: Callable[[Call], None] = lambda call: None
    session_account: str | None = None
    regions_off: set[tuple[str, str]] = field(default_factory=set)
    session_seconds: float = 3600

    def add(self, *balancers: Balancer) -> None:
        self.balancers.update((balancer.id, balancer) for balancer in balancers)

    def clients(self, region: str = HUB.region) -> AwsClients:
        return FakeClients(self, region)

    def actions(self) -> list[str]:
        return [call.action for call in self.calls]

    def answer(self, call: Call) -> Mapping[str, Any]:
        self.calls.append(call)
        self.before(call)
        answer: Mapping[str, Any] = getattr(self, "_" + call.action.replace(":", "_"))(call)
        return answer

    def _elbv2_DescribeLoadBalancers(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        found, more = self._described(call, "LoadBalancerArns", lambda key: key.kind is not Kind.CLASSIC)
        return {"LoadBalancers": [_v2(balancer) for balancer in found], **more}

    def _elb_DescribeLoadBalancers(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        found, more = self._described(call, "LoadBalancerNames", lambda key: key.kind is Kind.CLASSIC)
        return {"LoadBalancerDescriptions": [_classic(balancer) for balancer in found], **more}

    def _described(
        self, call: Call, ids: str, covers: Callable[[LoadBalancerId], bool]
    ) -> tuple[list[Balancer], Mapping[str, str]]:
        if ids in call.arguments:
            return self._asked_for(call, ids), {}
        start, size = int(call.arguments.get("Marker", 0)), call.arguments.get("PageSize", 400)
        every = sorted(key for key in self.balancers if key.scope == call.scope and covers(key))
        page = [self.balancers[key] for key in every[start : start + size]]
        return page, {"NextMarker": str(start + size)} if start + size < len(every) else {}

    def _elbv2_DescribeTags(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        found = self._asked_for(call, "ResourceArns")
        return {"TagDescriptions": [{"ResourceArn": arn(b.id), "Tags": tag_list(b.tags)} for b in found]}

    def _elb_DescribeTags(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        found = self._asked_for(call, "LoadBalancerNames")
        return {"TagDescriptions": [{"LoadBalancerName": b.id.name, "Tags": tag_list(b.tags)} for b in found]}

    def _asked_for(self, call: Call, ids: str) -> list[Balancer]:
        asked = call.arguments[ids]
        assert 1 <= len(asked) <= 20, "AWS takes 20 ids a call"
        known = {
            arn(key) if ids.endswith("Arns") else key.name: key for key in self.balancers if key.scope == call.scope
        }
        if not known.keys() >= set(asked):
            raise AwsError("LoadBalancerNotFound", "One or more load balancers not found")
        return [self.balancers[known[one]] for one in asked]

    def _resourcegroupstaggingapi_GetResources(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        key = call.arguments["TagFilters"][0]["Key"]
        tagged = {b.id: b.tags for b in self.balancers.values()} | self.still_tagged
        every = sorted(lb for lb, tags in tagged.items() if lb.scope == call.scope and key in tags)
        start, size = int(call.arguments.get("PaginationToken", 0)), call.arguments["ResourcesPerPage"]
        page = every[start : start + size]
        return {
            "ResourceTagMappingList": [{"ResourceARN": arn(lb), "Tags": tag_list(tagged[lb])} for lb in page],
            "PaginationToken": str(start + size) if start + size < len(every) else "",
        }

    def _sts_AssumeRole(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        account = self.session_account or call.arguments["RoleArn"].split(":")[4]
        if (account, call.scope.region) in self.regions_off:
            raise AwsError("RegionDisabledException", "STS is not activated in this region for account", 403)
        return {
            "Credentials": {
                "AccessKeyId": f"ASIA{account}",
                "SecretAccessKey": "s3cret",
                "SessionToken": "t0ken",
                "Expiration": datetime.fromtimestamp(NOW + self.session_seconds, UTC),
            },
            "AssumedRoleUser": {"Arn": f"arn:aws:sts::{account}:assumed-role/reader/mesh-dns", "AssumedRoleId": "A:m"},
        }

    def _secretsmanager_GetSecretValue(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        return self.secrets[call.arguments["SecretId"]]

    def _sqs_SendMessage(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        self.sent.append((call.arguments["QueueUrl"], call.arguments))
        return {"MessageId": "m"}

    def _sqs_SendMessageBatch(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        return self._sqs_batch(call)

    def _sqs_ChangeMessageVisibilityBatch(self, call: Call) -> Mapping[str, Any]:  # noqa: N802
        return self._sqs_batch(call)

    def _sqs_batch(self, call: Call) -> Mapping[str, Any]:
        entries = call.arguments["Entries"]
        assert 1 <= len(entries) <= 10, "SQS takes 10 entries a call"
        assert len({entry["Id"] for entry in entries}) == len(entries), "SQS wants distinct ids"
        size = sum(len(entry.get("MessageBody", "").encode()) for entry in entries)
        assert size <= 262_144, "the module's queue takes 256 KB a call"
        not_taken = [entry for entry in entries if entry.get("ReceiptHandle") == "not-this-one"]
        self.sent.extend((call.arguments["QueueUrl"], entry) for entry in entries if entry not in not_taken)
        failed = [{"Id": entry["Id"], "SenderFault": True, "Code": "InternalError"} for entry in not_taken]
        return {"Successful": [], "Failed": failed}


class FakeClients(AwsClients):
    """Clients that are answered by `FakeAws`; with the function's own keys in the account of HUB."""

    def __init__(self, aws: FakeAws, region: str) -> None:
        super().__init__(region)
        self._made = _SHARED._session()  # reading AWS's models is slow
        self.aws = aws
        self.made: list[Client] = []
        self._wrapping = threading.Lock()

    def client(self, service: str, region: str | None = None) -> Client:
        with self._wrapping:
            fresh = (service, region or self.region) not in self._clients
            client = super().client(service, region)
            return self._answered(client, HUB.account) if fresh else client

    def client_with(self, credentials: Credentials, service: str, region: str) -> Client:
        return self._answered(super().client_with(credentials, service, region), credentials.access_key[4:])

    def _answered(self, client: Client, account: str) -> Client:
        def note(params: Any, context: Any, **_: Any) -> None:
            context["asked"] = params

        def answer(model: Any, context: Any, **_: Any) -> Any:
            service = client.meta.service_model.service_name
            scope = Scope(account, client.meta.region_name)
            try:
                reply = self.aws.answer(Call(scope, f"{service}:{model.name}", context["asked"]))
            except AwsError as error:
                return SimpleNamespace(status_code=error.status), error.answer
            return SimpleNamespace(status_code=HTTPStatus.OK), dict(reply)

        client.meta.events.register("before-parameter-build", note)
        client.meta.events.register("before-call", answer)
        self.made.append(client)
        return client


_SHARED = AwsClients(HUB.region)


def arn(load_balancer: LoadBalancerId) -> str:
    return (
        f"arn:aws:elasticloadbalancing:{load_balancer.region}:{load_balancer.account}"
        f":loadbalancer/{load_balancer.arn_path}"
    )


def tag_list(tags: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def nlb(number: int, scope: Scope = HUB, kind: Kind = Kind.NETWORK) -> LoadBalancerId:
    return LoadBalancerId(scope.region, scope.account, kind, f"lb-{number}", f"{number:016x}")


def classic(number: int, scope: Scope = HUB) -> LoadBalancerId:
    return LoadBalancerId(scope.region, scope.account, Kind.CLASSIC, f"classic-{number}")


def claiming(load_balancer: LoadBalancerId, hostname: str = "cluster1.mesh.example.com") -> Balancer:
    return Balancer(load_balancer, {"hostname": hostname, "team": "platform"})


def plain(balancer: Balancer, **changes: Any) -> Balancer:
    return replace(balancer, **changes)


def _v2(balancer: Balancer) -> Mapping[str, Any]:
    item: dict[str, Any] = {
        "LoadBalancerArn": arn(balancer.id),
        "LoadBalancerName": balancer.id.name,
        "CreatedTime": datetime.fromtimestamp(balancer.created, UTC),
        "State": {"Code": balancer.state},
    }
    if balancer.dns_name is not None:
        item["DNSName"] = balancer.dns_name
    if balancer.scheme is not None:
        item["Scheme"] = balancer.scheme
    return _oddly(item, balancer)


def _classic(balancer: Balancer) -> Mapping[str, Any]:
    item = {
        "LoadBalancerName": balancer.id.name,
        "DNSName": balancer.dns_name,
        "Scheme": balancer.scheme,
        "CreatedTime": datetime.fromtimestamp(balancer.created, UTC),
    }
    return _oddly(item, balancer)


def _oddly(item: Mapping[str, Any], balancer: Balancer) -> Mapping[str, Any]:
    return {key: value for key, value in {**item, **balancer.odd}.items() if value is not None}
