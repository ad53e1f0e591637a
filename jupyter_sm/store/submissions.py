"""Submissions: what was committed to be submitted, as steps, and how far each has come.

A step is one call that makes one thing; a training job is one step. Its state is committed before
the call (`calling`), so that after a crash whoever goes on knows that it must look first.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import SUBMITTING, JobKey, Origin, kind_named
from jupyter_sm.store import changes, targets
from jupyter_sm.store.file import Store

PENDING = "pending"
CALLING = "calling"
DONE = "done"


@dataclass(frozen=True)
class Submission:
    """A submission not yet settled, with its job's key and request, and each step's state."""

    id: str
    job_id: int
    key: JobKey
    request: dict[str, Any]
    steps: tuple[str, ...]
    attempts: int
    stop_requested: bool
    staged: bool
    bucket: str
    create_bucket: bool
    created_at: float


class DuplicateNameError(Exception):
    """The store already has a job of that key."""


def add_submission(
    store: Store,
    key: JobKey,
    *,
    submission_id: str,
    request: dict[str, Any],
    script: str,
    notes: Sequence[str] = (),
    bucket: str = "",
    create_bucket: bool = False,
    packed_from: Origin = Origin(),  # noqa: B008 - it is frozen
) -> None:
    """Commit a submission and its job; from here on it can't be lost.

    Raises DuplicateNameError if the target is known to have a job of that name.
    """
    now = time.time()
    with store.write(durable=True) as db:
        try:
            cursor = db.execute(
                "INSERT INTO jobs (target, kind, name, submission_id, status, phase, created_at,"
                " modified_at, request, script, packed_from, dependencies, notes, transitions)"
                " VALUES (?,?,?,?,?,'submitting',?,?,?,?,?,?,?,?)",
                (
                    *key,
                    submission_id,
                    SUBMITTING,
                    now,
                    now,
                    json.dumps(request),
                    script,
                    packed_from.script,
                    json.dumps(list(packed_from.dependencies)),
                    json.dumps(list(notes)),
                    json.dumps([{"status": SUBMITTING, "start": now, "end": None, "message": ""}]),
                ),
            )
        except sqlite3.IntegrityError:
            raise DuplicateNameError(key.name) from None
        db.execute(
            "INSERT INTO submissions (id, job_id, state, bucket, create_bucket)"
            " VALUES (?, ?, 'open', ?, ?)",
            (submission_id, cursor.lastrowid, bucket, create_bucket),
        )
        db.executemany(
            "INSERT INTO steps VALUES (?, ?, ?, ?)",
            [
                (submission_id, number, step.operation, PENDING)
                for number, step in enumerate(kind_named(key.kind).steps(request))
            ],
        )
        # In the same step, so that a job can't be committed to a target nobody looks after.
        targets.put_in_use(db, key.target)
        changes.tell(db, "job", *key)


def open_submissions(store: Store, target: str) -> list[Submission]:
    """Submissions that are due now, oldest first."""
    db = store.read()
    rows = db.execute(
        "SELECT s.id, s.job_id, s.attempts, s.staged, s.bucket, s.create_bucket, j.target, j.kind, j.name,"
        " j.request, j.stop_requested, j.created_at"
        " FROM submissions s JOIN jobs j ON j.id = s.job_id"
        " WHERE s.state = 'open' AND j.target = ? AND s.next_attempt_at <= ? ORDER BY s.job_id",
        (target, time.time()),
    ).fetchall()
    return [
        Submission(
            id=row["id"],
            job_id=row["job_id"],
            key=JobKey(row["target"], row["kind"], row["name"]),
            request=json.loads(row["request"]),
            steps=_steps_of(db, row["id"]),
            attempts=row["attempts"],
            stop_requested=bool(row["stop_requested"]),
            staged=bool(row["staged"]),
            bucket=row["bucket"],
            create_bucket=bool(row["create_bucket"]),
            created_at=row["created_at"],
        )
        for row in rows
    ]


def _steps_of(db: sqlite3.Connection, submission_id: str) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT state FROM steps WHERE submission_id = ? ORDER BY number", (submission_id,)
    )
    return tuple(row["state"] for row in rows)


def mark_staging(store: Store, submission: Submission, done: int, total: int) -> None:
    """How many bytes of a job's files lie at the target; one that was stopped stays as it is."""
    percent = 100.0 * done / total if total else 100.0
    progress = {"current": done, "total": total, "unit": "bytes", "percent": percent}
    with store.write() as db:
        db.execute(
            "UPDATE jobs SET secondary_status = 'Staging', progress = ?"
            " WHERE id = ? AND phase = 'submitting'",
            (json.dumps(progress), submission.job_id),
        )
        changes.tell(db, "job", *submission.key)


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
        changes.tell(db, "job", *submission.key)


def mark_calling(store: Store, submission: Submission, number: int) -> None:
    """Commit that a step is about to be called: after a crash, looking must decide."""
    with store.write(durable=True) as db:
        _set_step(db, submission, number, CALLING)
        db.execute("UPDATE submissions SET attempts = attempts + 1 WHERE id = ?", (submission.id,))


def mark_done(store: Store, submission: Submission, number: int) -> None:
    """What a step makes is there; with the last step the target has the job."""
    with store.write() as db:
        _set_step(db, submission, number, DONE)
        if number == len(submission.steps) - 1:
            db.execute("UPDATE submissions SET state = 'accepted' WHERE id = ?", (submission.id,))
            changes.tell(db, "job", *submission.key)


def _set_step(db: sqlite3.Connection, submission: Submission, number: int, state: str) -> None:
    db.execute(
        "UPDATE steps SET state = ? WHERE submission_id = ? AND number = ?",
        (state, submission.id, number),
    )


def count_attempt(store: Store, submission: Submission) -> None:
    """One more attempt has failed before Create was called."""
    with store.write() as db:
        db.execute("UPDATE submissions SET attempts = attempts + 1 WHERE id = ?", (submission.id,))


def mark_retry(store: Store, submission: Submission, wait: float, reason: str) -> bool:
    """Try again in `wait` seconds; the reason shows as the message of the state. Whether it is new."""
    with store.write() as db:
        db.execute(
            "UPDATE submissions SET next_attempt_at = ? WHERE id = ?",
            (time.time() + wait, submission.id),
        )
        row = db.execute(
            "SELECT transitions FROM jobs WHERE id = ?", (submission.job_id,)
        ).fetchone()
        transitions = json.loads(row["transitions"])
        is_new: bool = transitions[-1]["message"] != reason
        if is_new:
            transitions[-1]["message"] = reason
            db.execute(
                "UPDATE jobs SET transitions = ? WHERE id = ?",
                (json.dumps(transitions), submission.job_id),
            )
            changes.tell(db, "job", *submission.key)
    return is_new


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
            "UPDATE jobs SET status = ?, secondary_status = ?, phase = 'ended', failure_reason = ?,"
            " explanation = ?,"
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
        changes.tell(db, "job", *submission.key)
