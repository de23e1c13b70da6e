"""What a smoke test does, act by act. Each act notes what was seen, and only a missing installation ends the play."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

from sandbox.terraform import ROOT, Terraform
from smoke.installation import Log, Spectator, wait
from smoke.place import TAG, Place
from smoke.report import Report

SAMPLE = ROOT / "tests" / "fixtures" / "events" / "v2-create-nlb.json"


class Play:
    """patience: seconds that anything may take. grace: seconds between the two looks."""

    def __init__(self, place: Place, applied: Terraform, report: Report, patience: float, grace: int) -> None:
        self.place, self.terraform, self.report = place, applied, report
        self.patience, self.grace = patience, grace
        self.elb = place.client("elbv2")
        self.hostname = f"cluster1.{place.suffix}"

    def run(self) -> None:
        """All acts, in order."""
        self._apply()
        self._pattern()
        blue = self._create()
        self._blue_to_green(blue)
        self._dead_letter()
        self._errors()
        self._sweeps()
        self._delete()

    def _apply(self) -> None:
        why = f"The example `quickstart` with a grace of {self.grace} s and a sweep every minute, by `terraform apply`."
        self.report.act("1. The module is installed", why)
        self.terraform.init()
        self.terraform.apply()
        self.outputs = self.terraform.outputs()["mesh_dns"]
        self.log = Log(self.place, self.outputs["function_name"])
        self.report.say("Terraform applied it")
        said = self.terraform.plan("again")
        self.report.check("another plan changes nothing", "No changes." in said)
        self.report.check(
            "the Cloudflare token is not in Terraform's state", self.place.token not in self.terraform.state()
        )
        self.spectator = Spectator(self.place, self.outputs["topic_arn"])

    def _pattern(self) -> None:
        why = "EventBridge itself says (`TestEventPattern`) which calls the module's rule would take."
        self.report.act("2. The rule takes the right calls", why)
        events = self.place.client("events")
        pattern = events.describe_rule(Name=f"{self.place.name}-events")["EventPattern"]
        sample = json.loads(SAMPLE.read_text())
        other = sample | {"detail": sample["detail"] | {"eventName": "DescribeLoadBalancers"}}
        for what, event, wanted in (
            ("it takes CreateLoadBalancer", sample, True),
            ("it leaves DescribeLoadBalancers", other, False),
        ):
            answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event)).get("Result")
            self.report.check(what, answer is wanted)

    def _create(self) -> dict[str, Any]:
        why = (
            f"A network load balancer, `blue`, is made with the tag `hostname={self.hostname}`; its name should follow."
        )
        self.report.act("3. A load balancer gets its name", why)
        made = self._make("blue")
        name, target = made["LoadBalancerName"], made["DNSName"].lower()
        self.report.say("AWS took the call CreateLoadBalancer")
        self._as_they_come(
            {
                "CloudTrail's event of the call came through rule and topic": lambda: self.spectator.call(
                    "CreateLoadBalancer", name
                ),
                "the function decided to create the record": lambda: self._decided("create"),
                "the record is at Cloudflare": lambda: self.place.records(self.hostname),
                "the zone's own name server answers with the load balancer": lambda: self._leads_to(target),
                "AWS says that the load balancer is active": lambda: self._state(made) == "active",
            }
        )
        return made

    def _blue_to_green(self, blue: dict[str, Any]) -> None:
        why = "A second one, `green`, wants the same name. It gets it when `blue` loses its tag, and not before."
        self.report.act("4. The name moves to another load balancer", why)
        green = self._make("green")
        refused = self._wait(lambda: self._decided("claimed-by"))
        self.report.check("green is refused while blue has the name", bool(refused), "reason `claimed-by` in the log")
        self.report.check("the name still leads to blue", self._leads_to(blue["DNSName"].lower()))
        self._wait(lambda: self._state(green) == "active")
        self.report.say("green is active; blue's tag is taken away")
        with Watch(self.place, self.hostname) as watch:
            self.elb.remove_tags(ResourceArns=[blue["LoadBalancerArn"]], TagKeys=["hostname"])
            moved = self._wait(lambda: self._leads_to(green["DNSName"].lower()))
        self.report.check("the name leads to green", bool(moved))
        self.report.check("it always led to one of the two", not watch.empty, f"asked {watch.asked} times meanwhile")

    def _dead_letter(self) -> None:
        why = "A message that is no event is put into the module's queue: it must not get lost, and an alarm must tell."
        self.report.act("5. What nobody understands is kept", why)
        sqs = self.place.client("sqs")
        events, dead = (
            sqs.get_queue_url(QueueName=self.outputs[each].rsplit(":", 1)[-1])["QueueUrl"]
            for each in ("queue_arn", "dead_letter_queue_arn")
        )
        sqs.send_message(QueueUrl=events, MessageBody="smoke test: not an event")
        waiting = self._wait(lambda: self._count(sqs, dead))
        self.report.check("it is in the dead-letter queue", bool(waiting))
        self._alarm("dead-letter")
        sqs.start_message_move_task(
            SourceArn=self.outputs["dead_letter_queue_arn"], DestinationArn=self.outputs["queue_arn"]
        )
        again = self._wait(lambda: len(list(self.log.lines("rejected"))) > 1)
        self.report.check("put back, the function gets it again", bool(again), "StartMessageMoveTask")
        self._wait(lambda: self._count(sqs, dead))
        sqs.purge_queue(QueueUrl=dead)

    def _errors(self) -> None:
        why = "The function is called with a command that it does not know."
        self.report.act("6. An error is told", why)
        answer = self.place.client("lambda").invoke(
            FunctionName=self.outputs["function_name"], Payload=json.dumps({"action": "smoke"}).encode()
        )
        self.report.check("the function refuses it", "FunctionError" in answer)
        self._alarm("errors")

    def _sweeps(self) -> None:
        why = "Besides events, the module looks at all tagged load balancers again and again: here, every minute."
        self.report.act("7. Sweeps come", why)
        self._wait(lambda: len(list(self.log.lines("swept"))) > 1, 2)
        times = [line["at"] for line in self.log.lines("swept")]
        between = [f"{later - earlier:.0f}" for earlier, later in itertools.pairwise(times)]
        self.report.check("more than one sweep was done", len(times) > 1, f"seconds between: {', '.join(between)}")

    def _delete(self) -> None:
        why = (
            f"Both load balancers are deleted. The record must go, but only after a second look, {self.grace} s after "
            "the first; that look counts only if the function's own role sent its message (`SenderId` in SQS)."
        )
        self.report.act("8. The name goes with its load balancer", why)
        for arn in self.place.made:
            self.elb.delete_load_balancer(LoadBalancerArn=arn)
        gone = wait(lambda: not self.place.records(self.hostname), self.patience + 2 * self.grace)
        self.report.check("the record is gone", bool(gone))
        deleted, looks = self._wait(lambda: self._decided("delete")), self._decided("look-again")
        self.report.check("it was the second look, sent by the function's own role", bool(looks and deleted))
        between = deleted[-1]["at"] - looks[-1]["at"] if looks and deleted else 0.0
        self.report.check("it waited for the grace", between >= self.grace - 1, f"{between:.0f} s")

    def _wait(self, happened: Callable[[], Any], every: float = 0.5) -> Any:
        return wait(happened, self.patience, every)

    def _as_they_come(self, probes: dict[str, Callable[[], Any]]) -> None:
        """Check several things side by side, each noted when it is first seen."""
        waiting = dict(probes)

        def seen() -> bool:
            for what in [what for what, probe in waiting.items() if probe()]:
                del waiting[what]
                self.report.check(what, True)
            return not waiting

        self._wait(seen, 1)
        for what in waiting:
            self.report.check(what, False, f"not within {self.patience:.0f} s")

    def _decided(self, reason: str) -> list[dict[str, Any]]:
        return list(self.log.lines("decision", hostname=self.hostname, reason=reason))

    def _make(self, colour: str) -> dict[str, Any]:
        tags = {"hostname": self.hostname, TAG: self.place.run}
        made: dict[str, Any] = self.elb.create_load_balancer(
            Name=f"{self.place.name}-{colour}",
            Type="network",
            Scheme="internal",
            Subnets=self.place.subnets(),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["LoadBalancers"][0]
        self.place.made.append(made["LoadBalancerArn"])
        return made

    def _state(self, made: dict[str, Any]) -> str:
        try:
            found = self.elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"]
        except self.elb.exceptions.LoadBalancerNotFoundException:
            return "not shown yet"  # AWS shows late what was just made
        return str(found[0]["State"]["Code"])

    def _leads_to(self, target: str) -> bool:
        return self.place.answer(self.hostname).lower() == target

    def _alarm(self, word: str) -> None:
        name = f"{self.place.name}-{word}"
        cloudwatch = self.place.client("cloudwatch")

        def state() -> str:
            found = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
            return str(found[0]["StateValue"]) if found else "none"

        raised = self._wait(lambda: state() == "ALARM")
        self.report.check(f"the alarm `{word}` is raised", bool(raised), state())

    @staticmethod
    def _count(sqs: Any, url: str) -> int:
        name = "ApproximateNumberOfMessages"
        return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])


class Watch:
    """Asks for a name again and again while the block runs. `empty`: answers that led nowhere."""

    def __init__(self, place: Place, hostname: str) -> None:
        self.asked, self.empty = 0, 0
        self._place, self._hostname = place, hostname
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.2):
            said = self._place.answer(self._hostname)
            self.asked += 1
            self.empty += said in {"NXDOMAIN", "NODATA"}
