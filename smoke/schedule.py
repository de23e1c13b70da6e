"""The schedule of the sweeps, at rest for a while: what happens then, the events of the calls did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from smoke.installation import Log
from smoke.place import Place
from smoke.report import Report


@contextmanager
def no_sweeps(place: Place, log: Log, report: Report) -> Iterator[None]:
    """The schedule rests until the block ends, and works as before then. log: the function's."""
    scheduler, name = place.client("scheduler"), f"{place.name}-sweep"
    found = scheduler.get_schedule(Name=name, GroupName=place.name)
    settable = scheduler.meta.service_model.operation_model("UpdateSchedule").input_shape.members
    kept = {key: value for key, value in found.items() if key in settable}
    scheduler.update_schedule(**kept | {"State": "DISABLED"})
    before = len(list(log.lines("swept")))
    report.say("the schedule of the sweeps rests")
    try:
        yield
    finally:
        scheduler.update_schedule(**kept)
    swept = len(list(log.lines("swept"))) - before
    report.say(
        "the schedule works again",
        f"sweeps meanwhile: {swept} (at most one, which had begun before)" if swept else "no sweep meanwhile",
    )
