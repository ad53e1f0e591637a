"""Where everything of a job lies on disk, and how its state is written.

<root>/jobs/<kind>/<name>/   one folder a job, renamed to this once it is whole
    request.json             the Create request
    state.json               what Describe answers from, replaced atomically
    stop                     appears when a stop was asked for
    supervisor.lock          held while the job's supervisor lives
    logs/                    one file per log stream
    hosts/algo-N/opt/ml/     what the container sees as /opt/ml
<root>/waiting               who waits, one marker a job: <time>~<kind>~<name>
<root>/started               who runs: <kind>~<name>
<root>/changed               touched at every change

What stands in a request, and what a state means to AWS's API, is not known here.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_sm.targets.local.disk import locks, old_form

# A disk that is full, or a quota that is used up.
FULL = (errno.ENOSPC, errno.EDQUOT)
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_RESERVE_BYTES = 32_768
_LEFT_SECONDS = 3600
# What every state has.
_STATE = {"status", "secondary", "transitions", "created", "modified"}


class Layout:
    """The folders of one local target."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.jobs = root / "jobs"
        self.waiting = root / "waiting"
        self.started = root / "started"
        self.changed = root / "changed"
        self.dispatch_lock = root / "dispatch.lock"

    def make(self) -> None:
        """Create the folders, for this user only; what a crash left half made goes.

        Jobs of earlier versions are moved to where they lie now.
        """
        self.root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (self.root, self.jobs, self.waiting, self.started):
            folder.mkdir(exist_ok=True, mode=0o700)
        for left in self.jobs.glob(".*"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
        if old_form.is_there(self.jobs):
            with locks.locked(self.dispatch_lock):
                old_form.move(self.root)

    def job(self, kind: str, name: str) -> JobFolder:
        """The folder of a job, whether it exists or not."""
        return JobFolder(self.jobs / kind / name, kind, self.changed)

    def jobs_of(self, kind: str) -> Iterator[JobFolder]:
        """All jobs of a kind, in no order."""
        try:
            # What is made or deleted has a name with a dot in front, which no job has.
            paths = list((self.jobs / kind).glob("[!.]*"))
        except FileNotFoundError:  # there was none yet
            return
        for path in paths:
            yield JobFolder(path, kind, self.changed)

    def remove(self, job: JobFolder) -> None:
        """Delete an ended job; whoever looks meanwhile sees the whole of it or nothing."""
        gone = self.jobs / f".gone-{os.getpid()}-{job.kind}-{job.name}"
        job.path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        self.touch()

    def touch(self) -> None:
        """Say that something changed."""
        touch(self.changed)


def marker_name(created: float, kind: str, name: str) -> str:
    """The marker of a job that waits; markers sort by time of creation."""
    return f"{int(created * 1e9):020d}~{started_name(kind, name)}"


def started_name(kind: str, name: str) -> str:
    """The marker of a job that runs."""
    return f"{kind}~{name}"


class JobFolder:
    """One job's folder."""

    def __init__(self, path: Path, kind: str, changed: Path) -> None:
        self.path = path
        self.kind = kind
        self.name = path.name
        self.logs = path / "logs"
        self.stop = path / "stop"
        self.lock = path / "supervisor.lock"
        self.hosts = path / "hosts"
        self._changed = changed
        self._reserve = path / "reserve"

    def request(self) -> dict[str, Any]:
        """The request as it was accepted."""
        data: dict[str, Any] = json.loads((self.path / "request.json").read_bytes())
        return data

    def state(self) -> dict[str, Any]:
        """The state as last written."""
        file = self.path / "state.json"
        try:
            data: dict[str, Any] = json.loads(file.read_bytes())
            if data.keys() >= _STATE:
                return data
            wrong = "damaged"
        except (FileNotFoundError, NotADirectoryError):
            raise  # there is no such job
        except OSError as error:
            wrong = f"not readable ({error.strerror})"
        except (ValueError, AttributeError):
            wrong = "damaged"
        # One job's file must not keep the others from being listed.
        at = round(self.path.stat().st_mtime, 3)
        return {
            "status": "Failed",
            "secondary": "Failed",
            "transitions": [{"status": "Failed", "start": at, "end": at, "message": ""}],
            "created": at,
            "modified": at,
            "training_end": at,
            "failure": f"InternalServerError: the job's state file in {self.path} is {wrong}.",
        }

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state; on a full disk with the reserve, so that an end can always be told."""
        state["modified"] = now()
        try:
            write_json(self.path / "state.json", state)
        except OSError as error:
            if error.errno not in FULL:
                raise
            self._spend_reserve(state)
        touch(self._changed)

    def _spend_reserve(self, state: dict[str, Any]) -> None:
        """Let the reserve become the state's file, and make another of what that frees.

        The state is written over the reserve's own blocks: freed first, they would be taken by
        whatever else fills the disk.
        """
        try:
            with self._reserve.open("rb+") as file:
                file.write(json.dumps(state).encode())
                file.truncate()
                os.fsync(file.fileno())
        except FileNotFoundError:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(self.path)) from None
        self._reserve.replace(self.path / "state.json")
        with contextlib.suppress(OSError):
            self.make_reserve()

    def make_reserve(self) -> None:
        """Set aside the space that telling the job's state and end may need on a full disk."""
        with os.fdopen(os.open(self._reserve, _NEW_FILE, 0o600), "wb") as file:
            file.write(b"\0" * _RESERVE_BYTES)

    def drop_reserve(self) -> None:
        """Give the space back once the end is told."""
        self._reserve.unlink(missing_ok=True)

    def host(self, host: str) -> Path:
        """What one host of the job sees as /opt/ml."""
        return self.hosts / host / "opt" / "ml"


def place_of(folder: Path) -> tuple[Layout, JobFolder]:
    """The job of a folder, and the layout that it belongs to."""
    if folder.parent.name == "jobs":  # where jobs lay in the old form
        layout = Layout(folder.parents[1])
        return layout, JobFolder(folder, old_form.KIND, layout.changed)
    layout = Layout(folder.parents[2])
    return layout, layout.job(folder.parent.name, folder.name)


def now() -> float:
    """The time in seconds since 1970, in whole milliseconds as AWS's answers have it."""
    return round(time.time(), 3)


def new_transition(state: dict[str, Any], secondary: str, message: str = "") -> None:
    """Enter a secondary status: the open transition ends, another begins (times in seconds)."""
    at = now()
    transitions = state["transitions"]
    if transitions and "end" not in transitions[-1]:
        transitions[-1]["end"] = at
    transitions.append({"status": secondary, "start": at, "message": message})
    state["secondary"] = secondary


def write_json(path: Path, data: Any) -> None:
    """Replace a JSON file atomically."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(part, _NEW_FILE, 0o600), "wb") as file:
            file.write(json.dumps(data).encode())
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def touch(path: Path) -> None:
    """Set a file's time to now, making it if need be; a full disk is no reason to fail."""
    try:
        os.utime(path)
    except FileNotFoundError:
        with contextlib.suppress(OSError):
            path.touch(mode=0o600)
