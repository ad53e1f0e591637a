"""Log lines shown exactly once over every trap of CloudWatch Logs: ours, and each SDK's wait."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

from benchmarks.aws_simulated import (
    REGION,
    SDKS,
    Clients,
    client,
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

JOB = "job"
GROUP = "/aws/sagemaker/TrainingJobs"
LONGEST = 150.0
# Every line holds one; what it is part of (prefixes, progress bars) does not matter.
MARK = re.compile(r"m\d{5}h\d{3}x")
LINE = "loss: 0.5 m{n:05d}h{host:03d}x"
COURSE = {"starting": 3.0, "downloading": 2.0, "training": 30.0, "uploading": 2.0}


@dataclass
class Trap:
    """A job's course, the simulator's switches, and what happens later (seconds: switches)."""

    name: str
    scenario: dict[str, Any] = field(default_factory=dict)
    traps: dict[str, Any] = field(default_factory=dict)
    later: dict[float, dict[str, Any]] = field(default_factory=dict)
    instances: int = 1
    restart_at: float | None = None
    stop_at: float | None = None


def mark(number: int) -> str:
    return LINE.format(n=number, host=1)


def lines(lag: dict[int, float], at: dict[int, float] | None = None) -> dict[str, Any]:
    """60 lines, two a second, some of them late (by number) or at another time."""
    rows = [[(at or {}).get(n, n / 2), mark(n), lag.get(n, 0.0)] for n in range(60)]
    return {"lines": rows}


TRAPS = [
    Trap("nothing wrong"),
    Trap("every 5th line 15 s late", lines(dict.fromkeys(range(0, 60, 5), 15.0))),
    Trap("last 10 lines 12 s after the end", lines(dict.fromkeys(range(50, 60), 15.0))),
    Trap(
        "40 lines of one ms, some late",
        lines(dict.fromkeys(range(10, 50, 4), 12.0), dict.fromkeys(range(10, 50), 10.0)),
    ),
    Trap("empty pages before data", traps={"empty_pages": 3}),
    Trap(
        "spot interruption, a second stream",
        {"interrupted_at": [12.0], "interrupted": 4.0, "restarting": 3.0},
    ),
    Trap("stream begins 12 s late", {"stream_delay": 12.0}),
    Trap("64 streams", {"lines_per_second": 0.5}, {"slow": 0.05}, instances=64),
    Trap("an instance that prints nothing", {"hosts": 1}, instances=2),
    Trap("12,000 lines", {"lines_per_second": 400}),
    Trap(
        "progress bars",
        {"line": "\r 10%|#  | 1/3\r 50%|## | 2/3\r100%|###| 3/3 m{n:05d}h{host:03d}x"},
    ),
    Trap("throttled for 15 s", later={15.0: {"throttle": 15.0}}),
    Trap("token expired for 15 s", later={15.0: {"expired_token": 15.0}}),
    Trap("20 answers are errors 500", later={15.0: {"server_errors": 20}}),
    Trap("host's clock 2 min fast", traps={"skew": 120.0}),
    Trap("host's clock 2 min slow", traps={"skew": -120.0}),
    Trap("List lags by 20 s, Search by 60 s", traps={"list_lag": 20.0, "search_lag": 60.0}),
    Trap("stopped, prints while Stopping", {"stopping": 15.0}, stop_at=20.0),
    Trap("an unknown status", {"unknown_status": ["Reticulating", 5.0]}),
    Trap("client killed and started again", restart_at=22.0),
]


def begin(control: Any, trap: Trap) -> None:
    """Set the trap and start the job."""
    common = {**COURSE, "line": LINE}
    if "lines" not in trap.scenario:
        common["lines_per_second"] = 2
    control.traps(**trap.traps)
    resources = {
        "InstanceType": "ml.m5.large",
        "InstanceCount": trap.instances,
        "VolumeSizeInGB": 30,
    }
    job = {
        "name": JOB,
        "scenario": {**common, **trap.scenario},
        "request": {"ResourceConfig": resources},
    }
    control.do("add_jobs", jobs=[job])


def truth(control: Any) -> Counter[str]:
    """Every line that the job's streams hold, as often as they do."""
    control.do("traps", clear=True)
    logs = client("logs", control.url, REGION)
    found: Counter[str] = Counter()
    streams: list[str] = []
    request: dict[str, Any] = {"logGroupName": GROUP, "logStreamNamePrefix": f"{JOB}/"}
    for page in logs.get_paginator("describe_log_streams").paginate(**request):
        streams += [stream["logStreamName"] for stream in page["logStreams"]]
    for stream in streams:
        token: dict[str, str] = {}
        while True:
            answer = logs.get_log_events(
                logGroupName=GROUP, logStreamName=stream, startFromHead=True, **token
            )
            found.update(m for e in answer["events"] for m in MARK.findall(e["message"]))
            if answer["nextForwardToken"] == token.get("nextToken"):
                break
            token = {"nextToken": answer["nextForwardToken"]}
    return found


def share(expected: Counter[str], shown: Counter[str]) -> float:
    """Per cent of the lines that were shown as often as they were printed."""
    right = sum(max(0, n - abs(shown[line] - n)) for line, n in expected.items())
    return 100.0 * right / expected.total()


def stored(store: Store) -> Counter[str]:
    return Counter(mark for text in texts_of(store, JOB) for mark in MARK.findall(text))


def is_read_out(store: Store) -> bool:
    row = store.read().execute("SELECT log_closed FROM jobs WHERE name = ?", (JOB,)).fetchone()
    return bool(row and row["log_closed"])


def measure() -> tuple[list[Counter[str]], dict[str, list[Counter[str]]], list[str]]:
    with ExitStack() as stack:
        controls = stack.enter_context(simulators(len(TRAPS)))

        def start() -> None:
            for control, trap in zip(controls, TRAPS, strict=True):
                begin(control, trap)

        def plans(make: Any, *more: Any) -> list[dict[str, Any]]:
            return [
                make(control, *more, restart_at=trap.restart_at)
                for control, trap in zip(controls, TRAPS, strict=True)
            ]

        mine = plans(ours, REGION, (JOB,))
        peers = {sdk: plans(waiter, JOB) for sdk in SDKS}
        clients = stack.enter_context(running(start, ours=mine, **peers))
        stores = [store_of(child) for child in mine]
        drive(controls, clients, stores)
        ends = [ended(clients[sdk]) for sdk in SDKS]
        shown = {
            sdk: [Counter(MARK.findall(text)) for text in clients[sdk].outputs()] for sdk in SDKS
        }
        shown["ours"] = [stored(store) for store in stores]
        expected = [truth(control) for control in controls]
        ends.append(["read out" if is_read_out(store) else "goes on" for store in stores])
        return expected, shown, [", ".join(row) for row in zip(*ends, strict=True)]


def drive(controls: list[Any], clients: dict[str, Clients], stores: list[Store]) -> None:
    """Spring the traps in time, until everything has ended."""
    begun = time.monotonic()
    due = [
        (at, control, switches)
        for control, trap in zip(controls, TRAPS, strict=True)
        for at, switches in trap.later.items()
    ]
    stops = [(t.stop_at, c) for c, t in zip(controls, TRAPS, strict=True) if t.stop_at]
    while (passed := time.monotonic() - begun) < LONGEST:
        for one in [one for one in due if one[0] <= passed]:
            one[1].traps(**one[2])
            due.remove(one)
        for stop in [stop for stop in stops if stop[0] <= passed]:
            stop[1].stop_job(JOB)
            stops.remove(stop)
        if not any(clients[sdk].is_running for sdk in SDKS) and all(map(is_read_out, stores)):
            return
        time.sleep(0.25)


def ended(clients: Clients) -> list[str]:
    """How each SDK's wait ended, in a word."""
    words = []
    for text in clients.outputs():
        died = re.search(r"the wait died: (\w+)", text)
        words.append(died[1] if died else "ended" if "the wait ended" in text else "goes on")
    return words


def run() -> list[Figure]:
    expected, shown, ends = measure()
    shares = {
        name: [share(e, s) for e, s in zip(expected, some, strict=True)]
        for name, some in shown.items()
    }
    for number, trap in enumerate(TRAPS):
        details = ", ".join(
            f"{name} lost {(expected[number] - some[number]).total()} "
            f"doubled {(some[number] - expected[number]).total()}"
            for name, some in shown.items()
        )
        print(
            f"  {trap.name}: {expected[number].total()} lines; {details}; v2, v3, ours: {ends[number]}",
            file=sys.stderr,
        )
    print(f"  {load()}", file=sys.stderr)
    return [
        Figure(
            f"log lines shown exactly once, mean over {len(TRAPS)} traps",
            mean(shares["ours"]),
            "%",
            100,
            "higher",
            peers={f"SDK {sdk}": mean(shares[sdk]) for sdk in SDKS},
        ),
        Figure(
            f"  logs closed within {LONGEST:.0f} s",
            100 * mean(end.endswith("read out") for end in ends),
            "%",
            100,
            "higher",
        ),
        *(
            Figure(
                f"  {trap.name}",
                shares["ours"][number],
                "%",
                100,
                "higher",
                peers={f"SDK {sdk}": shares[sdk][number] for sdk in SDKS},
            )
            for number, trap in enumerate(TRAPS)
        ),
    ]
