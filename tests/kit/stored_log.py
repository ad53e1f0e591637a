"""A job's log that a test writes into a store entry by entry."""

from __future__ import annotations

from typing import Any

from jupyter_sm.jobs import JobKey
from jupyter_sm.logs import Record
from jupyter_sm.store import Store
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.pages import LogFilter, LogPages
from jupyter_sm.store.logs.streams import LoggedJob, Parsed
from jupyter_sm.store.submissions import add_submission

KEY = JobKey("local", "training", "logged")


class Log:
    """A job's log in the making."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.views = LogPages(store)
        add_submission(
            store,
            KEY,
            submission_id="s",
            request={},
            script="",
        )
        row = store.read().execute("SELECT id FROM jobs").fetchone()
        self.job = LoggedJob(row["id"], KEY, False, None)
        self.tokens: dict[str, int] = {}

    def add(self, *records: Record, stream: str = "algo-1-1") -> None:
        name = f"logged/{stream}"
        before = self.tokens.get(name, 0)
        self.tokens[name] = before + 1
        parsed = Parsed(name, records, [], None)
        assert streams.append(
            self.store,
            self.job,
            parsed,
            before=str(before) if before else "",
            after=str(before + 1),
        )

    def rows(self, *, start: int = 0, limit: int = 5000, **more: Any) -> list[tuple[int, int, str]]:
        """First entry, count and text of each row."""
        is_folded = more.pop("is_folded", True)
        found = self.views.rows(
            KEY, start=start, limit=limit, wanted=LogFilter(**more), is_folded=is_folded
        )
        assert [row.row for row in found.rows] == list(
            range(found.start, found.start + len(found.rows))
        )
        return [(row.first, row.count, row.record.text) for row in found.rows]

    def blocks(self) -> list[Any]:
        return self.store.read().execute("SELECT * FROM log_blocks ORDER BY first").fetchall()


def line(text: str, source: str = "user", severity: str = "info") -> Record:
    return Record(0, "algo-1-1", severity, source, text)
