"""How long the server's event loop stalls: 20 running jobs, 2,000 log lines a second in all."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, percentile

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

JOBS = 20
LINES_A_SECOND = 100
SECONDS = 60
# A task in the server's own loop that wants to run every 5 ms, and notes how late it was.
PROBE = """
import asyncio, json, time
from jupyter_sm.server.app import SageMakerApp
late = []
async def probe():
    while True:
        asked = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append((time.time(), (time.perf_counter() - asked - 0.005) * 1000))
started, stopped = SageMakerApp._start_jupyter_server_extension, SageMakerApp.stop_extension
async def start(self, serverapp):
    await started(self, serverapp)
    self.probe = asyncio.create_task(probe())
async def stop(self):
    self.probe.cancel()
    with open("{results}", "w") as file:
        json.dump(late, file)
    await stopped(self)
SageMakerApp._start_jupyter_server_extension, SageMakerApp.stop_extension = start, stop
"""
SCRIPT = """
import time
begun = time.monotonic()
for n in range({lines}):
    print(f"2026-11-23 10:00:00 INFO step {{n}}/{lines} loss: {{1 / (n + 1):.5f}} lr: 0.001 " + "x" * 40)
    time.sleep(max(0, begun + (n + 1) / {rate} - time.monotonic()))
"""


async def measure() -> tuple[list[float], float]:
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    results = folder / "late.json"
    server = LiveServer(folder, PROBE.format(results=results), JUPYTER_SM_MAX_JOBS=str(JOBS))
    script = folder / "work" / "chatty.py"
    script.write_text(SCRIPT.format(lines=SECONDS * LINES_A_SECOND, rate=LINES_A_SECOND))
    await server.wait_until_up()
    names = []
    for number in range(JOBS):
        body = {"spec": {"script": str(script)}, "name": f"chatty-{number}"}
        names.append((await server.ask("jupyter-sm/api/jobs", "POST", body))["name"])
    while not all(job["log_lines"] for job in (await server.ask("jupyter-sm/api/jobs"))["jobs"]):
        await asyncio.sleep(0.5)
    begun = time.time()
    first = await lines(server)
    last_from = dict.fromkeys(names, 0)
    # Two faces watch two jobs each, as two open tabs do.
    while time.time() < begun + SECONDS * 0.75:
        for name in names[:4]:
            page = await server.ask(
                f"jupyter-sm/api/jobs/local/training/{name}/logs?from={last_from[name]}&limit=1000"
            )
            last_from[name] = page["next"]
            await server.ask(f"jupyter-sm/api/jobs/local/training/{name}")
        await asyncio.sleep(0.25)
    ended = time.time()
    rate = (await lines(server) - first) / (ended - begun)
    server.stop()
    late = [ms for at, ms in json.loads(results.read_text()) if begun <= at <= ended]
    return late, rate


async def lines(server: LiveServer) -> int:
    return sum(job["log_lines"] for job in (await server.ask("jupyter-sm/api/jobs"))["jobs"])


def run() -> list[Figure]:
    late, rate = asyncio.run(measure())
    return [
        Figure(
            "log lines a second into the store", rate, "/s", 0.95 * JOBS * LINES_A_SECOND, "higher"
        ),
        Figure("event loop stalls (p50)", percentile(late, 50), "ms"),
        Figure("event loop stalls (p99)", percentile(late, 99), "ms"),
        Figure("event loop stalls (p99.9)", percentile(late, 99.9), "ms", 50),
        Figure("event loop stalls (longest)", max(late), "ms"),
    ]
