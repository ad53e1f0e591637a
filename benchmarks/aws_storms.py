"""Ten minutes of throttling, and of an expired token, while five jobs run: who knows the end?

Twenty times as fast as life: the simulator's clock, our cadence, and each SDK's sleeps.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

from benchmarks.aws_simulated import (
    REGION,
    SDKS,
    load,
    ours,
    running,
    simulators,
    store_of,
    texts_of,
    waiter,
)
from benchmarks.figure import Figure
from jupyter_sm.store import Store
from jupyter_sm.targets import Cadence

SPEED = 20.0
JOBS = 5
# In seconds of the simulator.
STORM = 600.0
BEFORE_STORM = 300.0
COURSE = {"starting": 60.0, "downloading": 30.0, "uploading": 30.0}
# Some end during the storm, some after it.
TRAINING = (420.0, 600.0, 800.0, 1100.0, 1400.0)
PRINTED = {"lines_per_second": 0.2, "line": "loss: 0.5 m{n:05d}x"}
MARK = re.compile(r"m\d{5}x")
LONGEST = 180.0
STORMS = {
    "a throttle storm": {"throttle": STORM},
    "an expired token": {"expired_token": STORM},
}


def quick() -> dict[str, float]:
    """The user's cadence, as fast as the simulator's clock; how far back it looks and how much it
    does at once stay."""
    kept = ("young", "overlap", "deep_overlap", "history", "at_once", "search_from")
    return {k: v if k in kept else v / SPEED for k, v in asdict(Cadence()).items()}


def fill(control: Any) -> None:
    jobs = [
        {"name": f"job-{n}", "scenario": {**COURSE, **PRINTED, "training": seconds}}
        for n, seconds in enumerate(TRAINING)
    ]
    control.do("add_jobs", jobs=jobs)


def lines(number: int) -> int:
    return int(TRAINING[number] * PRINTED["lines_per_second"])


def whole(counts: Counter[str], number: int) -> bool:
    """Whether every line is there, once."""
    return len(counts) == lines(number) and counts.total() == len(counts)


def known_here(store: Store) -> int:
    """Jobs whose end and whole log are in the store."""
    found = 0
    for number in range(JOBS):
        row = (
            store.read()
            .execute("SELECT status FROM jobs WHERE name = ?", (f"job-{number}",))
            .fetchone()
        )
        if row is None or row["status"] != "Completed":
            continue
        texts = texts_of(store, f"job-{number}")
        counts = Counter(mark for text in texts for mark in MARK.findall(text))
        found += whole(counts, number)
    return found


def known_there(outputs: list[str]) -> tuple[int, list[str]]:
    """The same for waits that came to their end; and how those that did not ended."""
    found, deaths = 0, []
    for number, text in enumerate(outputs):
        if "the wait ended" in text:
            found += whole(Counter(MARK.findall(text)), number)
        else:
            died = re.search(r"the wait died: (.*)", text)
            deaths.append(died[1][:90] if died else "goes on")
    return found, deaths


def measure() -> dict[str, dict[str, float]]:
    figures: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        controls = stack.enter_context(simulators(len(STORMS), SPEED))
        watch = ("job-0", "job-3")
        pace = {"cadence": quick(), "quiet": 30.0 / SPEED, "watch_every": 1.0}
        mine = [ours(control, REGION, watch, **pace) for control in controls]
        begun = 0.0

        def start() -> None:
            nonlocal begun
            begun = time.monotonic()
            for control in controls:
                fill(control)

        sdks = {
            sdk: [waiter(c, f"job-{n}", scale=SPEED) for c in controls for n in range(JOBS)]
            for sdk in SDKS
        }
        with running(start, ours=mine, **sdks) as clients:
            stores = [store_of(child) for child in mine]
            time.sleep(max(0.0, begun + BEFORE_STORM / SPEED - time.monotonic()))
            for control, switches in zip(controls, STORMS.values(), strict=True):
                control.traps(**switches)
            over = time.monotonic() + STORM / SPEED
            recovered: dict[int, float] = {}
            while time.monotonic() < begun + LONGEST:
                for number, store in enumerate(stores):
                    if number not in recovered and known_here(store) == JOBS:
                        recovered[number] = time.monotonic() - over
                waiting = any(clients[sdk].is_running for sdk in SDKS)
                if len(recovered) == len(stores) and not waiting:
                    break
                time.sleep(0.2)
            for number, name in enumerate(STORMS):
                figures[name] = {"ours": known_here(stores[number]) / JOBS}
                print(f"  {name}: ours after {recovered.get(number)} real s", file=sys.stderr)
        for sdk in SDKS:
            outputs = clients[sdk].outputs()
            for number, name in enumerate(STORMS):
                known, deaths = known_there(outputs[number * JOBS : (number + 1) * JOBS])
                figures[name][f"SDK {sdk}"] = known / JOBS
                print(f"  {name}: {sdk} {known} of {JOBS}; {deaths}", file=sys.stderr)
    print(f"  {load()}", file=sys.stderr)
    return figures


def run() -> list[Figure]:
    measured = measure()
    return [
        Figure(
            f"jobs whose end and whole log are known after {name} of 10 minutes",
            100 * shares.pop("ours"),
            "%",
            100,
            "higher",
            peers={sdk: 100 * share for sdk, share in shares.items()},
        )
        for name, shares in measured.items()
    ]
