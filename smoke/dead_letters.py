"""Messages that the function must not believe: they are kept, told, and can be put back; and who sent what, by SQS."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smoke.alarms import Alarms
from smoke.installation import Log, wait
from smoke.place import Place
from smoke.report import Report

WHY = (
    "Two messages are put into the module's queue by hand: one that is no event, and one that looks like a second "
    "look, by which the function reminds itself to look again before it deletes a record. Neither must be believed or "
    "lost: both go to the dead-letter queue, and an alarm must tell."
)
MESSAGES = ("smoke test: not an event", json.dumps({"mesh-dns": {"second-look": {}}}))


class DeadLetters:
    """outputs: the module's. log: the function's."""

    def __init__(self, place: Place, outputs: Mapping[str, Any], log: Log, report: Report, patience: float) -> None:
        self._place, self._outputs, self._log = place, outputs, log
        self._report, self._patience = report, patience
        self._sqs = place.client("sqs")
        self._events, self._dead = (
            self._sqs.get_queue_url(QueueName=outputs[each].rsplit(":", 1)[-1])["QueueUrl"]
            for each in ("queue_arn", "dead_letter_queue_arn")
        )

    def play(self, alarms: Alarms) -> None:
        """The whole act; at its end the dead-letter queue is empty."""
        for body in MESSAGES:
            self._sqs.send_message(QueueUrl=self._events, MessageBody=body)
        self._report.check("both are in the dead-letter queue", self._both_are_there())
        wait(lambda: self._rejected("somebody else sent it"), self._patience)
        why = self._rejected("somebody else sent it")
        self._report.check("the second look was rejected for its sender", bool(why), *why[:1])
        self._who_sent_them()
        alarms.is_raised("dead-letter")
        before = len(self._rejected())
        source, destination = (self._outputs[each] for each in ("dead_letter_queue_arn", "queue_arn"))
        self._sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)
        again = wait(lambda: len(self._rejected()) >= before + len(MESSAGES), self._patience)
        self._report.check("put back, the function gets them again", bool(again), "StartMessageMoveTask")
        self._both_are_there()
        self._sqs.purge_queue(QueueUrl=self._dead)

    def _both_are_there(self) -> bool:
        name = "ApproximateNumberOfMessages"

        def count() -> int:
            found = self._sqs.get_queue_attributes(QueueUrl=self._dead, AttributeNames=[name])
            return int(found["Attributes"][name])

        return bool(wait(lambda: count() >= len(MESSAGES), self._patience))

    def _who_sent_them(self) -> None:
        """The function itself puts messages there: a second look counts if SQS names this very sender."""
        name = self._outputs["function_name"]
        arn = self._place.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        role = self._place.client("iam").get_role(RoleName=arn.rsplit("/", 1)[-1])["Role"]["RoleId"]
        got = self._sqs.receive_message(
            QueueUrl=self._dead, MaxNumberOfMessages=10, WaitTimeSeconds=5, MessageSystemAttributeNames=["SenderId"],
            VisibilityTimeout=0,  # only a look
        )  # fmt: skip
        senders = [message["Attributes"]["SenderId"].partition(":") for message in got.get("Messages", ())]
        sessions = ", ".join(sorted({session for _, _, session in senders}))
        self._report.check(
            "SQS calls the function's role the sender of what the function sent (`SenderId`)",
            bool(senders) and all(sender == role for sender, _, _ in senders),
            f"messages looked at: {len(senders)}, the role's session: {sessions}",
        )

    def _rejected(self, words: str = "") -> list[str]:
        """Why the function rejected messages, if the reason has these words."""
        return [line["detail"] for line in self._log.lines("rejected") if words in line["detail"]]
