"""The sandbox as a controller finds it: the module applied, nodes, and every call that the controller makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dns.resolver

from sandbox.sandbox import REGION, Sandbox
from sandbox.terraform import Terraform
from tests.kubernetes.calls import Compared, Made, told
from tests.kubernetes.control_plane import Api

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from sandbox.caller import Caller
    from sandbox.gateway import Call

ZONE, CLUSTER, OTHER = "mesh.example.com", "cluster1", "cluster2"
TOKEN = "token-that-opens-the-emulated-zone-only-0123456789"
GRACE = 15
INPUTS = {
    "records": {"grace_seconds": GRACE},
    "trail": {"force_destroy": True},
    "load_balancers": {"internal_only": False},
}
_READS = "Describe"


@dataclass
class Cloud:
    """A sandbox with the module, two nodes, and the load balancer calls of everybody but Terraform and the function."""

    sandbox: Sandbox
    nodes: list[Mapping[str, Any]]
    config: str
    vpc: str
    made: list[Made] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before(self, call: Call, caller: Caller) -> None:
        """A witness of the gateway: nothing yet."""

    def after(self, call: Call, caller: Caller, response: Response) -> None:
        """Remember it."""
        if call.service != "elasticloadbalancing" or call.action.startswith(_READS):
            return
        with self._lock:
            self.made.append(Made(call.action, call.form(), response.status_code < 400))

    def since(self, count: int, *, each_one: bool = False) -> list[Compared]:
        """What the calls after the first `count` were about; of one load balancer at a time.

        each_one: also of those that change nothing, as a real controller makes them by chance.
        """
        with self._lock:
            return told(self.made[count:], each_one=each_one)

    def failed(self) -> list[Made]:
        """The calls that AWS did not take."""
        with self._lock:
            return [made for made in self.made if not made.ok]

    def shows(self, dns_name: str) -> bool:
        """Whether AWS lists a load balancer with this name of its own."""
        listed = self.sandbox.client("elbv2").describe_load_balancers()["LoadBalancers"]
        return any(each["DNSName"].lower() == dns_name for each in listed)

    def leads_to(self, name: str) -> str:
        """What the zone's server answers for a name; empty when there is no such name."""
        return self._answer(name, "CNAME").rstrip(".")

    def address(self, name: str) -> str:
        """The address that the zone's server answers for a name; empty when there is none."""
        return self._answer(name, "A")

    def _answer(self, name: str, kind: str) -> str:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.sandbox.dns.host], self.sandbox.dns.port
        try:
            return str(resolver.resolve(name, kind)[0])
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ""


@contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    """The sandbox with the quickstart applied."""
    with Sandbox() as sandbox:
        zone = sandbox.cloudflare.add_zone(ZONE)
        sandbox.cloudflare.add_token(TOKEN, [zone])
        variables = {"TF_VAR_zones": json.dumps({ZONE: zone}), "TF_VAR_cloudflare_api_token": TOKEN}
        terraform = Terraform("quickstart", folder, sandbox.environment() | variables, {"module": {"mesh_dns": INPUTS}})
        terraform.init()
        terraform.apply()
        cloud = Cloud(sandbox, *_nodes(sandbox))
        # The sandbox has no place for a witness of the tests' own.
        sandbox._gateway._witnesses += (cloud,)
        yield cloud


def _nodes(sandbox: Sandbox) -> tuple[list[Mapping[str, Any]], str, str]:
    """Two instances in two tagged subnets: they as Kubernetes' nodes, the controller's configuration, their VPC."""
    ec2, owned = sandbox.client("ec2"), [{"Key": f"kubernetes.io/cluster/{CLUSTER}", "Value": "owned"}]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][:2]
    for role in ("internal-elb", "elb"):
        tag = {"Key": f"kubernetes.io/role/{role}", "Value": "1"}
        ec2.create_tags(Resources=[subnet["SubnetId"] for subnet in subnets], Tags=[*owned, tag])
    _open_to_the_internet(ec2, vpc)
    # The controller opens the nodes' ports in the one security group that carries the cluster's tag.
    group = ec2.create_security_group(GroupName="nodes", Description="Nodes of the cluster", VpcId=vpc)["GroupId"]
    ec2.create_tags(Resources=[group], Tags=owned)
    image, nodes = ec2.describe_images()["Images"][0]["ImageId"], []
    for subnet in subnets:
        made = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet["SubnetId"],
            SecurityGroupIds=[group],
            TagSpecifications=[{"ResourceType": "instance", "Tags": owned}],
        )["Instances"][0]
        nodes.append(_node(made, subnet["AvailabilityZone"]))
    where = {"Zone": subnets[0]["AvailabilityZone"], "Region": REGION, "VPC": vpc, "SubnetID": subnets[0]["SubnetId"]}
    lines = [f"{name} = {value}" for name, value in {**where, "KubernetesClusterID": CLUSTER}.items()]
    return nodes, "\n".join(["[Global]", *lines]) + "\n", vpc


def _open_to_the_internet(ec2: Any, vpc: str) -> None:
    """A route to an internet gateway: without one the controller finds no subnets for what is internet-facing."""
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    for table in tables:
        ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)


def _node(instance: Mapping[str, Any], zone: str) -> Mapping[str, Any]:
    name, address = instance["PrivateDnsName"], instance["PrivateIpAddress"]
    labels = {"topology.kubernetes.io/zone": zone, "topology.kubernetes.io/region": REGION}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"providerID": f"aws:///{zone}/{instance['InstanceId']}"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}, {"type": "InternalDNS", "address": name}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "Test", "message": "it is said to be"}],
        },
    }


def register(api: Api, cloud: Cloud) -> None:
    """Make the instances the cluster's nodes."""
    for node in cloud.nodes:
        api.create("/api/v1/nodes", node)
        path = f"/api/v1/nodes/{node['metadata']['name']}"
        api.merge(f"{path}/status", {"status": node["status"]})
        api.merge(path, {"spec": {"taints": None}})
