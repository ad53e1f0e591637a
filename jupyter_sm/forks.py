"""Forks of this process: what they must not cut through, and what a child begins anew.

A child gets a copy of all memory and of one thread only. What another thread was in the midst of
(a statement of SQLite, the import of a module) stays undone there for ever, and whoever needs
it waits for ever. So a fork waits a moment, until no thread is within `whole`; and what belongs
to the parent's threads and connections is let go of in the child.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from types import MethodType

# What lasts longer than this is cut through all the same.
_LONGEST_WAIT = 2.0


class _Whole:
    """A context that no fork cuts through; any thread may enter it, and enter it again."""

    def __init__(self) -> None:
        # Whether this process was forked off while a thread was within.
        self.was_cut = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._own = threading.local()

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
        self._own.depth = getattr(self._own, "depth", 0) + 1

    def __exit__(self, *_: object) -> None:
        self._own.depth -= 1
        with self._lock:
            self._inside -= 1

    def before_fork(self) -> None:
        """Wait until nobody else is within, and let nobody in."""
        until = time.monotonic() + _LONGEST_WAIT
        own = getattr(self._own, "depth", 0)
        self._lock.acquire()
        while self._inside > own and time.monotonic() < until:
            self._lock.release()
            time.sleep(0.001)
            self._lock.acquire()

    def after_in_parent(self) -> None:
        """Go on."""
        self._lock.release()

    def after_in_child(self) -> None:
        """Go on with one thread."""
        self.was_cut = self.was_cut or self._inside > 0
        self._begin()


whole = _Whole()
_resets: list[Callable[[], Callable[[], object] | None]] = []


def in_child(reset: Callable[[], object]) -> None:
    """Have something called in every forked child; a method for as long as its object lives."""
    _resets[:] = [known for known in _resets if known() is not None]
    _resets.append(weakref.WeakMethod(reset) if isinstance(reset, MethodType) else lambda: reset)


def _after_in_child() -> None:
    whole.after_in_child()
    for known in _resets:
        reset = known()
        if reset is not None:
            reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=whole.before_fork,
        after_in_parent=whole.after_in_parent,
        after_in_child=_after_in_child,
    )
