"""EventBridge Scheduler: schedules that fire. moto keeps them and never does anything with them."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import uuid
from datetime import UTC, datetime

from moto.scheduler.models import Schedule, scheduler_backends
from moto.utilities.arns import parse_arn

from sandbox.event_bridge import Event, EventBridge, utc_timestamp
from sandbox.not_imitated import NotImitatedError

_log = logging.getLogger(__name__)
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class Schedules:
    """Fires rate schedules whose target is an event bus: at once, then once per period.

    Without a start date AWS starts a rate schedule immediately; within its flexible window it may fire at any
    time, so it may fire at the window's start, as here.
    """

    def __init__(self, bridge: EventBridge) -> None:
        self._bridge = bridge
        self._stop = threading.Event()
        self._due: dict[tuple[str, float], float] = {}
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Keep time from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop firing."""
        self._stop.set()
        self._thread.join()

    def fire(self, name: str | None = None) -> int:
        """Fire now: the enabled schedule of that name in every account and region, or all; how many did."""
        chosen = [s for s in _enabled() if name in {None, s.name} and _RATE.fullmatch(s.schedule_expression)]
        for schedule in chosen:
            self._fire(schedule)
        return len(chosen)

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            now = time.monotonic()
            for schedule in _enabled():
                rate = _RATE.fullmatch(schedule.schedule_expression)
                key = (schedule.arn, schedule.creation_date)
                if rate and now >= self._due.setdefault(key, now):
                    self._due[key] = now + int(rate[1]) * _SECONDS[rate[2]]
                    self._fire(schedule)

    def _fire(self, schedule: Schedule) -> None:
        try:
            self._bridge.publish(_event(schedule), bus=parse_arn(schedule.target["Arn"]).resource_id)
        except Exception:  # one broken schedule must not stop the clock of the others
            _log.exception("schedule %s could not fire", schedule.arn)


def _enabled() -> list[Schedule]:
    return [
        schedule
        for regions in list(scheduler_backends.values())
        for backend in list(regions.values())
        for group in list(backend.schedule_groups.values())
        for schedule in list(group.schedules.values())
        if schedule.state == "ENABLED"
    ]


def _event(schedule: Schedule) -> Event:
    target = parse_arn(schedule.target["Arn"])
    own = parse_arn(schedule.arn)
    if target.resource_type != "event-bus" or (target.account, target.region) != (own.account, own.region):
        what = f"a schedule whose target is {schedule.target['Arn']}"
        raise NotImitatedError(what, "take an event bus of the schedule's own account and region")
    parameters = schedule.target["EventBridgeParameters"]
    return Event(
        id=str(uuid.uuid4()),
        detail_type=parameters["DetailType"],
        source=parameters["Source"],
        account=own.account,
        time=utc_timestamp(datetime.now(UTC)),
        region=own.region,
        resources=(schedule.arn,),
        detail=json.loads(schedule.target.get("Input") or "{}"),
    )
