"""`make chaos`: jobs on both targets under random faults, and six checks in the end.

SECONDS is how long faults strike (600), SEED which ones; the folder of a run that fails is kept.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.chaos import cell, checks, processes
from benchmarks.chaos.faults import Faults
from benchmarks.chaos.world import World, hold_back
from jupyter_sm.jobs import JobKey
from jupyter_sm.store import StoreError, jobs

SECONDS = float(os.environ.get("SECONDS") or 600)
SEED = int(os.environ.get("SEED") or random.randrange(1_000_000))
# Between two faults, on average; and how often the store is copied.
PAUSE = 0.25
_COPY_SECONDS = 20.0
# So long the last jobs may take when nothing is in the way any more.
_END_SECONDS = 180.0


def strike(world: World, faults: Faults) -> None:
    """Faults at random, for as long as was asked."""
    until, copied, told = time.monotonic() + SECONDS, 0.0, 0.0
    while time.monotonic() < until:
        time.sleep(world.rng.expovariate(1 / PAUSE))
        faults.strike()
        try:
            hold_back(world)
        except StoreError as error:
            faults.stores.mind(error)
        if time.monotonic() - copied > _COPY_SECONDS:
            copied = time.monotonic()
            faults.stores.back_up()
        if time.monotonic() - told > 60:
            told = time.monotonic()
            left = until - told
            print(f"  {faults.counts.total()} faults, {left:.0f} s to go", file=sys.stderr)


def settle(world: World) -> None:
    """Wait until all jobs are over and their logs read out, or for as long as they may take."""
    until = time.monotonic() + _END_SECONDS
    if not world.is_up() and world.server.process.poll() is not None:
        world.begin_server()
    store = world.store()
    while time.monotonic() < until:
        try:
            rows = store.read().execute(
                "SELECT target, kind, name, phase, log_closed FROM jobs"
                " WHERE phase != 'ended' OR NOT log_closed"
            )
            left = rows.fetchall()
            for row in left:
                # The log of a job that was found again is read once somebody looks at it.
                jobs.watch(store, JobKey(*row[:3]))
        except StoreError as error:
            world.note(f"while it settles: {error}")
            left = [error]
        if not left and _all_known(world):
            break
        time.sleep(1)
    store.close()


def _all_known(world: World) -> bool:
    """Whether the store knows as many jobs as the targets have."""
    store = world.store()
    known = {(job.target, job.name) for job in checks.listed(store)}
    store.close()
    local = {("local", p.name) for p in (world.home / "local/jobs/training").glob("[!.]*")}
    there = {(cell.TARGETS[1], name) for name in checks.names_on_the_account(world)}
    return local | there <= known


def run(folder: Path) -> bool:
    """The whole of it; whether all checks held."""
    begun = time.monotonic()
    with World(folder, SEED, SECONDS) as world:
        faults = Faults(world)
        with world.visitor():
            strike(world, faults)
            (folder / "stop").touch()
        faults.heal()
        settle(world)
        store = world.store()
        found = checks.look(world, store)
        found.wrong += world.surprises
        store.close()
        world.end_kernels()
        if world.server.process.poll() is None and world.stop_server() != 0:
            found.left.append("the server did not end cleanly")
        time.sleep(2)  # what supervisors end with
        control = world.control.url
        left = [one for one in processes.left(folder) if control not in one]
        checks.look_behind(world, found, left)
        checks.report(found, world)
        if not found.is_good:
            world.keep()
    show(faults, found, time.monotonic() - begun)
    return found.is_good


def show(faults: Faults, found: checks.Findings, seconds: float) -> None:
    """The table."""
    for name, count in faults.rows():
        print(f"{name:40}{count:>8}")
    if not faults.world.is_small_disk:
        print("(no full disk: a small file system can't be mounted here)")
    print(f"{'faults':40}{faults.counts.total():>8}\n")
    for target, ends in found.ends.items():
        told = ", ".join(f"{count} {status}" for status, count in sorted(ends.items()))
        print(f"{f'jobs on {target}':40}{ends.total():>8}  ({told})")
    total = sum(ends.total() for ends in found.ends.values())
    print(f"{'jobs':40}{total:>8}")
    print(f"{'lost with a store, before they were sent':40}{len(faults.world.unsent):>8}\n")
    for name, words in zip(checks.CHECKS, WORDS, strict=True):
        print(f"{words:40}{len(getattr(found, name)):>8}  (goal 0)")
    print(f"\nseed {SEED}, {seconds:.0f} s, {seconds and total / seconds * 60:.0f} jobs a minute")


WORDS = (
    "jobs lost",
    "jobs doubled",
    "jobs stuck",
    "processes left",
    "logs or ends that are wrong",
    "tracebacks",
)


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    print(f"chaos: {SECONDS:.0f} s, SEED={SEED}, {folder}", file=sys.stderr)
    is_good = run(folder)
    if is_good:
        shutil.rmtree(folder)
    else:
        print(f"Not all holds: see {folder}/findings.txt")
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
