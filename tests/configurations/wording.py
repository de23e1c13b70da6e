"""The table of docs/inputs.md, read: what each row promises, in the terms of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.configurations import changes as what
from tests.configurations import changes_of_a_spoke as spoke

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "inputs.md"

# The second column: `<action>: <noun>, <noun>; <action>: <noun>. <A note.>`
_ACTIONS = {"in place": "update", "created": "create", "replaced": "replace", "destroyed": "delete"}
_NOUNS = {
    "function": {what.FUNCTION}, "function's policy": {what.ROLE_POLICY}, "token policy": {what.TOKEN_POLICY},
    "roles": set(what.ROLES), "log group": {what.LOG_GROUP}, "event source mapping": {what.MAPPING},
    "recursion setting": {what.RECURSION}, "queue": {what.QUEUE}, "dead-letter queue": {what.DEAD_LETTER},
    "topic": {what.TOPIC}, "topic's policy": {what.TOPIC_POLICY}, "topic's subscription": {what.SUBSCRIPTION},
    "rule": {what.RULE}, "rule's target": {what.TARGET}, "schedule": {what.SCHEDULE},
    "schedule's policy": {what.SWEEP_POLICY}, "schedule group": {what.SCHEDULE_GROUP}, "bus": {what.BUS},
    "bus's policy": {what.BUS_POLICY}, "bus's rule": {what.SPOKES_RULE}, "bus's target": {what.SPOKES_TARGET},
    "alarms": {what.ALARMS}, "table": {what.TABLE}, "table's item": {what.ACCOUNTS}, "secret": {what.SECRETS},
    "secret's version": {what.VALUE}, "trail": {what.TRAIL}, "bucket": {what.BUCKET}, "bucket's expiry": {what.EXPIRY},
    "bucket's encryption": {what.ENCRYPTION}, "trail with its bucket": set(what.WHOLE_TRAIL),
    "everything that has tags": set(what.TAGGED),
}  # fmt: skip

_NOUNS_OF_A_SPOKE = {
    "rule": {spoke.RULE}, "rule's target": {spoke.TARGET}, "queue": {spoke.UNDELIVERED}, "schedule": {spoke.SCHEDULE},
    "schedule group": {spoke.SCHEDULE_GROUP}, "roles": set(spoke.ROLES), "roles' policies": set(spoke.POLICIES),
    "trail": {spoke.TRAIL}, "bucket": {spoke.BUCKET}, "bucket's expiry": {spoke.EXPIRY},
    "bucket's encryption": {spoke.ENCRYPTION}, "trail with its bucket": set(spoke.WHOLE_TRAIL),
}  # fmt: skip

# The fourth column: what the plan does to these is what its words must say, and the other way round.
_SIGNS = {
    "another role of the function": "other ARNs",
    "another log group": "log group's lines",
    "another queue": "Messages that were under way are lost",
    "another owner mark": "become foreign",
}


@dataclass(frozen=True)
class Promise:
    """One row: action => resources, whether a token is to be given or filled in, what becomes of records and spokes."""

    plan: Mapping[str, set[str]]
    token_needed: bool
    secret_to_fill: bool
    consequences: frozenset[str]
    spokes_concerned: bool


def promises() -> Mapping[str, Promise]:
    """First cell => what the rest of its row says. KeyError for a word that is none of the above."""
    return {change: _read(plan, token, records) for change, plan, token, records in _rows("| change |")}


def promises_of_a_spoke() -> Mapping[str, Mapping[str, set[str]]]:
    """The same of the second table, which says of the plan: action => resources."""
    return {change: _plan(plan, _NOUNS_OF_A_SPOKE) for change, plan, _ in _rows("| change of a spoke |")}


def _rows(header: str) -> list[list[str]]:
    """The cells of the table whose first line begins so."""
    table = DOCUMENT.read_text().partition(header)[2].partition("\n\n")[0].splitlines()[2:]
    return [row.removeprefix("| ").removesuffix(" |").split(" | ") for row in table]


def kept(row: what.Row) -> Promise:
    """What the document must promise of a change that does this."""
    touched = row.plan()
    replaced = touched.get("replace", set())
    facts = {
        "another role of the function": what.ROLES[0] in replaced,
        "another log group": what.LOG_GROUP in replaced,
        "another queue": what.QUEUE in replaced,
        "another owner mark": row.foreign,
    }
    return Promise(
        plan=touched,
        token_needed=what.VALUE in replaced,
        secret_to_fill=what.SECRETS in touched.get("create", ()),
        consequences=frozenset(fact for fact, is_so in facts.items() if is_so),
        spokes_concerned=row.spokes,
    )


def _read(plan: str, token: str, records: str) -> Promise:
    assert token.startswith(("needed", "not needed")), token
    return Promise(
        plan=_plan(plan, _NOUNS),
        token_needed=token.startswith("needed"),
        secret_to_fill="to be filled" in token,
        consequences=frozenset(fact for fact, sign in _SIGNS.items() if sign in records),
        spokes_concerned="spokes" in records,
    )


def _plan(cell: str, nouns: Mapping[str, set[str]]) -> Mapping[str, set[str]]:
    said = [clause.split(": ") for clause in cell.partition(". ")[0].split("; ")]
    return {_ACTIONS[action]: set().union(*(nouns[noun] for noun in listed.split(", "))) for action, listed in said}
