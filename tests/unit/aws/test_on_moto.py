"""The same adapters on moto's AWS: requests and answers in the form that goes over the wire."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from mesh_dns.aws.clients import AwsClients
from mesh_dns.aws.inventory import AwsInventory
from mesh_dns.aws.memory import TableMemory
from mesh_dns.aws.queue import Queue
from mesh_dns.aws.register import TableRegister
from mesh_dns.aws.scopes import ReaderRole, Scopes
from mesh_dns.aws.secrets_manager import SecretsManagerStore
from mesh_dns.aws.table import Table
from mesh_dns.core import own_messages
from mesh_dns.core.values import Gone, Kind, LoadBalancer, LoadBalancerId, Scope, Unreadable
from mesh_dns.core.work import SecondLook

HUB = Scope("123456789012", "eu-west-1")  # moto's own account
SPOKE = Scope("444455556666", "eu-central-1")
ROLE = ReaderRole("mesh-dns-reader", "an-external-id")
TAGS = [{"Key": "hostname", "Value": "cluster1.mesh.example.com"}]


@pytest.fixture
def clients() -> Iterator[AwsClients]:
    with mock_aws():
        yield AwsClients(HUB.region)


def deadline() -> float:
    return time.time() + 60


def inventory_of(clients: AwsClients) -> AwsInventory:
    return AwsInventory(Scopes(clients, HUB, ROLE, time.time), "hostname")


def make_network_load_balancer(elbv2: Any, ec2: Any) -> LoadBalancerId:
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = elbv2.create_load_balancer(Name="mesh", Type="network", Scheme="internal", Subnets=[subnet], Tags=TAGS)
    found = LoadBalancerId.from_arn(made["LoadBalancers"][0]["LoadBalancerArn"])
    assert found is not None
    return found


def test_a_network_load_balancer_of_the_hub(clients: AwsClients) -> None:
    made = make_network_load_balancer(clients.client("elbv2"), clients.client("ec2"))
    inventory = inventory_of(clients)

    seen = inventory.look([made], deadline())[made]

    assert isinstance(seen, LoadBalancer)
    assert seen.tags == {"hostname": "cluster1.mesh.example.com"}
    assert seen.internal
    assert seen.dns_name.endswith(".amazonaws.com")
    assert abs(seen.created - time.time()) < 60
    assert inventory.tagged([HUB], deadline()) == {HUB: {made: seen}}
    assert inventory.listings([HUB], deadline()) == {HUB: {made: seen}}


def test_a_network_load_balancer_of_a_spoke(clients: AwsClients) -> None:
    keys = clients.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{SPOKE.account}:role/admin", RoleSessionName="owner"
    )["Credentials"]
    session = clients._session()
    owner = {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
        "region_name": SPOKE.region,
    }
    made = make_network_load_balancer(session.create_client("elbv2", **owner), session.create_client("ec2", **owner))

    assert made.scope == SPOKE
    assert isinstance(inventory_of(clients).look([made], deadline())[made], LoadBalancer)
    listings = inventory_of(clients).listings([SPOKE, HUB], deadline())
    listed = listings[SPOKE]
    assert not isinstance(listed, Unreadable)
    assert listed.keys() == {made}
    assert listings[HUB] == {}


def test_a_classic_load_balancer(clients: AwsClients) -> None:
    clients.client("elb").create_load_balancer(
        LoadBalancerName="mesh",
        Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 2379, "InstanceProtocol": "TCP", "InstancePort": 32379}],
        AvailabilityZones=["eu-west-1a"],
        Scheme="internal",
        Tags=TAGS,
    )
    known_as = LoadBalancerId(HUB.region, HUB.account, Kind.CLASSIC, "mesh")
    gone = LoadBalancerId(HUB.region, HUB.account, Kind.CLASSIC, "gone")

    seen = inventory_of(clients).look([known_as, gone], deadline())

    assert isinstance(seen[known_as], LoadBalancer)
    assert seen[gone] == Gone()
    assert inventory_of(clients).listings([HUB], deadline()) == {HUB: {known_as: seen[known_as]}}


def make_table(clients: AwsClients) -> Table:
    clients.client("dynamodb").create_table(
        TableName="mesh-dns",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "kind", "KeyType": "HASH"}, {"AttributeName": "key", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("kind", "key")],
    )
    return Table(clients, "mesh-dns", time.time)


def test_the_register(clients: AwsClients) -> None:
    table = make_table(clients)

    def register() -> TableRegister:
        return TableRegister(table, HUB, 900, time.time)

    register().announce(SPOKE)
    register().announce(SPOKE)
    register().note_read(SPOKE)
    entry = register().entries()[SPOKE]
    assert entry.read is not None
    assert abs(entry.announced - time.time()) < 60

    register().forget(SPOKE)
    register().note_read(SPOKE)
    assert register().entries().keys() == {HUB}


def test_the_memory(clients: AwsClients) -> None:
    table = make_table(clients)

    def memory() -> TableMemory:
        return TableMemory(table, time.time)

    memory().remember(refused=["a.mesh.example.com", "b.mesh.example.com"], unread=["zone"])
    later = memory()
    assert later.recall().unread.keys() == {"zone"}
    later.remember(written=["a.mesh.example.com"])
    assert memory().recall().refused.keys() == {"b.mesh.example.com"}


def test_the_queues(clients: AwsClients) -> None:
    sqs = clients.client("sqs")
    own, dead = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("own", "dead-letter"))
    queue = Queue(clients, own, dead)

    network = LoadBalancerId(HUB.region, HUB.account, Kind.NETWORK, "mesh", "50dc6c495c0c9188")
    look = SecondLook(network, "cluster1.mesh.example.com", "zone", "record", 1.0)
    queue.send({look: 0})
    (received,) = sqs.receive_message(QueueUrl=own)["Messages"]
    assert json.loads(received["Body"]) == own_messages.encode(look)

    queue.delay({received["ReceiptHandle"]: 0})
    assert len(sqs.receive_message(QueueUrl=own)["Messages"]) == 1

    queue.reject("id-1", "{not json", "not JSON")
    (rejected,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    assert rejected["Body"] == "{not json"
    assert rejected["MessageAttributes"]["reason"]["StringValue"] == "not JSON"


def test_a_secret(clients: AwsClients) -> None:
    made = clients.client("secretsmanager").create_secret(Name="token", SecretString='{"cloudflare": "s3cr3t"}')

    assert SecretsManagerStore(made["ARN"], clients.client, "cloudflare").read() == "s3cr3t"
