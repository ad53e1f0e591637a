"""The targets table: how each target is, and up to where it has been polled."""

from __future__ import annotations

import time

from jupyter_sm.targets import target_names
from jupyter_sm.tracking import changes, leases
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.views import TargetView

LOCAL = "local"


def views(store: Store) -> list[TargetView]:
    """All known targets. `untracked`: no server or kernel looks after it at the moment."""
    rows = {row["name"]: row for row in store.read().execute("SELECT * FROM targets")}
    names = target_names()
    result = []
    for name in [*names, *(n for n in rows if n not in names)]:
        row = rows.get(name)
        health = row["health"] if row else "ready" if name == LOCAL else "unused"
        if health == "ready" and not leases.is_held(store, name):
            health = "untracked"
        result.append(
            TargetView(name, health, row["reason"] if row else None, row["as_of"] if row else None)
        )
    return result


def in_use(store: Store) -> list[str]:
    """The targets to look after: the local one, and each that a job was submitted to or
    looked for on."""
    used = [row["name"] for row in store.read().execute("SELECT name FROM targets ORDER BY name")]
    local = [name for name in target_names() if name == LOCAL]
    return [*local, *(name for name in used if name != LOCAL)]


def is_used(store: Store, target: str) -> bool:
    """Whether the target is one to look after."""
    row = store.read().execute("SELECT 1 FROM targets WHERE name = ?", (target,)).fetchone()
    return row is not None


def use(store: Store, target: str) -> None:
    """From now on the target is looked after, by this process or another."""
    with store.write() as db:
        db.execute("INSERT OR IGNORE INTO targets (name) VALUES (?)", (target,))
        changes.note(db, "target", target)


def polled_to(store: Store, target: str) -> tuple[float, bool]:
    """The LastModifiedTime up to which the target's jobs are known (0 at first), and whether
    those of before its first use are."""
    row = (
        store.read()
        .execute("SELECT polled_to, history_done FROM targets WHERE name = ?", (target,))
        .fetchone()
    )
    return (float(row["polled_to"]), bool(row["history_done"])) if row else (0.0, False)


def mark_history_done(store: Store, target: str) -> None:
    """The jobs of before the target's first use are known."""
    with store.write() as db:
        db.execute("UPDATE targets SET history_done = 1 WHERE name = ?", (target,))


def mark(
    store: Store, target: str, health: str, reason: str | None, polled: float | None = None
) -> None:
    """Write down how the target is; a change of health goes into the feed."""
    with store.write() as db:
        row = db.execute("SELECT health, reason FROM targets WHERE name = ?", (target,)).fetchone()
        db.execute(
            "INSERT INTO targets (name, health, reason, as_of, polled_to) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET health = excluded.health, reason = excluded.reason,"
            " as_of = excluded.as_of, polled_to = MAX(polled_to, excluded.polled_to)",
            (target, health, reason, time.time(), polled or 0),
        )
        if row is None or (row["health"], row["reason"]) != (health, reason):
            changes.note(db, "target", target)
