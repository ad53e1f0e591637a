"""What of a target is to be described, and since when it differs from what is known."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping

from jupyter_sm.jobs import JobKey


class DescribeQueue:
    """Keys in the order in which they came; may be used from any thread.

    Each has a time (LastModifiedTime, in seconds): up to there the job is not known yet.
    """

    def __init__(self) -> None:
        self._times: dict[JobKey, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._times)

    def put(self, times: Mapping[JobKey, float]) -> None:
        """Have jobs described; one that is in already is to be described for the newer time."""
        with self._lock:
            self._times.update(times)

    def put_new(self, times: Mapping[JobKey, float]) -> None:
        """Have those jobs described that are not in yet."""
        with self._lock:
            for key, time in times.items():
                self._times.setdefault(key, time)

    def has(self, key: JobKey, time: float) -> bool:
        """Whether a job is in for this very time."""
        with self._lock:
            return self._times.get(key) == time

    def next(self, first: Collection[JobKey]) -> tuple[JobKey, float] | None:
        """What is to be described now: one of `first`, if there is one."""
        with self._lock:
            key = next((k for k in self._times if k in first), next(iter(self._times), None))
            return None if key is None else (key, self._times[key])

    def done(self, key: JobKey, time: float) -> None:
        """A job was described; it is left in if it was asked for again meanwhile."""
        with self._lock:
            if self._times.get(key) == time:
                del self._times[key]

    def known_to(self, kind: str, newest: float) -> float:
        """Up to when all of a kind is known, if `newest` is the newest that was listed."""
        with self._lock:
            return min([newest, *(t for key, t in self._times.items() if key.kind == kind)])
