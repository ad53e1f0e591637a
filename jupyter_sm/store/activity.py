"""What is going on on a target: which jobs have not ended, and how closely they are to be followed."""

from __future__ import annotations

import time
from dataclasses import dataclass

from jupyter_sm.jobs import JobKey
from jupyter_sm.store.file import Store

# As the index `jobs_open` has it, so that it is used.
_OPEN = "phase = 'open'"


@dataclass(frozen=True)
class Activity:
    """How much of a kind's jobs on a target is going on. `youngest` is an age in seconds."""

    open: int
    youngest: float
    watched: bool
    stopping: bool


def activity(store: Store, target: str, kind: str) -> Activity:
    """What of a kind's jobs has not ended: how many, how young, whether any is watched."""
    now = time.time()
    row = (
        store.read()
        .execute(
            "SELECT COUNT(*) AS open, MAX(created_at) AS newest,"
            " SUM(watched_until >= ?) AS watched, SUM(stop_requested) AS stopping"
            f" FROM jobs WHERE target = ? AND kind = ? AND {_OPEN}",
            (now, target, kind),
        )
        .fetchone()
    )
    return Activity(
        open=row["open"],
        youngest=now - row["newest"] if row["newest"] else float("inf"),
        watched=bool(row["watched"]),
        stopping=bool(row["stopping"]),
    )


def is_busy(store: Store, target: str) -> bool:
    """Whether a job of a target has not ended, or is on its way there."""
    query = "SELECT 1 FROM jobs WHERE target = ? AND phase IN ('submitting', 'open') LIMIT 1"
    return store.read().execute(query, (target,)).fetchone() is not None


def open_requests(store: Store) -> list[str]:
    """The requests, as JSON, of all jobs that have not ended."""
    rows = store.read().execute("SELECT request FROM jobs WHERE phase IN ('submitting', 'open')")
    return [row["request"] for row in rows]


def open_keys(store: Store, target: str, kind: str) -> list[JobKey]:
    """The jobs of a kind that have not ended, so far as is known; those looked at first."""
    rows = store.read().execute(
        f"SELECT name FROM jobs WHERE target = ? AND kind = ? AND {_OPEN}"
        " ORDER BY watched_until DESC, created_at DESC",
        (target, kind),
    )
    return [JobKey(target, kind, row["name"]) for row in rows]


def watched_keys(store: Store, target: str) -> set[JobKey]:
    """The jobs that somebody looks at, or wants to stop, and that have not ended."""
    rows = store.read().execute(
        f"SELECT kind, name FROM jobs WHERE target = ? AND {_OPEN}"
        " AND (watched_until >= ? OR stop_requested)",
        (target, time.time()),
    )
    return {JobKey(target, row["kind"], row["name"]) for row in rows}
