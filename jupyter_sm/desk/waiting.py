"""Waiting for a job: for its target to have it, for its log to go on, for its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_sm.desk.reach import Patience, silent, unreachable
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
    """Looks at one job again and again; should nobody track it any more, this process does.

    `patience`: for how many seconds its target may be out of reach.
    """

    def __init__(self, desk: Desk, view: JobView, patience: float = float("inf")) -> None:
        self._desk = desk
        self._patience = Patience(desk, view.target, patience)
        self.view = view
        self._grew = 0.0

    def look(self) -> JobView:
        """The job as it is now; one that is not over is tracked, if its target is in use."""
        self.view = self._desk.job(self.view.key) or self.view
        if not self.view.is_over:
            self._desk.keep_tracked(self.view.target)
        return self.view

    def is_over(self) -> bool:
        """Whether the job has ended and its log, which comes a moment later, is there.

        Raises ExplainedError for a job that is known no longer, as its target was removed.
        """
        before, view = self.view.log_lines, self.look()
        if not view.is_over:
            self._check_known()
            return False
        if view.log_lines > before:
            self._grew = time.time()
        late = time.time() - max(self._grew, view.ended_at or 0)
        return self._desk.log_is_read_out(view.key) or late > _LOG_SECONDS

    def until_accepted(self, timeout: float = float("inf")) -> JobView:
        """Wait until the target has the job, or has refused it.

        Raises ExplainedError when nothing has come of it for `timeout` seconds, and at once where
        the user has something to mend first; the submission stays.
        """
        name = self.view.name
        fixes = (
            f"{name} is kept, and submitted once that is mended: by Jupyter, while it runs.",
            f"To give it up: jupyter sm stop {name}",
        )
        until, progress = time.monotonic() + timeout, self.view.progress
        while self.look().status == SUBMITTING:
            self._check_known()
            self._patience.check_user(*fixes)
            if self.view.progress != progress:
                until, progress = time.monotonic() + timeout, self.view.progress
            if time.monotonic() >= until:
                raise self._late(timeout, fixes)
            time.sleep(TICK_SECONDS)
        return self.view

    def until_over(self) -> JobView:
        """Wait until the job has ended. Raises ExplainedError when the patience is over."""
        while not self.is_over():
            self.bear()
            time.sleep(TICK_SECONDS)
        return self.view

    def until_stopped(self, timeout: float = float("inf")) -> bool:
        """Wait until a job that was asked to stop has ended; False if it goes on after all.

        Raises ExplainedError after `timeout` seconds, and when the target can't be reached.
        """
        fixes = ("It is asked to stop once that is mended, while Jupyter runs.",)
        until = time.monotonic() + timeout
        while not self.is_over():
            if not self.view.stop_requested and not self.view.is_over:
                return False
            if self.view.status != SUBMITTING:  # else it is withdrawn without asking
                self._patience.check_user(*fixes)
            self._patience.check(*fixes)
            if time.monotonic() >= until:
                raise self._late(timeout, fixes)
            time.sleep(TICK_SECONDS)
        return True

    def bear(self) -> None:
        """Raises ExplainedError once the target has been out of reach for too long."""
        self._patience.check(f"See how it goes on: jupyter sm status {self.view.name}")

    def _check_known(self) -> None:
        if self._desk.job(self.view.key) is None:
            name, target = self.view.name, self.view.target
            what = f"{name} is known here no longer, as {target} was removed."
            fix = f"Look it up: jupyter sm track {name} --target {target}"
            raise refusal("not-found", "No longer known", what, fix, status=404)

    def _late(self, timeout: float, fixes: tuple[str, ...]) -> ExplainedError:
        view = self.view
        trouble = self._desk.trouble(view.target)
        if trouble is not None:
            return unreachable(trouble, *fixes)
        if view.status != SUBMITTING:
            what = f"After {timeout:.0f} s {view.target} still has {view.name} as {view.status}."
            return refusal("wrong-state", "Not over yet", what, status=504)
        message = view.transitions[-1].message if view.transitions else ""
        return silent(view.target, timeout, *fixes, why=message)


def await_log(desk: Desk, key: JobKey) -> None:
    """Wait for the last lines of a job that has ended: they come a moment after its end."""
    view = desk.job(key)
    if view is not None and view.is_over:
        waiting = Waiting(desk, view)
        while not waiting.is_over():
            time.sleep(TICK_SECONDS)


def read_log(
    desk: Desk,
    key: JobKey,
    wanted: LogFilter = _ALL,
    *,
    follow: bool = False,
    on_wait: Callable[[], None] = lambda: None,
) -> Iterator[LogRecord]:
    """The entries of a log so far, all of an ended job; with `follow` also what comes until its end.

    `on_wait` is called while nothing comes.
    """
    desk.watch(key)
    if not follow:
        await_log(desk, key)
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
            desk.keep_tracked(key.target)
            on_wait()
            time.sleep(TICK_SECONDS)


def checked(view: JobView) -> JobView:
    """The job. Raises ExplainedError if it failed or was refused."""
    if view.status in ("Failed", "Rejected"):
        told = view.explanation or explain(view.failure_reason or "The job failed")
        raise ExplainedError(told, about=view.key)
    return view
