"""The extension app: starts tracking with the server, and ends it cleanly."""

from __future__ import annotations

import asyncio
import logging
import os
from itertools import chain, repeat
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Unicode

from jupyter_sm.desk import Desk, data_dir, folder_of, open_desk
from jupyter_sm.diagnosis import ExplainedError, Explanation, explained
from jupyter_sm.server.feed import Feed
from jupyter_sm.server.heaps import share_heaps
from jupyter_sm.server.keep_alive import KeepAlive
from jupyter_sm.server.routes import handlers
from jupyter_sm.server.threads import Threads

# When a store that can't be opened is tried again.
_AGAIN_SECONDS = (2.0, 5.0, 10.0, 30.0)


class SageMakerApp(ExtensionApp):
    """jupyter_sm in a Jupyter server."""

    name = "jupyter_sm"
    load_other_extensions = True

    home = Unicode(
        help="Folder of the job store; default: JUPYTER_SM_HOME or Jupyter's data folder."
    ).tag(config=True)

    _desk: Desk | None = None
    _feed: Feed | None = None
    _keep_alive: KeepAlive | None = None
    _threads: Threads | None = None

    def initialize_settings(self) -> None:
        """Open the store; what routes need goes into the settings.

        A store that can't be opened is told by every route, and tried again from time to time.
        """
        share_heaps()
        logger = logging.getLogger("jupyter_sm")
        logger.setLevel(self.log.level)
        if self.serverapp is not None:
            # As the server itself does with Tornado's: what is logged comes among its own lines.
            logger.parent = self.serverapp.log
        self._threads = Threads()
        self.settings["jupyter_sm"] = {"threads": self._threads}
        self._open()

    def _open(self) -> None:
        """Open the store, or have every route say why that can't be, and the log once."""
        shared = self.settings["jupyter_sm"]
        try:
            folder = folder_of(self.home) if self.home else data_dir()
            # The kernels this server starts inherit it, so that they use the same store.
            os.environ["JUPYTER_SM_HOME"] = str(folder)
            self._desk = shared["desk"] = open_desk(folder)
        except (ExplainedError, OSError, RuntimeError, ValueError) as error:
            fault = _explained(error)
            if fault != shared.get("fault"):
                self.log.error("jupyter_sm waits: %s", fault.sentence)
            shared["fault"] = fault

    def initialize_handlers(self) -> None:
        """Add the routes, and have the rest begin once the event loop runs."""
        self.handlers.extend(handlers())
        # jupyter_server's own hook for that is newer than 2.15.
        if self.serverapp is not None:
            self.serverapp.io_loop.add_callback(self._begin, self.serverapp)

    async def _begin(self, serverapp: Any) -> None:
        """With the event loop running: begin to track, and to tell of changes."""
        for wait in chain(_AGAIN_SECONDS, repeat(_AGAIN_SECONDS[-1])):
            if self._desk is not None or self._threads is None:
                break
            await asyncio.sleep(wait)
            await asyncio.get_running_loop().run_in_executor(None, self._open)
        if self._desk is None or self._threads is None:
            return  # stopped meanwhile
        self._feed = Feed(self._desk, self._threads, serverapp.event_logger)
        self._feed.start()
        self._keep_alive = KeepAlive(self._desk, self._threads)
        self._keep_alive.start()
        self._desk.serve()

    async def stop_extension(self) -> None:
        """Stop telling, stop tracking, let go of leases, close the store."""
        if self._feed is not None:
            await self._feed.stop()
        if self._keep_alive is not None:
            await self._keep_alive.stop()
        if self._desk is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._desk.stop_serving)
        if self._threads is not None:
            self._threads.shut_down()
        if self._desk is not None:
            self._desk.store.close()
        self._feed = self._keep_alive = self._threads = self._desk = None


def _explained(error: Exception) -> Explanation:
    if isinstance(error, ExplainedError):
        return error.explanation
    what = f"The folder of the job store can't be used: {error}."
    return explained("internal", "No job store", what, "Set JUPYTER_SM_HOME to another folder.")
