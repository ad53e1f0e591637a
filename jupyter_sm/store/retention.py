"""Keeping the store from growing for ever: of old jobs the logs go, jobs and metrics stay."""

from __future__ import annotations

import sqlite3

from jupyter_sm.store import changes
from jupyter_sm.store.file import Store
from jupyter_sm.store.logs import blocks

# When there is too much, so much is dropped that it does not begin anew at once.
_DOWN_TO = 0.9


def trim(store: Store, limit_mb: int) -> None:
    """Drop logs, the longest ended job's first, while the store is larger than `limit_mb` (0: any).

    If that does not do, the earliest lines of the longest log go, even while it grows.
    """
    limit = limit_mb * 1_000_000
    if not limit or _used(store.read()) <= limit:
        return
    while _used(store.read()) > limit * _DOWN_TO:
        with store.write() as db:
            if not (_drop_oldest(db, limit) or _drop_begin(db, limit)):
                return


def _used(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _drop_oldest(db: sqlite3.Connection, limit: int) -> bool:
    job = db.execute(
        "SELECT id, target, kind, name FROM jobs WHERE log_closed = 1"
        " AND id IN (SELECT job_id FROM log_blocks) ORDER BY ended_at LIMIT 1"
    ).fetchone()
    if job is None:
        return False
    blocks.drop(db, job["id"])
    # Closed for good: read again it would come back, and its metrics stand already.
    db.execute("UPDATE jobs SET log_closed = 2 WHERE id = ?", (job["id"],))
    _tell(db, job, f"The log was dropped to keep the store below {limit // 1_000_000} MB")
    return True


def _drop_begin(db: sqlite3.Connection, limit: int) -> bool:
    row = db.execute(
        "SELECT job_id, count(*) AS blocks FROM log_blocks WHERE is_sealed = 1"
        " GROUP BY job_id ORDER BY blocks DESC LIMIT 1"
    ).fetchone()
    if row is None:
        return False
    job = db.execute(
        "SELECT id, target, kind, name FROM jobs WHERE id = ?", (row["job_id"],)
    ).fetchone()
    blocks.drop_first(db, job["id"], max(1, row["blocks"] // 4))
    _tell(db, job, f"Earlier lines were dropped to keep the store below {limit // 1_000_000} MB")
    return True


def _tell(db: sqlite3.Connection, job: sqlite3.Row, what: str) -> None:
    where = "the job's folder" if job["target"] == "local" else "CloudWatch"
    text = f"{what} (log_limit_mb in config.toml). They may still be found in {where}."
    text = text.replace("They", "It") if what.startswith("The log") else text
    db.execute("UPDATE jobs SET log_note = ? WHERE id = ?", (text, job["id"]))
    for topic in ("job", "log"):
        changes.tell(db, topic, job["target"], job["kind"], job["name"])
