"""The Job handle: a job's key, and what the store says of it now."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator
from typing import Any

from jupyter_sm.diagnosis import ExplainedError, Explanation, explain
from jupyter_sm.jobs import REJECTED, SUBMITTING
from jupyter_sm.jobs.secrets import mask_request
from jupyter_sm.notebook import card, words
from jupyter_sm.tracking import (
    JobView,
    LogFilter,
    LogRecord,
    LogViews,
    Store,
    ensure_tracked,
    jobs_table,
    logs_table,
    stops,
    submit_again,
)

_TICK_SECONDS = 0.1
_PAGE = 5_000
_LOG_SECONDS = 3.0


class LogLines(list[LogRecord]):
    """A job's log entries; shows itself as the text."""

    def __repr__(self) -> str:
        return "\n".join(record.text for record in self)


class Job:
    """A handle on a job. Every property is what the store says now; nothing here blocks
    but `wait`, `await job` and `logs(follow=True)`, which can be interrupted."""

    def __init__(self, store: Store, view: JobView) -> None:
        self._store = store
        self._view = view
        self._grew = 0.0

    @property
    def name(self) -> str:
        """The job's name."""
        return self._view.name

    @property
    def key(self) -> tuple[str, str, str]:
        """Target, kind and name."""
        return self._view.target, self._view.kind, self._view.name

    @property
    def view(self) -> JobView:
        """All that a face shows of the job, as of now."""
        self._view = jobs_table.get(self._store, *self.key) or self._view
        if not self._view.is_final:
            self._keep_tracked()
        return self._view

    @property
    def status(self) -> str:
        """SageMaker's status; `Submitting` before it has the job, `Rejected` if it refused."""
        return self.view.status

    @property
    def explanation(self) -> Explanation | None:
        """Why the job failed or was refused, in words; None while all is well."""
        return self.view.explanation

    @property
    def request(self) -> dict[str, Any]:
        """The full Create request, secrets masked."""
        return mask_request(jobs_table.request_of(self._store, *self.key) or {})

    def logs(self, *, follow: bool = False, query: str = "", severity: str = "") -> LogLines:
        """The log so far. `follow` prints what comes until the job has ended."""
        jobs_table.watch(self._store, *self.key)
        lines = LogLines()
        views = LogViews(self._store)
        wanted = LogFilter(query=query, severity=severity)
        start = 0
        while True:
            # Asked for before the page is read, so that the last lines are in the page.
            over = self._log_is_over()
            page = views.page(self.key, start=start, limit=_PAGE, wanted=wanted)
            if follow:
                for record in page.records:
                    print(record.text)  # noqa: T201 - this is what follow is for
            lines.extend(page.records)
            if page.records:
                start = page.next
            elif not follow or over:
                return LogLines() if follow else lines
            else:
                self._keep_tracked()
                time.sleep(_TICK_SECONDS)

    def metrics(self) -> Any:
        """All metric points: a pandas DataFrame, or a list of dicts where pandas is missing."""
        columns = ["name", "value", "step", "timestamp_ms", "stream"]
        points = [
            {column: getattr(point, column) for column in columns}
            for point in logs_table.metric_points(self._store, self.key)
        ]
        try:
            import pandas
        except ImportError:
            return points
        return pandas.DataFrame(points, columns=columns)

    def stop(self) -> None:
        """Ask for the job to be stopped; returns at once. A job that ended stays as it is."""
        stops.request_stop(self._store, *self.key)
        ensure_tracked(self._store, self._view.target)

    def again(self, change: str | None = None) -> Job:
        """Run the same request once more, under a fresh name, and return at once.

        `change`: `larger-instance`, `more-disk` (twice the volume) or `longer-runtime`
        (twice the limit). Raises ExplainedError.
        """
        view = submit_again(self._store, *self.key, change)
        ensure_tracked(self._store, view.target)
        return Job(self._store, view)

    def wait(
        self, timeout: float | None = None, *, check: bool = True, progress: bool = True
    ) -> Job:
        """Wait for the end, showing progress; interrupting it leaves the job running.

        Raises TimeoutError after `timeout` seconds, and (with `check`) ExplainedError if
        the job failed or was refused.
        """
        until = float("inf") if timeout is None else time.monotonic() + timeout
        shown = ""
        while not self._tick_is_final():
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} is still {self._view.status} after {timeout} s.")
            line = words.state(self._view)
            if progress and line != shown:
                sys.stdout.write(f"\r{line:<60}")
                sys.stdout.flush()
                shown = line
            time.sleep(_TICK_SECONDS)
        if progress and shown:
            sys.stdout.write(f"\r{words.state(self._view):<60}\n")
        return self._checked(check)

    def wait_until_accepted(self) -> Job:
        """Wait until the target has the job, or has refused it."""
        while self.status == SUBMITTING:
            self._keep_tracked()
            time.sleep(_TICK_SECONDS)
        return self._checked(self._view.status == REJECTED)

    def __await__(self) -> Generator[Any, None, Job]:
        return self._ended().__await__()

    async def _ended(self) -> Job:
        while not self._tick_is_final():
            await asyncio.sleep(_TICK_SECONDS)
        return self._checked(True)

    def _tick_is_final(self) -> bool:
        before, view = self._view.log_lines, self.view
        if not view.is_final:
            return False
        # The log's end comes a moment after the state; whoever waited wants to read it.
        if view.log_lines > before:
            self._grew = time.time()
        late = time.time() - max(self._grew, view.ended_at or 0)
        return self._log_is_over() or late > _LOG_SECONDS

    def _checked(self, check: bool) -> Job:
        if check and self._view.status in ("Failed", "Rejected"):
            explanation = self.explanation or explain(self._view.failure_reason or "The job failed")
            raise ExplainedError(explanation)
        return self

    def _log_is_over(self) -> bool:
        row = (
            self._store.read()
            .execute(
                "SELECT log_closed FROM jobs WHERE target = ? AND kind = ? AND name = ?", self.key
            )
            .fetchone()
        )
        return row is None or bool(row["log_closed"])

    def _keep_tracked(self) -> None:
        # Should the server that tracked the job be gone, this kernel takes over.
        ensure_tracked(self._store, self._view.target)

    def __repr__(self) -> str:
        return card.as_text(self.view)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return card.mime_bundle(self.view)


class JobList(list[Job]):
    """Jobs; shows itself as a table."""

    def __repr__(self) -> str:
        if not self:
            return "No jobs yet. Run a cell that starts with %%sm train."
        rows = [
            (job.name, words.state(job._view), words.place(job._view), words.age(job._view))
            for job in self
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
