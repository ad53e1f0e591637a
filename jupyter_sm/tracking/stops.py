"""The wish to stop a job: written down by a face, passed on by the tracker."""

from __future__ import annotations

from jupyter_sm.jobs import REJECTED, is_final
from jupyter_sm.tracking import changes
from jupyter_sm.tracking.store import Store


def request_stop(store: Store, target: str, kind: str, name: str) -> bool:
    """Ask the tracker to stop a job; False if it has ended or was asked already."""
    with store.write(durable=True) as db:
        row = db.execute(
            "SELECT id, status, stop_requested FROM jobs WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        ).fetchone()
        if row is None or is_final(row["status"]) or row["stop_requested"]:
            return False
        db.execute("UPDATE jobs SET stop_requested = 1 WHERE id = ?", (row["id"],))
        # A submission that waits for its next attempt need not wait to be withdrawn.
        db.execute("UPDATE submissions SET next_attempt_at = 0 WHERE job_id = ?", (row["id"],))
        changes.note(db, "job", target, kind, name)
        return True


def clear_stop(store: Store, target: str, kind: str, name: str) -> None:
    """The wish to stop was passed on, or can't be met."""
    with store.write() as db:
        db.execute(
            "UPDATE jobs SET stop_requested = 0 WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        )
        changes.note(db, "job", target, kind, name)


def to_stop(store: Store, target: str) -> list[tuple[str, str]]:
    """Kind and name of accepted jobs that someone asked to stop."""
    rows = store.read().execute(
        "SELECT j.kind, j.name FROM jobs j LEFT JOIN submissions s ON s.job_id = j.id"
        " WHERE j.target = ? AND j.stop_requested = 1 AND COALESCE(s.state, 'accepted') = 'accepted'"
        " AND j.status NOT IN ('Stopping', 'Completed', 'Failed', 'Stopped', ?)",
        (target, REJECTED),
    )
    return [(row["kind"], row["name"]) for row in rows]
