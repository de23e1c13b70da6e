"""Runs a history: the real intake on in-memory ports, in virtual time, with every write and every answer judged."""

from __future__ import annotations

import contextlib
from typing import Any

from mesh_dns.core.decision import Reason
from mesh_dns.core.values import Scope
from mesh_dns.core.work import ForgetName, ForgetScope
from mesh_dns.errors import MeshDnsError
from tests.simulation import cloud
from tests.simulation import steps as happens
from tests.simulation.ending import undeleted, unhealed, wrong_at_the_end
from tests.simulation.invocation import TIMEOUT, Invocation
from tests.simulation.law import Law, Violation
from tests.simulation.places import RULES, SCOPES, name_of, normal
from tests.simulation.running import Crash, Running
from tests.simulation.steps import History, Step

# Batches in which the queue runs dry for each message in it, and besides.
BATCHES_EACH, BATCHES_BESIDES = 12, 60


class Simulation(Running):
    """One world, the function in it, and what happens to both."""

    # A history

    def run(self, history: History) -> None:
        """Take every step, come to rest, and compare with the truth. Raises Violation."""
        for step in history:
            self.take(step)
        self.rest()

    def take(self, step: Step) -> None:
        """One step."""
        self.counts["steps"] += 1
        match step:
            case happens.Wait():
                self.wait(step.seconds)
            case happens.Disturb():
                self.disturbances.append(step)
            case happens.LoseSweep():
                self.lost_sweeps[step.scope] += 1
            case happens.Forget():
                self._forget(step)
            case happens.Override():
                self.override(SCOPES[step.scope])
            case _:
                self.world.change(step)

    # By hand

    def override(self, scope: Scope) -> None:
        """Somebody sweeps a scope past the guard."""
        self.counts["overrides"] += 1
        self.world.overridden[scope] = self.time.now
        self._command({"action": "sweep", "override_guard": True, **_named(scope)})

    def _forget(self, step: happens.Forget) -> None:
        self.counts["forgotten" if step.confirmed else "told what to forget"] += 1
        command: dict[str, Any] = {"action": "forget", "confirm": step.confirmed}
        if step.scope is not None:
            scope = SCOPES[step.scope]
            run = self._command(command | _named(scope), ForgetScope(scope, step.confirmed))
        else:
            name = normal(name_of(step.name))
            run = self._command(command | {"hostname": name}, ForgetName(name, step.confirmed))
        if run.writes and not step.confirmed:
            raise Violation(Law.FORGETTING, "what was only to be told was done")

    def _command(self, command: dict[str, Any], forgetting: ForgetScope | ForgetName | None = None) -> Invocation:
        run = Invocation(self.world, forgetting=forgetting)
        with contextlib.suppress(MeshDnsError, Crash):
            self._run(run, lambda run: run.command(command))
        return run

    # Rest

    def rest(self) -> None:
        """No more faults: twice swept, what is healthy is right; all repaired and twice swept, everything is right."""
        self._quiet()
        began = self.time.now
        self._sweep_for(3)
        for wrong in unhealed(self.world, began):
            raise Violation(Law.HEALTHY, f"after two sweeps, {wrong}")
        self._demand_deletes(began)
        self._repair()
        self._sweep_for(5)
        if list(wrong_at_the_end(self.world)) and Reason.MASS_DELETE_GUARD.value in self.reasons:
            self.counts["mass deletes stopped"] += 1
            for scope in SCOPES:
                self.override(scope)
            self._sweep_for(2)
        for wrong in wrong_at_the_end(self.world):
            raise Violation(Law.RIGHT, f"in the end, {wrong}")
        self._demand_dryness()
        self._demand_silence()

    def _demand_deletes(self, since: float) -> None:
        """Scopes that cannot be listed become overdue three periods after the first delete that waits for them."""
        if not any(undeleted(self.world, since)):
            return
        self.counts["deletes that wait"] += 1
        self.reasons.clear()
        self._sweep_for(5)
        if Reason.MASS_DELETE_GUARD.value not in self.reasons:
            for left in undeleted(self.world, since):
                raise Violation(Law.WAITS, f"after so many sweeps, {left}")

    def _quiet(self) -> None:
        """What passes by itself is over; who is sick stays so."""
        self.resting = True
        self.disturbances.clear()
        self.lost_sweeps.clear()
        self.world.change(happens.Register("ok"))
        self.world.cloud.latency = self.world.dns.latency = min(0.3, self.world.begin.latency)

    def _repair(self) -> None:
        for number in range(len(SCOPES)):
            self.world.change(happens.Region(number, "ok"))
        self.world.dns.states.clear()
        for step in (happens.Refuse(()), happens.Quota(None), happens.Setting("dry_run", "no")):
            self.world.change(step)
        self.world.change(happens.Setting("policy", "sync"))
        self.world.change(happens.Setting("suffixes", "all"))

    def _sweep_for(self, periods: int) -> None:
        """So many sweep periods, and no less than the usual ones: what failed waits a quarter of an hour at most."""
        self.wait(periods * max(RULES.sweep_period, self.world.rules.sweep_period))

    def _demand_dryness(self) -> None:
        """Without new sweeps the queue runs dry within a bounded number of batches."""
        self.sweeping = False
        before = self.counts["batches"]
        most = BATCHES_BESIDES + BATCHES_EACH * len(self.queue.waiting)
        self.wait(3 * 3600)
        if self.queue.waiting:
            raise Violation(Law.DRY, f"the queue does not run dry: {next(iter(self.queue.waiting.values())).body}")
        if self.counts["batches"] - before > most:
            raise Violation(Law.DRY, f"the queue took {self.counts['batches'] - before} batches to run dry")

    def _demand_silence(self) -> None:
        before = len(self.world.dns.provider.written)
        for scope in SCOPES:
            self.queue.put(cloud.sweep(scope), self.time.now)
        self.wait(TIMEOUT)
        if len(self.world.dns.provider.written) != before:
            raise Violation(Law.SILENCE, f"one more sweep still writes: {self.world.dns.provider.written[before:]}")
        if self.queue.waiting:
            raise Violation(Law.SILENCE, f"one more sweep still asks: {next(iter(self.queue.waiting.values())).body}")


def _named(scope: Scope) -> dict[str, str]:
    return {"account": scope.account, "region": scope.region}
