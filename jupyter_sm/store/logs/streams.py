"""A log being read: its streams with their reading positions, entries and metric points.

A page of a stream and the position after it are committed together, and only if the
position is still where the page began; so a line is stored once, whoever reads.
"""

from __future__ import annotations

import functools
import heapq
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from math import isfinite
from operator import gt
from typing import TYPE_CHECKING, Any

from jupyter_sm.jobs import KINDS, JobKey, is_over, kind_named
from jupyter_sm.logs import Metric, Progress, Record, group_of
from jupyter_sm.shown.controls import line
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import changes, jobs
from jupyter_sm.store.file import Store
from jupyter_sm.store.logs import blocks, points
from jupyter_sm.store.logs.pages import record_of
from jupyter_sm.store.views import LogRecord, MetricPoint, MetricSeries

if TYPE_CHECKING:
    from jupyter_sm.logs import LogParser

_RECENT = 40
_LONGEST_NAME = 255
# Curves that a job's charts get; points in all, and of each curve at least.
MOST_SERIES = 1_000
_MOST_POINTS = 60_000
_FEWEST_POINTS = 100


@dataclass(frozen=True)
class LoggedJob:
    """A job whose log is still to be read."""

    id: int
    key: JobKey
    is_over: bool
    ended_at: float | None


def jobs_to_read(store: Store, target: str, watched_after: float) -> list[LoggedJob]:
    """Jobs whose log may grow and that someone watches, or that ended and are not read out.

    `watched_after` is now, or 0 to read the log of every job.
    """
    rows = store.read().execute(
        "SELECT id, kind, name, phase, ended_at"
        " FROM jobs WHERE target = ? AND log_closed = 0 AND phase != 'submitting'"
        " AND (watched_until >= ? OR (ended_at IS NOT NULL AND log_due))",
        (target, watched_after),
    )
    return [
        LoggedJob(
            row["id"],
            JobKey(target, row["kind"], row["name"]),
            is_over(row["phase"]),
            row["ended_at"],
        )
        for row in rows
        if row["kind"] in KINDS  # a kind that this version does not know is another's to read
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
    """What lines of one stream say; `parser_state` is where reading them goes on.

    `ends_at_ms` is when the training would end at its pace; `faults` are what is wrong with
    metric definitions.
    """

    stream: str
    records: Sequence[Record]
    metrics: Sequence[Metric]
    progress: Progress | None
    parser_state: str | None = None
    ends_at_ms: float | None = None
    faults: Sequence[str] = ()


def parser_of(store: Store, job: LoggedJob, stream: str) -> LogParser:
    """A parser that goes on where the last reader of a stream stopped.

    A fresh one has the metric definitions of the job's request. Tracebacks are one entry.
    """
    from jupyter_sm.logs import LogParser

    row = (
        store.read()
        .execute("SELECT parser FROM streams WHERE job_id = ? AND name = ?", (job.id, stream))
        .fetchone()
    )
    if row is not None and row["parser"]:
        try:
            return LogParser.resume(json.loads(row["parser"]))
        except (ValueError, KeyError, TypeError):
            pass  # written by another version: what it knew is found again in the lines to come
    request = jobs.request_of(store, job.key) or {}
    definitions = kind_named(job.key.kind).metric_definitions(request)
    return LogParser(definitions or None, group_tracebacks=True)


def parse(parser: LogParser, stream: str, events: Sequence[Mapping[str, Any]]) -> Parsed:
    """What events of one stream say."""
    short = stream.rpartition("/")[2]
    with parser.foreseen([event["message"] for event in events]):
        records = [
            record
            for event in events
            for record in parser.feed(event["timestamp"], short, event["message"])
        ]
    return Parsed(
        stream,
        records,
        _metrics_of(parser),
        parser.progress,
        _state_of(parser),
        parser.estimated_end_ms,
        parser.faults,
    )


def _metrics_of(parser: LogParser) -> list[Metric]:
    """The points that a parser has found, which are then ours to keep; names are texts of others."""
    metrics, parser.metrics = parser.metrics, []
    return [metric._replace(name=_shown_name(metric.name)) for metric in metrics]


@functools.lru_cache(maxsize=4096)
def _shown_name(name: str) -> str:
    return line(shown(name))[:_LONGEST_NAME]


def _state_of(parser: LogParser) -> str:
    return json.dumps(parser.state())


def flush(store: Store, job: LoggedJob, stream: str, parser: LogParser) -> None:
    """Store what a parser holds back (a traceback or a table that nothing followed), once."""
    before = _state_of(parser)
    records = parser.flush()
    metrics = _metrics_of(parser)
    if not records and not metrics:
        return
    parsed = Parsed(stream, records, metrics, parser.progress, _state_of(parser))
    with store.write() as db:
        held = db.execute(
            "SELECT 1 FROM streams WHERE job_id = ? AND name = ? AND parser = ?",
            (job.id, stream, before),
        ).fetchone()
        if held is not None:
            _insert(db, job, [parsed])


def flush_all(store: Store, job: LoggedJob, parsers: Mapping[str, LogParser]) -> None:
    """Store what is held back of all streams, also by readers before us."""
    rows = store.read().execute("SELECT name FROM streams WHERE job_id = ?", (job.id,)).fetchall()
    for stream in (row["name"] for row in rows):
        parser = parsers.get(stream) or parser_of(store, job, stream)
        flush(store, job, stream, parser)


def append(store: Store, job: LoggedJob, parsed: Parsed, *, before: str, after: str) -> bool:
    """Store a page read between two positions; False if another reader was faster."""
    with store.write() as db:
        _stream_id(db, job.id, parsed.stream)
        moved = db.execute(
            "UPDATE streams SET token = ? WHERE job_id = ? AND name = ? AND token = ? RETURNING id",
            (after, job.id, parsed.stream, before),
        ).fetchone()
        if moved is None:
            return False
        _insert(db, job, [parsed])
    return True


def unseen(store: Store, job_id: int, events: Sequence[int]) -> set[int]:
    """Which of these events' ids are not stored yet."""
    marks = ",".join("?" * len(events))
    rows = store.read().execute(
        f"SELECT event FROM seen_events WHERE job_id = ? AND event IN ({marks})",
        (job_id, *events),
    )
    return set(events) - {row["event"] for row in rows}


def append_events(store: Store, job: LoggedJob, events: set[int], parsed: Sequence[Parsed]) -> bool:
    """Store lines with their events' ids; False, and nothing, if one of them is there already."""
    try:
        with store.write() as db:
            db.executemany(
                "INSERT INTO seen_events VALUES (?, ?)", [(job.id, event) for event in events]
            )
            _insert(db, job, parsed)
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


def set_log_note(store: Store, job: LoggedJob, text: str | None) -> None:
    """Say why a log is not all there, or that it is again; told only when it changes."""
    text = text and shown(text)
    row = store.read().execute("SELECT log_note FROM jobs WHERE id = ?", (job.id,)).fetchone()
    if row is not None and row["log_note"] != text:
        with store.write() as db:
            db.execute("UPDATE jobs SET log_note = ? WHERE id = ?", (text, job.id))
            changes.tell(db, "job", *job.key)


def _stream_id(db: sqlite3.Connection, job_id: int, stream: str) -> int:
    db.execute("INSERT OR IGNORE INTO streams (job_id, name) VALUES (?, ?)", (job_id, stream))
    row = db.execute("SELECT id FROM streams WHERE job_id = ? AND name = ?", (job_id, stream))
    return int(row.fetchone()["id"])


def _insert(db: sqlite3.Connection, job: LoggedJob, parsed: Sequence[Parsed]) -> None:
    row = db.execute("SELECT log_lines, metric FROM jobs WHERE id = ?", (job.id,)).fetchone()
    lines, metric = row["log_lines"], row["metric"]
    progress: dict[str, Any] | None = None
    for part in parsed:
        stream = _stream_id(db, job.id, part.stream)
        if part.parser_state is not None:
            db.execute("UPDATE streams SET parser = ? WHERE id = ?", (part.parser_state, stream))
        blocks.append(db, job.id, lines, stream, part.records)
        points.append(db, job.id, stream, part.metrics)
        lines += len(part.records)
        metric = _main_metric(metric, part.metrics)
        if part.progress:
            ends_at = part.ends_at_ms / 1000 if part.ends_at_ms is not None else None
            progress = {**asdict(part.progress), "ends_at": ends_at}
        if jobs.add_notes(db, job.key, part.faults):
            changes.tell(db, "job", *job.key)
    db.execute(
        "UPDATE jobs SET log_lines = ?, metric = ?, progress = COALESCE(?, progress) WHERE id = ?",
        (lines, metric, json.dumps(progress) if progress else None, job.id),
    )
    changes.tell(db, "log", *job.key)
    if progress or any(part.metrics for part in parsed):
        changes.tell(db, "job", *job.key)


def _main_metric(stored: str | None, metrics: Sequence[Metric]) -> str | None:
    """The row's metric: the first accuracy-like one seen, else the first of all but speeds."""
    metrics = [m for m in metrics if isfinite(m.value) and not group_of(m.name)]
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


def close(store: Store, job: LoggedJob) -> None:
    """The log has been read to its end."""
    with store.write() as db:
        db.execute("UPDATE jobs SET log_closed = 1 WHERE id = ?", (job.id,))
        # Nothing is read twice any more, unless it could not all be read: see jobs.watch.
        db.execute(
            "DELETE FROM seen_events WHERE job_id = ?"
            " AND job_id IN (SELECT id FROM jobs WHERE log_note IS NULL)",
            (job.id,),
        )
        changes.tell(db, "log", *job.key)


def tails(store: Store, job_id: int, count: int) -> list[list[LogRecord]]:
    """The last entries of each stream of a job, oldest first."""
    db = store.read()
    rows = db.execute("SELECT id, name FROM streams WHERE job_id = ?", (job_id,)).fetchall()
    names = {row["id"]: row["name"] for row in rows}
    found = [blocks.last_of_stream(db, job_id, stream, count) for stream in names]
    return [[record_of(entry, names) for entry in entries] for entries in found if entries]


def metric_points(store: Store, key: JobKey) -> Iterator[MetricPoint]:
    """The points of all series in the order of time, made one by one."""
    columns = [_points_of(series) for series in _series(store, key)]
    return heapq.merge(*columns, key=lambda point: point.timestamp_ms)


def _points_of(series: points.Series) -> Iterator[MetricPoint]:
    group, times = group_of(series.name), series.times
    places: Sequence[int] = range(len(times))
    if any(map(gt, times, islice(times, 1, None))):
        places = sorted(places, key=times.__getitem__)
    for place in places:
        yield MetricPoint(
            series.name,
            series.stream,
            series.value_at(place),
            series.step_at(place),
            series.epoch_at(place),
            times[place],
            group,
        )


def metric_series(store: Store, key: JobKey) -> tuple[list[MetricSeries], int]:
    """The series of a job as curves to draw, the first MOST_SERIES of them, and how many there are."""
    query = (
        "SELECT COUNT(*) FROM series s JOIN jobs j ON j.id = s.job_id"
        " WHERE j.target = ? AND j.kind = ? AND j.name = ?"
    )
    (total,) = store.read().execute(query, key).fetchone()
    most = max(_FEWEST_POINTS, _MOST_POINTS // max(total, 1))
    result = []
    for series in islice(_series(store, key), MOST_SERIES):
        places: Sequence[int] = series.thinned(most)
        times = [series.times[place] for place in places]
        if any(map(gt, times, times[1:])):
            places = sorted(places, key=series.times.__getitem__)
            times = [series.times[place] for place in places]
        result.append(
            MetricSeries(
                series.name,
                series.stream,
                group_of(series.name),
                len(series.values),
                [series.step_at(place) for place in places],
                [series.epoch_at(place) for place in places],
                times,
                [series.value_at(place) for place in places],
            )
        )
    return result, total


def _series(store: Store, key: JobKey) -> Iterator[points.Series]:
    db = store.read()
    job = db.execute(
        "SELECT id FROM jobs WHERE target = ? AND kind = ? AND name = ?", key
    ).fetchone()
    return points.series_of(db, job["id"]) if job else iter(())
