"""Keeping what we leave on the user's disk within the limits of the settings.

Stored logs, packed sources and cells' scripts, and what ended jobs of a target have left on this
machine. In a thread of its own: what takes long to delete delays nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store, StoreError, StoreLostError, activity, retention
from jupyter_sm.targets.settings import SettingsError, log_limit_mb, sources_limit_mb
from jupyter_sm.targets.source import trim_sources
from jupyter_sm.tracking.trouble import Once

if TYPE_CHECKING:
    from jupyter_sm.tracking.tracker import Tracker

_EVERY_SECONDS = 60.0

_log = logger_of(__name__)


class Tidying:
    """Looks once a minute whether there is too much."""

    def __init__(self, store: Store, trackers: Callable[[], Sequence[Tracker]]) -> None:
        self._store = store
        self._trackers = trackers
        self._logs = retention.LogLimit(store)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble = Once(_log)

    def begin(self) -> None:
        """Begin, unless it has."""
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="jupyter_sm tidying", daemon=True
            )
            self._thread.start()

    def end(self, until: float) -> None:
        """End after the current step, which is waited for until a time of the monotonic clock."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_SECONDS):
            try:
                self.tidy()
                self._trouble.over()
            except StoreLostError:
                continue
            except (StoreError, SettingsError, OSError) as error:
                self._trouble.warn(f"What is on the disk is not tidied: {error}")

    def tidy(self) -> None:
        """Look now."""
        folder = self._store.folder
        self._logs.keep(log_limit_mb(folder))
        trim_sources(folder, sources_limit_mb(folder), activity.open_requests(self._store))
        for tracker in self._trackers():
            tracker.tidy()
