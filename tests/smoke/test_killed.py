"""What a run left that was killed outright is taken away by its name."""

from __future__ import annotations

import re

from tests.smoke.command import on_a_sandbox, wait_for_line


def test_clean_takes_away_what_a_killed_run_left() -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        said = wait_for_line(run, "AWS took the call CreateLoadBalancer")
        run.kill()
        run.communicate()
        assert smoke.left() != []
        (name,) = re.findall(r"--clean (\w+)", said)
        cleaning = smoke.start("--clean", name)
        said, _ = cleaning.communicate()
        assert cleaning.returncode == 0, said
        assert smoke.left() == [], said
