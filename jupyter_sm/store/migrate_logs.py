"""A step of the schema: entries and points that lay in a row each go into blocks."""

from __future__ import annotations

import sqlite3
from itertools import groupby

from jupyter_sm.logs import Metric, Record
from jupyter_sm.store.logs import blocks, points


def into_blocks(db: sqlite3.Connection) -> None:
    """Move the tables `records` and `metrics` into blocks, and drop them."""
    rows = db.execute("SELECT * FROM records ORDER BY job_id, seq")
    for (job_id, stream), run in groupby(rows, lambda row: (row["job_id"], row["stream_id"])):
        entries = list(run)
        records = [
            Record(row["timestamp_ms"], "", row["severity"], row["source"], row["text"])
            for row in entries
        ]
        blocks.append(db, job_id, entries[0]["seq"], stream, records)
    rows = db.execute("SELECT * FROM metrics ORDER BY job_id, stream_id, rowid")
    for (job_id, stream), run in groupby(rows, lambda row: (row["job_id"], row["stream_id"])):
        made = [
            Metric(
                row["name"],
                float("nan") if row["value"] is None else row["value"],
                row["step"],
                row["timestamp_ms"],
            )
            for row in run
        ]
        points.append(db, job_id, stream, made)
    db.execute("DROP TABLE records")
    db.execute("DROP TABLE metrics")
