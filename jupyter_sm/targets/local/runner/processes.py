"""All that running a job asks of the operating system: detaching, watching, ending processes.

POSIX only (Linux, macOS). On Windows the module imports, and `SUPPORTED` is False.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SUPPORTED = os.name == "posix"

# The descriptor under which a supervisor inherits the lock on its own job.
LOCK_FD = 9


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
    return spawn(argv, env=dict(env), cwd=folder, preexec_fn=_die_with_parent)


def spawn(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program in a group of its own; its output is one pipe."""
    plain = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(argv, start_new_session=True, **{**plain, **options})


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
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        import ctypes

        pr_set_child_subreaper = 36
        ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1)


def end_children() -> None:
    """Kill what is left of this process's children, adopted ones too (Linux: read from /proc)."""
    for _ in range(100):
        children = list(_children())
        if not children:
            return
        for pid in children:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> Iterator[int]:
    own = str(os.getpid())
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            if (folder / "stat").read_text().rpartition(")")[2].split()[1] == own:
                yield int(folder.name)


def start_mark(pid: int) -> str | None:
    """What tells this process from a later one of the same number (Linux: its start time)."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return None
