"""What a run left that was killed outright is taken away by the command that it told at its beginning."""

from __future__ import annotations

import re
import shlex
import subprocess

from tests.smoke.command import ROOT, on_a_sandbox, wait_for_line


def test_the_command_that_it_told_takes_away_what_a_killed_run_left() -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        said = wait_for_line(run, "AWS took the call CreateLoadBalancer")
        run.kill()
        run.communicate()
        assert smoke.left() != []
        (told,) = re.findall(r"^ *(make smoke .*--clean.*)$", said, re.MULTILINE)
        assert "--own-trail" in told  # as the killed run had it
        typed = ["make", "--dry-run", *shlex.split(told)[1:]]
        meant = subprocess.run(typed, cwd=ROOT, check=True, capture_output=True, text=True).stdout  # noqa: S603
        (line,) = (line for line in meant.splitlines() if "-m smoke " in line)  # make tells its folder, too
        options = shlex.split(line.partition("-m smoke ")[2])
        assert "--clean" in options
        cleaning = smoke.start(*options)
        said, _ = cleaning.communicate()
        assert cleaning.returncode == 0, said
        assert smoke.left() == [], said
