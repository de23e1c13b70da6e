"""What was seen, as a text that fits an issue: nothing in it says whose account and zone it was."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

OWNER = "your_namespace"
"""Whose repository it is, as scripts/set_namespace.sh writes it: alone, so that no other line changes its length."""
MODULE = "terraform-aws-cilium-mesh-dns"
REPOSITORY = f"https://github.com/{OWNER}/{MODULE}"
INTRODUCTION = f"""\
The module keeps DNS names in step with load balancers: whatever carries the tag `hostname=NAME` gets the record NAME at
Cloudflare. A run installs it, makes two load balancers that want the same name, lets them change places, provokes every
alarm that it can without harm, takes everything away, and looks whether anything stayed. Each row says what should be
so and whether it was, or what was done; seconds count from the beginning of its act. What the words mean:
{REPOSITORY}/blob/main/docs/operations.md"""
LEFT = (
    "It was said in the terminal how to take it away: `make smoke` with `--clean`. Until then some of it costs money."
)
CLOSING = f"Please send this report as an issue: {REPOSITORY}/issues/new"


@dataclass(frozen=True)
class Row:
    """Something that happened, or (`result` is not None) that was checked. `after`: seconds since the act began."""

    after: float
    what: str
    result: bool | None
    found: str

    def spoken(self) -> str:
        """As one line for a terminal."""
        verdict = "" if self.result is None else f": {_WORDS[self.result]}"
        return f"{self.after:7.1f} s  {self.what}{verdict}" + (f" ({self.found})" if self.found else "")

    def written(self) -> str:
        """As a line of a table."""
        verdict = "" if self.result is None else _WORDS[self.result]
        cells = (f"{self.after:.1f} s", self.what, verdict, self.found)
        return "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


@dataclass
class Act:
    """A part of the run. `why`: a sentence for somebody who knows nothing of it."""

    title: str
    why: str
    began: float = field(default_factory=time.monotonic)
    rows: list[Row] = field(default_factory=list)


_WORDS = {True: "yes", False: "NO"}
LONGEST = 3000
"""Characters of what was found; of a longer text, so many from its first `Error:`."""
_CALLER = re.compile(r"(:(?:user|assumed-role)/)(?!smoke-)[^\s\"',)]+|\bA(?:KIA|SIA|IDA|ROA)[A-Z0-9]{16,17}\b")
"""Who called AWS, as its errors name them: a user, a role with its session, a key or an id."""


def described(error: BaseException) -> str:
    """An error in one text, never empty."""
    return f"{type(error).__name__}: {error}"


def speak(text: str) -> None:
    """Print; when nobody reads it any more, be silent: what was made must go away all the same."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass
class Report:
    """Grows line by line, and says each line aloud at once.

    hidden: what must not be read in it => what stands there instead. Longer texts are replaced first.
    """

    hidden: Mapping[str, str]
    acts: list[Act] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What the end could not remove."""

    def act(self, title: str, why: str) -> None:
        """Begin another act: times count from here."""
        self.acts.append(Act(title, why))
        speak(f"\n{self.redacted(title)}")

    def say(self, what: str, found: object = "") -> None:
        """Something happened now."""
        self._add(what, None, found)

    def check(self, what: str, result: bool, found: object = "") -> None:
        """Note whether something is as it should be, and what was found."""
        self._add(what, result, found)

    def _add(self, what: str, result: bool | None, found: object) -> None:
        if not self.acts:
            self.act("0. Before it begins", "Nothing was made yet.")
        act = self.acts[-1]
        row = Row(time.monotonic() - act.began, what, result, self.shortened(str(found)))
        act.rows.append(row)
        speak(f"  {self.redacted(row.spoken())}")

    @property
    def checks(self) -> list[Row]:
        """What was checked."""
        return [row for act in self.acts for row in act.rows if row.result is not None]

    @property
    def seconds(self) -> float:
        """How long it takes so far."""
        return time.monotonic() - self.acts[0].began if self.acts else 0.0

    @property
    def failed(self) -> list[str]:
        """What was not as it should be."""
        return [row.what for row in self.checks if not row.result]

    def verdict(self) -> str:
        """The whole in one or two sentences."""
        good = f"{len(self.checks) - len(self.failed)} of {len(self.checks)} checks are as they should be"
        bad = f"; not so: {'; '.join(self.failed)}" if self.failed else ""
        left = {0: "Nothing is", 1: "1 thing is"}.get(len(self.left), f"{len(self.left)} things are")
        return f"{good}{bad}. {left} left."

    def shortened(self, text: str) -> str:
        """A text on one line, first without what is hidden, then cut: half of an account's id is not found again."""
        whole = " ".join(self.redacted(text).split())
        error = re.search(r"\bError:", whole)
        start = error.start() if error and len(whole) > LONGEST else 0
        return whole[start : start + LONGEST]

    def redacted(self, text: str) -> str:
        """A text without what is hidden, and without who called AWS."""
        for secret in sorted(filter(None, self.hidden), key=len, reverse=True):
            text = text.replace(secret, self.hidden[secret])
        return _CALLER.sub(lambda found: f"{found[1] or ''}<caller>", text)

    def markdown(self, facts: Mapping[str, str]) -> str:
        """The whole report. facts: versions and settings, by name."""
        lines = [f"# Smoke test of {MODULE}", "", f"**{self.verdict()}**", "", INTRODUCTION, ""]
        lines += ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
        for act in self.acts:
            lines += ["", f"## {act.title}", "", act.why]
            lines += ["", "| after | what was done, or should be so | is it so | seen |", "|---|---|---|---|"]
            lines += [row.written() for row in act.rows]
        lines += [
            "",
            "## What is left",
            "",
            *([*(f"- {each}" for each in self.left), "", LEFT] if self.left else ["Nothing."]),
        ]
        lines += ["", CLOSING, ""]
        return self.redacted("\n".join(lines))
