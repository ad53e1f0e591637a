"""The targets table: how each target is, and up to where it has been polled."""

from __future__ import annotations

import time

from jupyter_sm.targets import target_names
from jupyter_sm.tracking import changes, leases
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.views import TargetView


def views(store: Store) -> list[TargetView]:
    """All known targets. `untracked`: no server or kernel looks after it at the moment."""
    rows = {row["name"]: row for row in store.read().execute("SELECT * FROM targets")}
    result = []
    for name in [*target_names(), *(n for n in rows if n not in target_names())]:
        row = rows.get(name)
        health = row["health"] if row else "ready"
        if health == "ready" and not leases.is_held(store, name):
            health = "untracked"
        result.append(
            TargetView(name, health, row["reason"] if row else None, row["as_of"] if row else None)
        )
    return result


def polled_to(store: Store, target: str) -> float:
    """The LastModifiedTime up to which the target's jobs are known; 0 at first."""
    row = store.read().execute("SELECT polled_to FROM targets WHERE name = ?", (target,)).fetchone()
    return float(row["polled_to"]) if row else 0.0


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
