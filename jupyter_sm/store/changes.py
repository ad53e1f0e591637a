"""The change feed: numbered rows saying what changed, written in the change's own transaction."""

from __future__ import annotations

import sqlite3

from jupyter_sm.store.file import Store
from jupyter_sm.store.views import Change, ChangePage

_KEPT = 20_000
_PAGE = 1_000


def tell(db: sqlite3.Connection, topic: str, target: str, kind: str = "", name: str = "") -> None:
    """Tell of a change; to be called inside a write transaction."""
    cursor = db.execute(
        "INSERT INTO changes (topic, target, kind, name) VALUES (?, ?, ?, ?)",
        (topic, target, kind, name),
    )
    seq = cursor.lastrowid or 0
    if seq % 1_000 == 0:
        db.execute("DELETE FROM changes WHERE seq <= ?", (seq - _KEPT,))


def last(store: Store) -> int:
    """The newest change's number, 0 when there was none."""
    row = store.read().execute("SELECT MAX(seq) FROM changes").fetchone()
    return int(row[0] or 0)


def since(store: Store, seq: int) -> ChangePage:
    """What changed after number `seq`, each thing once, at its last number."""
    db = store.read()
    bounds = db.execute(
        "SELECT (SELECT MIN(seq) FROM changes), (SELECT MAX(seq) FROM changes)"
    ).fetchone()
    first, newest = int(bounds[0] or 0), int(bounds[1] or 0)
    if seq > newest or seq < first - 1:
        return ChangePage([], newest, reset=True)
    rows = db.execute(
        "SELECT MAX(seq) AS seq, topic, target, kind, name FROM"
        " (SELECT * FROM changes WHERE seq > ? ORDER BY seq LIMIT ?)"
        " GROUP BY topic, target, kind, name ORDER BY 1",
        (seq, _PAGE),
    ).fetchall()
    changes = [Change(**row) for row in rows]
    return ChangePage(changes, changes[-1].seq if changes else seq, reset=False)
