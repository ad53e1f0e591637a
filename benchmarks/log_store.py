"""A log of a million lines: written into the store, shown, searched; and a hundred curves."""

from __future__ import annotations

import asyncio
import gc
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, percentile
from jupyter_sm.jobs import JobKey
from jupyter_sm.logs import Metric
from jupyter_sm.store import Store, open_store
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.pages import LogFilter, LogPages
from jupyter_sm.store.logs.streams import LoggedJob, Parsed
from jupyter_sm.store.submissions import add_submission

LINES = 1_000_000
PAGE = 1_000
CURVES = 100
POINTS = 10_000
SCREEN = 300


def ordinary(count: int) -> Iterator[str]:
    """The log of a PyTorch training: steps with loss and accuracy, prose, platform lines."""
    rng = random.Random(0)
    for n in range(count):
        kind = n % 10
        if n < 20:
            yield f"2026-01-01 10:00:{n:02},000 sagemaker-training-toolkit INFO     Starting step {n}"
        elif kind < 4:
            done = n % 60_000
            yield (
                f"Train Epoch: {n // 60_000} [{done}/60000 ({done / 600:.0f}%)]"
                f"\tLoss: {rng.random():.6f}"
            )
        elif kind < 6:
            yield f"[2026-01-01 10:00:00,{n % 1000:03}] INFO step {n} loss={rng.random():.4f} lr=1e-4"
        elif kind < 9:
            yield f"reading shard {rng.randrange(10**6)} of train/part-{n % 977:05}.parquet"
        elif n % 1000 == 9:
            yield f"WARNING: worker {n % 8} was {rng.random():.2f} s late with batch {n}"
        else:
            yield f"Test set: Average loss: {rng.random():.4f}, Accuracy: {n % 10000}/10000"


def ingest(store: Store, job: LoggedJob, lines: list[str]) -> float:
    """Lines a second, from events as CloudWatch gives them to a committed page."""
    stream = f"{job.key.name}/algo-1-1700000000"
    parser = streams.parser_of(store, job, stream)
    begun, token = time.perf_counter(), ""
    for at in range(0, len(lines), PAGE):
        events = [
            {"timestamp": 1_700_000_000_000 + at + n, "message": line}
            for n, line in enumerate(lines[at : at + PAGE])
        ]
        after = f"f/{at}"
        parsed = streams.parse(parser, stream, events)
        streams.append(store, job, parsed, before=token, after=after)
        token = after
    return len(lines) / (time.perf_counter() - begun)


async def stalls_during(work: Callable[[], Any]) -> tuple[Any, list[float]]:
    """What the work gives, and by how many ms a task of the event loop was late meanwhile."""
    late, result = [], []
    thread = threading.Thread(target=lambda: result.append(work()))
    thread.start()
    while thread.is_alive():
        asked = time.perf_counter()
        await asyncio.sleep(0.005)
        late.append((time.perf_counter() - asked - 0.005) * 1000)
    return result[0], late


def milliseconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def added(store: Store, name: str) -> LoggedJob:
    add_submission(
        store, JobKey("local", "training", name), submission_id=name, request={}, script=""
    )
    row = store.read().execute("SELECT id FROM jobs WHERE name = ?", (name,)).fetchone()
    return LoggedJob(row["id"], JobKey("local", "training", name), False, None)


def size(store: Store) -> int:
    store.read().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store.path.stat().st_size


def shown(views: LogPages, key: tuple[str, str, str], start: int) -> str:
    return json.dumps(asdict(views.rows(key, start=start, limit=SCREEN)))


def curves(store: Store) -> Figure:
    job = added(store, "curves")
    rng = random.Random(1)
    for at in range(0, POINTS, PAGE):
        metrics = [
            Metric(f"metric{c}", rng.random(), at + n, 1_700_000_000_000 + at + n)
            for n in range(PAGE)
            for c in range(CURVES)
        ]
        parsed = Parsed("curves/algo-1", [], metrics, None)
        streams.append(store, job, parsed, before=f"{at}" if at else "", after=f"{at + PAGE}")
    key = JobKey("local", "training", "curves")
    work = lambda: json.dumps([vars(s) for s in streams.metric_series(store, key)[0]])  # noqa: E731
    return Figure(
        f"{CURVES} curves of {POINTS:,} points, ready to send", milliseconds(work), "ms", 1000
    )


def run() -> list[Figure]:
    lines = list(ordinary(LINES))
    raw = sum(len(line.encode()) + 1 for line in lines)
    store = open_store(Path(tempfile.mkdtemp(prefix="bench-")))
    empty = size(store)
    job = added(store, "long")
    key = JobKey("local", "training", "long")
    # A server holds no million lines: what the collector would go through is only ours.
    gc.collect()
    gc.freeze()
    rate, late = asyncio.run(stalls_during(lambda: ingest(store, job, lines)))
    ratio = (size(store) - empty) / raw
    first = milliseconds(lambda: shown(LogPages(store), key, -SCREEN))
    views = LogPages(store)
    total = views.rows(key, start=0, limit=1).total
    rng = random.Random(2)
    jumps = [milliseconds(lambda: shown(views, key, rng.randrange(total))) for _ in range(200)]
    rare = f"shard {rng.randrange(10**6)}"
    searches = [milliseconds(lambda q=q: views.hits(key, q)) for q in (rare, "worker 3", "LOSS")]
    regex = milliseconds(lambda: views.hits(key, r"worker \d was 0\.9\d s late", is_regex=True))
    grave = milliseconds(
        lambda: views.rows(key, start=-1, limit=SCREEN, wanted=LogFilter(severity="warning"))
    )
    return [
        Figure("lines a second into the store", rate, "/s", 30_000, "higher"),
        Figure("stall of the event loop meanwhile (p99.9)", percentile(late, 99.9), "ms", 50),
        Figure("store, of the raw text", ratio, "×", 1.5),
        Figure("first screen of a million lines", first, "ms", 300),
        Figure("jump anywhere in them (p95)", percentile(jumps, 95), "ms", 100),
        Figure("substring search, a rare one", searches[0], "ms", 500),
        Figure("substring search, 100 finds", searches[1], "ms", 500),
        Figure("substring search, most lines", searches[2], "ms", 500),
        Figure("regular expression search", regex, "ms"),
        Figure("warnings only, first screen", grave, "ms", 300),
        curves(store),
    ]
