"""Who runs now: at most N jobs at once, the oldest waiting job next, the dead noticed.

Anyone may call `dispatch`: the engine when a job is created, stopped or listed, and a
supervisor when its job has ended. One lock makes them take turns. What a job does when it runs,
and of which kind it is, makes no difference here.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.targets.local.disk import locks, old_form
from jupyter_sm.targets.local.disk.layout import (
    JobFolder,
    Layout,
    marker_name,
    new_transition,
    now,
    started_name,
)
from jupyter_sm.targets.local.runner import processes

_log = logger_of(__name__)

# A marker whose job folder has not appeared after this long was left by a crash.
_ORPHAN_SECONDS = 60
_START_RETRIES = 3


class Scheduler:
    """Starts supervisors for waiting jobs, and ends what a dead supervisor left."""

    def __init__(self, layout: Layout, max_jobs: int) -> None:
        self._layout = layout
        self._max_jobs = max_jobs
        self._children: list[int] = []
        # Markers that something was wrong with.
        self._odd: set[str] = set()

    def dispatch(self) -> None:
        """Start waiting jobs while there is room."""
        self._children = [pid for pid in self._children if not processes.reap(pid)]
        with locks.locked(self._layout.dispatch_lock):
            self._bring_in()
            started = list(self._layout.started.iterdir())
            running = [m for m in started if self._do(self._is_running, m)]
            waiting = sorted(self._layout.waiting.iterdir())
            for marker in waiting:
                if len(running) >= self._max_jobs:
                    break
                if self._do(self._start, marker):
                    running.append(marker)

    def _do(self, step: Callable[[Path], bool], marker: Path) -> bool:
        """A step with one marker; one that is odd is told of once, and keeps no other waiting."""
        try:
            return step(marker)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one job
            if marker.name not in self._odd:
                self._odd.add(marker.name)
                _log.warning("The job of %s is passed over: %r", marker, error)
            return False

    def enqueue(self, prepared: Path, job: JobFolder, created: float) -> None:
        """Give a prepared folder its job's name and put the job in the queue.

        Raises FileExistsError if there is a job of that name. The marker comes first: a
        crash in between leaves one without a job, never a job that nobody will start.
        """
        with locks.locked(self._layout.dispatch_lock):
            self._bring_in()
            # Looked for first: a rival of the same millisecond has a marker of the same name,
            # which must not be taken away again.
            if job.path.exists():
                raise FileExistsError(job.name)
            if job.path.is_symlink():
                job.path.unlink()  # to a job that an earlier version has deleted since
            job.path.parent.mkdir(exist_ok=True, mode=0o700)
            marker = self._layout.waiting / marker_name(created, job.kind, job.name)
            marker.touch()
            try:
                prepared.rename(job.path)
            except OSError:
                marker.unlink(missing_ok=True)
                raise

    def withdraw(self, job: JobFolder) -> bool:
        """Take a waiting job out of the queue and end it as Stopped; False if it runs already."""
        with locks.locked(self._layout.dispatch_lock):
            own = started_name(job.kind, job.name)
            markers = [m for m in self._layout.waiting.iterdir() if _job_of(m) == own]
            for marker in markers:
                marker.unlink()
            if not markers:
                return False
            state = job.state()
            new_transition(state, "Stopped", "Stopped before it began.")
            state["status"] = "Stopped"
            state["transitions"][-1]["end"] = now()
            job.write_state(state)
            job.drop_reserve()
            return True

    def _bring_in(self) -> None:
        """Take over jobs of earlier versions, whose processes may still make and end some."""
        if old_form.is_there(self._layout.jobs):
            old_form.move(self._layout.root)

    def _start(self, marker: Path) -> bool:
        kind, _, name = _job_of(marker).partition("~")
        job = self._layout.job(kind, name)
        if not job.path.is_dir():
            if time.time() - marker.stat().st_mtime > _ORPHAN_SECONDS:
                marker.unlink()
            return False
        if job.state()["secondary"] != "Pending":
            marker.unlink()
            return False
        lock = locks.try_lock(job.lock)
        if lock is None:
            return False
        try:
            marker.rename(self._layout.started / _job_of(marker))
            # -P keeps the current directory off the path (3.11); the package is found by its own.
            argv = [
                sys.executable,
                "-m",
                "jupyter_sm.targets.local.runner.supervisor",
                str(job.path),
            ]
            package_root = str(Path(__file__).parents[4])
            paths = [package_root, *filter(None, [os.environ.get("PYTHONPATH")])]
            env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
            pid = processes.spawn_detached(argv, env, job.path / "supervisor.log", lock)
            self._children.append(pid)
        finally:
            os.close(lock)
        return True

    def _is_running(self, marker: Path) -> bool:
        """Whether a job's supervisor lives; if not, its job is queued again or brought to its end."""
        kind, _, name = marker.name.partition("~")
        job = self._layout.job(kind, name)
        if not job.path.is_dir():
            processes.end_marked(job.path)
            marker.unlink(missing_ok=True)
            return False
        lock = locks.try_lock(job.lock)
        if lock is None:
            return True
        try:
            state = job.state()
            never_began = (
                state["secondary"] == "Pending" and state.get("retries", 0) < _START_RETRIES
            )
            if never_began and not job.stop.exists():
                # Whoever moved the marker was killed before the supervisor was there.
                state["retries"] = state.get("retries", 0) + 1
                job.write_state(state)
                marker.rename(self._layout.waiting / marker_name(state["created"], kind, name))
                return False
            if state["status"] in ("InProgress", "Stopping"):
                processes.end_marked(job.path)
                for host in state.get("pids", []):
                    # The leader may be gone while its group lives on; another process can't
                    # have its number then.
                    if host["mark"] and processes.start_mark(host["pid"]) in (None, host["mark"]):
                        processes.signal_group(host["pid"], signal.SIGKILL)
                new_transition(state, "Failed")
                state["transitions"][-1]["end"] = state["training_end"] = now()
                state["status"] = "Failed"
                state["failure"] = (
                    "InternalServerError: the process that supervised the job on this machine was killed."
                )
                job.write_state(state)
                job.drop_reserve()
            marker.unlink(missing_ok=True)
        except OSError as error:
            # A full disk: told at the next round, once there is room.
            _log.warning("The end of job %s could not be written: %s", name, error)
        finally:
            locks.unlock(lock)
        return False


def _job_of(marker: Path) -> str:
    """Kind and name in the marker of a waiting job, as the marker of a started one has them."""
    return marker.name.partition("~")[2]
