"""The feed: watches the store's change numbers and tells listeners through jupyter_events."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_sm.desk import ChangePage, Desk, StoreError, StoreLostError
from jupyter_sm.server.threads import Pool, Threads
from jupyter_sm.shown.logger import logger_of

CHANGE_SCHEMA = "urn:jupyter_sm:change"
_TICK_SECONDS = 0.1
_WAIT_SECONDS = 2.0

_log = logger_of(__name__)


class Feed:
    """Emits one event per change, whichever process made it."""

    def __init__(self, desk: Desk, threads: Threads, events: Any) -> None:
        self._desk = desk
        self._threads = threads
        self._events = events
        self._seq: int | None = None
        self._task: asyncio.Task[None] | None = None
        if CHANGE_SCHEMA not in events.schemas:
            events.register_event_schema(Path(__file__).with_name("change.yaml"))

    def start(self) -> None:
        """Begin with the changes from now on."""
        self._task = asyncio.create_task(self._run(), name="jupyter_sm feed")
        self._task.add_done_callback(_report)

    async def stop(self) -> None:
        """End, and wait for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                page = await asyncio.wrap_future(self._threads.submit(Pool.QUICK, self._news))
            except StoreLostError:
                await asyncio.sleep(_WAIT_SECONDS)
                continue
            except StoreError as error:
                _log.warning("The change feed waits: %s", error)
                await asyncio.sleep(_WAIT_SECONDS)
                continue
            for change in page.changes:
                # Changes are told once each at their last number, so numbers leave gaps of
                # their own; `previous` is what lets a listener see a lost event.
                data = {**asdict(change), "previous": self._seq}
                try:
                    self._events.emit(schema_id=CHANGE_SCHEMA, data=data)
                except Exception:  # noqa: BLE001 - an odd one must not end the feed
                    _log.exception("The change %s was not told", change.seq)
                self._seq = change.seq
            self._seq = page.last

    def _news(self) -> ChangePage:
        if self._seq is None:
            self._seq = self._desk.last_change()
        return self._desk.changes(self._seq)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("The change feed ended: %s", task.exception(), exc_info=task.exception())
