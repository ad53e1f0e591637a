"""The simulator's time: everything it answers is a function of this clock."""

from __future__ import annotations

import math
import threading
import time


def milliseconds(seconds: float) -> float:
    """The time as AWS tells it, in whole ms, and never after the time itself."""
    return seconds if math.isinf(seconds) else min(seconds, math.floor(seconds * 1000) / 1000)


class Clock:
    """Seconds since the epoch; may run faster than real time, stand still, or be moved."""

    def __init__(self, speed: float = 1.0, start: float | None = None) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._base = time.time() if start is None else start
        self._anchor = time.monotonic()

    def now(self) -> float:
        """The time now."""
        with self._lock:
            return self._now()

    def _now(self) -> float:
        return self._base + (time.monotonic() - self._anchor) * self._speed

    def advance(self, seconds: float) -> float:
        """Move on by so many seconds, at once; gives the new time."""
        with self._lock:
            self._base += seconds
            return self._now()

    @property
    def speed(self) -> float:
        """Seconds of the simulator in one real second; 0 when it stands still."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._lock:
            self._base, self._anchor = self._now(), time.monotonic()
            self._speed = speed

    def freeze(self) -> None:
        """Stand still until speed is set; `advance` still moves it."""
        self.speed = 0.0
