"""AWS calls a minute while jobs run, counted at the simulator, by ours and by each SDK's wait."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from typing import Any

from benchmarks.aws_simulated import SDKS, load, ours, running, simulators, waiter
from benchmarks.figure import Figure

SETTLE = 35.0
WINDOW = 60.0
HOUR = 3600.0
# One simulator; each client has a region, and so jobs and a count, of its own.
PLACES = {
    "20": ("us-east-1", 20),
    "1000": ("us-east-2", 1000),
    "1000 coming and going": ("us-west-2", 1000),
    "v2": ("eu-west-1", 20),
    "v3": ("eu-west-2", 20),
}
RUNNING = {"training": "inf", "lines_per_second": 0.5}


def fill(control: Any, place: str) -> None:
    """Jobs that have been running for minutes to an hour."""
    region, count = PLACES[place]
    now = control.do("clock")["now"]
    rng = random.Random(1)
    jobs = []
    for number in range(count):
        scenario = RUNNING
        if "coming" in place:
            # Each takes an hour in all; as one ends, another begins.
            scenario = {**RUNNING, "training": HOUR - 60.0}
        age = rng.uniform(400, HOUR)
        jobs.append({"name": f"job-{number}", "created": now - age, "scenario": scenario})
    if "coming" in place:
        for number in range(count // 15):
            job = {"name": f"later-{number}", "created": now + number * HOUR / count}
            jobs.append({**job, "scenario": {**RUNNING, "training": HOUR - 60.0}})
    control.do("add_jobs", jobs=jobs, region=region)


def measure() -> dict[str, Counter[str]]:
    with simulators() as [control]:
        for place in PLACES:
            fill(control, place)
        mine = [
            ours(control, region, ("job-0", "job-1"))
            for place, (region, _) in PLACES.items()
            if place not in SDKS
        ]
        theirs = {
            sdk: [waiter(control, f"job-{n}", PLACES[sdk][0]) for n in range(PLACES[sdk][1])]
            for sdk in SDKS
        }
        with running(ours=mine, **theirs):
            time.sleep(SETTLE)
            control.calls(clear=True)
            time.sleep(WINDOW)
            told = control.calls(full=True)["calls"]
    regions = {region: place for place, (region, _) in PLACES.items()}
    counts: dict[str, Counter[str]] = {place: Counter() for place in PLACES}
    for call in told:
        counts[regions[call["region"]]][call["operation"]] += 1
    return counts


def run() -> list[Figure]:
    counts = measure()
    for place, count in counts.items():
        print(f"  {place}: {count.total()} calls, {dict(count)}; {load()}", file=sys.stderr)
    a_minute = {place: count.total() * 60 / WINDOW for place, count in counts.items()}
    peers = {f"SDK {sdk}": a_minute[sdk] for sdk in SDKS}
    return [
        Figure(
            "AWS calls a minute, 20 jobs running, 2 watched", a_minute["20"], "", 30, peers=peers
        ),
        Figure(
            "the same, 1,000 jobs running, 2 watched (SDKs: 20 jobs measured, × 50)",
            a_minute["1000"],
            "",
            60,
            peers={name: value * 50 for name, value in peers.items()},
        ),
        Figure(
            "the same, 1,000 jobs of an hour each, coming and going",
            a_minute["1000 coming and going"],
            "",
        ),
    ]
