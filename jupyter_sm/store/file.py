"""The store: one SQLite file that every process of a user reads, opened and migrated here.

One connection per thread; writes happen in `with store.write() as db:`, one transaction
that takes the write lock at its start. Tables have modules of their own.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from jupyter_sm import forks
from jupyter_sm.diagnosis import ExplainedError, Explanation
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import beside
from jupyter_sm.store.schema import MIGRATIONS

_CACHE_KB = 512
_BUSY_SECONDS = 30
# Of the write-ahead log's file, once all of it has gone into the store.
_MOST_LOG = 16 << 20
# WAL needs shared memory between its users, which these do not have across machines.
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "fuse", "lustre", "9p", "gpfs", "beegfs", "ceph")


_ROOM = "Free space there, or set JUPYTER_SM_HOME to a folder on another disk."
_ELSEWHERE = "Set JUPYTER_SM_HOME to a folder that you can write to."
_SPAWN = 'Start such processes with multiprocessing\'s method "spawn".'
_RESTART = (
    "Put it back, or restart the Jupyter server and the kernels: they begin another store, and the "
    "jobs are found again on their targets."
)
_USE_OTHER = "Restart the Jupyter server and the kernels to use the other one, or put it back."
_MOVE = (
    "End the Jupyter server and the kernels, move it away, with -wal and -shm beside it, and start "
    "again: the jobs are found again on their targets."
)
_log = logger_of(__name__)


class StoreError(ExplainedError):
    """The store can't be used; the text says what, where and what to do."""

    def __init__(self, what: str, fix: str = "") -> None:
        full = "disk is full" in what or "No space left" in what
        super().__init__(
            Explanation(
                category="disk-full" if full else "internal",
                title="The disk is full" if full else "The job store can't be used",
                what_happened=what,
                fixes=(_ROOM,) if full else (fix,) if fix else (),
                raw=what,
                confidence=1.0,
            ),
            507,
        )


class StoreLostError(StoreError):
    """The file was deleted, replaced or damaged while it was used: a person must look.

    The store itself has written that to the log, once.
    """


# Connections, of any store, of the process that this one was forked from.
_inherited: list[sqlite3.Connection] = []


class _Cursor(sqlite3.Cursor):
    """A cursor that no fork cuts through, and whose errors say which store."""

    def fetchone(self) -> Any:
        """As sqlite3's."""
        try:
            with forks.whole:
                return super().fetchone()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def fetchall(self) -> list[Any]:
        """As sqlite3's."""
        try:
            with forks.whole:
                return super().fetchall()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def __next__(self) -> Any:
        try:
            with forks.whole:
                return super().__next__()
        except sqlite3.Error as error:
            raise self._trouble(error) from error

    def _trouble(self, error: sqlite3.Error) -> StoreError:
        return cast("_Connection", self.connection).store.trouble("used", error)


class _Connection(sqlite3.Connection):
    """A connection whose errors say which store, and what is wrong with it."""

    store: Store

    def cursor(self, factory: Any = _Cursor) -> Any:
        """As sqlite3's."""
        return super().cursor(factory)

    def execute(self, *args: Any) -> sqlite3.Cursor:
        """As sqlite3's; IntegrityError stays what it is, since callers act on it."""
        try:
            with forks.whole:
                return super().execute(*args)
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise self.store.trouble("used", error) from error


class Store:
    """A handle on the store's file; cheap to make, safe to use from any thread.

    `folder` holds what does not lie in the file; `note` says, where that is another one, why.
    """

    def __init__(self, path: Path, *, folder: Path | None = None, note: str = "") -> None:
        self.path = path
        self.folder = folder or path.parent
        self.note = note
        self._local = threading.local()
        self._connections: list[tuple[threading.Thread, sqlite3.Connection]] = []
        self._lock = threading.Lock()
        self._told = ""
        forks.in_child(self._begin_anew)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._identity = beside.make(path)
            self._migrate()
            beside.note_pair(path)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise StoreError(
                f"The job store {path} can't be opened: {error}.", _ELSEWHERE
            ) from error
        except StoreError:
            self.close()
            raise

    def read(self) -> sqlite3.Connection:
        """This thread's connection; each statement sees the newest committed state."""
        self._check_place()
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            try:
                return self._connect()
            except sqlite3.Error as error:
                raise self.trouble("read", error) from error
        return connection

    def trouble(self, done: str, error: sqlite3.Error) -> StoreError:
        """What SQLite's error means for the store, which can't be `done` ("read", …)."""
        if type(error) is sqlite3.DatabaseError:  # neither busy, nor full, nor ours: damage
            return self._lost(f"is damaged: {error}.", _MOVE)
        return StoreError(f"The job store {self.path} can't be {done}: {error}.")

    def _check_place(self) -> None:
        """That the file is the one that was opened: else what is done now goes nowhere."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise self._lost("was deleted while it was in use.", _RESTART) from None
        except OSError:
            return  # SQLite has better words for what it meets
        if (found.st_dev, found.st_ino) != self._identity:
            raise self._lost("was replaced by another file while it was in use.", _USE_OTHER)

    def _lost(self, what: str, fix: str) -> StoreLostError:
        error = StoreLostError(f"The job store {self.path} {what}", fix)
        if str(error) != self._told:
            self._told = str(error)
            _log.error("%s", error)
        return error

    def _begin_anew(self) -> None:
        """In a forked child: SQLite's connections must not be used in two processes."""
        _inherited.extend(connection for _, connection in self._connections)
        self._connections = []
        self._lock = threading.Lock()
        self._local = threading.local()

    def _let_go(self) -> None:
        """Close what was inherited: SQLite knows locks on a file by process, and would take the
        parent's for this one's own.
        """
        if forks.whole.was_cut:
            raise StoreError(
                f"The job store {self.path} can't be used here: this process was forked off "
                "while another of its threads was at work with it.",
                _SPAWN,
            )
        while _inherited:
            _inherited.pop().close()

    def _connect(self) -> sqlite3.Connection:
        if _inherited:
            self._let_go()
        # SQLite holds locks of the whole process meanwhile, which a forked child would wait for.
        with forks.whole:
            connection = sqlite3.connect(
                address(self.path),
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                # Threads end before the store closes, so closing happens from another thread.
                check_same_thread=False,
                factory=_Connection,
                uri=True,
            )
        connection.store = self
        connection.row_factory = sqlite3.Row
        _set_journal_mode(connection, journal_mode(self.path))
        connection.execute("PRAGMA foreign_keys=ON")
        # After a long read the log may be large; the disk gets it back at the next write.
        connection.execute(f"PRAGMA journal_size_limit={_MOST_LOG}")
        # NORMAL survives any crash of ours; FULL (per submission) a loss of power too.
        connection.execute("PRAGMA synchronous=NORMAL")
        # Of 2 MB for each of a dozen threads little would be used twice: the system has the pages.
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KB}")
        with self._lock:
            self._connections.append((threading.current_thread(), connection))
        beside.note_pair(self.path)
        self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def write(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """One write transaction; `durable` waits until the disk has it.

        Raises StoreError when the disk is full or the file can't be written.
        """
        db = self.read()
        with forks.whole:
            yield from self._transaction(db, durable=durable)

    def _transaction(
        self, db: sqlite3.Connection, *, durable: bool
    ) -> Iterator[sqlite3.Connection]:
        try:
            if durable:
                db.execute("PRAGMA synchronous=FULL")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")
            if durable:
                self._check_place()  # else it was committed to a file that nobody will read
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise self.trouble("written", error) from error
        finally:
            if durable:
                db.execute("PRAGMA synchronous=NORMAL")

    def version(self) -> int:
        """A number that differs once another connection has committed (microseconds to ask)."""
        row = self.read().execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close all connections; a handle that is used again opens anew.

        A thread that did not end in time may be in the middle of a statement, and closing its
        connection would crash the process: that statement is broken off, and the connection
        goes with its thread.
        """
        with forks.whole, self._lock:
            for thread, connection in self._connections:
                if thread is threading.current_thread() or not thread.is_alive():
                    connection.close()
                else:
                    connection.interrupt()
            self._connections.clear()
        self._local = threading.local()

    def _migrate(self) -> None:
        db = self.read()
        if self._schema(db) >= len(MIGRATIONS):
            return
        db.execute("BEGIN IMMEDIATE")
        try:
            for step in MIGRATIONS[self._schema(db) :]:
                if callable(step):
                    step(db)
                    continue
                for statement in step.split(";"):
                    db.execute(statement)
            db.execute(f"PRAGMA user_version={len(MIGRATIONS)}")
            db.execute("COMMIT")
        except BaseException:
            db.execute("ROLLBACK")
            raise

    def _schema(self, db: sqlite3.Connection) -> int:
        version = int(db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise StoreError(
                f"The job store {self.path} was written by a newer jupyter_sm (schema {version}, "
                f"known {len(MIGRATIONS)}); update jupyter_sm to use it."
            )
        return version


def address(path: Path) -> str:
    """A database that is there, as SQLite's address: opening it makes none."""
    return f"{path.absolute().as_uri()}?mode=rw"


def journal_mode(path: Path) -> str:
    """How a database that lies there can be shared."""
    return "DELETE" if _on_network(path) else "WAL"


def _set_journal_mode(connection: _Connection, mode: str) -> None:
    """Switch a database's journal, and wait for others who do so at the same moment.

    SQLite's own busy handler is not asked for this one step: a second process that opens a
    fresh file would fail at once.
    """
    give_up = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute(f"PRAGMA journal_mode={mode}")
            return
        except StoreError as error:
            if "locked" not in str(error.__cause__) or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _on_network(path: Path) -> bool:
    """Whether the file lies on a network file system (Linux; elsewhere taken for local)."""
    path = path.resolve()
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in mounts:
        point, file_system = line.split()[1:3]
        point = point.replace("\\040", " ")
        inside = str(path) == point or str(path).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, file_system
    return kind.startswith(_NETWORK_FILE_SYSTEMS)
