"""The targets table: which targets are in use, and how each is."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import changes
from jupyter_sm.store.file import Store

# Jobs that are dropped in one transaction: short ones keep the store free for others.
_CHUNK = 50


@dataclass(frozen=True)
class TargetRow:
    """`health`: `ready`, `stale` (what is wrong passes), or `waiting` for the user; `reason` says what
    is wrong; `as_of` is in seconds."""

    name: str
    health: str
    reason: str | None
    as_of: float | None


def rows(store: Store) -> list[TargetRow]:
    """The targets that are looked after, by name."""
    found = store.read().execute("SELECT name, health, reason, as_of FROM targets ORDER BY name")
    return [TargetRow(**row) for row in found]


def row(store: Store, target: str) -> TargetRow | None:
    """One of them, or None."""
    return next((row for row in rows(store) if row.name == target), None)


def is_used(store: Store, target: str) -> bool:
    """Whether the target is one to look after."""
    return _is_used(store.read(), target)


def _is_used(db: sqlite3.Connection, target: str) -> bool:
    return db.execute("SELECT 1 FROM targets WHERE name = ?", (target,)).fetchone() is not None


def use(store: Store, target: str) -> None:
    """From now on the target is looked after, by this process or another."""
    if not is_used(store, target):
        with store.write() as db:
            put_in_use(db, target)


def put_in_use(db: sqlite3.Connection, target: str) -> None:
    """The same, within a transaction."""
    if db.execute("INSERT OR IGNORE INTO targets (name) VALUES (?)", (target,)).rowcount:
        # Of a use before, whose jobs were dropped.
        db.execute("DELETE FROM cursors WHERE target = ?", (target,))
        changes.tell(db, "target", target)


def mark(store: Store, target: str, health: str, reason: str | None) -> None:
    """Write down how a target in use is; a change of health or reason goes into the feed."""
    reason = reason and shown(reason)
    with store.write() as db:
        row = db.execute("SELECT health, reason FROM targets WHERE name = ?", (target,)).fetchone()
        if row is None:
            return  # somebody removed it
        db.execute(
            "UPDATE targets SET health = ?, reason = ?, as_of = ? WHERE name = ?",
            (health, reason, time.time(), target),
        )
        if (row["health"], row["reason"]) != (health, reason):
            changes.tell(db, "target", target)
        if health == "ready" != row["health"]:
            # What waits for its next attempt need not wait any longer.
            db.execute(
                "UPDATE submissions SET next_attempt_at = 0 WHERE state = 'open'"
                " AND job_id IN (SELECT id FROM jobs WHERE target = ?)",
                (target,),
            )


def submitting(store: Store, target: str) -> list[str]:
    """The names of the jobs that the target does not have yet."""
    query = "SELECT name FROM jobs WHERE target = ? AND phase = 'submitting' ORDER BY id"
    return [row["name"] for row in store.read().execute(query, (target,))]


def remove(store: Store, target: str) -> bool:
    """Look after a target no longer, and drop what is known of its jobs; False if it is in no use."""
    with store.write() as db:
        was_used = db.execute("DELETE FROM targets WHERE name = ?", (target,)).rowcount > 0
        db.execute("DELETE FROM wanted WHERE target = ?", (target,))
        if was_used:
            changes.tell(db, "target", target)
    drop_jobs(store, target)
    return was_used


def drop_jobs(store: Store, target: str) -> None:
    """Drop what is known of the jobs of a target, unless that is in use (again)."""
    dropped = _CHUNK
    while dropped == _CHUNK:
        with store.write() as db:
            if _is_used(db, target):
                return
            dropped = db.execute(
                "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE target = ? LIMIT ?)",
                (target, _CHUNK),
            ).rowcount
