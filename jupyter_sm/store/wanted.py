"""Jobs that somebody asked for by name, which the tracker then looks up on the target."""

from __future__ import annotations

from jupyter_sm.jobs import JobKey
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store.file import Store

FOUND = "found"


def ask(store: Store, key: JobKey) -> None:
    """Ask the target's tracker to look a job up."""
    with store.write() as db:
        db.execute("REPLACE INTO wanted (target, kind, name, answer) VALUES (?, ?, ?, NULL)", key)


def pending(store: Store, target: str) -> list[JobKey]:
    """The jobs asked for and not looked up yet."""
    rows = store.read().execute(
        "SELECT kind, name FROM wanted WHERE target = ? AND answer IS NULL", (target,)
    )
    return [JobKey(target, row["kind"], row["name"]) for row in rows]


def settle(store: Store, key: JobKey, answer: str) -> None:
    """`FOUND`, or in one sentence why the job can't be had."""
    with store.write() as db:
        db.execute(
            "UPDATE wanted SET answer = ? WHERE target = ? AND kind = ? AND name = ?",
            (shown(answer), *key),
        )


def answer(store: Store, key: JobKey) -> str | None:
    """What the tracker found out, or None while it has not looked."""
    row = (
        store.read()
        .execute("SELECT answer FROM wanted WHERE target = ? AND kind = ? AND name = ?", key)
        .fetchone()
    )
    return row["answer"] if row else None
