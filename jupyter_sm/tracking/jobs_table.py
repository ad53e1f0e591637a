"""The jobs table: rows in, views out, every change noted in the feed."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import REJECTED, is_final
from jupyter_sm.tracking import changes
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.views import JobProgress, JobView, MainMetric, Transition

WATCH_SECONDS = 60
# As the index `jobs_open` has it, so that it is used.
OPEN = "status NOT IN ('Completed', 'Failed', 'Stopped', 'Rejected')"


@dataclass(frozen=True)
class Described:
    """What a target says of a job, in the store's terms."""

    status: str
    secondary_status: str
    created_at: float
    modified_at: float
    started_at: float | None
    ended_at: float | None
    failure_reason: str | None
    explanation: Explanation | None
    request: dict[str, Any]
    transitions: list[dict[str, Any]]
    script: str
    billable_seconds: int | None
    model_uri: str | None


@dataclass(frozen=True)
class Activity:
    """How much of a target's jobs is going on. `youngest` is an age in seconds."""

    open: int
    youngest: float
    watched: bool
    stopping: bool


def save_described(
    store: Store, target: str, kind: str, name: str, seen: Described, *, may_lag: bool = False
) -> bool:
    """Bring a job's row in step with what the target says; unknown jobs are added.

    What `may_lag` (a search index) takes nothing back: False if the row knows better.
    """
    with store.write() as db:
        row = db.execute(
            "SELECT id, transitions, submission_id, status, secondary_status, modified_at FROM jobs"
            " WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        ).fetchone()
        transitions = seen.transitions
        if row is not None and row["status"] == REJECTED:
            return True  # what bears the name over there is somebody else's
        if row is not None and _is_unsettled(db, row["id"]):
            return True  # whose the job over there is, the submitter has yet to find out
        if (
            may_lag
            and row is not None
            and (is_final(row["status"]) or row["modified_at"] > seen.modified_at)
        ):
            return False
        if row is None:
            db.execute(
                "INSERT INTO jobs (target, kind, name, status, created_at, modified_at, request,"
                " log_due) VALUES (?,?,?,?,?,?,?,?)",
                (
                    target,
                    kind,
                    name,
                    seen.status,
                    seen.created_at,
                    seen.modified_at,
                    json.dumps(seen.request),
                    # The log of a job that was over before we knew it is read when asked for.
                    not is_final(seen.status),
                ),
            )
        elif row["submission_id"]:
            # Submitting is ours to tell: the target knows nothing of the time before Create.
            first = json.loads(row["transitions"])[0]
            transitions = [{**first, "end": seen.created_at}, *transitions]
        if row is not None and (
            (row["status"], row["secondary_status"], row["modified_at"])
            == (seen.status, seen.secondary_status, seen.modified_at)
            and json.loads(row["transitions"]) == transitions
        ):
            return True  # nothing new, so nothing to tell
        explained = json.dumps(seen.explanation.as_dict()) if seen.explanation else None
        db.execute(
            "UPDATE jobs SET status = ?, secondary_status = ?, modified_at = ?, started_at = ?,"
            # Once the log is read out, the explanation knows more than the reason alone.
            " ended_at = ?, failure_reason = ?, transitions = ?, script = ?,"
            " explanation = CASE WHEN log_closed THEN COALESCE(explanation, ?) ELSE ? END,"
            " billable_seconds = ?, model_uri = ? WHERE target = ? AND kind = ? AND name = ?",
            (
                seen.status,
                seen.secondary_status,
                seen.modified_at,
                seen.started_at,
                seen.ended_at,
                seen.failure_reason,
                json.dumps(transitions),
                seen.script,
                explained,
                explained,
                seen.billable_seconds,
                seen.model_uri,
                target,
                kind,
                name,
            ),
        )
        changes.note(db, "job", target, kind, name)
    return True


def _is_unsettled(db: sqlite3.Connection, job_id: int) -> bool:
    row = db.execute("SELECT state FROM submissions WHERE job_id = ?", (job_id,)).fetchone()
    return row is not None and row["state"] in ("pending", "creating")


def watch(store: Store, target: str, kind: str, name: str) -> None:
    """A face is looking at the job's log: read it for the next minute.

    A log that could not be read when its job ended is tried again.
    """
    now = time.time()
    row = (
        store.read()
        .execute(
            "SELECT watched_until FROM jobs WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        )
        .fetchone()
    )
    # Renewed at half-time only, as every look would otherwise be a write.
    if row is not None and row["watched_until"] < now + WATCH_SECONDS / 2:
        with store.write() as db:
            db.execute(
                "UPDATE jobs SET watched_until = ?, log_closed = log_closed AND log_note IS NULL"
                " WHERE target = ? AND kind = ? AND name = ?",
                (now + WATCH_SECONDS, target, kind, name),
            )


def save_explanation(
    store: Store, target: str, kind: str, name: str, explanation: Explanation
) -> None:
    """Replace a job's explanation by a better one."""
    with store.write() as db:
        db.execute(
            "UPDATE jobs SET explanation = ? WHERE target = ? AND kind = ? AND name = ?",
            (json.dumps(explanation.as_dict()), target, kind, name),
        )
        changes.note(db, "job", target, kind, name)


def open_keys(store: Store, target: str) -> list[tuple[str, str]]:
    """Kind and name of the jobs that the target has and that have not ended, so far as is known."""
    rows = store.read().execute(
        f"SELECT kind, name FROM jobs WHERE target = ? AND {OPEN} AND status != 'Submitting'"
        " ORDER BY watched_until DESC, created_at DESC",
        (target,),
    )
    return [(row["kind"], row["name"]) for row in rows]


def watched_keys(store: Store, target: str) -> set[tuple[str, str]]:
    """Kind and name of the jobs that somebody looks at, or wants to stop, and that have not ended."""
    rows = store.read().execute(
        f"SELECT kind, name FROM jobs WHERE target = ? AND {OPEN}"
        " AND (watched_until >= ? OR stop_requested OR status = 'Stopping')",
        (target, time.time()),
    )
    return {(row["kind"], row["name"]) for row in rows}


def settle_gone(store: Store, target: str, kind: str, name: str) -> None:
    """The target no longer has a job that had not ended: it was deleted there."""
    now = time.time()
    with store.write() as db:
        changed = db.execute(
            "UPDATE jobs SET status = 'Failed', secondary_status = 'Failed', ended_at = ?,"
            " modified_at = ?, log_closed = 1, failure_reason = ? WHERE target = ? AND kind = ?"
            f" AND name = ? AND {OPEN} AND status != 'Submitting'",
            (
                now,
                now,
                f"The job is no longer on {target}: it was deleted there.",
                target,
                kind,
                name,
            ),
        ).rowcount
        if changed:
            changes.note(db, "job", target, kind, name)


def activity(store: Store, target: str) -> Activity:
    """What of a target's jobs has not ended: how many, how young, whether any is watched."""
    now = time.time()
    row = (
        store.read()
        .execute(
            "SELECT COUNT(*) AS open, MAX(created_at) AS newest,"
            " SUM(watched_until >= ?) AS watched, SUM(stop_requested OR status = 'Stopping')"
            f" AS stopping FROM jobs WHERE target = ? AND {OPEN}",
            (now, target),
        )
        .fetchone()
    )
    return Activity(
        open=row["open"],
        youngest=now - row["newest"] if row["newest"] else float("inf"),
        watched=bool(row["watched"]),
        stopping=bool(row["stopping"]),
    )


def get(store: Store, target: str, kind: str, name: str) -> JobView | None:
    """One job, or None."""
    row = (
        store.read()
        .execute(
            "SELECT * FROM jobs WHERE target = ? AND kind = ? AND name = ?", (target, kind, name)
        )
        .fetchone()
    )
    return _view(row) if row else None


def find(store: Store, name: str, target: str | None = None) -> list[JobView]:
    """Jobs of that name on any target (or on one), newest first."""
    rows = store.read().execute(
        "SELECT * FROM jobs WHERE name = ? AND (? IS NULL OR target = ?) ORDER BY created_at DESC",
        (name, target, target),
    )
    return [_view(row) for row in rows]


def listed(
    store: Store, *, target: str | None = None, limit: int = 200, offset: int = 0
) -> tuple[list[JobView], int]:
    """Jobs, the newest first, and how many there are in all."""
    db = store.read()
    rows = db.execute(
        "SELECT * FROM jobs WHERE (? IS NULL OR target = ?)"
        " ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?",
        (target, target, limit, offset),
    ).fetchall()
    total = db.execute(
        "SELECT COUNT(*) FROM jobs WHERE (? IS NULL OR target = ?)", (target, target)
    ).fetchone()
    return [_view(row) for row in rows], int(total[0])


def source_of(store: Store, target: str, kind: str, name: str) -> str:
    """The script or folder that a job's source was packed from; empty if we did not pack it."""
    row = (
        store.read()
        .execute(
            "SELECT source FROM jobs WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        )
        .fetchone()
    )
    return row["source"] if row else ""


def request_of(store: Store, target: str, kind: str, name: str) -> dict[str, Any] | None:
    """The job's request as it was sent (or as Describe gave it back)."""
    row = (
        store.read()
        .execute(
            "SELECT request FROM jobs WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        )
        .fetchone()
    )
    return json.loads(row["request"]) if row else None


def _view(row: sqlite3.Row) -> JobView:
    resources = json.loads(row["request"]).get("ResourceConfig", {})
    metric, progress, explained = row["metric"], row["progress"], row["explanation"]
    return JobView(
        target=row["target"],
        kind=row["kind"],
        name=row["name"],
        submission_id=row["submission_id"],
        status=row["status"],
        secondary_status=row["secondary_status"],
        is_final=is_final(row["status"]),
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        instance_type=resources.get("InstanceType", ""),
        instance_count=resources.get("InstanceCount", 1),
        script=row["script"],
        failure_reason=row["failure_reason"],
        explanation=Explanation.from_dict(json.loads(explained)) if explained else None,
        billable_seconds=row["billable_seconds"],
        model_uri=row["model_uri"],
        metric=MainMetric(**json.loads(metric)) if metric else None,
        progress=JobProgress(**json.loads(progress)) if progress else None,
        stop_requested=bool(row["stop_requested"]),
        log_lines=row["log_lines"],
        log_note=row["log_note"],
        notes=json.loads(row["notes"]),
        transitions=[Transition(**t) for t in json.loads(row["transitions"])],
    )
