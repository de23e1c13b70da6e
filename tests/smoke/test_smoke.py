"""`python -m smoke`, as it runs on an account, against the sandbox: from apply to an empty account."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.sandbox import ACCOUNT
from smoke.alarms import NOT_PROVOKED, PROVOKED
from tests.smoke.command import TOKEN, ZONE, on_a_sandbox


def test_everything_is_as_it_should_be_and_nothing_is_left() -> None:
    with on_a_sandbox() as smoke:
        run = smoke.start()
        said, _ = run.communicate()
        assert run.returncode == 0, said
        assert smoke.left() == []
        zone_id = smoke.zone_id

    report = Path(said.strip().splitlines()[-1]).read_text()
    for secret in (TOKEN, ACCOUNT, zone_id, ZONE):
        assert secret not in report
    words = re.findall(r"^\| [\d.]+ s \| .+? \| (yes|NO) \|", report, re.MULTILINE)
    assert len(words) > 30
    assert set(words) == {"yes"}
    told = set(re.findall(r"the alarm `([a-z-]+)` is (?:raised|not provoked)", report))
    assert told == {*PROVOKED, *NOT_PROVOKED}
    facts = dict(re.findall(r"^\| (\w[^|]*) \| ([^|]+) \|$", report, re.MULTILINE))
    assert facts["AWS provider"][0].isdigit()
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", facts["commit"])
