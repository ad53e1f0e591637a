"""Where the store lies: in the user's data folder, or beside it where that takes no database.

Some file systems of homes refuse SQLite: no locks, no shared memory, an I/O error at the first write.
The store then lies below the machine's temporary folder, in one of the user's own, and says so;
settings, sources and the local target's jobs stay where they are.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import stat
import tempfile
import uuid
from pathlib import Path

from jupyter_core.paths import jupyter_data_dir

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store.file import Store, StoreError, journal_mode

_FILE = "store.sqlite3"

_log = logger_of(__name__)


def data_dir() -> Path:
    """Where everything is kept: `JUPYTER_SM_HOME`, else `jupyter_sm` in Jupyter's data folder."""
    home = os.environ.get("JUPYTER_SM_HOME")
    return folder_of(home) if home else Path(jupyter_data_dir()) / "jupyter_sm"


def folder_of(home: str) -> Path:
    """The folder that the user names. Raises StoreError where no such folder can be."""
    try:
        if not home.strip():
            raise ValueError("it is blank")
        return Path(home).expanduser().absolute()
    except (RuntimeError, OSError, ValueError) as error:
        raise StoreError(
            f"JUPYTER_SM_HOME is {home!r}, where no folder can be: {str(error).rstrip('.')}.",
            "Set JUPYTER_SM_HOME to a folder that you can write to.",
        ) from None


def open_store(folder: Path | None = None) -> Store:
    """The user's store, created on first use with mode 0600.

    Every process of the user comes to the same one: once a store lies beside the folder, it is
    used for as long as it is there.
    """
    folder = folder or data_dir()
    path, beside = folder / _FILE, _beside(folder)
    if not beside.exists():
        # A new store that would have to wait for locks that never come is not tried first.
        reason = None if path.exists() else _refusal(folder)
        if reason is None:
            try:
                return Store(path)
            except StoreError as error:
                reason = _refusal(folder)
                if not isinstance(error.__cause__, sqlite3.OperationalError) or reason is None:
                    raise
        _log.warning("%s takes no SQLite database (%s).", folder, reason)
    _own(beside.parent)
    note = f"{folder} takes no SQLite database, so the job store lies in {beside.parent}: "
    note += (
        "what is known of jobs is gone when that folder is; set JUPYTER_SM_HOME to choose another."
    )
    return Store(beside, folder=folder, note=note)


def _refusal(folder: Path) -> str | None:
    """Why a database of nobody else's can't be made in a folder; None where it can.

    A folder that can't be written to at all, or is full, refuses more than databases.
    """
    probe = folder / f".probe-{uuid.uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe.touch(0o600)
        with contextlib.closing(sqlite3.connect(probe, timeout=0, isolation_level=None)) as db:
            db.execute(f"PRAGMA journal_mode={journal_mode(probe)}")
            db.execute("CREATE TABLE probe (n)")
    except sqlite3.OperationalError as error:
        return None if "full" in str(error) else str(error)
    except (OSError, sqlite3.Error):
        return None
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                probe.with_name(probe.name + end).unlink(missing_ok=True)
    return None


def _beside(folder: Path) -> Path:
    user = os.getuid() if hasattr(os, "getuid") else "user"
    digest = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"jupyter_sm-{user}" / digest / _FILE


def _own(folder: Path) -> None:
    """Make a folder and the one above, which nobody else may own or enter."""
    for one in (folder.parent, folder):
        try:
            one.mkdir(mode=0o700, exist_ok=True)
            found = one.lstat()
        except OSError as error:
            raise StoreError(f"The folder {one} can't be made: {error.strerror}.") from error
        theirs = hasattr(os, "getuid") and found.st_uid != os.getuid()
        if not stat.S_ISDIR(found.st_mode) or theirs or found.st_mode & 0o077:
            raise StoreError(
                f"The job store can't lie in {one}, which others may own or enter.",
                "Set JUPYTER_SM_HOME to a folder that takes a SQLite database.",
            )
