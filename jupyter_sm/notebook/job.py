"""The Job handle: a job's key, and what the store says of it now."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Generator
from typing import Any

from jupyter_sm.desk import Desk, JobView, LogFilter, LogRecord, words
from jupyter_sm.desk.waiting import TICK_SECONDS, Waiting, checked, read_log
from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import REJECTED, JobKey
from jupyter_sm.notebook import card


class LogLines(list[LogRecord]):
    """A job's log entries; shows itself as the text."""

    def __repr__(self) -> str:
        return "\n".join(record.text for record in self)


class Job:
    """A handle on a job. Every property is what the store says now; nothing here blocks
    but `wait`, `await job` and `logs(follow=True)`, which can be interrupted."""

    def __init__(self, desk: Desk, view: JobView) -> None:
        self._desk = desk
        self._waiting = Waiting(desk, view)

    @property
    def name(self) -> str:
        """The job's name."""
        return self.key.name

    @property
    def key(self) -> JobKey:
        """Target, kind and name."""
        return self._waiting.view.key

    @property
    def view(self) -> JobView:
        """All that a face shows of the job, as of now."""
        return self._waiting.look()

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
        return self._desk.request(self.key) or {}

    def logs(self, *, follow: bool = False, query: str = "", severity: str = "") -> LogLines:
        """The log so far. `follow` prints what comes until the job has ended."""
        records = read_log(
            self._desk, self.key, LogFilter(query=query, severity=severity), follow=follow
        )
        if not follow:
            return LogLines(records)
        for record in records:
            print(record.text)  # noqa: T201 - this is what follow is for
        return LogLines()

    def metrics(self) -> Any:
        """All metric points: a pandas DataFrame, or a list of dicts where pandas is missing.

        `step` and `epoch` are there where the log tells them; `group` is `speed` for samples a
        second and the like.
        """
        columns = ["name", "value", "step", "epoch", "timestamp_ms", "stream", "group"]
        points = [
            {column: getattr(point, column) for column in columns}
            for point in self._desk.metric_points(self.key)
        ]
        try:
            import pandas
        except ImportError:
            return points
        return pandas.DataFrame(points, columns=columns)

    def stop(self) -> None:
        """Ask for the job to be stopped; returns at once. A job that ended stays as it is."""
        self._desk.stop(self.key)
        self._desk.ensure_tracked(self.key.target)

    def again(self, change: str | None = None) -> Job:
        """Run the same request once more, under a fresh name, and return at once.

        `change`: `larger-instance`, `more-disk` (twice the volume) or `longer-runtime`
        (twice the limit). Raises ExplainedError.
        """
        view = self._desk.again(self.key, change)
        self._desk.ensure_tracked(view.target)
        return Job(self._desk, view)

    def wait(
        self, timeout: float | None = None, *, check: bool = True, progress: bool = True
    ) -> Job:
        """Wait for the end, showing progress; interrupting it leaves the job running.

        Raises TimeoutError after `timeout` seconds, and (with `check`) ExplainedError if
        the job failed or was refused.
        """
        until = float("inf") if timeout is None else time.monotonic() + timeout
        shown = ""
        while not self._waiting.is_over():
            view = self._waiting.view
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} is still {view.status} after {timeout} s.")
            line = words.state(view)
            if progress and line != shown:
                sys.stdout.write(f"\r{line:<60}")
                sys.stdout.flush()
                shown = line
            time.sleep(TICK_SECONDS)
        if progress and shown:
            sys.stdout.write(f"\r{words.state(self._waiting.view):<60}\n")
        if check:
            checked(self._waiting.view)
        return self

    def wait_until_accepted(self) -> Job:
        """Wait until the target has the job. Raises ExplainedError if it has refused it."""
        view = self._waiting.until_accepted()
        if view.status == REJECTED:
            checked(view)
        return self

    def __await__(self) -> Generator[Any, None, Job]:
        return self._ended().__await__()

    async def _ended(self) -> Job:
        while not self._waiting.is_over():
            await asyncio.sleep(TICK_SECONDS)
        checked(self._waiting.view)
        return self

    def __repr__(self) -> str:
        return words.card(self.view)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return card.mime_bundle(self.view)


class JobList(list[Job]):
    """Jobs; shows itself as a table."""

    def __repr__(self) -> str:
        return words.table([job._waiting.view for job in self])
