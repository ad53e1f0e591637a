"""Leases: of all servers and kernels on one store, one tracks a target.

Renewed every 5 s, free after 15 s or as soon as the holder's process is gone. A server
outranks a kernel: it asks for the lease, and the kernel lets go at its next renewal.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from enum import IntEnum

from jupyter_sm.store.file import Store

RENEW_SECONDS = 5.0
EXPIRE_SECONDS = 15.0


class Rank(IntEnum):
    """Who may take a lease from whom: the higher from the lower."""

    KERNEL = 1
    SERVER = 2


class Lease:
    """One holder's view of the lease of one target; safe to use from several threads."""

    def __init__(self, store: Store, target: str, rank: Rank) -> None:
        self._store = store
        self._target = target
        self._rank = rank
        self._holder = uuid.uuid4().hex
        self._renewed = 0.0
        self._lock = threading.Lock()
        self.held = False

    def acquire(self) -> bool:
        """Take, keep or let go of the lease; True while it is ours. Cheap while it is fresh."""
        with self._lock:
            if self.held and time.monotonic() - self._renewed < RENEW_SECONDS:
                return True
            return self._acquire()

    def _acquire(self) -> bool:
        now = time.time()
        with self._store.write() as db:
            row = db.execute("SELECT * FROM leases WHERE target = ?", (self._target,)).fetchone()
            ours = row is not None and row["holder"] == self._holder
            if ours and row["claimed_rank"] > self._rank:
                db.execute("DELETE FROM leases WHERE target = ?", (self._target,))
                self.held = False
            elif row is None or ours or row["expires_at"] < now or _gone(row["host"], row["pid"]):
                db.execute(
                    "REPLACE INTO leases (target, holder, host, pid, rank, expires_at)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        self._target,
                        self._holder,
                        socket.gethostname(),
                        os.getpid(),
                        int(self._rank),
                        now + EXPIRE_SECONDS,
                    ),
                )
                self.held = True
                self._renewed = time.monotonic()
            else:
                self.held = False
                if row["rank"] < self._rank:
                    db.execute(
                        "UPDATE leases SET claimed_rank = ? WHERE target = ?",
                        (int(self._rank), self._target),
                    )
        return self.held

    def release(self) -> None:
        """Let go, so that another can take it at once."""
        with self._lock:
            if self.held:
                with self._store.write() as db:
                    db.execute("DELETE FROM leases WHERE holder = ?", (self._holder,))
                self.held = False


def is_held(store: Store, target: str) -> bool:
    """Whether some living process tracks the target."""
    row = store.read().execute("SELECT * FROM leases WHERE target = ?", (target,)).fetchone()
    return (
        row is not None and row["expires_at"] >= time.time() and not _gone(row["host"], row["pid"])
    )


def _gone(host: str, pid: int) -> bool:
    if host != socket.gethostname():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
