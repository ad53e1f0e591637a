"""Logs that can't be read for a reason of their own: left alone for a while, and told of once."""

from __future__ import annotations

import time

from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store
from jupyter_sm.store.logs import streams
from jupyter_sm.store.logs.streams import LoggedJob

_SECONDS = 60.0

_log = logger_of(__name__)


class Aside:
    """The jobs whose logs are left alone, so that all others are read."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._until: dict[int, float] = {}

    def has(self, job: LoggedJob) -> bool:
        """Whether the job's log is to be left alone for now."""
        return time.monotonic() < self._until.get(job.id, 0.0)

    def put(self, job: LoggedJob, error: Exception) -> None:
        """Leave a log alone that failed."""
        if job.id not in self._until:
            _log.error("The log of %s: a fault of ours", job.key.name, exc_info=error)
        self._until[job.id] = time.monotonic() + _SECONDS
        text = (
            f"The log can't be read on: jupyter_sm failed ({type(error).__name__}: {error}). "
            "The status goes on."
        )
        streams.set_log_note(self._store, job, text)

    def take_back(self, job: LoggedJob) -> None:
        """The log was read after all."""
        if self._until.pop(job.id, None) is not None:
            streams.set_log_note(self._store, job, None)
