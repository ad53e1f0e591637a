"""From a change of status on AWS to the store: 1,000 jobs change within three minutes.

The simulator enforces AWS's published limits (where none is published: two calls a second).
"""

from __future__ import annotations

import random
import sys
import time
from typing import Any

from benchmarks.aws_simulated import load, ours, running, simulators, store_of
from benchmarks.figure import Figure, percentile
from jupyter_sm.store import Store

JOBS, WATCHED = 1000, 10
SETTLE, WINDOW = 45.0, 180.0
# What is not known so long after the last change counts as known then.
GRACE = 60.0
DAY = 86_400.0
# One simulator, and a region for each course of things.
MIXED, ENDS = "us-east-1", "us-east-2"
STEPS = {
    MIXED: [
        ("Starting", "Downloading"),
        ("Downloading", "Training"),
        ("Training", "Uploading"),
        ("Uploading", "Completed"),
    ],
    ENDS: [("Uploading", "Completed"), ("Training", "Failed")],
}
Changes = dict[str, tuple[float, str]]


def fill(control: Any, region: str) -> Changes:
    """Jobs of the last hour; the result says when each changes, and to what."""
    now = control.do("clock")["now"]
    rng = random.Random(7)
    jobs, changes = [], {}
    for number in range(JOBS):
        name, created = f"job-{number}", now - rng.uniform(600, 3600)
        at = now + SETTLE + rng.uniform(0, WINDOW)
        before, after = STEPS[region][number % len(STEPS[region])]
        statuses = [[before, at - created], [after, DAY]]
        scenario = {"statuses": statuses, "lines_per_second": 0.02}
        jobs.append({"name": name, "created": created, "scenario": scenario})
        changes[name] = at, after
    control.do("add_jobs", jobs=jobs, region=region)
    return changes


class Witness:
    """Notes when each change is first seen in a store."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store = store
        self._changes = changes
        self._version = -1
        self.seen: dict[str, float] = {}

    def look(self) -> None:
        version = self._store.version()
        if version == self._version:
            return
        self._version = version
        for row in self._store.read().execute("SELECT name, secondary_status FROM jobs"):
            name = row["name"]
            if name not in self.seen and row["secondary_status"] == self._changes[name][1]:
                self.seen[name] = time.time()

    def delays(self) -> tuple[list[float], list[float]]:
        """Seconds of those not watched and those watched."""
        now = time.time()
        late = {name: self.seen.get(name, now) - at for name, (at, _) in self._changes.items()}
        watched = {f"job-{number}" for number in range(WATCHED)}
        return (
            [value for name, value in late.items() if name not in watched],
            [value for name, value in late.items() if name in watched],
        )


def measure() -> dict[str, tuple[list[float], list[float]]]:
    with simulators() as [control]:
        control.traps(published_limits=True)
        begun = time.time()
        changes = {region: fill(control, region) for region in STEPS}
        children = {
            region: ours(control, region, tuple(f"job-{n}" for n in range(WATCHED)))
            for region in STEPS
        }
        with running(ours=list(children.values())):
            seen = {r: Witness(store_of(children[r]), changes[r]) for r in STEPS}
            told = False
            while time.time() < begun + SETTLE + WINDOW + GRACE:
                for witness in seen.values():
                    witness.look()
                if not told and time.time() > begun + SETTLE:
                    control.calls(clear=True)
                    told = True
                if all(len(witness.seen) == JOBS for witness in seen.values()):
                    break
                time.sleep(0.1)
            calls = control.calls(full=True)
            for region, witness in seen.items():
                own = [c["operation"] for c in calls["calls"] if c["region"] == region]
                counts = {name: own.count(name) for name in sorted(set(own))}
                print(
                    f"  {region}: {len(witness.seen)} of {JOBS} seen; {counts}, "
                    f"errors {calls['errors']}; {load()}",
                    file=sys.stderr,
                )
            return {region: witness.delays() for region, witness in seen.items()}


def run() -> list[Figure]:
    measured = measure()
    unwatched, watched = measured[MIXED]
    ends, ends_watched = measured[ENDS]
    return [
        Figure("longest delay of a status change, 1,000 jobs", max(unwatched), "s", 20),
        Figure("the same, half of the changes", percentile(unwatched, 50), "s"),
        Figure(f"longest delay of a status change, {WATCHED} watched jobs", max(watched), "s", 5),
        Figure("longest delay when all 1,000 end in 3 minutes", max(ends), "s"),
        Figure("the same, half of the ends", percentile(ends, 50), "s"),
        Figure("the same, watched jobs", max(ends_watched), "s"),
    ]
