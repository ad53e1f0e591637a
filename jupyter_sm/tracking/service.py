"""TrackingService: the trackers of all targets in one process, a server or a kernel."""

from __future__ import annotations

import atexit
import threading

from jupyter_sm.targets import open_target, target_names
from jupyter_sm.tracking import leases
from jupyter_sm.tracking.leases import Rank
from jupyter_sm.tracking.store import Store
from jupyter_sm.tracking.tracker import Tracker


class TrackingService:
    """Starts and stops the trackers of a store's targets."""

    def __init__(self, store: Store, rank: Rank) -> None:
        self._store = store
        self._rank = rank
        self._trackers: dict[str, Tracker] = {}

    def start(self) -> None:
        """Track every target."""
        for name in target_names():
            self.track(name)

    def track(self, name: str) -> None:
        """Track one target, if this process does not yet."""
        tracker = self._trackers.get(name)
        if tracker is None or not tracker.is_alive:
            target = open_target(name, self._store.folder)
            self._trackers[name] = Tracker(self._store, target, self._rank)
            self._trackers[name].start()

    def stop(self) -> None:
        """End all trackers and let go of their leases."""
        for tracker in self._trackers.values():
            tracker.stop()
        self._trackers.clear()


_in_kernel: dict[str, TrackingService] = {}
_lock = threading.Lock()


def catch_up(store: Store, target: str) -> None:
    """Bring the store up to date once, if nobody else tracks the target."""
    if not leases.is_held(store, target):
        Tracker(store, open_target(target, store.folder), Rank.KERNEL).catch_up()


def ensure_tracked(store: Store, target: str) -> None:
    """See to it that someone tracks the target: if no server does, this process will."""
    if leases.is_held(store, target):
        return
    with _lock:
        key = str(store.path)
        if key not in _in_kernel:
            _in_kernel[key] = TrackingService(store, Rank.KERNEL)
            atexit.register(_in_kernel[key].stop)
        _in_kernel[key].track(target)


def stop_in_process() -> None:
    """End what `ensure_tracked` started here, before the interpreter begins to end."""
    with _lock:
        for tracking in _in_kernel.values():
            tracking.stop()
        _in_kernel.clear()
