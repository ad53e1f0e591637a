"""The threads that blocking work is done in: by how long it takes, so that none waits behind longer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Pool(Enum):
    """A kind of work, with how many threads it has."""

    # States, lists, stops: milliseconds of SQLite.
    QUICK = ("quick", 4)
    # Pages of logs, downloads, metrics, and answers that are long to write.
    LOG = ("log", 4)
    # Seconds each, which other processes compute.
    SEARCH = ("search", 8)
    # Reads and packs the user's source.
    SUBMIT = ("submit", 8)


class Threads:
    """A pool for each kind of work."""

    def __init__(self) -> None:
        self._pools = {
            pool: ThreadPoolExecutor(
                pool.value[1], thread_name_prefix=f"jupyter_sm {pool.value[0]}"
            )
            for pool in Pool
        }
        # Whether what is begun is still wanted.
        self.is_open = True

    def submit(self, pool: Pool, work: Callable[[], T]) -> Future[T]:
        """Have some work done. Raises RuntimeError once the threads are shut down."""
        return self._pools[pool].submit(work)

    def shut_down(self) -> None:
        """Do nothing more, and wait for what is being done."""
        self.is_open = False
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
