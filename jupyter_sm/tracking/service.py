"""TrackingService: the trackers of all targets in one process, a server or a kernel."""

from __future__ import annotations

import atexit
import threading
import time
from concurrent.futures import wait
from functools import partial
from typing import TYPE_CHECKING

from jupyter_sm import forks
from jupyter_sm.background import begin
from jupyter_sm.shown.logger import logger_of
from jupyter_sm.shown.secrets import shown
from jupyter_sm.store import Store, StoreError, StoreLostError, leases, targets
from jupyter_sm.store.leases import Rank
from jupyter_sm.targets import (
    Target,
    UnknownTargetError,
    check_target,
    open_target,
    target_names,
)
from jupyter_sm.tracking import STOP_SECONDS
from jupyter_sm.tracking.tidying import Tidying
from jupyter_sm.tracking.trouble import CHECK, Once, Trouble, told

if TYPE_CHECKING:
    from jupyter_sm.tracking.tracker import Tracker

# How soon a server notices that a target is used for the first time.
_LOOK_SECONDS = 1.0

# A target that can't be opened is marked anew this often.
_MARK_SECONDS = 5.0
# How long whoever asks once waits for a target, and for one that did not answer before.
CATCH_UP_SECONDS = 8.0
_AGAIN_SECONDS = 2.0

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
        """Track every target that is in use, and each that comes into use; nothing is waited for."""
        self._thread = threading.Thread(target=self._watch, name="jupyter_sm targets", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        trouble = Once(_log)
        while not self._stopped.is_set():
            try:
                self._track_used()
                trouble.over()
            except StoreLostError:
                pass  # the store has told
            except StoreError as error:
                trouble.warn(str(error))
            self._stopped.wait(_LOOK_SECONDS)

    def _track_used(self) -> None:
        for name in in_use(self._store):
            self.keep_tracked(name)

    def keep_tracked(self, name: str) -> None:
        """Track a target in use; where it can't be opened, that is told, and its jobs stay."""
        try:
            self.track(name)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - the other targets must be tracked
            mark_unopened(self._store, name, error)

    def track(self, name: str) -> None:
        """Track one target, if this process does not yet."""
        tracker = self._trackers.get(name)
        if tracker is None or not tracker.is_alive:
            target = open_target(name, self._store.folder)
            self._trackers[name] = _tracker(self._store, target, self._rank)
            self._trackers[name].start()
            self._tidying.begin()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End all trackers, side by side, and let go of their leases."""
        until = time.monotonic() + seconds
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=seconds)
        for tracker in self._trackers.values():
            tracker.end()
        self._tidying.end(until)
        for tracker in self._trackers.values():
            tracker.join(until)
        self._trackers.clear()


def _tracker(store: Store, target: Target, rank: Rank) -> Tracker:
    """A target's tracker. What trackers need takes as long to load as all the rest, and no server
    waits for it; a child that is forked off in the midst of that could never do it."""
    with forks.whole:
        from jupyter_sm.diagnosis import explaining  # noqa: F401 - what `explain` loads
        from jupyter_sm.tracking.tracker import Tracker
    return Tracker(store, target, rank)


def mark_unopened(store: Store, name: str, error: Exception) -> None:
    """A target could not be opened: a profile was removed, say, or a setting has no meaning."""
    is_unknown = isinstance(error, UnknownTargetError)
    reason = shown(str(error)) if is_unknown else told(error, name)
    if name == LOCAL:
        targets.use(store, name)  # it always is, and may not have been yet
    row = targets.row(store, name)
    is_told = row is not None and row.reason == reason
    if not is_told:
        _log.warning("The target %s can't be opened: %s", name, reason)
    if not is_told or time.time() - ((row and row.as_of) or 0) > _MARK_SECONDS:
        targets.mark(store, name, Trouble.WAITING.health, reason)


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


def catch_up_all(
    store: Store, names: list[str] | None = None, seconds: float = CATCH_UP_SECONDS
) -> None:
    """Bring targets (those in use, unless named) up to date once, side by side.

    Those that do not answer in time are marked so; what they say later comes to the store all the
    same. One that did not answer before is not waited for as long.
    """
    stale = {row.name for row in targets.rows(store) if row.health == "stale"}
    begun = time.monotonic()
    asking = {
        name: begin(partial(_catch_up, store, name), f"jupyter_sm {name}")
        for name in names or in_use(store)
    }
    for name, done in asking.items():
        longest = min(seconds, _AGAIN_SECONDS) if name in stale and not names else seconds
        wait([done], max(0.0, begun + longest - time.monotonic()))
        if not done.done():
            what = f"{name} has not answered for {max(1, round(longest))} s. {CHECK}"
            targets.mark(store, name, Trouble.PASSING.health, what)


def _catch_up(store: Store, target: str) -> None:
    """Bring one target up to date, if nobody else tracks it."""
    try:
        if not leases.is_held(store, target):
            _tracker(store, open_target(target, store.folder), Rank.KERNEL).catch_up()
    except StoreError as error:
        _log.warning("%s", error)
    except Exception as error:  # noqa: BLE001 - it is told with the target
        mark_unopened(store, target, error)


def ensure_tracked(store: Store, target: str) -> None:
    """Have a target looked after from now on: if no server tracks it, this process will.

    Raises UnknownTargetError for a name that stands for nothing, NotReadyError.
    """
    if not targets.is_used(store, target):
        check_target(target)
        targets.use(store, target)
    if not leases.is_held(store, target):
        with _lock:
            _of_kernel(store).track(target)


def keep_tracked(store: Store, target: str) -> None:
    """The same for a target that is in use; what is wrong with it is told with it."""
    if targets.is_used(store, target) and not leases.is_held(store, target):
        with _lock:
            _of_kernel(store).keep_tracked(target)


def _of_kernel(store: Store) -> TrackingService:
    """What tracks in this process, which is no server."""
    key = str(store.path)
    if key not in _in_kernel:
        _in_kernel[key] = TrackingService(store, Rank.KERNEL)
        atexit.register(_in_kernel[key].stop)
    return _in_kernel[key]


def stop_in_process(seconds: float = STOP_SECONDS) -> None:
    """End what `ensure_tracked` started here, before the interpreter begins to end."""
    with _lock:
        for tracking in _in_kernel.values():
            tracking.stop(seconds)
        _in_kernel.clear()
