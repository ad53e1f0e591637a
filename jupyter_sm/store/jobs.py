"""The jobs table: rows in, views out, every change told in the feed.

What is going on is told by the phase (`jobs/phases.py`), which a kind writes and SQL reads.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import KINDS, REJECTED, JobKey, Origin, is_over
from jupyter_sm.jobs.kinds import Seen
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import changes
from jupyter_sm.store.file import Store
from jupyter_sm.store.views import JobProgress, JobView, MainMetric, Transition

WATCH_SECONDS = 60
_MOST_NOTES = 100
_ONE = "target = ? AND kind = ? AND name = ?"


@dataclass(frozen=True)
class Described:
    """What a target says of a job: as it was seen, its request, and its failure explained.

    `notes` are on its request; one that was submitted here has them already.
    """

    seen: Seen
    request: Mapping[str, Any]
    explanation: Explanation | None
    notes: Sequence[str] = ()


def save_described(
    store: Store, key: JobKey, described: Described, *, may_lag: bool = False
) -> bool:
    """Bring a job's row in step with what the target says; unknown jobs are added.

    What `may_lag` (a search index) takes nothing back: False if the row knows better.
    """
    seen = described.seen
    with store.write() as db:
        row = db.execute(
            "SELECT id, transitions, submission_id, status, secondary_status, phase, modified_at,"
            f" request_is_whole FROM jobs WHERE {_ONE}",
            key,
        ).fetchone()
        if row is not None and row["status"] == REJECTED:
            return True  # what bears the name over there is somebody else's
        if row is not None and _is_unsettled(db, row["id"]):
            return True  # whose the job over there is, the submitter has yet to find out
        if (
            may_lag
            and row is not None
            and (is_over(row["phase"]) or row["modified_at"] > seen.modified_at)
        ):
            return False
        transitions = [dict(span) for span in seen.transitions]
        if row is None:
            db.execute(
                "INSERT INTO jobs (target, kind, name, status, phase, parent, created_at,"
                " modified_at, request, notes, log_due) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    *key,
                    seen.status,
                    seen.phase,
                    seen.parent,
                    seen.created_at,
                    seen.modified_at,
                    json.dumps(described.request),
                    json.dumps(list(described.notes)),
                    # The log of a job that was over before we knew it is read when asked for.
                    not is_over(seen.phase),
                ),
            )
        elif row["submission_id"]:
            # Submitting is ours to tell: the target knows nothing of the time before Create.
            first = json.loads(row["transitions"])[0]
            transitions = [{**first, "end": seen.created_at}, *transitions]
        if row is not None and not row["request_is_whole"] and not may_lag:
            db.execute(
                f"UPDATE jobs SET request = ?, parent = ?, request_is_whole = 1 WHERE {_ONE}",
                (json.dumps(described.request), seen.parent, *key),
            )
        if row is not None and (
            (row["status"], row["secondary_status"], row["phase"], row["modified_at"])
            == (seen.status, seen.secondary_status, seen.phase, seen.modified_at)
            and json.loads(row["transitions"]) == transitions
        ):
            return True  # nothing new, so nothing to tell
        _update(db, key, described, transitions)
        add_notes(db, key, seen.notes)
        changes.tell(db, "job", *key)
    return True


def _update(
    db: sqlite3.Connection, key: JobKey, described: Described, transitions: list[dict[str, Any]]
) -> None:
    seen, explanation = described.seen, described.explanation
    explained = json.dumps(explanation.as_dict()) if explanation else None
    db.execute(
        "UPDATE jobs SET status = ?, secondary_status = ?, phase = ?, modified_at = ?,"
        " started_at = ?, ended_at = ?, failure_reason = ?, transitions = ?, script = ?,"
        # Once the log is read out, the explanation knows more than the reason alone.
        " explanation = CASE WHEN log_closed THEN COALESCE(explanation, ?) ELSE ? END,"
        f" billable_seconds = ?, model_uri = ? WHERE {_ONE}",
        (
            seen.status,
            seen.secondary_status,
            seen.phase,
            seen.modified_at,
            seen.started_at,
            seen.ended_at,
            seen.failure_reason or None,
            json.dumps(transitions),
            seen.script,
            explained,
            explained,
            seen.billable_seconds,
            seen.model_uri,
            *key,
        ),
    )


def add_notes(db: sqlite3.Connection, key: JobKey, notes: Sequence[str]) -> bool:
    """Add what a job's notes do not hold yet, so many at most; whether there was any."""
    if not notes:
        return False
    row = db.execute(f"SELECT notes FROM jobs WHERE {_ONE}", key).fetchone()
    known = json.loads(row["notes"])
    fresh = [note for note in map(shown, notes) if note not in known]
    fresh = fresh[: max(_MOST_NOTES - len(known), 0)]
    if fresh:
        whole = json.dumps([*known, *fresh])
        db.execute(f"UPDATE jobs SET notes = ? WHERE {_ONE}", (whole, *key))
    return bool(fresh)


def note(store: Store, key: JobKey, text: str) -> None:
    """Add a note to a job, if the store knows it."""
    with store.write() as db:
        known = db.execute(f"SELECT 1 FROM jobs WHERE {_ONE}", key).fetchone()
        if known and add_notes(db, key, [text]):
            changes.tell(db, "job", *key)


def _is_unsettled(db: sqlite3.Connection, job_id: int) -> bool:
    row = db.execute("SELECT state FROM submissions WHERE job_id = ?", (job_id,)).fetchone()
    return row is not None and row["state"] == "open"


def watch(store: Store, key: JobKey) -> None:
    """A face is looking at the job's log: read it for the next minute.

    A log that could not be read when its job ended is tried again.
    """
    now = time.time()
    row = store.read().execute(f"SELECT watched_until FROM jobs WHERE {_ONE}", key).fetchone()
    # Renewed at half-time only, as every look would otherwise be a write.
    if row is not None and row["watched_until"] < now + WATCH_SECONDS / 2:
        with store.write() as db:
            db.execute(
                "UPDATE jobs SET watched_until = ?, log_closed ="
                " CASE WHEN log_closed = 1 AND log_note IS NOT NULL THEN 0 ELSE log_closed END"
                f" WHERE {_ONE}",
                (now + WATCH_SECONDS, *key),
            )


def save_explanation(store: Store, key: JobKey, explanation: Explanation) -> None:
    """Replace a job's explanation by a better one."""
    with store.write() as db:
        explained = json.dumps(explanation.as_dict())
        db.execute(f"UPDATE jobs SET explanation = ? WHERE {_ONE}", (explained, *key))
        changes.tell(db, "job", *key)


def settle_gone(store: Store, key: JobKey) -> None:
    """The target no longer has a job that had not ended: it was deleted there."""
    now = time.time()
    reason = f"The job is no longer on {key.target}: it was deleted there."
    with store.write() as db:
        changed = db.execute(
            "UPDATE jobs SET status = 'Failed', secondary_status = 'Failed', phase = 'ended',"
            " ended_at = ?, modified_at = ?, log_closed = 1, failure_reason = ?"
            f" WHERE {_ONE} AND phase = 'open'",
            (now, now, reason, *key),
        ).rowcount
        if changed:
            changes.tell(db, "job", *key)


def get(store: Store, key: JobKey) -> JobView | None:
    """One job, or None."""
    row = store.read().execute(f"SELECT * FROM jobs WHERE {_ONE}", key).fetchone()
    return _view(row) if row else None


def find(store: Store, name: str, target: str | None = None) -> list[JobView]:
    """Jobs of that name on any target (or on one), newest first."""
    rows = store.read().execute(
        "SELECT * FROM jobs WHERE name = ? AND (? IS NULL OR target = ?) ORDER BY created_at DESC",
        (name, target, target),
    )
    return [_view(row) for row in rows]


def listed(
    store: Store,
    *,
    target: str | None = None,
    kind: str | None = None,
    limit: int = 200,
    offset: int = 0,
) -> tuple[list[JobView], int]:
    """Jobs, the newest first, and how many there are in all."""
    db = store.read()
    wanted = "WHERE (? IS NULL OR target = ?) AND (? IS NULL OR kind = ?)"
    values = (target, target, kind, kind)
    rows = db.execute(
        f"SELECT * FROM jobs {wanted} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
        (*values, limit, offset),
    )
    # Row by row: a request may have a hundred times the size of what is shown of it.
    views = [_view(row) for row in rows]
    total = db.execute(f"SELECT COUNT(*) FROM jobs {wanted}", values).fetchone()
    return views, int(total[0])


def packed_from(store: Store, key: JobKey) -> Origin:
    """Where a job's source was packed from."""
    query = f"SELECT packed_from, dependencies FROM jobs WHERE {_ONE}"
    row = store.read().execute(query, key).fetchone()
    return Origin(row["packed_from"], json.loads(row["dependencies"])) if row else Origin()


def request_of(store: Store, key: JobKey) -> dict[str, Any] | None:
    """The job's request as it was sent (or as Describe gave it back)."""
    row = store.read().execute(f"SELECT request FROM jobs WHERE {_ONE}", key).fetchone()
    return json.loads(row["request"]) if row else None


def request_is_whole(store: Store, key: JobKey) -> bool:
    """Whether `request_of` has all that Describe tells; an earlier version kept a part of it."""
    query = f"SELECT request_is_whole FROM jobs WHERE {_ONE}"
    row = store.read().execute(query, key).fetchone()
    return row is None or bool(row["request_is_whole"])


def log_is_read_out(store: Store, key: JobKey) -> bool:
    """Whether nothing more will come into the job's log; also where there is no such job."""
    row = store.read().execute(f"SELECT log_closed FROM jobs WHERE {_ONE}", key).fetchone()
    return row is None or bool(row["log_closed"])


def _view(row: sqlite3.Row) -> JobView:
    metric, progress, explained = row["metric"], row["progress"], row["explanation"]
    # A kind that this version does not know was written by another.
    kind = KINDS.get(row["kind"])
    machines = kind.machines(json.loads(row["request"])) if kind else {}
    return JobView(
        target=row["target"],
        kind=row["kind"],
        name=row["name"],
        parent=row["parent"],
        submission_id=row["submission_id"],
        status=row["status"],
        secondary_status=row["secondary_status"],
        phase=row["phase"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        instance_type=machines.get("InstanceType", ""),
        instance_count=machines.get("InstanceCount", 1),
        script=row["script"],
        failure_reason=row["failure_reason"],
        explanation=Explanation.from_dict(json.loads(explained)) if explained else None,
        billable_seconds=row["billable_seconds"],
        model_uri=row["model_uri"],
        metric=MainMetric(**json.loads(metric)) if metric else None,
        progress=JobProgress(**json.loads(progress)) if progress else None,
        stop_requested=bool(row["stop_requested"]) and not is_over(row["phase"]),
        log_lines=row["log_lines"],
        log_note=row["log_note"],
        notes=json.loads(row["notes"]),
        transitions=[Transition(**t) for t in json.loads(row["transitions"])],
    )
