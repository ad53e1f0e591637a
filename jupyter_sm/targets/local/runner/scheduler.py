"""Who runs now: at most N jobs at once, the oldest waiting job next, the dead noticed.

Anyone may call `dispatch`: the engine when a job is created, stopped or listed, and a
supervisor when its job has ended. One lock makes them take turns.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from pathlib import Path

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.disk.layout import Layout, new_transition, now
from jupyter_sm.targets.local.runner import processes

_log = logging.getLogger(__name__)

# A marker whose job folder has not appeared after this long was left by a crash.
_ORPHAN_SECONDS = 60
_START_RETRIES = 3


def marker_name(created: float, name: str) -> str:
    """The queue marker of a job; markers sort by time of creation."""
    return f"{int(created * 1e9):020d}~{name}"


class Scheduler:
    """Starts supervisors for waiting jobs, and ends what a dead supervisor left."""

    def __init__(self, layout: Layout, max_jobs: int) -> None:
        self._layout = layout
        self._max_jobs = max_jobs
        self._children: list[int] = []

    def dispatch(self) -> None:
        """Start waiting jobs while there is room."""
        self._children = [pid for pid in self._children if not processes.reap(pid)]
        with locks.locked(self._layout.dispatch_lock):
            running = [m for m in self._layout.running.iterdir() if self._is_running(m)]
            waiting = sorted(self._layout.queue.iterdir())
            for marker in waiting:
                if len(running) >= self._max_jobs:
                    break
                if self._start(marker):
                    running.append(marker)

    def enqueue(self, prepared: Path, name: str, created: float) -> None:
        """Give a prepared folder its job's name and put the job in the queue.

        Raises FileExistsError if there is a job of that name. The marker comes first: a
        crash in between leaves one without a job, never a job that nobody will start.
        """
        with locks.locked(self._layout.dispatch_lock):
            # Looked for first: a rival of the same millisecond has a marker of the same name,
            # which must not be taken away again.
            if (self._layout.jobs / name).exists():
                raise FileExistsError(name)
            marker = self._layout.queue / marker_name(created, name)
            marker.touch()
            try:
                prepared.rename(self._layout.jobs / name)
            except OSError:
                marker.unlink(missing_ok=True)
                raise

    def withdraw(self, name: str) -> bool:
        """Take a waiting job out of the queue and end it as Stopped; False if it runs already."""
        with locks.locked(self._layout.dispatch_lock):
            markers = list(self._layout.queue.glob(f"*~{name}"))
            for marker in markers:
                marker.unlink()
            if not markers:
                return False
            job = self._layout.job(name)
            state = job.state()
            new_transition(state, "Stopped", "Stopped before it began.")
            state["status"] = "Stopped"
            state["transitions"][-1]["end"] = now()
            job.write_state(state)
            job.drop_reserve()
            return True

    def _start(self, marker: Path) -> bool:
        name = marker.name.partition("~")[2]
        job = self._layout.job(name)
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
            marker.rename(self._layout.running / name)
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
        job = self._layout.job(marker.name)
        if not job.path.is_dir():
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
                marker.rename(self._layout.queue / marker_name(state["created"], marker.name))
                return False
            if state["status"] in ("InProgress", "Stopping"):
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
            _log.warning("The end of job %s could not be written: %s", marker.name, error)
        finally:
            locks.unlock(lock)
        return False
