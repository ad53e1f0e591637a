"""All that running a job asks of the operating system: detaching, watching, ending processes.

POSIX only (Linux, macOS). On Windows the module imports, and `SUPPORTED` is False.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

SUPPORTED = os.name == "posix"

# The descriptor under which a supervisor inherits the lock on its own job.
LOCK_FD = 9
# The variable by which all processes of a job are known; its value is the job's folder.
_MARK = "SAGEMAKER_LOCAL_JOB"

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Some processes can't be killed: another user's, or one that waits for a device.
_END_SECONDS = 5.0
_LOOK_SECONDS = 0.005


def spawn_detached(argv: Sequence[str], env: Mapping[str, str], output: Path, lock_fd: int) -> int:
    """Start a program in a session of its own that inherits `lock_fd` as LOCK_FD.

    The lock passes over without a gap: it is held from before the start to the end of
    the program, so whoever can take it knows that the program is gone.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        argv[0],
        list(argv),
        dict(env),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.fspath(output), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, lock_fd, LOCK_FD),
        ],
        setsid=True,
    )


def start(argv: Sequence[str], env: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a command in a group of its own that ends with us; its output is one pipe."""
    # The umask is a container's; what it makes lies in folders of the user's alone.
    return spawn(argv, env=dict(env), cwd=folder, preexec_fn=_die_with_parent, umask=0o022)


def spawn(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own; its output is one pipe."""
    plain = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(argv, start_new_session=True, **{**plain, **options})


def is_lock_gone() -> bool:
    """Whether the lock's file was deleted, and the job's folder with it."""
    return os.fstat(LOCK_FD).st_nlink == 0


def reap(pid: int) -> bool:
    """Collect an ended child; True once it is gone (or never was ours)."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return True


def signal_group(pgid: int, number: int) -> None:
    """Signal a process group; one that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pgid, number)


def _die_with_parent() -> None:
    """In a fresh child: be ended when the supervisor dies (Linux; elsewhere nothing)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(option, value)


def guarded(work: Callable[[], None]) -> None:
    """Do something in a child, so that whatever it starts is ended also where the child is killed.

    Both become the parent of descendants whose own parent ends, in whatever session they are: of
    two processes either may be killed, and the other one ends what is left. Linux; elsewhere the
    work is simply done.
    """
    if sys.platform != "linux":
        work()
        return
    guard = os.getpid()
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        end_children()
        return
    os.setsid()  # what ends a group of processes ends one of the two
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    work()
    if os.getppid() == guard:
        os._exit(0)


def end_children() -> None:
    """Kill what is left of this process's children, adopted ones too (Linux)."""
    until = time.monotonic() + _END_SECONDS
    while (children := _children()) and time.monotonic() < until:
        for pid in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        reaped = [pid for pid in children if reap(pid)]
        if not reaped:
            time.sleep(_LOOK_SECONDS)


def mark_of(folder: Path) -> dict[str, str]:
    """The variable that all processes of the job in a folder inherit."""
    return {_MARK: os.path.realpath(folder)}


def end_marked(folder: Path) -> None:
    """Kill what inherited a job's mark, wherever it is by now (Linux).

    For a job of which nobody is left who could know its processes.
    """
    mark = os.fsencode("=".join(*mark_of(folder).items()))
    until = time.monotonic() + _END_SECONDS
    while time.monotonic() < until:
        marked = [pid for pid in _processes() if pid != os.getpid() and mark in _environment(pid)]
        if not marked:
            return
        for pid in marked:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _children() -> list[int]:
    own = os.getpid()
    by_thread = list(Path(f"/proc/{own}/task").glob("*/children"))
    if by_thread:
        return [int(pid) for listed in by_thread for pid in listed.read_text().split()]
    # The kernel was built without these, or there is no /proc.
    return [pid for pid in _processes() if _stat(pid)[1:2] == [str(own)]]


def _processes() -> list[int]:
    try:
        return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    except FileNotFoundError:
        return []


def _environment(pid: int) -> list[bytes]:
    with contextlib.suppress(OSError):  # ended, or somebody else's
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def _stat(pid: int) -> list[str]:
    """The fields of a process's `stat` behind its name: state, parent, …; none if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one of the same number (Linux: its start time)."""
    fields = _stat(pid)
    return fields[19] if fields else None
