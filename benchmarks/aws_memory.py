"""Memory of a real Jupyter server that tracks 10,000 jobs on AWS, above that of a bare one."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.aws_simulated import REGION, environment, folder, load, simulators
from benchmarks.figure import Figure
from jupyter_sm.store import cursors, open_store, targets
from jupyter_sm.store import jobs as jobs_table

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

JOBS, RUNNING = 10_000, 20
TARGET = f"default@{REGION}"
DAY = 86_400.0
SETTLE = 30.0
# A hundred jobs a page, two pages a second.
LONGEST_FILL = 180.0
BARE = 'c.ServerApp.jpserver_extensions = {"jupyter_sm": False}'
LINES = {"lines_per_second": 0.2}


def fill(control: Any) -> None:
    """A month of jobs that have ended, and a few that run."""
    now = control.do("clock")["now"]
    over = JOBS - RUNNING
    failed = {**LINES, "outcome": "Failed"}
    for scenario, prefix, count in ((LINES, "done", over * 9 // 10), (failed, "fell", over // 10)):
        gap = 29 * DAY / count
        control.add_jobs(count, prefix, scenario=scenario, created=now - 29 * DAY - 900, gap=gap)
    control.add_jobs(
        RUNNING, "runs", scenario={**LINES, "training": "inf"}, created=now - 3000, gap=100
    )


def resident(server: LiveServer, member: str = "VmRSS") -> float:
    """MB (of a million bytes) that the server's process holds."""
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith(member + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"There is no {member}.")


async def use(server: LiveServer, extension: bool) -> None:
    """What an open tab asks for while the server settles."""
    until = time.monotonic() + SETTLE
    paths = ["api/status", "api/kernels"]
    if extension:
        paths += ["jupyter-sm/api/jobs"]
        for name in ("runs-0", "runs-1"):
            job = f"jupyter-sm/api/jobs/{TARGET}/training/{name}"
            paths += [job, f"{job}/logs?from=0&limit=1000"]
    while time.monotonic() < until:
        for path in paths:
            await server.ask(path)
        await asyncio.sleep(1)


async def bare() -> float:
    server = LiveServer(folder(), BARE)
    try:
        await server.wait_until_up()
        await use(server, False)
        return resident(server)
    finally:
        server.stop()


async def measure() -> dict[str, float]:
    figures = {"bare": await bare()}
    with simulators() as [control]:
        fill(control)
        env = environment(control)
        home = folder()
        store = open_store(home / "jupyter_sm")
        targets.use(store, TARGET)
        server = LiveServer(home, **env)
        try:
            await server.wait_until_up()
            begun = time.monotonic()
            while not cursors.get(store, TARGET, "training").history_done:
                if time.monotonic() - begun > LONGEST_FILL:
                    raise RuntimeError(f"{jobs_table.listed(store, limit=1)[1]} jobs were found")
                await asyncio.sleep(0.5)
            figures["seconds to find all"] = time.monotonic() - begun
            await use(server, True)
            figures["jobs"] = jobs_table.listed(store, limit=1)[1]
            figures["after finding them"] = resident(server)
            figures["peak"] = resident(server, "VmHWM")
        finally:
            server.stop()
        again = LiveServer(home, **env)
        try:
            await again.wait_until_up()
            await use(again, True)
            figures["after a restart"] = resident(again)
        finally:
            again.stop()
        calls = control.calls()
        print(f"  {figures}; {calls['by_operation']}; {load()}", file=sys.stderr)
        store.close()
    return figures


def run() -> list[Figure]:
    figures = asyncio.run(measure())
    bare_mb = figures["bare"]
    tracked = f"{figures['jobs']:,.0f} jobs tracked"
    return [
        Figure(
            f"server memory above a bare one, {tracked}, just found",
            figures["after finding them"] - bare_mb,
            "MB",
            80,
            peers={"the bare server": bare_mb},
        ),
        Figure(
            f"server memory above a bare one, {tracked}, restarted",
            figures["after a restart"] - bare_mb,
            "MB",
            80,
        ),
        Figure("seconds to find all jobs of the last month", figures["seconds to find all"], "s"),
    ]
