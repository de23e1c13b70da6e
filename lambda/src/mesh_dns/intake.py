"""Messages in, answers out: what each message of a batch asks for, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesh_dns.converge import converge
from mesh_dns.core import events, own_messages
from mesh_dns.core.batch import Batch, Received, attribute, first_received, sent
from mesh_dns.core.decision import Decision, Reason
from mesh_dns.core.report import Result
from mesh_dns.core.request import Request
from mesh_dns.core.rules import Policy
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.values import Scope
from mesh_dns.core.work import Command, ForgetName, ForgetScope, Sweep, Work
from mesh_dns.errors import Ignored, NotYet, Rejected, Retryable
from mesh_dns.forgetting import forget
from mesh_dns.ports import Mailbox, Ports, Register
from mesh_dns.telemetry import Telemetry


@dataclass(frozen=True)
class Intake:
    """Takes SQS batches and direct invocations. `role_id`: unique id of the function's own role."""

    ports: Ports
    register: Register
    mailbox: Mailbox
    telemetry: Telemetry
    hub: Scope
    role_id: str

    # From the queue

    def batch(self, received: Sequence[Mapping[str, Any]], deadline: float) -> Mapping[str, Any]:
        """Work on the messages of an SQS event. Returns the answer that names the messages which failed."""
        if not all(message.get("eventSource") == "aws:sqs" for message in received):
            raise Rejected("these messages are not from SQS: the topic must reach the function through its queue")
        batch = Batch({message["messageId"]: message for message in received})
        self._read(batch)
        self._isolated(batch, list(batch.work), lambda keys: self._work(batch, keys, deadline))
        self._tell_overdue(batch)
        self._delay_failed(batch)
        return {"batchItemFailures": [{"itemIdentifier": key} for key in sorted(batch.coming_back())]}

    def _read(self, batch: Batch) -> None:
        for key in batch.received:
            self._isolated(batch, [key], lambda keys: self._read_one(batch, keys[0]))

    def _read_one(self, batch: Batch, key: str) -> None:
        try:
            batch.work[key] = self._work_in(batch.received[key])
        except Ignored as reason:
            self.telemetry.ignored(key, str(reason))
            batch.finish([key])
        except Rejected as reason:
            self._reject(batch, key, str(reason))

    def _work_in(self, message: Received) -> Work:
        body = events.from_text(message["body"])
        if own_messages.KEY not in body:
            rules = self.ports.rules
            return events.work_in(body, rules.owner, rules.hostname_tag, sent(message, self.ports.clock()))
        if attribute(message, "SenderId").partition(":")[0] != self.role_id:
            raise Rejected("looks like a message of the function to itself, but somebody else sent it")
        return own_messages.decode(body)

    def _reject(self, batch: Batch, key: str, reason: str) -> None:
        self.telemetry.rejected(key, reason)
        try:
            self.mailbox.reject(key, batch.received[key]["body"], reason)
        except Retryable as error:
            batch.fail({key: error})
        else:
            batch.finish([key])

    def _isolated(self, batch: Batch, keys: list[str], work: Callable[[list[str]], None]) -> None:
        """Work on messages together; after a fault of ours on each alone, so that only the one that caused it fails."""
        try:
            if keys:
                work(keys)
        except Exception as fault:
            if len(keys) == 1:
                self.telemetry.fault(keys[0], fault)
                batch.fail({keys[0]: Retryable(f"a fault of the function: {type(fault).__name__}")})
            else:
                for key in keys:
                    self._isolated(batch, [key], work)

    def _work(self, batch: Batch, keys: list[str], deadline: float) -> None:
        work = {key: batch.work[key] for key in keys}
        try:
            scopes = self._admit(batch, work)
        except Retryable as error:
            batch.fail(dict.fromkeys(work, error))
            return
        request = Request(work, batch.returned() & work.keys())
        result = converge(self.ports, request, scopes, deadline)
        failures = request.failures(result)
        batch.fail(failures)
        self._note_read(batch, work, result)
        batch.finish(work.keys() - failures.keys())

    def _admit(self, batch: Batch, work: dict[str, Work]) -> KnownScopes:
        """The scopes that this batch may look at. Messages of another one are discarded. Raises Retryable.

        A sweep makes its scope known if its account may claim names. It also finds what discarded messages were about.
        """
        scopes = self._scopes()
        for key, each in list(work.items()):
            # The hub's own is known in any case, and must be remembered like the others: by it the register grows old.
            if isinstance(each, Sweep) and self._may_join(each.scope):
                try:
                    self.register.announce(each.scope)
                    scopes = self._scopes()
                except Retryable as error:
                    batch.fail({key: error})
                    if each.scope not in scopes.known:
                        del work[key]
        for key, each in list(work.items()):
            if each.scope not in scopes.known:
                self.telemetry.unknown_scope(key, _unknown(each.scope))
                batch.finish([key])
                del work[key]
        return scopes

    def _may_join(self, scope: Scope) -> bool:
        return scope == self.hub or (self.register.open and self.ports.rules.may_claim(scope))

    def _scopes(self) -> KnownScopes:
        """The hub's own, and those in the register whose account may still claim names. Raises Retryable."""
        entries = {
            scope: entry
            for scope, entry in self.register.entries().items()
            if scope == self.hub or self.ports.rules.may_claim(scope)
        }
        unlistable_since = self.ports.memory.recall().unread
        return KnownScopes.of(entries, self.ports.clock(), self.ports.rules.sweep_period, unlistable_since)

    def _note_read(self, batch: Batch, work: Mapping[str, Work], result: Result) -> None:
        for key, each in work.items():
            if isinstance(each, Sweep) and result.snapshot.tagged_in(each.scope) is not None:
                try:
                    self.register.note_read(each.scope)
                except Retryable as error:
                    batch.fail({key: error})

    def _tell_overdue(self, batch: Batch) -> None:
        """At each sweep of the hub's own scope: which are overdue, itself too where only its listing fails."""
        for key, each in batch.work.items():
            if isinstance(each, Sweep) and each.scope == self.hub:
                try:
                    self.telemetry.overdue(self._scopes().overdue)
                except Retryable as error:
                    batch.fail({key: error})
                return

    def _delay_failed(self, batch: Batch) -> None:
        delays = {}
        for key, error in batch.coming_back().items():
            delay = batch.delay(key, error)
            if isinstance(error, NotYet):
                self.telemetry.postponed(key, str(error), delay=delay)
            else:
                now = self.ports.clock()
                age = now - first_received(batch.received[key], now)
                self.telemetry.retried(key, str(error), delay=delay, age=age)
            delays[batch.received[key]["receiptHandle"]] = delay
        try:
            if delays:
                self.mailbox.delay(delays)
        except Retryable as error:
            # They come back all the same, when the queue's own visibility timeout ends.
            self.telemetry.delay_not_set(str(error))

    # By hand

    def invoke(self, event: Mapping[str, Any], deadline: float, request_id: str = "") -> Mapping[str, Any]:
        """Work on one event or command that was handed over directly. Raises what went wrong with it."""
        try:
            work = self._direct(event)
        except Ignored as reason:
            self.telemetry.ignored("direct", str(reason))
            return {"ignored": str(reason)}
        self.telemetry.commanded(event, request_id)
        scopes = self._scopes()
        if isinstance(work, ForgetScope | ForgetName):
            return self._forget(work, scopes, deadline)
        if work.scope not in scopes.known:
            raise Rejected(_unknown(work.scope))
        request = Request({"direct": work})
        result = converge(self.ports, request, scopes, deadline)
        for failure in request.failures(result).values():
            raise failure
        if result.snapshot.tagged_in(work.scope) is not None:
            self.register.note_read(work.scope)
        return {"done": str(work.scope), "deletes_to_come": _deletes_to_come(result)}

    def _direct(self, event: Mapping[str, Any]) -> Work | Command:
        if "action" in event:
            return events.command_in(event, self.hub)
        rules = self.ports.rules
        return events.work_in(event, rules.owner, rules.hostname_tag, self.ports.clock())

    def _forget(self, command: ForgetScope | ForgetName, scopes: KnownScopes, deadline: float) -> Mapping[str, Any]:
        if isinstance(command, ForgetScope) and command.scope == self.hub:
            raise Rejected(f"{command.scope} is the hub's own scope, which cannot be forgotten")
        if command.confirmed and (self.ports.dry_run or self.ports.rules.policy is not Policy.SYNC):
            raise Rejected("forgetting deletes records: it needs the policy `sync` and the mode `apply`")
        if isinstance(command, ForgetScope):
            scopes = scopes.without(command.scope)
        decisions = forget(self.ports, command, scopes, deadline)
        if command.confirmed and isinstance(command, ForgetScope):
            self.register.forget(command.scope)
        what = str(command.scope) if isinstance(command, ForgetScope) else command.hostname
        records = [
            {"hostname": each.hostname, "reason": each.reason.value, "load_balancer": str(each.load_balancer)}
            for each in decisions
        ]
        return {"forgotten" if command.confirmed else "would_forget": what, "records": records}


def _deletes_to_come(result: Result) -> int:
    """How many records wait for a delete after this sweep."""
    if result.snapshot.rules.policy is not Policy.SYNC:
        return 0
    return sum(_ends_in_a_delete(each.decision) for each in result.final())


def _ends_in_a_delete(decision: Decision) -> bool:
    second = decision.look_again
    return decision.reason in (Reason.DELETE_WAITS, Reason.MASS_DELETE_GUARD) or (
        second is not None and second.heir is None
    )


def _unknown(scope: Scope) -> str:
    return f"scope {scope} is not known: no sweep announced it, it was forgotten, or its account may claim no names"
