"""Lock files: one holder at a time, and free at once when the holder's process is gone.

POSIX only (Linux, macOS). On Windows the module imports, and its functions are not called.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

if os.name == "posix":
    import fcntl


def try_lock(path: Path) -> int | None:
    """Take the lock file at `path` without waiting: its descriptor, or None if held."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def share(path: Path) -> None:
    """Keep others from taking a lock file, for as long as this process lives; it must be free."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`, waiting for it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        unlock(fd)


def unlock(fd: int) -> None:
    """Let go of a lock, also where a process forked meanwhile holds the descriptor too."""
    fcntl.flock(fd, fcntl.LOCK_UN)
    os.close(fd)
