"""Cursors: of each kind on a target, the time up to which its jobs are known.

A kind that has none is looked at as on a target's first use: its past is read, and nothing of it
is skipped, also on a store that other kinds have long been tracked in.
"""

from __future__ import annotations

from dataclasses import dataclass

from jupyter_sm.store.file import Store


@dataclass(frozen=True)
class Cursor:
    """`polled_to`: the newest LastModifiedTime that is known, in seconds, 0 at first;
    `history_done`: whether the jobs of before the first look are known."""

    polled_to: float
    history_done: bool


def get(store: Store, target: str, kind: str) -> Cursor:
    """Where looking at a kind's jobs goes on."""
    row = (
        store.read()
        .execute(
            "SELECT polled_to, history_done FROM cursors WHERE target = ? AND kind = ?",
            (target, kind),
        )
        .fetchone()
    )
    return Cursor(float(row["polled_to"]), bool(row["history_done"])) if row else Cursor(0, False)


def advance(store: Store, target: str, kind: str, polled_to: float) -> None:
    """All that changed up to this time is known."""
    with store.write() as db:
        db.execute(
            "INSERT INTO cursors (target, kind, polled_to) VALUES (?, ?, ?)"
            " ON CONFLICT (target, kind) DO UPDATE"
            " SET polled_to = MAX(polled_to, excluded.polled_to)",
            (target, kind, polled_to),
        )


def mark_history_done(store: Store, target: str, kind: str) -> None:
    """The jobs of before the first look are known."""
    with store.write() as db:
        db.execute(
            "INSERT INTO cursors (target, kind, history_done) VALUES (?, ?, 1)"
            " ON CONFLICT (target, kind) DO UPDATE SET history_done = 1",
            (target, kind),
        )
