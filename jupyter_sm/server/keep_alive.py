"""Keeping the space that the server runs in while jobs run in it."""

from __future__ import annotations

import asyncio

from jupyter_sm.desk import Desk, StoreError
from jupyter_sm.server.threads import Pool, Threads
from jupyter_sm.shown.logger import logger_of

_LOOK_SECONDS = 5.0

_log = logger_of(__name__)


class KeepAlive:
    """Looks every few seconds whether something runs, where an idle space would be shut down."""

    def __init__(self, desk: Desk, threads: Threads) -> None:
        self._desk = desk
        self._threads = threads
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, if anybody shuts spaces down here."""
        if self._desk.is_in_watched_space():
            self._task = asyncio.create_task(self._run(), name="jupyter_sm keep alive")

    async def stop(self) -> None:
        """End, and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        said = ""
        while True:
            try:
                await asyncio.wrap_future(self._threads.submit(Pool.QUICK, self._desk.tell_of_use))
            except (StoreError, OSError, ValueError) as error:
                if str(error) != said:
                    _log.warning("The space may be shut down while jobs run: %s", error)
                    said = str(error)
            await asyncio.sleep(_LOOK_SECONDS)
