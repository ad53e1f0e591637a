"""Threads for what may wait for others: none of them keeps the process from ending.

Those of `concurrent.futures` are waited for when the interpreter ends, however long the network takes
that they wait for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Work = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


def begin(work: Callable[[], T], name: str) -> Future[T]:
    """Have something done in a thread of its own."""
    future: Future[T] = Future()
    threading.Thread(target=_do, args=(future, work, ()), name=name, daemon=True).start()
    return future


class Pool:
    """Some threads that do what they are given, in its order; each is made when it is needed."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._queue: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._open: set[Future[Any]] = set()

    def submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Have something done."""
        future: Future[T] = Future()
        with self._lock:
            self._open.add(future)
            future.add_done_callback(self._open.discard)
            if self._threads < min(self._size, len(self._open)):
                self._threads += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        self._queue.put((future, work, args))
        return future

    def close(self) -> None:
        """Begin nothing more; what is being done goes on."""
        for future in list(self._open):
            future.cancel()
        for _ in range(self._threads):
            self._queue.put(None)

    def _run(self) -> None:
        while (given := self._queue.get()) is not None:
            _do(*given)


def _do(future: Future[Any], work: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(work(*args))
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
        future.set_exception(error)
