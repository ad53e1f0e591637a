"""Keeping the store from growing for ever: of old jobs the logs go, jobs and metrics stay."""

from __future__ import annotations

import sqlite3

from jupyter_sm.store import changes
from jupyter_sm.store.file import Store
from jupyter_sm.store.logs import blocks

# When there is too much, so much is dropped that it does not begin anew at once.
_DOWN_TO = 0.9


class LogLimit:
    """Keeps the logs of a store within a limit."""

    def __init__(self, store: Store) -> None:
        self._store = store
        # A limit, and how large the file may become before logs can have passed it.
        self._enough = (0, 0)

    def keep(self, limit_mb: int) -> None:
        """Drop logs, the longest ended job's first, while all are larger than `limit_mb` (0: any).

        If that does not do, the earliest lines of the longest log go, even while it grows.
        """
        limit = limit_mb * 1_000_000
        enough = self._enough[1] if self._enough[0] == limit else 0
        db = self._store.read()
        if not limit or _used(db) <= max(limit, enough):
            return
        size = _logs(db)
        if size > limit:
            size = self._drop(size, limit)
        self._enough = limit, _used(db) + max(0, limit - size)

    def _drop(self, size: int, limit: int) -> int:
        """Drop what is too much of logs of this size; the size that they have then."""
        while size > limit * _DOWN_TO:
            with self._store.write() as db:
                before = _used(db)
                if not (_drop_oldest(db, limit) or _drop_begin(db, limit)):
                    break
                size -= max(1, before - _used(db))
        return size


def _used(db: sqlite3.Connection) -> int:
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _logs(db: sqlite3.Connection) -> int:
    """The bytes of all logs, which is what dropping them can free."""
    (blocks_size,) = db.execute(
        "SELECT sum(length(kinds) + length(streams) + length(times) + length(lengths)"
        " + length(text)) FROM log_blocks"
    ).fetchone()
    (raws_size,) = db.execute("SELECT sum(length(raw)) FROM log_raws").fetchone()
    return (blocks_size or 0) + (raws_size or 0)


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
    _tell(db, job, f"The log was dropped to keep stored logs below {limit // 1_000_000} MB")
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
    _tell(db, job, f"Earlier lines were dropped to keep stored logs below {limit // 1_000_000} MB")
    return True


def _tell(db: sqlite3.Connection, job: sqlite3.Row, what: str) -> None:
    where = "the job's folder" if job["target"] == "local" else "CloudWatch"
    text = f"{what} (log_limit_mb in config.toml). They may still be found in {where}."
    text = text.replace("They", "It") if what.startswith("The log") else text
    db.execute("UPDATE jobs SET log_note = ? WHERE id = ?", (text, job["id"]))
    for topic in ("job", "log"):
        changes.tell(db, topic, job["target"], job["kind"], job["name"])
