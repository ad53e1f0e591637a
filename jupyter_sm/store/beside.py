"""What lies beside a store's file: SQLite's own files, which belong to one database and no other."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

if os.name == "posix":  # on Windows a file in use can't be replaced
    import fcntl

# What SQLite keeps beside a database, and would take for the next one's of that name.
_WAL = "-wal"
_ENDS = (_WAL, "-shm", "-journal")
# Beside it, too: which database the write-ahead log that lies there is of.
_PAIR = "-pair"
_LOCK_SECONDS = 2.0


def make(path: Path) -> tuple[int, int]:
    """Make the file unless it is there; what tells it from any other of that name.

    Made before SQLite would, it is never readable by others. What an earlier one of that name has
    left beside it goes, as where a copy was put in its place: SQLite would read it as this one's.
    """
    left = [one for end in _ENDS if (one := path.with_name(path.name + end)).exists()]
    if left and not path.exists():
        _remove(left)
    elif left:
        with contextlib.suppress(OSError), _pair_file(path) as file:
            if _is_of_another(path, file.read()):
                _remove(left)
                _write(file, "")
    number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        found = os.fstat(number)
    finally:
        os.close(number)
    return found.st_dev, found.st_ino


def note_pair(path: Path) -> None:
    """Write down which write-ahead log is of which database, for when one of them is replaced."""
    if not path.with_name(path.name + _WAL).exists():
        return
    with contextlib.suppress(OSError), _pair_file(path) as file:  # the disk may be full
        pair = " ".join(_pair_of(path))
        if file.read() != pair:
            _write(file, pair)


def _remove(files: list[Path]) -> None:
    for one in files:
        one.unlink(missing_ok=True)


@contextlib.contextmanager
def _pair_file(path: Path) -> Iterator[TextIO]:
    """The file that says so, for one process at a time."""
    number = os.open(path.with_name(path.name + _PAIR), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(number, "r+") as file:
        if os.name == "posix":
            _lock(file)
        yield file


def _lock(file: TextIO) -> None:
    """Raises OSError where the lock does not come, as on some file systems."""
    give_up = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _write(file: TextIO, text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)


def _pair_of(path: Path) -> tuple[str, str]:
    """What tells a database, and its write-ahead log, from others of their names."""
    wal = path.with_name(path.name + _WAL)
    return str(path.stat().st_ino), str(wal.stat().st_ino)


def _is_of_another(path: Path, noted: str) -> bool:
    """Whether the write-ahead log lies there still, and its database was replaced.

    Where both are others than before, the folder was copied, and they belong together.
    """
    was, _, log_was = noted.partition(" ")
    database, log = _pair_of(path)
    return log == log_was and database != was
