"""What was seen, as a text that fits an issue: nothing in it says whose account and zone it was."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Report:
    """Grows line by line, and says each line aloud at once.

    hidden: what must not be read in it => what stands there instead. Longer texts are replaced first.
    """

    hidden: Mapping[str, str]
    checks: list[tuple[str, str, str]] = field(default_factory=list)
    """What was checked, `yes`, `no` or `not seen`, and what was found."""
    timeline: list[tuple[float, str]] = field(default_factory=list)
    """Seconds since the act began, and what happened then; an act's title has no seconds (-1)."""
    left: list[str] = field(default_factory=list)
    """What the end could not remove."""
    _began: float = field(default_factory=time.monotonic)

    def act(self, title: str) -> None:
        """Begin another act: times count from here."""
        self._began = time.monotonic()
        self.timeline.append((-1, title))
        print(f"\n{self.redacted(title)}", flush=True)

    def say(self, text: str) -> None:
        """Something happened now."""
        seconds = time.monotonic() - self._began
        self.timeline.append((seconds, text))
        print(f"  {seconds:7.1f} s  {self.redacted(text)}", flush=True)

    def check(self, what: str, result: bool | None, found: object = "") -> None:
        """Note whether something is as promised; None: it could not be seen."""
        word = "not seen" if result is None else "yes" if result else "no"
        text = " ".join(str(found).split())
        self.checks.append((what, word, text))
        self.say(f"{what}: {word}" + (f" ({text})" if text else ""))

    @property
    def failed(self) -> list[str]:
        """What was not as promised."""
        return [what for what, word, _ in self.checks if word == "no"]

    def redacted(self, text: str) -> str:
        """A text without what is hidden."""
        for secret in sorted(filter(None, self.hidden), key=len, reverse=True):
            text = text.replace(secret, self.hidden[secret])
        return text

    def markdown(self, facts: Mapping[str, str]) -> str:
        """The whole report. facts: versions and settings, by name."""
        lines = ["# Smoke test", "", "| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items())]
        lines += ["", "## Checks", "", "| what | as promised | found |", "|---|---|---|"]
        lines += [f"| {what} | {word} | {found.replace('|', '/')} |" for what, word, found in self.checks]
        lines += ["", "## What happened when", "", "```text"]
        lines += [text if seconds < 0 else f"{seconds:8.1f} s  {text}" for seconds, text in self.timeline]
        lines += ["```", "", "## What is left", "", *([f"- {each}" for each in self.left] or ["Nothing."]), ""]
        return self.redacted("\n".join(lines))
