"""The log tables: streams with their reading position, records and metrics.

A page of a stream and the position after it are committed together, and only if the
position is still where the page began; so a line is stored once, whoever reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite

from jupyter_sm.logs import Metric, Progress, Record
from jupyter_sm.tracking import changes
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.views import LogPage, LogRecord, MetricPoint

_RECENT = 40
MAX_PAGE = 5_000
_METRICS_OF_JOB = (
    "FROM metrics m JOIN jobs j ON j.id = m.job_id WHERE j.target = ? AND j.kind = ? AND j.name = ?"
)


@dataclass(frozen=True)
class LoggedJob:
    """A job whose log is still to be read."""

    id: int
    kind: str
    name: str
    is_final: bool
    ended_at: float | None


def jobs_to_read(store: Store, target: str, watched_after: float) -> list[LoggedJob]:
    """Jobs whose log may grow and that someone watches, or that ended and are not read out.

    `watched_after` is now, or 0 to read the log of every job.
    """
    rows = store.read().execute(
        "SELECT id, kind, name, status IN ('Completed', 'Failed', 'Stopped') AS is_final, ended_at"
        " FROM jobs WHERE target = ? AND log_closed = 0 AND status != 'Submitting'"
        " AND (watched_until >= ? OR ended_at IS NOT NULL)",
        (target, watched_after),
    )
    return [
        LoggedJob(row["id"], row["kind"], row["name"], bool(row["is_final"]), row["ended_at"])
        for row in rows
    ]


def position(store: Store, job_id: int, stream: str) -> str:
    """Where reading a stream goes on: the target's token, empty at the start."""
    row = (
        store.read()
        .execute("SELECT token FROM streams WHERE job_id = ? AND name = ?", (job_id, stream))
        .fetchone()
    )
    return row["token"] if row else ""


def append(
    store: Store,
    target: str,
    job: LoggedJob,
    stream: str,
    *,
    before: str,
    after: str,
    records: Sequence[Record],
    metrics: Sequence[Metric],
    progress: Progress | None,
) -> bool:
    """Store a page read between two positions; False if another reader was faster."""
    with store.write() as db:
        db.execute("INSERT OR IGNORE INTO streams (job_id, name) VALUES (?, ?)", (job.id, stream))
        moved = db.execute(
            "UPDATE streams SET token = ? WHERE job_id = ? AND name = ? AND token = ? RETURNING id",
            (after, job.id, stream, before),
        ).fetchone()
        if moved is None:
            return False
        row = db.execute("SELECT log_lines, metric FROM jobs WHERE id = ?", (job.id,)).fetchone()
        first = row["log_lines"]
        db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    job.id,
                    first + n,
                    r.timestamp_ms,
                    moved["id"],
                    r.severity,
                    r.source,
                    _text(r.text),
                )
                for n, r in enumerate(records)
            ],
        )
        db.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    job.id,
                    m.name,
                    moved["id"],
                    m.timestamp_ms,
                    m.step,
                    m.value if isfinite(m.value) else None,
                )
                for m in metrics
            ],
        )
        db.execute(
            "UPDATE jobs SET log_lines = ?, metric = ?, progress = COALESCE(?, progress) WHERE id = ?",
            (
                first + len(records),
                _main_metric(row["metric"], metrics),
                json.dumps(asdict(progress)) if progress else None,
                job.id,
            ),
        )
        changes.note(db, "log", target, job.kind, job.name)
        if metrics or progress:
            changes.note(db, "job", target, job.kind, job.name)
    return True


def _text(text: str) -> str:
    """`text` as SQLite takes it: half a surrogate pair is no text."""
    return text.encode("utf-8", "replace").decode()


def _main_metric(stored: str | None, metrics: Sequence[Metric]) -> str | None:
    """The row's metric: the first accuracy-like one seen, else the first of all."""
    metrics = [metric for metric in metrics if isfinite(metric.value)]
    if not metrics:
        return stored
    main = json.loads(stored) if stored else None
    best = next((m.name for m in metrics if "acc" in m.name.lower()), metrics[0].name)
    if main is None or ("acc" in best.lower() and "acc" not in main["name"].lower()):
        main = {"name": best, "value": 0.0, "recent": []}
    values = [m.value for m in metrics if m.name == main["name"]]
    if values:
        main["value"] = values[-1]
        main["recent"] = (main["recent"] + values)[-_RECENT:]
    return json.dumps(main)


def close(store: Store, target: str, job: LoggedJob) -> None:
    """The log has been read to its end."""
    with store.write() as db:
        db.execute("UPDATE jobs SET log_closed = 1 WHERE id = ?", (job.id,))
        changes.note(db, "log", target, job.kind, job.name)


def page(
    store: Store,
    key: tuple[str, str, str],
    *,
    start: int = 0,
    limit: int = 500,
    query: str = "",
    severity: str = "",
) -> LogPage:
    """Entries from number `start` on that contain `query` (any case) and have the severity.

    A negative `start` counts from the end, as in Python.
    """
    db = store.read()
    job = db.execute(
        "SELECT id, log_lines FROM jobs WHERE target = ? AND kind = ? AND name = ?", key
    ).fetchone()
    if job is None:
        return LogPage([], 0, 0)
    total = job["log_lines"]
    first = max(0, total + start) if start < 0 else start
    rows = db.execute(
        "SELECT r.seq, r.timestamp_ms, s.name AS stream, r.severity, r.source, r.text"
        " FROM records r JOIN streams s ON s.id = r.stream_id WHERE r.job_id = ? AND r.seq >= ?"
        " AND (? = '' OR instr(lower(r.text), lower(?)) > 0) AND (? = '' OR r.severity = ?)"
        " ORDER BY r.seq LIMIT ?",
        (job["id"], first, query, query, severity, severity, max(1, min(limit, MAX_PAGE))),
    ).fetchall()
    records = [LogRecord(**{**row, "stream": row["stream"].rpartition("/")[2]}) for row in rows]
    return LogPage(records, records[-1].seq + 1 if records else min(first, total), total)


def tails(store: Store, job_id: int, count: int) -> list[list[LogRecord]]:
    """The last entries of each stream of a job, oldest first."""
    db = store.read()
    result = []
    for stream in db.execute("SELECT id, name FROM streams WHERE job_id = ?", (job_id,)).fetchall():
        rows = db.execute(
            "SELECT seq, timestamp_ms, severity, source, text FROM records"
            " WHERE job_id = ? AND stream_id = ? ORDER BY seq DESC LIMIT ?",
            (job_id, stream["id"], count),
        ).fetchall()
        if rows:
            result.append([LogRecord(**row, stream=stream["name"]) for row in reversed(rows)])
    return result


def metric_points(
    store: Store, key: tuple[str, str, str], *, most: int | None = None
) -> list[MetricPoint]:
    """The points of all series in the order of time; with `most`, every n-th where there are more."""
    step = 1
    if most is not None:
        count = store.read().execute(f"SELECT COUNT(*) {_METRICS_OF_JOB}", key).fetchone()[0]
        step = -(-count // most) or 1
    rows = store.read().execute(
        f"SELECT m.name, m.value, m.step, m.timestamp_ms {_METRICS_OF_JOB}"
        " AND m.rowid % ? = 0 ORDER BY m.timestamp_ms, m.rowid",
        (*key, step),
    )
    return [MetricPoint(**row) for row in rows]
