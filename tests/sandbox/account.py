"""What tests do in one account and region of a sandbox."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.sandbox import ACCOUNT, REGION, Sandbox

PATTERN = {
    "source": ["aws.elasticloadbalancing"],
    "detail": {"eventName": ["CreateLoadBalancer", "DeleteLoadBalancer", "AddTags", "RemoveTags"]},
}


def eventually(probe: Callable[[], Any], seconds: float = 60.0) -> Any:
    """The first true answer of `probe`; fails the test when there is none in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = probe()
        if answer:
            return answer
        time.sleep(0.05)
    pytest.fail(f"nothing after {seconds} s")


def package(source: str, **files: str) -> bytes:
    """A deployment package with the module `app` and other files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("app.py", source)
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


@dataclass
class Account:
    """What tests do in one account and region."""

    sandbox: Sandbox
    account: str = ACCOUNT
    region: str = REGION

    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = self.sandbox.client(service, region=self.region, account=self.account)
        return self.clients[service]

    def trail(self, name: str = "trail", **options: Any) -> None:
        self.client("s3").create_bucket(
            Bucket=f"{name}-{self.account}-{self.region}",
            CreateBucketConfiguration={"LocationConstraint": self.region},
        )
        trail = self.client("cloudtrail")
        trail.create_trail(Name=name, S3BucketName=f"{name}-{self.account}-{self.region}", **options)
        trail.start_logging(Name=name)

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{self.region}:{self.account}:{name}"

    def rule(self, target: str, pattern: object = PATTERN, bus: str = "default", **extra: Any) -> None:
        events = self.client("events")
        events.put_rule(Name="rule", EventBusName=bus, EventPattern=json.dumps(pattern))
        events.put_targets(Rule="rule", EventBusName=bus, Targets=[{"Id": "t", "Arn": target} | extra])

    def topic_to(self, queue_arn: str, *, raw: bool = False) -> str:
        """ARN of a new topic that the queue is subscribed to."""
        sns = self.client("sns")
        topic = sns.create_topic(Name="topic")["TopicArn"]
        attributes = {"RawMessageDelivery": str(raw).lower()}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=attributes)
        return str(topic)

    def role(self, name: str = "function", trust: object = None) -> str:
        default = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                  "Principal": {"Service": "lambda.amazonaws.com"}}]}  # fmt: skip
        made = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or default))
        return str(made["Role"]["Arn"])

    def function(self, source: str, **options: Any) -> str:
        """ARN of a new function `app.handler` with reserved concurrency 1."""
        functions = self.client("lambda")
        settings = {"FunctionName": "fn", "Runtime": "python3.13", "Handler": "app.handler", "Timeout": 20}
        files = options.pop("files", {})
        role = options.pop("Role", None) or self.role()
        made = functions.create_function(**(settings | options), Role=role, Code={"ZipFile": package(source, **files)})
        functions.put_function_concurrency(FunctionName="fn", ReservedConcurrentExecutions=1)
        return str(made["FunctionArn"])

    def invoke(self, payload: object, **options: Any) -> dict[str, Any]:
        answer = self.client("lambda").invoke(FunctionName="fn", Payload=json.dumps(payload).encode(), **options)
        return answer | {"Payload": json.loads(answer["Payload"].read() or b"null")}

    def load_balancer(self, name: str = "k8s-kubesyst-clusterm-0123456789", **options: Any) -> dict[str, Any]:
        ec2 = self.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        settings: dict[str, Any] = {"Type": "network", "Scheme": "internal", "Subnets": [subnet]}
        made = self.client("elbv2").create_load_balancer(Name=name, **(settings | options))
        return dict(made["LoadBalancers"][0])

    def received(self, url: str, most: int = 10, **options: Any) -> list[dict[str, Any]]:
        answer = self.client("sqs").receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"],
            MaxNumberOfMessages=most, **options
        )  # fmt: skip
        return list(answer.get("Messages", []))
