"""The log tables: streams with their reading position, records and metrics.

A page of a stream and the position after it are committed together, and only if the
position is still where the page began; so a line is stored once, whoever reads.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from jupyter_sm.logs import LogParser, Metric, Progress, Record
from jupyter_sm.tracking import changes
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.views import LogPage, LogRecord, MetricPoint

_RECENT = 40
_SEVERITIES = ("debug", "info", "warning", "error")
MAX_PAGE = 5_000
_METRICS_OF_JOB = (
    "FROM metrics m JOIN jobs j ON j.id = m.job_id JOIN streams s ON s.id = m.stream_id"
    " WHERE j.target = ? AND j.kind = ? AND j.name = ?"
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
        " AND (watched_until >= ? OR (ended_at IS NOT NULL AND log_due))",
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


@dataclass(frozen=True)
class Parsed:
    """What lines of one stream say."""

    stream: str
    records: Sequence[Record]
    metrics: Sequence[Metric]
    progress: Progress | None


def parser_of(request: dict[str, Any] | None) -> LogParser:
    """A parser for a stream of a job, with the metric definitions of the job's request."""
    definitions = (request or {}).get("AlgorithmSpecification", {}).get("MetricDefinitions", [])
    return LogParser({d["Name"]: d["Regex"] for d in definitions} or None)


def append(
    store: Store, target: str, job: LoggedJob, parsed: Parsed, *, before: str, after: str
) -> bool:
    """Store a page read between two positions; False if another reader was faster."""
    with store.write() as db:
        _stream_id(db, job.id, parsed.stream)
        moved = db.execute(
            "UPDATE streams SET token = ? WHERE job_id = ? AND name = ? AND token = ? RETURNING id",
            (after, job.id, parsed.stream, before),
        ).fetchone()
        if moved is None:
            return False
        _insert(db, target, job, [parsed])
    return True


def unseen(store: Store, job_id: int, events: Sequence[int]) -> set[int]:
    """Which of these events' ids are not stored yet."""
    marks = ",".join("?" * len(events))
    rows = store.read().execute(
        f"SELECT event FROM seen_events WHERE job_id = ? AND event IN ({marks})",
        (job_id, *events),
    )
    return set(events) - {row["event"] for row in rows}


def append_events(
    store: Store, target: str, job: LoggedJob, events: set[int], parsed: Sequence[Parsed]
) -> bool:
    """Store lines with their events' ids; False, and nothing, if one of them is there already."""
    try:
        with store.write() as db:
            db.executemany(
                "INSERT INTO seen_events VALUES (?, ?)", [(job.id, event) for event in events]
            )
            _insert(db, target, job, parsed)
    except sqlite3.IntegrityError:
        return False
    return True


def read_from(store: Store, job_id: int) -> int:
    """The time in ms from which on a log read by events is to be read further."""
    row = store.read().execute("SELECT log_from_ms FROM jobs WHERE id = ?", (job_id,)).fetchone()
    return int(row["log_from_ms"]) if row else 0


def save_read_from(store: Store, job_id: int, at_ms: int) -> None:
    """Write down how far a log has been read."""
    with store.write() as db:
        db.execute("UPDATE jobs SET log_from_ms = ? WHERE id = ?", (at_ms, job_id))


def note(store: Store, target: str, job: LoggedJob, text: str | None) -> None:
    """Say why a log is not all there, or that it is again; told only when it changes."""
    row = store.read().execute("SELECT log_note FROM jobs WHERE id = ?", (job.id,)).fetchone()
    if row is not None and row["log_note"] != text:
        with store.write() as db:
            db.execute("UPDATE jobs SET log_note = ? WHERE id = ?", (text, job.id))
            changes.note(db, "job", target, job.kind, job.name)


def _stream_id(db: sqlite3.Connection, job_id: int, stream: str) -> int:
    db.execute("INSERT OR IGNORE INTO streams (job_id, name) VALUES (?, ?)", (job_id, stream))
    row = db.execute("SELECT id FROM streams WHERE job_id = ? AND name = ?", (job_id, stream))
    return int(row.fetchone()["id"])


def _insert(db: sqlite3.Connection, target: str, job: LoggedJob, parsed: Sequence[Parsed]) -> None:
    row = db.execute("SELECT log_lines, metric FROM jobs WHERE id = ?", (job.id,)).fetchone()
    lines, metric, progress = row["log_lines"], row["metric"], None
    for part in parsed:
        stream = _stream_id(db, job.id, part.stream)
        db.executemany(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (job.id, lines + n, r.timestamp_ms, stream, r.severity, r.source, _text(r.text))
                for n, r in enumerate(part.records)
            ],
        )
        db.executemany(
            "INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    job.id,
                    m.name,
                    stream,
                    m.timestamp_ms,
                    m.step,
                    m.value if isfinite(m.value) else None,
                )
                for m in part.metrics
            ],
        )
        lines += len(part.records)
        metric = _main_metric(metric, part.metrics)
        progress = part.progress or progress
    db.execute(
        "UPDATE jobs SET log_lines = ?, metric = ?, progress = COALESCE(?, progress) WHERE id = ?",
        (lines, metric, json.dumps(asdict(progress)) if progress else None, job.id),
    )
    changes.note(db, "log", target, job.kind, job.name)
    if progress or any(part.metrics for part in parsed):
        changes.note(db, "job", target, job.kind, job.name)


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
        # Nothing is read twice any more.
        db.execute("DELETE FROM seen_events WHERE job_id = ?", (job.id,))
        changes.note(db, "log", target, job.kind, job.name)


def page(
    store: Store,
    key: tuple[str, str, str],
    *,
    start: int = 0,
    limit: int = 500,
    query: str = "",
    severity: str = "",
    stream: str = "",
) -> LogPage:
    """Entries from number `start` on that contain `query` (any case), are at least as severe
    as `severity` and come from `stream`.

    A negative `start` counts from the end, as in Python; of a filtered log it is the last
    entries that fit.
    """
    db = store.read()
    job = db.execute(
        "SELECT id, log_lines FROM jobs WHERE target = ? AND kind = ? AND name = ?", key
    ).fetchone()
    if job is None:
        return LogPage([], 0, 0)
    total = job["log_lines"]
    first = max(0, total + start) if start < 0 else start
    most = max(1, min(limit, MAX_PAGE))
    wanted, values = _conditions(query, severity, stream)
    if start < 0 and wanted:
        # Read from the end, so that finding the last ones costs what they cost.
        span, order, most = "r.seq >= 0", "DESC", min(most, -start)
        values = [job["id"], *values, most]
    else:
        span, order = "r.seq >= ?", "ASC"
        values = [job["id"], first, *values, most]
    rows = db.execute(
        "SELECT r.seq, r.timestamp_ms, s.name AS stream, r.severity, r.source, r.text"
        f" FROM records r JOIN streams s ON s.id = r.stream_id WHERE r.job_id = ? AND {span}"
        f"{wanted} ORDER BY r.seq {order} LIMIT ?",
        values,
    ).fetchall()
    rows = rows[::-1] if order == "DESC" else rows
    records = [LogRecord(**{**row, "stream": row["stream"].rpartition("/")[2]}) for row in rows]
    return LogPage(records, records[-1].seq + 1 if records else min(first, total), total)


def _conditions(query: str, severity: str, stream: str) -> tuple[str, list[Any]]:
    """What a filter asks of an entry, as a part of a WHERE and its values."""
    wanted, values = "", list[Any]()
    if query:
        wanted += " AND instr(lower(r.text), lower(?)) > 0"
        values.append(query)
    if severity:
        known = severity in _SEVERITIES
        among = _SEVERITIES[_SEVERITIES.index(severity) :] if known else (severity,)
        wanted += f" AND r.severity IN ({','.join('?' * len(among))})"
        values += among
    if stream:
        wanted += " AND s.name LIKE ? ESCAPE '!'"
        values.append(f"%/{_escaped(stream)}%")
    return wanted, values


def _escaped(text: str) -> str:
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return text


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
        "SELECT m.name, s.name AS stream, m.value, m.step, m.timestamp_ms"
        f" {_METRICS_OF_JOB}"
        " AND m.rowid % ? = 0 ORDER BY m.timestamp_ms, m.rowid",
        (*key, step),
    )
    return [MetricPoint(**{**row, "stream": row["stream"].rpartition("/")[2]}) for row in rows]
