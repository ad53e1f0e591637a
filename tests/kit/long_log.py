"""Finished jobs with long logs or many curves, put into a store as if read long ago."""

from __future__ import annotations

import time

from jupyter_sm.jobs import JobKey
from jupyter_sm.logs import Metric, Record
from jupyter_sm.store import Store
from jupyter_sm.store.logs import blocks
from jupyter_sm.store.logs import points as point_blocks
from jupyter_sm.store.submissions import add_submission

_CHUNK = 10_000


def add_finished_job(store: Store, name: str, lines: int) -> None:
    """Add the job; line n says so, every 100th is a warning, the first ten are the platform's."""
    add_submission(
        store,
        JobKey("local", "training", name),
        submission_id=name,
        request={"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}},
        script="train.py",
    )
    begun = time.time() - 7200
    with store.write() as db:
        (job,) = db.execute("SELECT id FROM jobs WHERE name = ?", (name,)).fetchone()
        db.execute("DELETE FROM submissions WHERE id = ?", (name,))
        db.execute(
            "UPDATE jobs SET status = 'Completed', secondary_status = 'Completed', phase = 'ended',"
            " log_lines = ?,"
            " log_closed = 1, created_at = ?, started_at = ?, ended_at = ? WHERE id = ?",
            (lines, begun, begun, begun + 3600, job),
        )
        db.execute("INSERT INTO streams (job_id, name) VALUES (?, ?)", (job, f"{name}/algo-1-1"))
        (stream,) = db.execute("SELECT id FROM streams WHERE job_id = ?", (job,)).fetchone()
        for first in range(0, lines, _CHUNK):
            records = [
                Record(
                    int((begun + 3600 * n / lines) * 1000),
                    "algo-1-1",
                    "warning" if n % 100 == 99 else "info",
                    "platform" if n < 10 else "user",
                    f"line {n:07} of the log, loss {1 / (n + 1):.6f}",
                )
                for n in range(first, min(first + _CHUNK, lines))
            ]
            blocks.append(db, job, first, stream, records)


def add_job_with_curves(store: Store, name: str, curves: int, points: int) -> None:
    """Add a finished job without a log but with metrics, each falling in its own way."""
    add_finished_job(store, name, 1)
    row = store.read().execute(
        "SELECT s.id, s.job_id FROM streams s JOIN jobs j ON j.id = s.job_id WHERE j.name = ?",
        (name,),
    )
    stream, job = row.fetchone()
    with store.write() as db:
        for curve in range(curves):
            metrics = [
                Metric(f"metric{curve}", (curve + 1) / (n + 1), n, 1_700_000_000_000 + n)
                for n in range(points)
            ]
            point_blocks.append(db, job, stream, metrics)
