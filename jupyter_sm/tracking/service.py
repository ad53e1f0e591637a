"""TrackingService: the trackers of all targets in one process, a server or a kernel."""

from __future__ import annotations

import atexit
import threading
import time

from jupyter_sm import forks
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.store import Store, StoreError, StoreLostError, leases, targets
from jupyter_sm.store.leases import Rank
from jupyter_sm.targets import UnknownTargetError, check_target, open_target, target_names
from jupyter_sm.tracking.tidying import Tidying
from jupyter_sm.tracking.tracker import Tracker

# How soon a server notices that a target is used for the first time.
_LOOK_SECONDS = 1.0

# How long whoever asks once waits for a target; what it says later comes to the store all the same.
_CATCH_UP_SECONDS = 8.0

LOCAL = "local"

_log = logger_of(__name__)


class TrackingService:
    """Starts and stops the trackers of a store's targets."""

    def __init__(self, store: Store, rank: Rank) -> None:
        self._store = store
        self._rank = rank
        self._trackers: dict[str, Tracker] = {}
        self._tidying = Tidying(store, lambda: list(self._trackers.values()))
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Track every target that is in use, and each that comes into use."""
        self._track_used()
        self._thread = threading.Thread(target=self._watch, name="jupyter_sm targets", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        said = ""
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                self._track_used()
                said = ""
            except StoreLostError:
                continue
            except StoreError as error:
                if str(error) != said:
                    said = str(error)
                    _log.warning("%s", error)

    def _track_used(self) -> None:
        for name in in_use(self._store):
            if name in self._trackers:
                continue
            try:
                self.track(name)
            except UnknownTargetError as error:
                # A profile that was removed: its jobs stay, and the reason is shown.
                targets.mark(self._store, name, "stale", str(error))
            except StoreError:
                raise
            except Exception as error:  # noqa: BLE001 - the other targets must be tracked
                _log.warning("The target %s can't be opened: %s", name, error)
                targets.mark(self._store, name, "stale", f"{name} can't be opened: {error}")

    def track(self, name: str) -> None:
        """Track one target, if this process does not yet."""
        tracker = self._trackers.get(name)
        if tracker is None or not tracker.is_alive:
            target = open_target(name, self._store.folder)
            self._trackers[name] = Tracker(self._store, target, self._rank)
            self._trackers[name].start()
            self._tidying.begin()

    def stop(self) -> None:
        """End all trackers and let go of their leases."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._tidying.end()
        for tracker in self._trackers.values():
            tracker.stop()
        self._trackers.clear()


def in_use(store: Store) -> list[str]:
    """The targets to look after: the local one, and each that a job was submitted to or
    looked for on."""
    used = [row.name for row in targets.rows(store)]
    local = [name for name in target_names() if name == LOCAL]
    return [*local, *(name for name in used if name != LOCAL)]


_in_kernel: dict[str, TrackingService] = {}
_lock = threading.Lock()


def _begin_anew() -> None:
    """In a forked child: its parent's threads track for the parent."""
    global _lock
    _lock = threading.Lock()
    for tracking in _in_kernel.values():
        atexit.unregister(tracking.stop)
    _in_kernel.clear()


forks.in_child(_begin_anew)


def catch_up_all(store: Store, names: list[str] | None = None) -> list[str]:
    """Bring targets (those in use, unless named) up to date once; those that did not answer."""
    asking = {
        name: threading.Thread(target=_catch_up, args=(store, name), daemon=True)
        for name in names or in_use(store)
    }
    for thread in asking.values():
        thread.start()
    until = time.monotonic() + _CATCH_UP_SECONDS
    for thread in asking.values():
        thread.join(timeout=max(0.0, until - time.monotonic()))
    return [name for name, thread in asking.items() if thread.is_alive()]


def _catch_up(store: Store, target: str) -> None:
    """Bring one target up to date, if nobody else tracks it."""
    try:
        if not leases.is_held(store, target):
            Tracker(store, open_target(target, store.folder), Rank.KERNEL).catch_up()
    except UnknownTargetError as error:
        targets.mark(store, target, "stale", str(error))
    except StoreError as error:
        _log.warning("%s", error)


def ensure_tracked(store: Store, target: str) -> None:
    """See to it that someone tracks the target: if no server does, this process will.

    Raises UnknownTargetError for a name that stands for nothing.
    """
    if not targets.is_used(store, target):
        check_target(target)
        targets.use(store, target)
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
