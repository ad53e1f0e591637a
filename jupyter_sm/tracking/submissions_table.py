"""The submissions table: what was committed to be submitted, and how far each has come."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import SUBMITTING
from jupyter_sm.tracking import changes
from jupyter_sm.tracking.store import Store


@dataclass(frozen=True)
class Submission:
    """A submission not yet settled, with its job's key and request."""

    id: str
    job_id: int
    target: str
    kind: str
    name: str
    request: dict[str, Any]
    state: str
    attempts: int
    stop_requested: bool
    staged: bool
    create_bucket: bool
    created_at: float


class DuplicateNameError(Exception):
    """The store already has a job of that key."""


def add_submission(
    store: Store,
    *,
    submission_id: str,
    target: str,
    kind: str,
    request: Mapping[str, Any],
    name: str,
    script: str,
    notes: Sequence[str] = (),
    create_bucket: bool = False,
    source: str = "",
) -> None:
    """Commit a submission and its job; from here on it can't be lost.

    `source` is the script or folder that it was packed from.

    Raises DuplicateNameError if the target is known to have a job of that name.
    """
    now = time.time()
    with store.write(durable=True) as db:
        try:
            cursor = db.execute(
                "INSERT INTO jobs (target, kind, name, submission_id, status, secondary_status,"
                " created_at, modified_at, request, script, source, notes, transitions)"
                " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    target,
                    kind,
                    name,
                    submission_id,
                    SUBMITTING,
                    "",
                    now,
                    now,
                    json.dumps(request),
                    script,
                    source,
                    json.dumps(list(notes)),
                    json.dumps([{"status": SUBMITTING, "start": now, "end": None, "message": ""}]),
                ),
            )
        except sqlite3.IntegrityError:
            raise DuplicateNameError(name) from None
        db.execute(
            "INSERT INTO submissions (id, job_id, state, create_bucket) VALUES (?, ?, 'pending', ?)",
            (submission_id, cursor.lastrowid, create_bucket),
        )
        # In the same step, so that a job can't be committed to a target nobody looks after.
        db.execute("INSERT OR IGNORE INTO targets (name) VALUES (?)", (target,))
        changes.note(db, "job", target, kind, name)


def open_submissions(store: Store, target: str) -> list[Submission]:
    """Submissions that are due now, oldest first."""
    rows = store.read().execute(
        "SELECT s.id, s.job_id, s.state, s.attempts, s.staged, s.create_bucket, j.target, j.kind,"
        " j.name, j.request, j.stop_requested, j.created_at FROM submissions s JOIN jobs j ON j.id = s.job_id"
        " WHERE s.state IN ('pending', 'creating') AND j.target = ? AND s.next_attempt_at <= ?"
        " ORDER BY s.job_id",
        (target, time.time()),
    )
    return [
        Submission(
            id=row["id"],
            job_id=row["job_id"],
            target=row["target"],
            kind=row["kind"],
            name=row["name"],
            request=json.loads(row["request"]),
            state=row["state"],
            attempts=row["attempts"],
            stop_requested=bool(row["stop_requested"]),
            staged=bool(row["staged"]),
            create_bucket=bool(row["create_bucket"]),
            created_at=row["created_at"],
        )
        for row in rows
    ]


def mark_staging(store: Store, submission: Submission, done: int, total: int) -> None:
    """How many bytes of a job's files lie at the target."""
    percent = 100.0 * done / total if total else 100.0
    progress = {"current": done, "total": total, "unit": "bytes", "percent": percent}
    with store.write() as db:
        db.execute(
            "UPDATE jobs SET secondary_status = 'Staging', progress = ? WHERE id = ?",
            (json.dumps(progress), submission.job_id),
        )
        changes.note(db, "job", submission.target, submission.kind, submission.name)


def mark_staged(
    store: Store, submission: Submission, request: Mapping[str, Any], notes: Sequence[str]
) -> None:
    """The files are there, and this is the request that will be sent."""
    with store.write(durable=True) as db:
        row = db.execute("SELECT notes FROM jobs WHERE id = ?", (submission.job_id,)).fetchone()
        db.execute(
            "UPDATE jobs SET request = ?, notes = ?, secondary_status = '', progress = NULL"
            " WHERE id = ?",
            (
                json.dumps(request),
                json.dumps([*json.loads(row["notes"]), *notes]),
                submission.job_id,
            ),
        )
        db.execute("UPDATE submissions SET staged = 1 WHERE id = ?", (submission.id,))
        changes.note(db, "job", submission.target, submission.kind, submission.name)


def mark_creating(store: Store, submission: Submission) -> None:
    """Commit that Create is about to be called: after a crash, Describe must decide."""
    with store.write(durable=True) as db:
        db.execute(
            "UPDATE submissions SET state = 'creating', attempts = attempts + 1 WHERE id = ?",
            (submission.id,),
        )


def mark_accepted(store: Store, submission: Submission) -> None:
    """The target has the job."""
    with store.write() as db:
        db.execute("UPDATE submissions SET state = 'accepted' WHERE id = ?", (submission.id,))
        changes.note(db, "job", submission.target, submission.kind, submission.name)


def count_attempt(store: Store, submission: Submission) -> None:
    """One more attempt has failed before Create was called."""
    with store.write() as db:
        db.execute("UPDATE submissions SET attempts = attempts + 1 WHERE id = ?", (submission.id,))


def mark_retry(store: Store, submission: Submission, wait: float, reason: str) -> None:
    """Try again in `wait` seconds; the reason shows as the message of the state."""
    with store.write() as db:
        db.execute(
            "UPDATE submissions SET next_attempt_at = ? WHERE id = ?",
            (time.time() + wait, submission.id),
        )
        row = db.execute(
            "SELECT transitions FROM jobs WHERE id = ?", (submission.job_id,)
        ).fetchone()
        transitions = json.loads(row["transitions"])
        if transitions[-1]["message"] != reason:
            transitions[-1]["message"] = reason
            db.execute(
                "UPDATE jobs SET transitions = ? WHERE id = ?",
                (json.dumps(transitions), submission.job_id),
            )
            changes.note(db, "job", submission.target, submission.kind, submission.name)


def settle_refused(
    store: Store, submission: Submission, status: str, reason: str, explanation: Explanation | None
) -> None:
    """The job never came to be: `Rejected` by the target, or `Stopped` before it was created."""
    now = time.time()
    with store.write() as db:
        db.execute("UPDATE submissions SET state = 'rejected' WHERE id = ?", (submission.id,))
        row = db.execute(
            "SELECT transitions FROM jobs WHERE id = ?", (submission.job_id,)
        ).fetchone()
        transitions = json.loads(row["transitions"])
        transitions[-1]["end"] = now
        transitions.append({"status": status, "start": now, "end": now, "message": ""})
        db.execute(
            "UPDATE jobs SET status = ?, secondary_status = ?, failure_reason = ?, explanation = ?,"
            " ended_at = ?, modified_at = ?, transitions = ?, log_closed = 1, progress = NULL"
            " WHERE id = ?",
            (
                status,
                status,
                reason or None,
                json.dumps(explanation.as_dict()) if explanation else None,
                now,
                now,
                json.dumps(transitions),
                submission.job_id,
            ),
        )
        changes.note(db, "job", submission.target, submission.kind, submission.name)
