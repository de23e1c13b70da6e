"""The laws that every history must keep, by name, and what is raised when one is broken."""

from __future__ import annotations

from enum import StrEnum


class Law(StrEnum):
    """What must hold. docs/assurance.md lists them, each with the deliberate mistakes that were seen to break it."""

    # Writes
    DRY_RUN = "a dry run writes nothing"
    IN_ZONES = "nothing is written outside the zones"
    LISTED = "nothing is written to what this invocation did not list"
    OURS = "no record that is not ours is touched, except as `adopt` says"
    ALONE = "no record is created beside another one"
    VISIBLE = "nothing is created or adopted below a delegation"
    POLICY = "nothing is written against the policy"
    CLAIMED = "a record is written only for a load balancer that claims the name"
    ALLOWED = "a record is written only for a load balancer that may have the name"
    MARKED = "a record is written with the load balancer's own target and mark, and the TTL of the settings"
    NOT_STOLEN = "no name is taken from a load balancer that claims it"
    NOT_STALE = "a claimant that waited for long inherits a grace after its predecessor is gone, not before"
    WORKING = "no name leaves a load balancer that works for one that does not yet"
    NEWEST = "the newest claimant inherits"
    TWO_LOOKS = "nothing is deleted without a first look at the same record a grace before"
    NOT_EMPTIED = "nothing is deleted while somebody in a readable scope claims the name"
    WAITS = "deletes wait for a scope that cannot be listed until it is overdue, and no longer"
    REGISTER = "nothing is deleted while the register may have lost a scope"
    GUARD = "nothing is deleted past the guard, except what an override named"
    FORGETTING = "forgetting takes what was named, and only when it is confirmed"
    # Invocations
    DEADLINE = "no invocation is killed, and none writes after its deadline"
    ORDER = "nothing is written on a list that is older than what AWS was asked"
    CHUNKS = "a write holds no more changes than the provider takes, and never creates together with edits"
    ONCE = "AWS is asked for the same thing once in a batch"
    CALLS_IN_A_BATCH = "calls stay within a budget for each batch"
    CALLS_IN_AN_HOUR = "calls stay within a budget for each hour"
    TOKEN = "a 429 on one token stops no other"
    NO_FAULT = "the function meets no fault of its own"
    # Messages
    UNDERSTOOD = "what makes no sense is rejected, and nothing else is"
    DONE = "no message is acknowledged whose work was not done"
    NOT_DEAD = "no message is dead without a reason, or because only others were sick"
    FEW_MESSAGES = "messages to itself stay few"
    DRY = "the queue runs dry once the faults stop"
    # Names
    HEALTHY = "a healthy name is right within two sweeps, whatever its neighbours are"
    RIGHT = "in the end DNS says what AWS says"
    SILENCE = "when all is right, one more sweep writes and asks nothing"
    NEVER_EMPTY = "in a calm history no claimed name is ever without a record"


class Violation(BaseException):
    """A law was broken. No Exception, so that the code under test cannot catch it."""

    def __init__(self, law: Law, detail: str) -> None:
        super().__init__(detail)
        self.law = law
