"""Read, decide, write, tell, for one batch of messages: the only place that orders I/O.

AWS is read first and the zones last, right before deciding; when a decision needs more from AWS, the zones are listed
again afterwards. Events and sweeps go the same way. A failure affects only messages about that load balancer, name or
zone: core/request.py says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mesh_dns.core import own_messages
from mesh_dns.core.decision import Decision, Plan, permits
from mesh_dns.core.history import states
from mesh_dns.core.plan import plan
from mesh_dns.core.report import Report, Result, Written
from mesh_dns.core.request import Request
from mesh_dns.core.scopes import KnownScopes
from mesh_dns.core.work import MOST_HOPS, OwnMessage, Sweep
from mesh_dns.errors import Retryable
from mesh_dns.ports import Ports
from mesh_dns.reading import Reader
from mesh_dns.writing import Writer

# After AWS was asked more, the zones are listed again: so often at most, and once more for the final plan. A name that
# still needs something then waits for its retry.
ROUNDS = 3
# A hostname that the provider refused within these seconds is written last.
LATELY = 24 * 3600


def converge(ports: Ports, request: Request, scopes: KnownScopes, deadline: float) -> Result:
    """Make DNS say what AWS says, for everything that a batch asks about. All messages are of known scopes.

    No read and no write begins after `deadline` (clock seconds). `request.failures(result)` says what is not done.
    """
    reader = Reader(ports, scopes, deadline)
    decided = decide(request, reader)
    report = _write(ports, request, reader, decided, deadline)
    result = Result(decided, reader.snapshot(), report)
    result = replace(result, report=replace(report, unsent=_send(ports, request, result)))
    _tell(ports, request, result)
    return result


def decide(request: Request, reader: Reader) -> Plan:
    """Plan on zones that were listed after AWS was asked: when AWS is asked more, they are listed again."""
    reader.look(request.load_balancers())
    reader.find_tagged(request.scopes())
    zone_ids = request.zones(reader.snapshot())
    for _ in range(ROUNDS):
        reader.list_zones(zone_ids, request.hostnames(reader.snapshot()))
        decided, asked = _plan_and_ask(request, reader)
        wanted = {zone_id for need in decided.needs for zone_id in need.list_zones}
        more = wanted - reader.snapshot().unread_zones.keys()
        if not asked and not more:
            return decided
        zone_ids = zone_ids | more
    reader.list_zones(zone_ids, request.hostnames(reader.snapshot()))
    return _plan(request, reader)


def _plan_and_ask(request: Request, reader: Reader) -> tuple[Plan, bool]:
    """Ask AWS what the plan needs, until it needs no more or only what failed. Returns whether anything was asked."""
    asked = False
    while True:
        decided = _plan(request, reader)
        looked = reader.look(lb for need in decided.needs for lb in need.look_at)
        listed = reader.list_scopes(scope for need in decided.needs for scope in need.list_scopes)
        if not looked and not listed:
            return decided, asked
        asked = True


def _plan(request: Request, reader: Reader) -> Plan:
    snapshot = reader.snapshot()
    return plan(request.question(snapshot), snapshot)


def _write(ports: Ports, request: Request, reader: Reader, decided: Plan, deadline: float) -> Report:
    def wanted(decision: Decision) -> bool:
        return decision.change is None or ports.carries_out(decision)

    def replan(zone_id: str, hostnames: frozenset[str]) -> Sequence[Decision]:
        reader.list_zones([zone_id], request.hostnames(reader.snapshot()))
        if zone_id in reader.snapshot().unread_zones:
            raise reader.snapshot().unread_zones[zone_id].error
        return [each for each in _plan(request, reader).decisions if each.hostname in hostnames and wanted(each)]

    now = ports.clock()
    writer = Writer(
        ports.provider,
        replan,
        lambda: ports.clock() > deadline,
        suspects={hostname: at for hostname, at in ports.memory.recall().refused.items() if now - at < LATELY},
        returned=request.returned_hostnames(reader.snapshot()),
        turn=int(now),
    )
    due = [each for each in decided.decisions if each.change is not None and wanted(each)]
    written = writer.write(due)
    taken = {each.decision.hostname for each in written.values() if each.decision.change and each.failure is None}
    ports.memory.remember(refused=writer.refused, written=taken & writer.suspects.keys())
    return Report(written, frozenset(each.hostname for each in due))


def _send(ports: Ports, request: Request, result: Result) -> Retryable | None:
    """Send our own messages. Returns why the queue did not take them, if so."""
    if ports.dry_run:
        return None
    sent: dict[OwnMessage, float] = {}
    for check in request.unasked(result.snapshot):
        if check.hops > MOST_HOPS:
            ports.reporter.sent_on_too_often(check)
        else:
            sent.update(dict.fromkeys(own_messages.parts(check), 0.0))
    for each in result.final():
        if each.decision.look_again is not None and ports.carries_out(each.decision):
            sent[each.decision.look_again] = each.decision.wait
    try:
        if sent:
            ports.outbox.send(sent)
    except Retryable as error:
        return error
    return None


def _tell(ports: Ports, request: Request, result: Result) -> None:
    outcomes = [(each.decision, _outcome(ports, each, result.report.unsent)) for each in result.final()]
    for decision, outcome in outcomes:
        ports.reporter.decided(decision, outcome=outcome)
    ports.memory.note(states(outcomes, result.snapshot.now))
    ports.reporter.faults(result.snapshot.faults())
    ports.reporter.unread(result.snapshot.unread_zones)
    failures = request.failures(result)
    for key, work in request.work.items():
        tagged = result.snapshot.tagged_in(work.scope)
        if isinstance(work, Sweep) and key not in failures and tagged is not None:
            ports.reporter.swept(work.scope, load_balancers=len(tagged))


def _outcome(ports: Ports, written: Written, unsent: Retryable | None) -> str:
    decision = written.decision
    if written.failure is not None:
        return f"failed: {written.failure}"
    if decision.change is None and decision.look_again is None:
        return ""
    if ports.dry_run:
        return "dry-run"
    if not permits(ports.rules.policy, decision):
        return "held-by-policy"
    if decision.look_again is not None:
        return "sent" if unsent is None else f"failed: {unsent}"
    return "done"
