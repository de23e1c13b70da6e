"""What a smoke test does, act by act. Each act notes what was seen, and only a missing installation ends the play."""

from __future__ import annotations

import itertools
import json
import threading
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
        blue = self._create("blue")
        self._blue_to_green(blue)
        self._sweeps()
        self._dead_letter()
        self._errors()
        self._delete()

    def _apply(self) -> None:
        self.report.act("1. terraform apply")
        self.terraform.init()
        self.terraform.apply()
        self.outputs = self.terraform.outputs()["mesh_dns"]
        self.log = Log(self.place, self.outputs["function_name"])
        self.report.say("applied")
        said = self.terraform.plan("again")
        self.report.check("a second plan is empty", "No changes." in said)
        self.report.check("the token is not in the state", self.place.token not in self.terraform.state())
        self.spectator = Spectator(self.place, self.outputs["topic_arn"])

    def _pattern(self) -> None:
        self.report.act("2. The event pattern, as EventBridge reads it")
        events = self.place.client("events")
        pattern = events.describe_rule(Name=f"{self.place.name}-events")["EventPattern"]
        sample = json.loads(SAMPLE.read_text())
        other = sample | {"detail": sample["detail"] | {"eventName": "DescribeLoadBalancers"}}
        for what, event, wanted in (("creates pass", sample, True), ("other calls do not", other, False)):
            answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event)).get("Result")
            self.report.check(f"TestEventPattern: {what}", None if answer is None else answer is wanted)

    def _create(self, colour: str) -> dict[str, Any]:
        self.report.act(f"3. A network load balancer, {colour}, tagged hostname={self.hostname}")
        made = self._make(colour)
        self.report.say(f"CreateLoadBalancer answered: {made['LoadBalancerName']}")
        event = wait(lambda: self.spectator.call("CreateLoadBalancer", made["LoadBalancerName"]), self.patience)
        late = f"{event['detail'].get('eventTime')} by CloudTrail's clock" if event else ""
        self.report.check("CloudTrail's event passed the topic", event is not None, late)
        record = wait(lambda: self.place.records(self.hostname), self.patience)
        self.report.check("a record is at Cloudflare", bool(record))
        wanted = made["DNSName"].lower()
        self.report.check(
            "the zone's own server answers", bool(wait(lambda: self._leads_to(wanted), self.patience)), self.hostname
        )
        state = wait(lambda: self._state(made) == "active", self.patience)
        self.report.check("the load balancer is active", bool(state), self._state(made))
        line = wait(lambda: list(self.log.lines("decision", hostname=self.hostname, reason="create")), self.patience, 1)
        began = made["CreatedTime"].timestamp()
        self.report.check("the log has the decision", bool(line),
                          f"{line[0]['at'] - began:.0f} s after CreatedTime" if line else "")  # fmt: skip
        return made

    def _blue_to_green(self, blue: dict[str, Any]) -> None:
        self.report.act("4. Blue to green: another one claims the name, then blue's tag goes")
        green = self._make("green")
        refused = wait(
            lambda: list(self.log.lines("decision", hostname=self.hostname, reason="claimed-by")), self.patience, 1
        )
        self.report.check("while blue claims the name, green is refused", bool(refused))
        self.report.check("the name still leads to blue", self._leads_to(blue["DNSName"].lower()))
        wait(lambda: self._state(green) == "active", self.patience)
        with Watch(self.place, self.hostname) as watch:
            self.elb.remove_tags(ResourceArns=[blue["LoadBalancerArn"]], TagKeys=["hostname"])
            moved = wait(lambda: self._leads_to(green["DNSName"].lower()), self.patience)
        self.report.check("the name moved to green", bool(moved))
        self.report.check("it was never empty meanwhile", not watch.empty, f"{watch.asked} questions")

    def _sweeps(self) -> None:
        self.report.act("5. A sweep every minute")
        wait(lambda: len(list(self.log.lines("swept"))) > 1, self.patience, 2)
        times = [line["at"] for line in self.log.lines("swept")]
        between = [f"{later - earlier:.0f}" for earlier, later in itertools.pairwise(times)]
        self.report.check("sweeps arrive", len(times) > 1 or None, f"seconds between: {', '.join(between) or '-'}")

    def _dead_letter(self) -> None:
        self.report.act("6. A message that nobody understands: dead letter, alarm, redrive")
        sqs = self.place.client("sqs")
        events, dead = (
            sqs.get_queue_url(QueueName=self.outputs[each].rsplit(":", 1)[-1])["QueueUrl"]
            for each in ("queue_arn", "dead_letter_queue_arn")
        )
        sqs.send_message(QueueUrl=events, MessageBody="smoke test: not an event")
        waiting = wait(lambda: self._count(sqs, dead), self.patience)
        self.report.check("it is in the dead-letter queue", bool(waiting))
        self._alarm("dead-letter")
        try:
            sqs.start_message_move_task(
                SourceArn=self.outputs["dead_letter_queue_arn"], DestinationArn=self.outputs["queue_arn"]
            )
        except sqs.exceptions.ClientError as error:
            self.report.check("it can be redriven", None, str(error)[:120])
        else:
            rejected = lambda: len(list(self.log.lines("rejected"))) > 1  # noqa: E731
            self.report.check("it can be redriven", bool(wait(rejected, self.patience, 1)))
            wait(lambda: self._count(sqs, dead), self.patience)
        sqs.purge_queue(QueueUrl=dead)

    def _errors(self) -> None:
        self.report.act("7. A command that does not exist: alarm")
        answer = self.place.client("lambda").invoke(
            FunctionName=self.outputs["function_name"], Payload=json.dumps({"action": "smoke"}).encode()
        )
        self.report.check("it is refused", "FunctionError" in answer)
        self._alarm("errors")

    def _delete(self) -> None:
        self.report.act(f"8. Both load balancers go; the record leaves at the second look, {self.grace} s later")
        for arn in self.place.made:
            self.elb.delete_load_balancer(LoadBalancerArn=arn)
        gone = wait(lambda: not self.place.records(self.hostname), self.patience + 2 * self.grace)
        self.report.check("the record left", bool(gone))
        looks = list(self.log.lines("decision", hostname=self.hostname, reason="look-again"))
        deleted = wait(
            lambda: list(self.log.lines("decision", hostname=self.hostname, reason="delete")), self.patience, 1
        )
        # The function takes a second look only from SQS's SenderId of its own role: a delete proves that it was it.
        self.report.check("the second look came from the function's own role, by SenderId", bool(looks and deleted))
        between = f"{deleted[-1]['at'] - looks[-1]['at']:.0f} s" if looks and deleted else ""
        self.report.check("not before the grace", between != "" and float(between[:-2]) >= self.grace - 1, between)

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

        raised = wait(lambda: state() == "ALARM", self.patience, 1)
        self.report.check(f"the alarm `{word}` is raised", True if raised else None, state())

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
