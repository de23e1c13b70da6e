"""`python -m sandbox.demo`: the main job from beginning to end, on one machine."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import dns.resolver

from sandbox.controllers import AwsLoadBalancerController, Scope
from sandbox.function_logs import LogLine
from sandbox.sandbox import Sandbox
from sandbox.terraform import Terraform, TerraformError

ZONE = "mesh.example.com"
NAME, NEW_NAME = f"cluster1.{ZONE}", f"cluster1-blue.{ZONE}"
TOKEN = "demo-token-that-opens-the-emulated-zone-only"  # noqa: S105
GRACE = 20
"""Seconds. 600 is the default; the demo overrides it, so that a name is deleted while you watch."""
OVERRIDE = {"module": {"mesh_dns": {"records": {"grace_seconds": GRACE}, "trail": {"force_destroy": True}}}}
PATIENCE = 180
"""Seconds: several times what each step takes on an idle machine."""


class DemoError(Exception):
    """Something did not happen in time."""


class Demo:
    """Tells what happens, with the seconds since the last act began."""

    def __init__(self) -> None:
        self._act = time.monotonic()
        self.sandbox = Sandbox(on_log_line=self._hear)
        self.decisions: set[tuple[str, str]] = set()
        self._expects_event = False

    def act(self, title: str, *, event: bool = False) -> None:
        """Begin another act; `event`: the next start of the function is worth a line."""
        self._act = time.monotonic()
        self._expects_event = event
        print(f"\n{title}", flush=True)

    def say(self, text: str) -> None:
        """One line, with its time."""
        print(f"  {time.monotonic() - self._act:6.1f} s  {text}", flush=True)

    def _hear(self, line: LogLine) -> None:
        if line.text.startswith("START") and self._expects_event:
            self._expects_event = False
            self.say("SQS queue: handed to the function")
        if not line.text.startswith("{"):
            return
        told = json.loads(line.text)
        if told.get("message") == "decision":
            load_balancer = told["load_balancer"].split("/")[3]
            detail = f" ({told['detail']})" if told.get("detail") else ""
            outcome = f": {told['outcome']}" if told.get("outcome") else ""
            self.say(f"function: {told['reason']} {told['hostname']} for {load_balancer}{outcome}{detail}")
            self.decisions.add((told["reason"], told["hostname"]))

    def wait_for(
        self, what: str, happened: Callable[[], bool], patience: float = PATIENCE, *, pause: float = 0.1
    ) -> None:
        """Wait until it happened, and look every `pause` seconds. Raises DemoError."""
        end = time.monotonic() + patience
        while not happened():
            if time.monotonic() > end:
                raise DemoError(f"{what}: not within {patience:.0f} s")
            time.sleep(pause)


class Topic:
    """Somebody else who subscribes to the module's topic, to see when events pass by."""

    def __init__(self, sandbox: Sandbox, topic_arn: str) -> None:
        self._sqs = sandbox.client("sqs")
        self._url = self._sqs.create_queue(QueueName="demo-spectator")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sandbox.client("sns").subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )

    def next_call(self) -> str:
        """The name of the next load balancer call that passes by."""
        while True:
            for message in self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1).get("Messages", ()):
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                event = json.loads(message["Body"])
                if "eventName" in event["detail"]:
                    return str(event["detail"]["eventName"])


class Names:
    """A resolver that asks the sandbox's DNS server."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._resolver = dns.resolver.Resolver(configure=False)
        self._resolver.nameservers = [sandbox.dns.host]
        self._resolver.port = sandbox.dns.port
        self.server = f"@{sandbox.dns.host} -p {sandbox.dns.port}"

    def answer(self, name: str) -> list[str]:
        """The lines of the answer, the CNAME and where it leads; empty when there is no such name."""
        lines: list[str] = []
        for record_type in ("CNAME", "A"):
            try:
                answer = self._resolver.resolve(name, record_type)
            except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
                continue
            lines += str(answer.rrset).splitlines()
        return lines

    def leads_somewhere(self, name: str) -> bool:
        """Whether the name ends with an address: a new load balancer's own name does not exist for a while."""
        return any(" A " in line for line in self.answer(name))


class Arrival(threading.Thread):
    """Tells when AWS shows the load balancer, its tags, and that it works: each later than the call that made it."""

    def __init__(self, demo: Demo, controller: AwsLoadBalancerController) -> None:
        super().__init__(name="arrival", daemon=True)
        self._demo = demo
        self._arn = controller.arn
        self._elb = demo.sandbox.client("elbv2")

    def run(self) -> None:
        """Look every now and then, as long as the load balancer arrives."""
        for what, arrived in (
            ("DescribeLoadBalancers shows it", lambda: self._state() != ""),
            ("DescribeTags shows its tags", self._tagged),
            ("it is active, and its own name exists", lambda: self._state() == "active"),
        ):
            self._demo.wait_for(what, arrived, pause=0.5)  # everybody's calls come out of one allowance
            self._demo.say(f"AWS: {what}")

    def _state(self) -> str:
        found = self._elb.describe_load_balancers()["LoadBalancers"]
        return next((str(b["State"]["Code"]) for b in found if b["LoadBalancerArn"] == self._arn), "")

    def _tagged(self) -> bool:
        return bool(self._elb.describe_tags(ResourceArns=[self._arn])["TagDescriptions"][0]["Tags"])


def main() -> int:
    """Run the demo; 0 when everything happened."""
    signal.signal(signal.SIGTERM, _interrupt)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="mesh-dns-demo-") as folder:
            _play(Demo(), Path(folder))
    except (DemoError, TerraformError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; everything is stopped and removed.", file=sys.stderr)
        return 130
    print(f"\nDone in {time.monotonic() - began:.0f} s; everything is stopped and removed.")
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _play(demo: Demo, folder: Path) -> None:
    demo.act("1. The sandbox: AWS, Cloudflare and DNS on this machine")
    with demo.sandbox as sandbox:
        zone_id = sandbox.cloudflare.add_zone(ZONE)
        sandbox.cloudflare.add_token(TOKEN, [zone_id])
        demo.say(f"AWS at {sandbox.endpoint}, Cloudflare at {sandbox.cloudflare.base_url}")
        names = Names(sandbox)
        demo.say(f"DNS: dig {names.server} {NAME}")
        topic = Topic(sandbox, _install(demo, folder, zone_id))
        controller = AwsLoadBalancerController(Scope(sandbox), "cluster1")
        _create(demo, topic, names, controller)
        _rename(demo, names, controller)
        _delete(demo, names, controller)


def _install(demo: Demo, folder: Path, zone_id: str) -> str:
    demo.act("2. terraform apply of examples/quickstart (unchanged, but for a short grace)")
    variables = {"TF_VAR_zones": json.dumps({ZONE: zone_id}), "TF_VAR_cloudflare_api_token": TOKEN}
    terraform = Terraform("quickstart", folder, demo.sandbox.environment() | variables, OVERRIDE)
    terraform.init()
    demo.say("terraform init: done")
    made: list[str] = []

    def on_line(line: str) -> None:
        if "Creation complete" in line:
            made.append(line)
            if len(made) % 10 == 0:
                demo.say(f"{len(made)} resources")

    terraform.apply(on_line)
    demo.say(f"{len(made)} resources: all done")
    planned = terraform.plan()
    demo.say("a second plan: " + ("no changes" if "No changes" in planned else planned))
    if TOKEN in terraform.state():
        raise DemoError("the token is in the state")
    demo.say("the token is not in the state")
    return str(terraform.outputs()["mesh_dns"]["topic_arn"])


def _create(demo: Demo, topic: Topic, names: Names, controller: AwsLoadBalancerController) -> None:
    demo.act(f"3. cluster1's Service gets its load balancer, tagged hostname={NAME}", event=True)
    controller.create(NAME)
    demo.say(f"AWS Load Balancer Controller: CreateLoadBalancer {controller.name}")
    arrival = Arrival(demo, controller)
    arrival.start()
    demo.say(f"CloudTrail, EventBridge rule, SNS topic: {topic.next_call()} passed by")
    demo.wait_for(f"{NAME} leads to an address", lambda: names.leads_somewhere(NAME))
    arrival.join()
    _show(demo, names, NAME, "create")


def _show(demo: Demo, names: Names, name: str, reason: str) -> None:
    """What DNS answers, once the function has told why: it tells at the end of its run, after the write."""
    demo.wait_for(f"{reason} {name} is told", lambda: (reason, name) in demo.decisions)
    demo.say(f"dig {names.server} {name}")
    for line in names.answer(name) or ["NXDOMAIN"]:
        print(f"             {line}", flush=True)


def _rename(demo: Demo, names: Names, controller: AwsLoadBalancerController) -> None:
    demo.act(f"4. The annotation changes to {NEW_NAME}; the old name leaves after the grace ({GRACE} s here)")
    controller.annotate(NEW_NAME)
    demo.say("AWS Load Balancer Controller: AddTags")
    demo.wait_for(f"{NEW_NAME} resolves", lambda: bool(names.answer(NEW_NAME)))
    _show(demo, names, NEW_NAME, "create")
    demo.wait_for(f"{NAME} leaves", lambda: not names.answer(NAME))
    _show(demo, names, NAME, "delete")


def _delete(demo: Demo, names: Names, controller: AwsLoadBalancerController) -> None:
    demo.act("5. The Service goes, and its load balancer with it")
    controller.delete()
    demo.say("AWS Load Balancer Controller: DeleteLoadBalancer")
    demo.wait_for(f"{NEW_NAME} leaves", lambda: not names.answer(NEW_NAME))
    _show(demo, names, NEW_NAME, "delete")


if __name__ == "__main__":
    sys.exit(main())
