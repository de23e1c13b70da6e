"""Messages in, answers out: what each message of a batch asks for, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from mesh_dns.converge import Converge
from mesh_dns.core import events, messages
from mesh_dns.core.rules import Policy
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Check, Release, Sweep, Work
from mesh_dns.errors import Ignored, MeshDnsError, Rejected, Retryable
from mesh_dns.forgetting import release
from mesh_dns.ports import KnownScopes, Register
from mesh_dns.telemetry import Telemetry

# A failed message waits this many seconds, doubled at each receive, at most a quarter of an hour.
FIRST_DELAY = 10
LONGEST_DELAY = 900
# What SQS takes as a visibility timeout.
LONGEST_VISIBILITY = 43200


class Mailbox(Protocol):
    """The queue, as far as messages that failed or make no sense are concerned."""

    def reject(self, message_id: str, body: str, reason: str) -> None:
        """Put a body into the dead-letter queue with the reason as an attribute. Raises Retryable."""
        ...

    def postpone(self, delays: Mapping[str, int]) -> None:
        """Set what is left of each message's invisibility: receipt handle => seconds. Raises Retryable."""
        ...


@dataclass(frozen=True)
class Intake:
    """Takes SQS batches and direct invocations. `role_id`: unique id of the function's own role."""

    converge: Converge
    register: Register
    mailbox: Mailbox
    telemetry: Telemetry
    hub: Scope
    role_id: str

    def batch(self, records: Sequence[Mapping[str, Any]], deadline: float) -> Mapping[str, Any]:
        """Work on the records of an SQS event. Returns the answer that names the messages which failed."""
        if not all(record.get("eventSource") == "aws:sqs" for record in records):
            raise Rejected("these records are not of SQS: the topic must reach the function through its queue")
        letters = _Letters({record["messageId"]: record for record in records})
        self._read(letters)
        try:
            scopes = self._admit(letters)
        except Retryable as error:
            letters.failed.update(dict.fromkeys(letters.work, error))
        else:
            letters.failed.update(self.converge(letters.work, scopes, deadline))
            self._tell_silent(letters)
        self._postpone(letters)
        return {"batchItemFailures": [{"itemIdentifier": key} for key in sorted(letters.failed)]}

    def invoke(self, event: Mapping[str, Any], deadline: float) -> Mapping[str, Any]:
        """Work on one event or command that was handed over directly. Raises what went wrong with it."""
        try:
            work = self._direct(event)
        except Ignored as reason:
            self.telemetry.ignored("direct", str(reason))
            return {"ignored": str(reason)}
        scopes = KnownScopes(self._known(), self.register.silent())
        if isinstance(work, Release):
            return self._release(work, scopes, deadline)
        if work.scope not in scopes.known:
            raise Rejected(_unknown(work.scope))
        for failure in self.converge({"direct": work}, scopes, deadline).values():
            raise failure
        return {"done": str(work.scope)}

    def _direct(self, event: Mapping[str, Any]) -> Check | Sweep | Release:
        if "action" in event:
            return events.command_in(event, self.hub)
        return events.work_in(event, self.converge.rules.owner)

    def _release(self, work: Release, scopes: KnownScopes, deadline: float) -> Mapping[str, Any]:
        if work.scope == self.hub:
            raise Rejected(f"{work.scope} is the hub's own scope, which cannot be released")
        if work.confirmed and (self.converge.dry_run or self.converge.rules.policy is not Policy.SYNC):
            raise Rejected("a release deletes records: it needs the policy `sync` and the mode `apply`")
        others = replace(scopes, known=scopes.known - {work.scope})
        decisions = release(self.converge, work.scope, others, deadline, confirmed=work.confirmed)
        if work.confirmed:
            self.register.release(work.scope)
        told = [
            {"hostname": decision.hostname, "reason": decision.reason.value, "to": str(decision.load_balancer)}
            for decision in decisions
        ]
        return {"released" if work.confirmed else "would_release": str(work.scope), "records": told}

    def _read(self, letters: _Letters) -> None:
        for key, record in letters.records.items():
            try:
                letters.work[key] = self._work_in(record)
            except Ignored as reason:
                self.telemetry.ignored(key, str(reason))
            except Rejected as reason:
                self._reject(letters, key, str(reason))

    def _work_in(self, record: Mapping[str, Any]) -> Work:
        body = events.from_text(record["body"])
        if messages.KEY not in body:
            return events.work_in(body, self.converge.rules.owner)
        sender = str(record.get("attributes", {}).get("SenderId", ""))
        if sender.partition(":")[0] != self.role_id:
            raise Rejected("looks like a message of the function to itself, but somebody else sent it")
        return messages.decode(body)

    def _reject(self, letters: _Letters, key: str, reason: str) -> None:
        self.telemetry.rejected(key, reason)
        try:
            self.mailbox.reject(key, letters.records[key]["body"], reason)
        except Retryable as error:
            letters.failed[key] = error

    def _admit(self, letters: _Letters) -> KnownScopes:
        """The scopes that this batch may look at. Messages that ask for another one are dropped.

        A sweep makes its scope known, where the rules lets its account speak; it then looks at all that was dropped.
        """
        if not letters.work:
            return KnownScopes(frozenset())
        known = self._known()
        announced = {work.scope for work in letters.work.values() if isinstance(work, Sweep)}
        if self.register.open:
            known |= {scope for scope in announced if self.converge.rules.may_claim(scope)}
        for key, work in list(letters.work.items()):
            if work.scope not in known:
                self.telemetry.refused(key, _unknown(work.scope))
                del letters.work[key]
        return KnownScopes(known, self.register.silent())

    def _known(self) -> frozenset[Scope]:
        """Home, and the registered scopes whose account may still speak: the others can neither claim nor be read."""
        registered = self.register.known()
        return frozenset(s for s in registered if s == self.hub or self.converge.rules.may_claim(s))

    def _tell_silent(self, letters: _Letters) -> None:
        """At each sweep of the hub's own scope: which others were not swept for long."""
        for key, work in letters.work.items():
            if isinstance(work, Sweep) and work.scope == self.hub:
                try:
                    self.telemetry.silent(self.register.silent())
                except Retryable as error:
                    letters.failed.setdefault(key, error)
                return

    def _postpone(self, letters: _Letters) -> None:
        delays = {}
        for key, error in letters.failed.items():
            record = letters.records[key]
            delay = _delay(record, error)
            self.telemetry.retried(key, str(error), delay=delay)
            delays[record["receiptHandle"]] = delay
        try:
            if delays:
                self.mailbox.postpone(delays)
        except Retryable as error:
            # They come back all the same, when the queue's own visibility timeout ends.
            self.telemetry.postponing_failed(str(error))


@dataclass(frozen=True)
class _Letters:
    """The messages of one batch, by message id."""

    records: Mapping[str, Mapping[str, Any]]
    work: dict[str, Work] = field(default_factory=dict)
    failed: dict[str, MeshDnsError] = field(default_factory=dict)


def _delay(record: Mapping[str, Any], error: MeshDnsError) -> int:
    """Seconds before a failed message comes back: what the other side asked for, or exponential by receive count."""
    if isinstance(error, Retryable) and error.after is not None:
        return max(0, min(LONGEST_VISIBILITY, round(error.after)))
    received = int(record.get("attributes", {}).get("ApproximateReceiveCount", "1"))
    return int(min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(received - 1, 10)))


def _unknown(scope: Scope) -> str:
    return f"scope {scope} is not known: it is neither the hub's own nor announced by a sweep of a spoke"
