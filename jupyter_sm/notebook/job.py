"""The Job handle: a job's key, and what the store says of it now."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from jupyter_sm.desk import (
    Artifact,
    Desk,
    JobProgress,
    JobView,
    LogFilter,
    Results,
    Transition,
    views,
    words,
)
from jupyter_sm.desk.waiting import TICK_SECONDS, Waiting, await_log, checked, read_log
from jupyter_sm.diagnosis import Explanation
from jupyter_sm.jobs import REJECTED, JobKey
from jupyter_sm.logs.entries import SEVERITIES
from jupyter_sm.notebook import card
from jupyter_sm.notebook.arguments import between, check_options, checked_arguments, unusable
from jupyter_sm.notebook.shown import Code, Diff, Line, LogLines, Meter, log_line
from jupyter_sm.notebook.waits import WaitTimeoutError, interruptible
from jupyter_sm.shown.controls import line
from jupyter_sm.shown.secrets import mask

# Files that a table shows.
_SHOWN = 1_000


class Artifacts(list[Artifact]):
    """What a job has left: files with their sizes; shows itself as a table."""

    def __init__(self, job: Job, found: Iterable[Artifact]) -> None:
        super().__init__(found)
        self._job = job

    @checked_arguments
    def download(self, to: str | os.PathLike[str] = ".", *, progress: bool = True) -> list[Path]:
        """Bring all of it below a folder; the files. What is there already is kept.

        Raises ExplainedError.
        """
        with Meter("downloaded", progress) as meter:
            return self._job._results().download(Path(to), self, meter.tell)

    def __repr__(self) -> str:
        if not self:
            return f"{self._job.name} has left nothing (yet)."
        rows = [f"{words.size(one.size):>10}  {line(mask(one.name))}" for one in self[:_SHOWN]]
        more = [f"… and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        return "\n".join([*rows, *more])


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
    def secondary_status(self) -> str:
        """SageMaker's secondary status, such as `Downloading`; the status where there is none."""
        return self.view.secondary_status

    @property
    def transitions(self) -> list[Transition]:
        """What the job went through: status, start and end in seconds since 1970, message."""
        return self.view.transitions

    @property
    def elapsed(self) -> float:
        """Seconds since it was submitted, until its end if it has ended."""
        view = self.view
        return (view.ended_at or time.time()) - view.created_at

    @property
    def progress(self) -> JobProgress | None:
        """How far it is, as far as its log tells."""
        return self.view.progress

    @property
    def notes(self) -> list[str]:
        """What the target decided: which role, which image, what counts for nothing."""
        return self.view.notes

    @property
    def explanation(self) -> Explanation | None:
        """Why the job failed or was refused, in words; None while all is well."""
        return self.view.explanation

    @property
    def request(self) -> dict[str, Any]:
        """The full Create request, secrets masked."""
        return self._desk.request(self.key) or {}

    @checked_arguments
    def logs(
        self,
        *,
        follow: bool = False,
        query: str = "",
        severity: str = "",
        stream: str = "",
        tail: int | None = None,
    ) -> LogLines:
        """The log so far. `follow` prints what comes until the job has ended.

        Only entries that hold `query`, are as severe as `severity` (`info`, `warning`, `error`)
        or more, and come from a stream that begins with `stream`, such as `algo-2`; of those the
        last `tail`, and not more than fits into memory well (`left_out` says how many did not).
        """
        between(0, 10**9, tail=tail)
        if severity not in ("", *SEVERITIES):
            raise unusable(f"severity can be {', '.join(SEVERITIES)}, not {severity!r}.")
        wanted = LogFilter(query=query, severity=severity, stream=stream)
        display = Line(follow)

        def wait() -> None:
            display.tell(words.waits_for(self._waiting.look(), self._trouble()))

        records = read_log(self._desk, self.key, wanted, follow=follow, on_wait=wait)
        if not follow:
            return LogLines(records, tail)
        with interruptible(self.name):
            for record in records:
                print(log_line(record))  # noqa: T201 - this is what follow is for
        return LogLines()

    def metrics(self) -> Any:
        """All metric points: a pandas DataFrame, or a list of dicts where pandas is missing.

        `step` and `epoch` are there where the log tells them; `group` is `speed` for samples a
        second and the like.
        """
        names = ("name", "value", "step", "epoch", "timestamp_ms", "stream", "group")
        columns: dict[str, list[Any]] = {name: [] for name in names}
        await_log(self._desk, self.key)
        for point in self._desk.metric_points(self.key):
            for name, column in columns.items():
                column.append(getattr(point, name))
        try:
            import pandas
        except ImportError:
            return [
                dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)
            ]
        return pandas.DataFrame(columns)

    def artifacts(self) -> Artifacts:
        """What the job has left where its output goes; `.download(to)` brings it here.

        Asks the target. Raises ExplainedError.
        """
        return Artifacts(self, self._results().files())

    @checked_arguments
    def model(self, to: str | os.PathLike[str] | None = None, *, progress: bool = True) -> Path:
        """The model, fetched and unpacked: the folder `model` below `to` (the job's name).

        Raises ExplainedError, also for an archive with members that lead outside.
        """
        with Meter("downloaded", progress) as meter:
            return self._results().model(Path(to or self.name), meter.tell)

    def _results(self) -> Results:
        return self._desk.results(self.key)

    @checked_arguments
    def code(self, form: str = "jupyter_sm") -> Code:
        """Code that, pasted and run, starts the same job: for `jupyter_sm` or `boto3`."""
        return Code(self._desk.code(self.key, form))

    @checked_arguments
    def diff(self, other: Job) -> Diff:
        """What another job's request has otherwise."""
        return Diff(self, other)

    def stop(self) -> None:
        """Ask for the job to be stopped; returns at once. A job that ended stays as it is."""
        self._desk.stop(self.key)
        self._desk.keep_tracked(self.key.target)

    @checked_arguments
    def again(self, change: str | None = None, **changes: Any) -> Job:
        """Run the same request once more, under a fresh name, and return at once.

        `change`: `larger-instance`, `more-disk` (twice the volume) or `longer-runtime`
        (twice the limit). `changes` are options of `sm.train` with new values; a mapping such as
        `hyperparameters={"lr": 0.1}` is added to what is there. Raises ExplainedError.
        """
        check_options("again", changes)
        view = self._desk.again(self.key, change, changes)
        self._desk.follow(view)
        return Job(self._desk, view)

    @checked_arguments
    def wait(
        self, timeout: float | None = None, *, check: bool = True, progress: bool = True
    ) -> Job:
        """Wait for the end, showing progress; interrupting it leaves the job running.

        Raises TimeoutError after `timeout` seconds, and (with `check`) ExplainedError if
        the job failed or was refused.
        """
        between(0, math.inf, timeout=timeout)
        with interruptible(self.name):
            self._wait(timeout, progress)
        if check:
            checked(self._waiting.view)
        return self

    def _wait(self, timeout: float | None, progress: bool) -> None:
        until = float("inf") if timeout is None else time.monotonic() + timeout
        display = Line(progress)
        while not self._waiting.is_over():
            view = self._waiting.view
            waits = words.waits_for(view, self._trouble())
            if time.monotonic() > until:
                why = f" {waits}" if waits and not progress else ""  # else it was told
                raise WaitTimeoutError(
                    f"{self.name} is still {view.status} after {timeout} s; it runs on.{why}"
                )
            display.tell(waits)
            display.show(words.state(view))
            time.sleep(TICK_SECONDS)
        display.end(words.state(self._waiting.view))

    @checked_arguments
    def wait_until_accepted(self, timeout: float | None = None) -> Job:
        """Wait until the target has the job.

        Raises ExplainedError if it has refused it, when nothing has come of it for `timeout`
        seconds, and where you have something to mend first, such as to log in.
        """
        between(0, math.inf, timeout=timeout)
        view = self._waiting.until_accepted(float("inf") if timeout is None else timeout)
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
        return words.card(self.view, self._trouble())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return card.mime_bundle(self.view, self._trouble())

    def _trouble(self) -> views.TargetView | None:
        return self._desk.trouble(self.key.target)


class JobList(list[Job]):
    """Jobs; shows itself as a table, with what keeps targets from being asked."""

    def __init__(self, desk: Desk, found: Iterable[JobView]) -> None:
        super().__init__(Job(desk, view) for view in found)
        self._desk = desk

    def __repr__(self) -> str:
        troubled = [row for row in self._desk.targets() if row.health in ("stale", "waiting")]
        lines = map(words.trouble, troubled)
        return "\n".join([words.table([job._waiting.view for job in self]), *lines])
