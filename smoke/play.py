"""What a smoke test does, act by act. An error ends its act; only a missing installation ends the play."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from sandbox.terraform import Terraform
from smoke import dead_letters, pattern
from smoke.alarms import Alarms
from smoke.dead_letters import DeadLetters
from smoke.installation import Log, Spectator, called_at, wait
from smoke.place import TAG, Place
from smoke.report import Report, described
from smoke.schedule import no_sweeps
from smoke.watch import Watch

SWEEP_SECONDS, SLACK = 60, 15
SWEEPS = 2
"""So many come after the first one before their distance is judged; each may be a window early or late."""


class Play:
    """patience: seconds that anything may take. grace: seconds between the two looks."""

    def __init__(self, place: Place, applied: Terraform, report: Report, patience: float, grace: int) -> None:
        self.place, self.terraform, self.report = place, applied, report
        self.patience, self.grace = patience, grace
        self.elb = place.client("elbv2")
        self.hostname = f"cluster1.{place.suffix}"
        self.made: dict[str, dict[str, Any]] = {}
        self.swept = 0
        """So many sweeps were done when the schedule last rested: what lies between later ones is its own doing."""

    def run(self) -> None:
        """All acts, in order."""
        self._apply()
        for act in (
            self._pattern, self._create, self._blue_to_green, self._dead_letters, self._errors, self._alarms,
            self._sweeps, self._delete, self._plan_again,
        ):  # fmt: skip
            try:
                act()
            except Exception as error:  # the other acts tell more than their absence
                self.report.check("the act went on to its end", False, described(error))

    def _apply(self) -> None:
        why = (
            f"The example `quickstart`, by `terraform apply`, with a grace (the wait before a record is deleted) of "
            f"{self.grace} s and a sweep (a look at all load balancers) every minute. A plan after it must be empty: "
            "otherwise nobody could tell in later plans what somebody else changed."
        )
        self.report.act("1. The module is installed", why)
        self.terraform.init()
        self.terraform.apply()
        self.outputs = self.terraform.outputs()["mesh_dns"]
        self.log = Log(self.place, self.outputs["function_name"])
        self.report.say("Terraform applied it")
        self._plan("another plan changes nothing")
        self.report.check(
            "the Cloudflare token is not in Terraform's state", self.place.token not in self.terraform.state()
        )
        self.spectator = Spectator(self.place, self.outputs["topic_arn"])
        self.alarms = Alarms(self.place, self.outputs, self.log, self.report, self.patience)

    def _plan(self, what: str) -> None:
        said = self.terraform.plan("again")
        self.report.check(what, "No changes." in said, "" if "No changes." in said else said)

    def _pattern(self) -> None:
        self.report.act("2. The rule takes the right calls", pattern.WHY)
        pattern.check(self.place, self.outputs["owner"], self.report)

    def _create(self) -> None:
        why = (
            f"A network load balancer, `blue`, is made with the tag `hostname={self.hostname}`: its name follows. "
            "The sweeps rest, so that it is the event of the call that does it: this is how long a new name takes."
        )
        self.report.act("3. A load balancer gets its name", why)
        with no_sweeps(self.place, self.log, self.report):
            made = self._make("blue")
            self.report.say("AWS took the call CreateLoadBalancer")
            self._as_they_come(self._path(made))

    def _path(self, made: dict[str, Any]) -> dict[str, Callable[[], object]]:
        """What should be seen of a load balancer with a name => a look at it; a text is what was found."""
        name, target = made["LoadBalancerName"], made["DNSName"].lower()

        def told() -> str:
            event = self.spectator.call("CreateLoadBalancer", name)
            return f"CloudTrail told it {event['arrived'] - called_at(event):.1f} s after the call" if event else ""

        def decided() -> str:
            lines, event = self._decided("create"), self.spectator.call("CreateLoadBalancer", name)
            later = (
                f"{lines[0]['at'] - event['arrived']:.1f} s after the event was in a queue" if lines and event else ""
            )
            return later or ("before the event was seen" if lines else "")

        return {
            "CloudTrail's event of the call came through rule and topic into a queue": told,
            "the function decided to create the record": decided,
            "the record is at Cloudflare": lambda: self.place.records(self.hostname),
            "the zone's own name server answers with the load balancer": lambda: self._leads_to(target),
            "AWS says that the load balancer is active": lambda: self._state(made) == "active",
        }

    def _blue_to_green(self) -> None:
        why = (
            "A second one, `green`, wants the same name. It gets it when `blue` loses its tag, and not before "
            "(`claimed-by`): nobody takes a name from its owner by a tag, and clients find one of the two at any time."
        )
        self.report.act("4. The name moves to another load balancer", why)
        with no_sweeps(self.place, self.log, self.report):
            self._hand_over(self.made["blue"], self._make("green"))
        self.swept = len(list(self.log.lines("swept")))

    def _hand_over(self, blue: dict[str, Any], green: dict[str, Any]) -> None:
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

    def _dead_letters(self) -> None:
        self.report.act("5. What cannot be believed is kept", dead_letters.WHY)
        DeadLetters(self.place, self.outputs, self.log, self.report, self.patience).play(self.alarms)

    def _errors(self) -> None:
        why = "The function is called with a command that it does not know: what it cannot do must not pass unnoticed."
        self.report.act("6. An error is told", why)
        answer = self.place.client("lambda").invoke(
            FunctionName=self.outputs["function_name"], Payload=json.dumps({"action": "smoke"}).encode()
        )
        self.report.check("the function refuses it", "FunctionError" in answer)
        self.alarms.is_raised("errors")

    def _alarms(self) -> None:
        why = (
            "What an alarm watches is broken for a moment, where that harms nobody, and mended again. A dozen records "
            "at once without their load balancers are more than the guard against mass deletes lets go. `rule` and "
            "`topic` tell that EventBridge's rule or the SNS topic could not hand an event on: names stop following."
        )
        self.report.act("7. Alarms tell", why)
        self.alarms.provoke()
        self.alarms.tell_the_others()

    def _sweeps(self) -> None:
        why = (
            "A sweep mends what an event that was lost left behind. One comes every minute, at any moment of it, so "
            "single ones may be 0 to 120 s apart. Then they are stopped, and an alarm must tell."
        )
        self.report.act("8. Sweeps come", why)
        patience = max(self.patience, 2 * SWEEP_SECONDS * (SWEEPS + 1))
        wait(lambda: len(list(self.log.lines("swept"))) - self.swept > SWEEPS, patience, 2)
        times = [line["at"] for line in self.log.lines("swept")][self.swept :]
        between = [later - earlier for earlier, later in itertools.pairwise(times)]
        seen = f"seconds between: {', '.join(f'{each:.0f}' for each in between)}"
        self.report.check(f"more than {SWEEPS} sweeps were done", len(times) > SWEEPS, seen)
        mean = sum(between) / len(between) if between else 0.0
        early_or_late = SWEEP_SECONDS / max(1, len(between)) + SLACK
        on_time = abs(mean - SWEEP_SECONDS) <= early_or_late
        found = f"one in {mean:.0f} s; {early_or_late:.0f} s more or less are fine"
        self.report.check("one came each minute", on_time, found)
        self.alarms.stop_the_sweeps()

    def _delete(self) -> None:
        why = (
            "Both load balancers are deleted, while the sweeps rest. The record must go, but only after a second look, "
            f"{self.grace} s (the grace) after the first: a load balancer that is made again meanwhile keeps its name. "
            "That look counts only if the function's own role sent its message (see 5)."
        )
        self.report.act("9. The name goes with its load balancer", why)
        with no_sweeps(self.place, self.log, self.report):
            before = len(self._decided("look-again"))
            for arn in self.place.made:
                self.elb.delete_load_balancer(LoadBalancerArn=arn)
            gone = wait(lambda: not self.place.records(self.hostname), self.patience + 2 * self.grace, 2)
            self.report.check("the record is gone", bool(gone))
            deleted, looks = self._wait(lambda: self._decided("delete"), 2), self._decided("look-again")[before:]
        self.report.check("it went at the second look, the message of the function to itself", bool(looks and deleted))
        # An event of the other load balancer may tell again that the record waits: the first look counts.
        between = deleted[-1]["at"] - looks[0]["at"] if looks and deleted else 0.0
        self.report.check("it waited for the grace", between >= self.grace - 1, f"{between:.0f} s")

    def _plan_again(self) -> None:
        why = "After all this Terraform must find everything as it made it, before it takes it away."
        self.report.act("10. Nothing drifted", why)
        self._plan("a plan at the end changes nothing")

    def _wait(self, happened: Callable[[], Any], every: float = 0.5) -> Any:
        return wait(happened, self.patience, every)

    def _as_they_come(self, probes: dict[str, Callable[[], object]]) -> None:
        """Check several things side by side, each noted when it is first seen, with what was found."""
        waiting = dict(probes)

        def seen() -> bool:
            for what, found in [(what, found) for what, probe in waiting.items() if (found := probe())]:
                del waiting[what]
                self.report.check(what, True, found if isinstance(found, str) else "")
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
            Subnets=list(self.place.subnets),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["LoadBalancers"][0]
        self.place.made.append(made["LoadBalancerArn"])
        self.made[colour] = made
        return made

    def _state(self, made: dict[str, Any]) -> str:
        try:
            found = self.elb.describe_load_balancers(LoadBalancerArns=[made["LoadBalancerArn"]])["LoadBalancers"]
        except self.elb.exceptions.LoadBalancerNotFoundException:
            return "not shown yet"  # AWS shows late what was just made
        return str(found[0]["State"]["Code"])

    def _leads_to(self, target: str) -> bool:
        return self.place.answer(self.hostname).lower() == target
