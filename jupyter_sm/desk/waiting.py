"""Waiting for a job: for its target to have it, for its log to go on, for its end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from jupyter_sm.diagnosis import ExplainedError, explain, refusal
from jupyter_sm.jobs import SUBMITTING, JobKey
from jupyter_sm.store import JobView
from jupyter_sm.store.logs.pages import LogFilter
from jupyter_sm.store.views import LogRecord

if TYPE_CHECKING:
    from jupyter_sm.desk.desk import Desk

TICK_SECONDS = 0.1
_PAGE = 5_000
_LOG_SECONDS = 3.0
_ALL = LogFilter()


class Waiting:
    """Looks at one job again and again; should nobody track it any more, this process does."""

    def __init__(self, desk: Desk, view: JobView) -> None:
        self._desk = desk
        self.view = view
        self._grew = 0.0

    def look(self) -> JobView:
        """The job as it is now; one that is not over is tracked."""
        self.view = self._desk.job(self.view.key) or self.view
        if not self.view.is_over:
            self._desk.ensure_tracked(self.view.target)
        return self.view

    def is_over(self) -> bool:
        """Whether the job has ended and its log, which comes a moment later, is there."""
        before, view = self.view.log_lines, self.look()
        if not view.is_over:
            return False
        if view.log_lines > before:
            self._grew = time.time()
        late = time.time() - max(self._grew, view.ended_at or 0)
        return self._desk.log_is_read_out(view.key) or late > _LOG_SECONDS

    def until_accepted(self, timeout: float = float("inf")) -> JobView:
        """Wait until the target has the job, or has refused it.

        Raises ExplainedError after `timeout` seconds; the submission stays.
        """
        until = time.monotonic() + timeout
        while self.look().status == SUBMITTING:
            self._check(until, timeout, "has not taken the job yet; it is submitted all the same")
        return self.view

    def until_over(self, timeout: float = float("inf")) -> JobView:
        """Wait until the job has ended. Raises ExplainedError after `timeout` seconds."""
        until = time.monotonic() + timeout
        while not self.is_over():
            self._check(until, timeout, f"still has it as {self.view.status}")
        return self.view

    def until_stopped(self, timeout: float = float("inf")) -> bool:
        """Wait until a job that was asked to stop has ended; False if it goes on after all."""
        until = time.monotonic() + timeout
        while not self.is_over():
            if not self.view.stop_requested and not self.view.is_over:
                return False
            self._check(until, timeout, f"still has it as {self.view.status}")
        return True

    def _check(self, until: float, timeout: float, how: str) -> None:
        if time.monotonic() < until:
            time.sleep(TICK_SECONDS)
            return
        name, target = self.view.name, self.view.target
        why = next((t.reason for t in self._desk.targets() if t.name == target), None)
        raise refusal(
            "network",
            f"No answer from {target}",
            f"After {timeout:.0f} s {target} {how}{f': {why}' if why else '.'}",
            f"See how it goes on: jupyter sm status {name}",
            status=504,
        )


def read_log(
    desk: Desk, key: JobKey, wanted: LogFilter = _ALL, *, follow: bool = False
) -> Iterator[LogRecord]:
    """The entries of a log so far; with `follow` also what comes until it is read out."""
    desk.watch(key)
    start = 0
    while True:
        # Asked for before the page is read, so that the last lines are in the page.
        is_whole = desk.log_is_read_out(key)
        page = desk.logs.page(key, start=start, limit=_PAGE, wanted=wanted)
        yield from page.records
        if page.records:
            start = page.next
        elif not follow or is_whole:
            return
        else:
            desk.ensure_tracked(key.target)
            time.sleep(TICK_SECONDS)


def checked(view: JobView) -> JobView:
    """The job. Raises ExplainedError if it failed or was refused."""
    if view.status in ("Failed", "Rejected"):
        raise ExplainedError(view.explanation or explain(view.failure_reason or "The job failed"))
    return view
