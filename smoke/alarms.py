"""The module's alarms: each that is harmless to provoke is provoked, and the report says why the others are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from smoke.installation import Log, wait
from smoke.place import Place
from smoke.report import Report
from smoke.schedule import no_sweeps

PROVOKED = {"dead-letter", "errors", "rule", "topic", "guard", "silence"}
NOT_PROVOKED = {
    "failing": "a message would have to fail for a quarter of an hour",
    "backlog": "a message would have to lie in the queue for an hour",
    "zone-denied": "your token would have to be revoked",
    "deletes-waiting": "another account or region would have to be unreadable",
    "overdue": "an account and region would have to be unreadable for three sweep periods",
}
"""Alarms, and why a run does not provoke them."""
STRAYS = 12
"""Records that look orphaned: more than the 10, and more than the 30 % of all, that the guard lets go at once."""


class Alarms:
    """The alarms of an installation. outputs: the module's. log: the function's."""

    def __init__(self, place: Place, outputs: Mapping[str, Any], log: Log, report: Report, patience: float) -> None:
        self._place, self._outputs, self._log = place, outputs, log
        self._report, self._patience = report, patience
        self._cloudwatch = place.client("cloudwatch")

    def states(self) -> dict[str, str]:
        """Name, without the module's, => state, of all that there are."""
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self._place.name}-")
        found = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return {alarm["AlarmName"].removeprefix(f"{self._place.name}-"): alarm["StateValue"] for alarm in found}

    def is_raised(self, *names: str) -> None:
        """Check that these are raised, each as soon as it is."""
        waiting = set(names)

        def all_raised() -> bool:
            states = self.states()
            for name in sorted(name for name in waiting if states.get(name) == "ALARM"):
                waiting.remove(name)
                self._report.check(f"the alarm `{name}` is raised", True)
            return not waiting

        wait(all_raised, self._patience, 2)
        for name in sorted(waiting):
            self._report.check(f"the alarm `{name}` is raised", False, self.states().get(name, "there is none"))

    def provoke(self) -> None:
        """Break what these alarms watch for as long as they need to tell; everything is mended again."""
        with ExitStack() as broken:
            for break_it in (self._a_target_that_is_not_there, self._a_subscriber_that_is_gone, self._strays):
                broken.enter_context(break_it())
            self.is_raised("rule", "topic", "guard")

    def stop_the_sweeps(self) -> None:
        """Until the alarm tells it, which must be quiet before."""
        quiet = wait(lambda: self.states().get("silence") == "OK", self._patience, 1)
        self._report.check("the alarm `silence` is quiet while they come", bool(quiet))
        with no_sweeps(self._place, self._log, self._report):
            self.is_raised("silence")

    def tell_the_others(self) -> None:
        """Say of each that is not provoked why."""
        names = self.states().keys()
        for name, why in NOT_PROVOKED.items():
            self._report.say(f"the alarm `{name}` is not provoked", why if name in names else "there is no such alarm")
        forgotten = sorted(names - PROVOKED - NOT_PROVOKED.keys())
        self._report.check("there is no other alarm", not forgotten, ", ".join(forgotten))

    @contextmanager
    def _a_target_that_is_not_there(self) -> Iterator[None]:
        """The rule gets a second target, which does not exist; the first one gets every event as before."""
        events, rule = self._place.client("events"), f"{self._place.name}-events"
        events.put_targets(Rule=rule, Targets=[{"Id": "nowhere", "Arn": f"{self._outputs['queue_arn']}-nowhere"}])
        self._report.say("the rule has a second target, a queue that does not exist")
        try:
            yield
        finally:
            events.remove_targets(Rule=rule, Ids=["nowhere"])

    @contextmanager
    def _a_subscriber_that_is_gone(self) -> Iterator[None]:
        """The topic gets another subscriber, a queue that is deleted then."""
        sqs, sns = self._place.client("sqs"), self._place.client("sns")
        url = sqs.create_queue(QueueName=f"{self._place.name}-gone")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = self._outputs["topic_arn"]
        subscription = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        sqs.delete_queue(QueueUrl=url)
        self._report.say("the topic has another subscriber, a queue that was deleted")
        try:
            yield
        finally:
            sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

    @contextmanager
    def _strays(self) -> Iterator[None]:
        """Records with the module's mark whose load balancers are not there, enough for the guard to stop deletes."""
        where = f"{self._place.region}/{self._place.account}/net"
        for number in range(STRAYS):
            mark = f"{self._outputs['owner']} {where}/{self._place.name}-stray-{number}/0123456789abcdef"
            target = f"stray-{number}.elb.{self._place.region}.amazonaws.com"
            self._place.add_record(f"stray-{number}.{self._place.suffix}", target, mark)
        self._report.say(f"{STRAYS} records seem to have lost their load balancers")
        try:
            yield
            names = [record["name"] for record in self._place.records()]
            kept = sum(name.startswith("stray-") for name in names)
            self._report.check("the guard kept all of them", kept == STRAYS, f"{kept} of {STRAYS}")
        finally:
            for record in self._place.records():
                if record["name"].startswith("stray-"):
                    self._place.delete_record(record["id"])
