"""The wish to stop a job: written down by a face, passed on by the tracker.

`stop_requested` is 0, 1 once somebody asked, and 2 once the target was told.
"""

from __future__ import annotations

import json

from jupyter_sm.jobs import JobKey, is_over
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import changes
from jupyter_sm.store.file import Store

_ASKED = 1
_PASSED_ON = 2


def request_stop(store: Store, key: JobKey) -> bool:
    """Ask the tracker to stop a job; False if it has ended or was asked already."""
    with store.write(durable=True) as db:
        row = db.execute(
            "SELECT id, phase, stop_requested FROM jobs WHERE target = ? AND kind = ? AND name = ?",
            key,
        ).fetchone()
        if row is None or is_over(row["phase"]) or row["stop_requested"]:
            return False
        db.execute("UPDATE jobs SET stop_requested = ? WHERE id = ?", (_ASKED, row["id"]))
        # A submission that waits for its next attempt need not wait to be withdrawn.
        db.execute("UPDATE submissions SET next_attempt_at = 0 WHERE job_id = ?", (row["id"],))
        changes.tell(db, "job", *key)
        return True


def passed_on(store: Store, key: JobKey) -> None:
    """The target was told."""
    _set(store, key, _PASSED_ON)


def given_up(store: Store, key: JobKey, why: str = "") -> None:
    """The wish can't be met: the job goes on, and `why` is noted on it."""
    _set(store, key, 0, why)


def _set(store: Store, key: JobKey, value: int, note: str = "") -> None:
    note = shown(note)
    one = "WHERE target = ? AND kind = ? AND name = ?"
    with store.write() as db:
        db.execute(f"UPDATE jobs SET stop_requested = ? {one}", (value, *key))
        row = db.execute(f"SELECT notes FROM jobs {one}", key).fetchone()
        notes = json.loads(row["notes"]) if row else []
        if note and note not in notes:
            db.execute(f"UPDATE jobs SET notes = ? {one}", (json.dumps([*notes, note]), *key))
        changes.tell(db, "job", *key)


def to_stop(store: Store, target: str) -> list[JobKey]:
    """Accepted jobs that someone asked to stop."""
    rows = store.read().execute(
        "SELECT j.kind, j.name FROM jobs j LEFT JOIN submissions s ON s.job_id = j.id"
        " WHERE j.target = ? AND j.stop_requested = 1 AND j.phase IN ('submitting', 'open')"
        " AND COALESCE(s.state, 'accepted') = 'accepted'",
        (target,),
    )
    return [JobKey(target, row["kind"], row["name"]) for row in rows]
