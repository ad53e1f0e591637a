"""A Studio space: kept from being shut down as idle while jobs of the local target run in it.

Studio's monitor asks the server's `/api/idle`, which knows kernels and terminals and a file with the
time of the last activity. Source: SageMaker developer guide, "Idle shutdown".
"""

from __future__ import annotations

import importlib.util
import time
from datetime import datetime, timezone
from pathlib import Path

from jupyter_sm.store import Store, activity
from jupyter_sm.targets.settings import keeps_space_alive
from jupyter_sm.tracking.service import LOCAL

_FILE = Path("/tmp/.sagemaker-last-active-timestamp")  # noqa: S108 - Studio's own
_MONITOR = "jupyter_activity_monitor_extension"
_EACH_SECONDS = 60.0


def is_watched() -> bool:
    """Whether something may shut this space down as idle."""
    return importlib.util.find_spec(_MONITOR) is not None


class Space:
    """The space that the server runs in."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told = -float("inf")

    def tell(self) -> None:
        """Say that the space is in use, each minute that a job runs in it.

        Raises OSError when the file can't be written, and SettingsError.
        """
        due = time.monotonic() - self._told >= _EACH_SECONDS
        if not due or not activity.is_busy(self._store, LOCAL):
            return
        if keeps_space_alive(self._store.folder):
            now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            _FILE.write_text(now, encoding="ascii")
        self._told = time.monotonic()
