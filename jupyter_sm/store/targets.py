"""The targets table: which targets are in use, and how each is."""

from __future__ import annotations

import time
from dataclasses import dataclass

from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import changes
from jupyter_sm.store.file import Store


@dataclass(frozen=True)
class TargetRow:
    """`health` is `ready` or `stale`; `reason` says what is wrong; `as_of` is in seconds."""

    name: str
    health: str
    reason: str | None
    as_of: float | None


def rows(store: Store) -> list[TargetRow]:
    """The targets that are looked after, by name."""
    found = store.read().execute("SELECT name, health, reason, as_of FROM targets ORDER BY name")
    return [TargetRow(**row) for row in found]


def is_used(store: Store, target: str) -> bool:
    """Whether the target is one to look after."""
    row = store.read().execute("SELECT 1 FROM targets WHERE name = ?", (target,)).fetchone()
    return row is not None


def use(store: Store, target: str) -> None:
    """From now on the target is looked after, by this process or another."""
    with store.write() as db:
        db.execute("INSERT OR IGNORE INTO targets (name) VALUES (?)", (target,))
        changes.tell(db, "target", target)


def mark(store: Store, target: str, health: str, reason: str | None) -> None:
    """Write down how the target is; a change of health or reason goes into the feed."""
    reason = reason and shown(reason)
    with store.write() as db:
        row = db.execute("SELECT health, reason FROM targets WHERE name = ?", (target,)).fetchone()
        db.execute(
            "INSERT INTO targets (name, health, reason, as_of) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET health = excluded.health,"
            " reason = excluded.reason, as_of = excluded.as_of",
            (target, health, reason, time.time()),
        )
        if row is None or (row["health"], row["reason"]) != (health, reason):
            changes.tell(db, "target", target)
