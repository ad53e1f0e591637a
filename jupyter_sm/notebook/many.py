"""Several jobs: as they end, until all have ended, side by side."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

from jupyter_sm.desk.waiting import TICK_SECONDS, checked
from jupyter_sm.jobs.values import said
from jupyter_sm.notebook.arguments import between, checked_arguments, unusable
from jupyter_sm.notebook.job import Job
from jupyter_sm.notebook.waits import WaitTimeoutError, interruptible
from jupyter_sm.shown.controls import plain


@checked_arguments
def as_completed(jobs: Iterable[Job], *, timeout: float | None = None) -> Iterator[Job]:
    """The jobs in the order in which they end, however they end.

    Raises TimeoutError after `timeout` seconds; interrupting it leaves the jobs running.
    """
    between(0, math.inf, timeout=timeout)
    return _as_completed(_given(jobs), timeout)


def _as_completed(waiting: list[Job], timeout: float | None) -> Iterator[Job]:
    until = float("inf") if timeout is None else time.monotonic() + timeout
    while waiting:
        with interruptible(", ".join(job.name for job in waiting)):
            over = [job for job in waiting if job._waiting.is_over()]
            if not over:
                time.sleep(TICK_SECONDS)
        yield from over
        waiting = [job for job in waiting if job not in over]
        if waiting and time.monotonic() > until:
            names = ", ".join(job.name for job in waiting)
            raise WaitTimeoutError(f"Not over after {timeout} s: {names}; what runs goes on.")


def _given(jobs: Iterable[Any]) -> list[Job]:
    given = list(jobs)
    for number, job in enumerate(given):
        if not isinstance(job, Job):
            raise unusable(f"jobs[{number}] must be a Job, not {said(job)}.")
    return given


@checked_arguments
def wait_all(jobs: Iterable[Job], *, timeout: float | None = None, check: bool = True) -> list[Job]:
    """Wait until all jobs have ended; the jobs as they were given.

    Raises TimeoutError, and (with `check`) ExplainedError for the first that failed, once all
    have ended.
    """
    given = _given(jobs)
    for _ in as_completed(given, timeout=timeout):
        pass
    if check:
        for job in given:
            checked(job.view)
    return given


@checked_arguments
def compare(jobs: Iterable[Job]) -> Any:
    """A row a job: status, seconds, instance, hyperparameters, last values of its metrics.

    A pandas DataFrame by name, or a list of dicts where pandas is missing.
    """
    rows = [_row(job) for job in _given(jobs)]
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows).set_index("name") if rows else pandas.DataFrame()


def _row(job: Job) -> dict[str, Any]:
    view = job.view
    row: dict[str, Any] = {
        "name": view.name,
        "target": view.target,
        "status": view.status,
        "seconds": round(job.elapsed, 1),
        "instance": f"{view.instance_type} × {view.instance_count}",
    }
    given = {
        plain(key): _read(plain(text))
        for key, text in job.request.get("HyperParameters", {}).items()
        if not key.startswith("sagemaker_")
    }
    row.update(given)
    for point in job._desk.metric_points(job.key):
        # A metric that bears a hyperparameter's name has a column of its own.
        row[f"{point.name} (metric)" if point.name in given else point.name] = point.value
    return row


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
