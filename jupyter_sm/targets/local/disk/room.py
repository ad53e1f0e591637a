"""What ended jobs have left on the disk, and how much that may be: the longest unused goes first.

A job's own folder is small once it has ended: request, state, log. Beside it lie its model and
output, where the user named no other place for them, and environments that were made for jobs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_sm.targets.local.disk import locks
from jupyter_sm.targets.local.disk.layout import JobFolder, Layout

# When there is too much, so much goes that it does not begin anew at once.
_DOWN_TO = 0.9
_FINAL = ("Completed", "Failed", "Stopped")
# In a job's folder: that what it had left is gone.
_CLEARED = "cleared"
_GB = 1_000_000_000


@dataclass(frozen=True)
class Limits:
    """How many bytes may be left, and how many jobs' folders; 0 for any."""

    bytes: int
    jobs: int


class Cleared(NamedTuple):
    """What went of a job, in one sentence."""

    kind: str
    name: str
    sentence: str


class _Left(NamedTuple):
    """Something that can go: since when it lies unused, its bytes, its folder, whether a job's."""

    at: float
    size: int
    path: Path
    is_job: bool


class Room:
    """Keeps what is left below one root within limits."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        # Jobs are many, and few have changed: the time of each one's state, and its bytes.
        self._measured: dict[str, tuple[int, int | None]] = {}
        self._seen: object = None

    def keep(self, limits: Limits) -> list[Cleared]:
        """Clear what is too much, and tell of what went of jobs. What was left last stays."""
        changed = (self._last_change(), limits)
        if changed == self._seen:
            return []
        lock = locks.try_lock(self._layout.root / "room.lock")
        if lock is None:
            return []  # another process is at it
        try:
            jobs = sorted(self._jobs())
            gone = self._keep_count(jobs, limits.jobs)
            gone += self._keep_size([*jobs, *self._environments()], limits.bytes)
        finally:
            locks.unlock(lock)
        self._seen = changed
        return gone

    def _last_change(self) -> int:
        with contextlib.suppress(OSError):
            return self._layout.changed.stat().st_mtime_ns
        return 0

    def _keep_count(self, jobs: list[_Left], limit: int) -> list[Cleared]:
        """Remove the folders of the oldest jobs, and take these from the list."""
        if not limit or len(jobs) <= limit:
            return []
        gone = jobs[: len(jobs) - max(1, int(limit * _DOWN_TO))]
        del jobs[: len(gone)]
        for one in gone:
            self._clear(one)
            with contextlib.suppress(OSError):
                self._layout.remove(self._job(one.path))
        why = f"no more than {limit:,} local jobs keep one (limit_jobs in config.toml)"
        return self._told(gone, f"The job's folder on this machine was removed: {why}.")

    def _keep_size(self, left: list[_Left], limit: int) -> list[Cleared]:
        total = sum(one.size for one in left)
        if not limit or total <= limit:
            return []
        gone = []
        for one in sorted(left)[:-1]:
            if total > limit * _DOWN_TO and one.size and self._clear(one):
                total -= one.size
                gone.append(one)
        why = f"to keep what local jobs leave below {limit / _GB:g} GB (limit_gb in config.toml)"
        return self._told(gone, f"Model, output and log were removed from this machine {why}.")

    def _told(self, gone: list[_Left], sentence: str) -> list[Cleared]:
        return [
            Cleared(one.path.parent.name, one.path.name, sentence) for one in gone if one.is_job
        ]

    def _jobs(self) -> Iterator[_Left]:
        """What each ended job has left."""
        measured, self._measured = self._measured, {}
        for path in self._job_paths():
            with contextlib.suppress(OSError):  # deleted meanwhile
                state = os.stat(f"{path}/state.json")  # noqa: PTH116 - of very many
                known = measured.get(path)
                if known is None or known[0] != state.st_mtime_ns:
                    known = state.st_mtime_ns, self._size(self._job(Path(path)))
                self._measured[path] = known
                if known[1] is not None:
                    yield _Left(state.st_mtime, known[1], Path(path), is_job=True)

    def _job_paths(self) -> Iterator[str]:
        for kind in self._layout.jobs.glob("[!.]*"):
            with contextlib.suppress(NotADirectoryError), os.scandir(kind) as entries:
                yield from [entry.path for entry in entries if not entry.name.startswith(".")]

    def _job(self, path: Path) -> JobFolder:
        return self._layout.job(path.parent.name, path.name)

    def _size(self, job: JobFolder) -> int | None:
        """The bytes that an ended job has left; None for one that has not ended."""
        state = job.state()
        if state["status"] not in _FINAL:
            return None
        if (job.path / _CLEARED).exists():
            return 0
        return size_of(job.path) + sum(map(size_of, self._beside(state)))

    def _beside(self, state: Mapping[str, Any]) -> list[Path]:
        """What a job has left below the root, outside of its folder."""
        places = [Path(os.path.normpath(place)) for place in state.get("left", ())]
        return [place for place in places if self._layout.root in place.parents]

    def _clear(self, left: _Left) -> bool:
        """Remove what is left; False for what is in use."""
        if not left.is_job:
            return _clear_environment(left.path)
        job = self._job(left.path)
        with contextlib.suppress(OSError):
            for place in (*self._beside(job.state()), job.logs, job.hosts):
                shutil.rmtree(place, ignore_errors=True)
            (job.path / _CLEARED).touch(0o600)
        self._measured.pop(str(left.path), None)
        return True

    def _environments(self) -> Iterator[_Left]:
        environments = self._layout.root / "environments"
        for folder in environments.glob("*/"):
            if not (folder / "ready").exists():
                _clear_unfinished(folder)
        for ready in environments.glob("*/ready"):
            with contextlib.suppress(OSError, ValueError):
                size = int(ready.read_text() or size_of(ready.parent))
                yield _Left(ready.stat().st_mtime, size, ready.parent, is_job=False)


def _clear_unfinished(folder: Path) -> None:
    """Remove what is left of an environment whose making was killed."""
    making = locks.try_lock(folder.with_suffix(".lock"))
    if making is not None:
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
        locks.unlock(making)


def _clear_environment(folder: Path) -> bool:
    """Remove an environment, unless a job runs in it or it is just being made."""
    making = locks.try_lock(folder.with_suffix(".lock"))
    if making is None:
        return False
    try:
        used = locks.try_lock(folder / "ready")
        if used is None:
            return False
        (folder / "ready").unlink()
        shutil.rmtree(folder, ignore_errors=True)
        locks.unlock(used)
        return True
    finally:
        locks.unlock(making)


def size_of(place: str | Path) -> int:
    """The bytes that a file, or all below a folder, take on the disk."""
    with contextlib.suppress(OSError):
        try:
            scanned = os.scandir(place)
        except NotADirectoryError:
            return os.lstat(place).st_blocks * 512
        with scanned as entries:
            return sum(
                size_of(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else entry.stat(follow_symlinks=False).st_blocks * 512
                for entry in entries
            )
    return 0
