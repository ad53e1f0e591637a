"""What holds up whom: a server with 20,000 jobs, hostile expressions, slow searches, a large copy."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import sys
import time
from pathlib import Path
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient

from benchmarks.aws_memory import BARE, resident
from benchmarks.aws_simulated import folder, load
from benchmarks.figure import Figure, percentile

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))
from live_server import LiveServer

from jupyter_sm.jobs import JobKey
from jupyter_sm.store import open_store

from kit.hostile import HOSTILE, LETTERS
from kit.known import add_job

JOBS = 20_000
COPY_MB = int(os.environ.get("COPY_MB") or 1_000)
API = "jupyter-sm/api"
SEEN = JobKey("default@us-east-1", "training", "seen")
LONG = "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"
_DEFINITIONS = 39
# How long a search is waited for, in seconds.
_PATIENCE = 8.0


def fill(home: Path) -> None:
    """A store that knows many jobs of a target that nobody looks after any more."""
    store = open_store(home)
    add_job(store, SEEN)
    with store.write() as db:
        db.execute("UPDATE jobs SET status = 'Completed', phase = 'ended', ended_at = created_at")
        columns = [row[1] for row in db.execute("PRAGMA table_info(jobs)")]
        copied = [one for one in columns if one not in ("id", "name", "created_at")]
        db.execute(
            f"INSERT INTO jobs (name, created_at, {', '.join(copied)})"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            f" SELECT 'seen-' || i, created_at - i, {', '.join(copied)} FROM n, jobs WHERE name = ?",
            (JOBS - 1, SEEN.name),
        )
        db.execute("DELETE FROM targets")
    store.close()


class Asked:
    """A server, and how long its answers took, in seconds."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server

    async def timed(self, path: str, body: dict | None = None) -> float:
        """How long one answer takes."""
        begun = time.perf_counter()
        await self.server.ask(f"{API}/{path}", "GET" if body is None else "POST", body)
        return time.perf_counter() - begun

    async def submit(self, script: Path, **spec: object) -> str:
        """The name of another job."""
        body = {"spec": {"script": str(script), **spec}}
        return str((await self.server.ask(f"{API}/jobs", "POST", body))["name"])

    async def until(self, name: str, **wanted: str) -> float:
        """How long until a job is as wanted."""
        begun = time.perf_counter()
        while True:
            job = await self.server.ask(f"{API}/jobs/local/training/{name}")
            if all(job[key] == value for key, value in wanted.items()):
                return time.perf_counter() - begun
            await asyncio.sleep(0.01)

    async def again_and_again(self, *paths: str) -> None:
        """Ask without end, one after the other; what takes too long is given up."""
        for path in itertools.cycle(paths):
            with contextlib.suppress(Exception):
                await self.server.ask(f"{API}/{path}")

    def hits(self, name: str, expression: str) -> str:
        """The address of a search."""
        return f"jobs/local/training/{name}/logs/hits?regex=1&query={quote(expression)}"


@contextlib.asynccontextmanager
async def meanwhile(*works: object):
    """While these go on."""
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.sleep(0)  # that all have begun
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(_PATIENCE)  # until the last of them are given up


async def hostile(asked: Asked, home: Path) -> list[float]:
    """How long GET /jobs takes while expressions that run away are defined and searched for."""
    texts = sorted({text for _, text in HOSTILE})
    script = home / "hostile.py"
    script.write_text("".join(f"print({text!r})\n" for text in texts) * 20)
    metrics = {f"bad{n}": pattern for n, (pattern, _) in enumerate(HOSTILE[:_DEFINITIONS])}
    name = await asked.submit(script, metrics=metrics)
    searches = [asked.again_and_again(asked.hits(name, pattern)) for pattern, _ in HOSTILE]
    took = []
    async with meanwhile(*searches):
        until = time.monotonic() + 20
        while time.monotonic() < until:
            took.append(await asked.timed("jobs"))
            await asyncio.sleep(0.02)
    return took


async def others(asked: Asked, home: Path) -> dict[str, float]:
    """How long a submission and a stop take while all else is at work."""
    data = home / "data"
    data.mkdir()
    with (data / "large.bin").open("wb") as file:
        for _ in range(COPY_MB):
            file.write(os.urandom(1 << 20))
    script, lines = home / "long.py", home / "lines.py"
    script.write_text(LONG)
    lines.write_text(f"for n in range(2000): print({LETTERS!r})\n")
    searched = await asked.submit(lines)
    await asked.until(searched, phase="ended")
    pages = [f"jobs?limit=1000&offset={n}" for n in range(0, JOBS, 1000)]
    lists = [asked.again_and_again(*pages) for _ in range(4)]
    searches = [asked.again_and_again(asked.hits(searched, "(a+)+$")) for _ in range(8)]
    submits, runs, stops, ends = [], [], [], []
    async with meanwhile(*lists, *searches):
        copying = await asked.submit(script, inputs={"train": str(data)})
        for _ in range(5):
            begun = time.perf_counter()
            name = await asked.submit(script)
            submits.append(time.perf_counter() - begun)
            runs.append(await asked.until(name, secondary_status="Training"))
            stops.append(await asked.timed(f"jobs/local/training/{name}/stop", {}))
            ends.append(await asked.until(name, status="Stopped"))
        await asked.timed(f"jobs/local/training/{copying}/stop", {})
        await asked.until(copying, status="Stopped")
    return {"submit": max(submits), "runs": max(runs), "stop": max(stops), "ends": max(ends)}


async def started(home: Path, config: str, path: str) -> tuple[LiveServer, float]:
    """A server, and the seconds until it first answers."""
    begun = time.perf_counter()
    server = LiveServer(home, config, JUPYTER_SM_STOP_GRACE="0.5", JUPYTER_SM_MAX_JOBS="4")
    while True:
        try:
            await server.ask(path)
            return server, time.perf_counter() - begun
        except Exception:
            await asyncio.sleep(0.01)


async def measure() -> list[Figure]:
    home = folder()
    fill(home / "jupyter_sm")
    plain, bare = await started(folder(), BARE, "api/status")
    plain.stop()
    server, seconds = await started(home, "", f"{API}/jobs")
    asked = Asked(server)
    for offset in range(0, JOBS, 1000):
        await asked.timed(f"jobs?limit=1000&offset={offset}")
    memory = resident(server)
    took = await hostile(asked, home)
    times = await others(asked, home)
    print(f"  {times}; {len(took)} lists; {load()}", file=sys.stderr)
    peak = resident(server, "VmHWM")
    server.stop()
    return [
        Figure(
            f"seconds until a server with {JOBS:,} jobs answers",
            seconds,
            "s",
            2,
            peers={"bare": bare},
        ),
        Figure(f"its memory, all {JOBS:,} listed", memory, "MB", 250),
        Figure("its memory at most, all that follows done", peak, "MB", 250),
        Figure(
            "GET /jobs (p99) beside 50 hostile expressions", 1000 * percentile(took, 99), "ms", 200
        ),
        Figure(
            f"submit beside 8 slow searches, long lists, a copy of {COPY_MB:,} MB (longest)",
            times["submit"],
            "s",
            1,
        ),
        Figure("the same: from then until it trains (longest)", times["runs"], "s"),
        Figure("the same: stop is answered (longest)", times["stop"], "s", 1),
        Figure("the same: from then until it is stopped (longest)", times["ends"], "s", 1),
    ]


def run() -> list[Figure]:
    # Else requests would wait here and not at the server.
    defaults = {"request_timeout": _PATIENCE}
    AsyncHTTPClient.configure(None, max_clients=200, defaults=defaults)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of searches that were given up
    logging.getLogger("tornado").setLevel(logging.CRITICAL)
    return asyncio.run(measure())
