"""A server's memory over a long time of load: SECONDS of it, 120 unless told (an hour: 3600).

Meanwhile jobs are submitted, run, print and end, lists of 20,000 are paged through, and logs are read
and searched, a few requests a second. What is told is how memory goes on once all has been warm.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import time
from pathlib import Path

from benchmarks.aws_memory import resident
from benchmarks.aws_simulated import folder
from benchmarks.figure import Figure
from benchmarks.holdups import API, JOBS, Asked, fill, started

SECONDS = float(os.environ.get("SECONDS") or 120)
# A job each so many seconds, of so many lines.
_JOB_SECONDS = 4.0
_LINES = 3_000
_SCRIPT = f"for n in range({_LINES}): print('step', n, 'loss:', 1 / (n + 1), 'x' * 80)\n"
# Of the time, what counts as warming up.
_WARM = 0.2
_SAMPLES = 40


async def load(asked: Asked, script: Path, until: float) -> None:
    """Jobs, lists, logs, searches and curves, again and again."""
    due = 0.0
    names: list[str] = []
    for turn in itertools.count():
        now = time.monotonic()
        if now > until:
            return
        if now > due:
            names.append(await asked.submit(script))
            due = now + _JOB_SECONDS
        await asked.timed(f"jobs?limit=500&offset={turn * 500 % JOBS}")
        job = f"jobs/local/training/{names[-1 - turn % min(len(names), 20)]}"
        for path in ("", "/logs?limit=1000", "/logs/hits?query=loss", "/metrics"):
            await asked.timed(job + path)
        await asyncio.sleep(0.1)


async def measure() -> list[Figure]:
    home = folder()
    fill(home / "jupyter_sm")
    script = home / "prints.py"
    script.write_text(_SCRIPT)
    server, _ = await started(home, "", f"{API}/jobs")
    asked = Asked(server)
    begun = time.monotonic()
    loading = asyncio.ensure_future(load(asked, script, begun + SECONDS))
    sizes = []
    while not loading.done():
        await asyncio.sleep(SECONDS / _SAMPLES)
        sizes.append((time.monotonic() - begun, resident(server)))
    await loading
    server.stop()
    warm = [size for seconds, size in sizes if seconds > _WARM * SECONDS]
    quarter = len(warm) // 4
    first, last = (sum(part) / quarter for part in (warm[:quarter], warm[-quarter:]))
    told = ", ".join(f"{size:.0f}" for _, size in sizes[:: _SAMPLES // 10])
    print(f"  MB over {SECONDS:,.0f} s: {told}", file=sys.stderr)
    return [
        Figure(f"memory at most over {SECONDS:,.0f} s of load", max(warm), "MB", 250),
        Figure("the same: its last quarter above its first", last - first, "MB", 10),
    ]


def run() -> list[Figure]:
    return asyncio.run(measure())
