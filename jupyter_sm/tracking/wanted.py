"""Jobs that somebody asked for by name, which the tracker then looks up on the target."""

from __future__ import annotations

from jupyter_sm.tracking.store import Store

FOUND = "found"


def ask(store: Store, target: str, kind: str, name: str) -> None:
    """Ask the target's tracker to look a job up."""
    with store.write() as db:
        db.execute(
            "REPLACE INTO wanted (target, kind, name, answer) VALUES (?, ?, ?, NULL)",
            (target, kind, name),
        )


def pending(store: Store, target: str) -> list[tuple[str, str]]:
    """Kind and name of the jobs asked for and not looked up yet."""
    rows = store.read().execute(
        "SELECT kind, name FROM wanted WHERE target = ? AND answer IS NULL", (target,)
    )
    return [(row["kind"], row["name"]) for row in rows]


def settle(store: Store, target: str, kind: str, name: str, answer: str) -> None:
    """`FOUND`, or in one sentence why the job can't be had."""
    with store.write() as db:
        db.execute(
            "UPDATE wanted SET answer = ? WHERE target = ? AND kind = ? AND name = ?",
            (answer, target, kind, name),
        )


def answer(store: Store, target: str, kind: str, name: str) -> str | None:
    """What the tracker found out, or None while it has not looked."""
    row = (
        store.read()
        .execute(
            "SELECT answer FROM wanted WHERE target = ? AND kind = ? AND name = ?",
            (target, kind, name),
        )
        .fetchone()
    )
    return row["answer"] if row else None
