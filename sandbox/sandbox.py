"""The sandbox: everything together, with the handles that tests need."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config
from moto.awslambda.models import lambda_backends
from moto.cloudtrail.models import cloudtrail_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends
from moto.resourcegroupstaggingapi.models import resourcegroupstaggingapi_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.utilities.utils import get_partition

from sandbox.alarm_states import AlarmStates
from sandbox.caller import Caller
from sandbox.classic_tags import ClassicTags
from sandbox.cloudflare import CloudflareEmulator
from sandbox.cloudtrail import CloudTrail, SandboxTrails
from sandbox.dns import DnsServer
from sandbox.event_bridge import EventBridge
from sandbox.event_sources import EventSources
from sandbox.function_logs import FunctionLogs, LogLine
from sandbox.functions import FunctionService
from sandbox.gateway import Gateway
from sandbox.lambda_api import LambdaApi
from sandbox.lambda_backend import SandboxLambda
from sandbox.lateness import LateCloud, Lateness
from sandbox.load_balancers import (
    SandboxClassicLoadBalancers,
    SandboxLoadBalancersV2,
    SandboxTaggingApi,
    load_balancer_resolves,
)
from sandbox.message_moves import MessageMoves
from sandbox.metrics import QueueMetrics
from sandbox.moto_backends import bound, forget_everything, registered
from sandbox.queues import QueueClock, queue_backend
from sandbox.recorder import ActionRecorder, RecordedCall
from sandbox.roles import ACCOUNT_ADMIN_ROLE, EndedSessions, role_backend, session_of
from sandbox.schedules import Schedules
from sandbox.shield import Shield
from sandbox.web_identity import WebIdentity

REGION = "eu-west-1"
ACCOUNT = DEFAULT_ACCOUNT_ID

_one_at_a_time = threading.Lock()


class Sandbox:
    """AWS, Cloudflare and DNS, from `with` to its end. One at a time per process: moto's state is the process's.

    queue_speed: visibility timeouts of SQS, and the windows in which batches are collected, pass this many times as
    fast as the clock; delays pass like the clock.
    cloudwatch_speed: the minutes in which CloudWatch looks at queues and alarms pass this many times as fast.
    on_log_line: gets each line that a function prints.
    lateness: how late AWS shows what was done; `INSTANT` for a test that is about something else. Without it the
    environment decides (`SANDBOX_LATENESS`), and the default is late.
    """

    def __init__(
        self,
        *,
        queue_speed: float = 1.0,
        cloudwatch_speed: float = 1.0,
        on_log_line: Callable[[LogLine], None] | None = None,
        lateness: Lateness | None = None,
    ) -> None:
        self.queue_clock = QueueClock(queue_speed)
        """`at(speed)`: for a while, queues have another clock; `true()`: they are no faster than ours."""
        self._function_logs = FunctionLogs(on_log_line)
        self._recorder = ActionRecorder()
        self._admins: dict[tuple[str, str], AssumedRole] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._stack = ExitStack()
        self.events = EventBridge()
        """Publish an event as it is, without PutEvents: `events.publish(Event(...))`."""
        self.late = LateCloud(Lateness.from_environment() if lateness is None else lateness)
        """`hang()` makes a region hang, `hold()` keeps a load balancer from getting ready."""
        self.cloudtrail = CloudTrail(self.events.publish, self.late)
        """`drop_next()`, `repeat_next()` and `delay` make events get lost, double and late; see `on_their_way`."""
        self.schedules = Schedules(self.events)
        """`fire()` fires a schedule now."""
        self.web_identity = WebIdentity()
        """`issuer(account)`: where whoever verifies a token of GetWebIdentityToken finds the keys."""
        self.queue_metrics = QueueMetrics(cloudwatch_speed)
        """`sample()` publishes the metrics of all queues now."""
        self._alarm_states = AlarmStates(cloudwatch_speed)
        self.cloudflare = CloudflareEmulator()
        self.dns = DnsServer(self.cloudflare, load_balancer_resolves)
        self._functions: FunctionService
        self._gateway: Gateway

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start everything. Raises RuntimeError if another sandbox runs in this process."""
        if not _one_at_a_time.acquire(blocking=False):
            raise RuntimeError("another sandbox runs in this process; stop it first")
        with ExitStack() as stack:
            stack.callback(_one_at_a_time.release)
            stack.callback(forget_everything)
            self._register_backends(stack)
            self._start_services(stack)
            self._stack = stack.pop_all()

    def stop(self) -> None:
        """Stop everything; nothing stays behind, neither processes nor files."""
        self._stack.close()

    def _register_backends(self, stack: ExitStack) -> None:
        forget_everything()
        self._admins.clear()
        self._clients.clear()
        for backends, subclass in (
            (elbv2_backends, bound(SandboxLoadBalancersV2, late=self.late)),
            (elb_backends, bound(SandboxClassicLoadBalancers, late=self.late)),
            (resourcegroupstaggingapi_backends, SandboxTaggingApi),
            (sqs_backends, queue_backend(self.queue_clock)),
            (sts_backends, role_backend(self._on_role_assumed)),
            (lambda_backends, SandboxLambda),
            (cloudtrail_backends, SandboxTrails),
        ):
            stack.enter_context(registered(backends, subclass))

    def _start_services(self, stack: ExitStack) -> None:
        self._functions = FunctionService(
            lambda: {"AWS_ENDPOINT_URL": self.endpoint, "CLOUDFLARE_BASE_URL": self.cloudflare.base_url},
            self._recorder.watch,
            self._function_logs,
        )
        event_sources = EventSources(self._functions, self.queue_clock)
        lambda_api = LambdaApi(self._functions, self._function_logs)
        self.web_identity.start()
        stack.callback(self.web_identity.stop)
        classic_tags = ClassicTags()
        additions = (lambda_api, classic_tags, MessageMoves(), self._alarm_states, Shield(), self.web_identity)
        self._gateway = Gateway(
            (EndedSessions(), self.late, self.events, *additions),
            (self._recorder, classic_tags, self.cloudtrail),
        )
        parts = (self._gateway, self.cloudflare, self.dns, self.cloudtrail, event_sources, self.schedules)
        for part in (*parts, self.queue_metrics):
            part.start()
            stack.callback(part.stop)
        stack.callback(self._functions.stop)
        stack.callback(self.late.stop)

    def _on_role_assumed(self, caller: Caller, session: AssumedRole) -> None:
        if self._recorder.is_function(caller.access_key):
            self._recorder.watch(session.access_key_id)

    @property
    def endpoint(self) -> str:
        """The endpoint URL of every AWS service."""
        return self._gateway.endpoint

    def environment(self, account: str = ACCOUNT) -> dict[str, str]:
        """The variables that point `aws`, `terraform`, boto3 and `curl` at the sandbox, as an account's admin."""
        session = self._admin(account, REGION)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": session.access_key_id,
            "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
            "AWS_SESSION_TOKEN": session.session_token,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CLOUDFLARE_BASE_URL": self.cloudflare.base_url,
        }

    def client(self, service: str, *, region: str = REGION, account: str = ACCOUNT) -> Any:
        """A boto3 client of any account, as its admin; the same one each time, for tests ask again and again."""
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = self._new_client(service, region, account)
        return self._clients[key]

    def _new_client(self, service: str, region: str, account: str) -> Any:
        session = self._admin(account, region)
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=session.access_key_id,
            aws_secret_access_key=session.secret_access_key,
            aws_session_token=session.session_token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def _admin(self, account: str, region: str) -> AssumedRole:
        key = (get_partition(region), account)
        if key not in self._admins:
            role = f"arn:{key[0]}:iam::{account}:role/{ACCOUNT_ADMIN_ROLE}"
            self._admins[key] = session_of(role, "sandbox-user", region)
        return self._admins[key]

    @property
    def calls(self) -> tuple[RecordedCall, ...]:
        """Every AWS call of every function, with account, region and role."""
        return self._recorder.calls

    @property
    def actions(self) -> frozenset[str]:
        """The AWS actions that functions called, `service:Action` as IAM spells them."""
        return self._recorder.actions()

    def actions_of(self, role_arn: str) -> frozenset[str]:
        """The AWS actions that functions called with one role."""
        return self._recorder.actions(role_arn)

    @property
    def logs(self) -> tuple[LogLine, ...]:
        """What functions printed."""
        return self._function_logs.lines

    def forget_calls_and_logs(self) -> None:
        """Start `calls`, `actions` and `logs` anew."""
        self._recorder.clear()
        self._function_logs.clear()

    def kill_function(self) -> int:
        """Kill the functions that run an event right now, as a crash would; how many there were."""
        return self._functions.kill()
