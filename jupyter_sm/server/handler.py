"""What all routes share: login and rights, threads, paging, and errors as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from http.client import responses
from typing import Any, TypeVar

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado import web

from jupyter_sm.desk import Desk, JobView
from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.diagnosis import refusal as refused
from jupyter_sm.jobs import JobKey
from jupyter_sm.server.threads import Pool, Threads

API = "jupyter-sm/api"

T = TypeVar("T")


class BaseHandler(APIHandler):
    """What all routes share: the resource's name for authorisation, threads, errors, paging."""

    auth_resource = "jupyter_sm"
    # A panel that is open all night must not keep an idle server from being culled.
    _track_activity = False
    _is_gone = False

    @property
    def desk(self) -> Desk:
        """The desk of the user's store. Raises ExplainedError (503) while that can't be opened."""
        desk: Desk | None = self.settings["jupyter_sm"].get("desk")
        if desk is None:
            raise ExplainedError(self.settings["jupyter_sm"]["fault"], 503)
        return desk

    @property
    def threads(self) -> Threads:
        """The extension's threads."""
        threads: Threads = self.settings["jupyter_sm"]["threads"]
        return threads

    def on_connection_close(self) -> None:
        """Nobody waits for the answer any more."""
        self._is_gone = True
        super().on_connection_close()

    def is_wanted(self) -> bool:
        """Whether somebody still waits for the answer; for work that takes long to look at."""
        return self.threads.is_open and not self._is_gone

    async def in_thread(
        self, work: Callable[..., T], *args: Any, pool: Pool = Pool.QUICK, **kwargs: Any
    ) -> T:
        """Run blocking work in one of the extension's threads; what is long has pools of its own."""

        def wanted_work() -> T:
            if not self.is_wanted():
                raise web.Finish
            return work(*args, **kwargs)

        try:
            result = self.threads.submit(pool, wanted_work)
        except RuntimeError:
            # A page that is open asks on while the server ends.
            raise refusal(503, "This server is ending.") from None
        return await asyncio.wrap_future(result)

    def accept(self, view: JobView) -> None:
        """202: the job is committed, and this is its address."""
        path = [url_escape(part) for part in (view.target, view.kind, view.name)]
        self.set_header("Location", url_path_join(self.base_url, API, "jobs", *path))
        self.set_status(202)
        self.finish(json.dumps(view.as_dict()))

    async def answer(self, view: object, pool: Pool = Pool.QUICK) -> None:
        """Send what may be long: it is made JSON in a thread, not on the event loop.

        Views are sent as their fields.
        """
        self.finish(await self.in_thread(lambda: json.dumps(view, default=vars), pool=pool))

    def number(
        self, name: str, default: int, *, least: int | None = None, most: int | None = None
    ) -> int:
        """An integer of the query string; 400 when it is none or out of bounds."""
        text = self.get_query_argument(name, str(default))
        try:
            value = int(text)
        except ValueError:
            raise refusal(400, f"{name} must be a whole number.") from None
        if (least is not None and value < least) or abs(value) > 2**53:
            raise refusal(400, f"{name} is out of bounds.")
        return value if most is None else min(value, most)

    async def job(self, target: str, kind: str, name: str) -> JobView:
        """The job of that key; 404 when there is none."""
        view = await self.in_thread(self.desk.job, JobKey(target, kind, name))
        if view is None:
            raise refusal(404, f"There is no {kind} job {name} on {target}.")
        return view

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Every error as a JSON body with `message` and `explanation`."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, ExplainedError):
            said = error.log_message if isinstance(error, web.HTTPError) else None
            error = refusal(status_code, f"{said or self._reason}.")
        explanation = error.explanation
        self.set_status(error.status)
        self.set_header("Content-Type", "application/json")
        self.finish(
            json.dumps({"message": explanation.sentence, "explanation": explanation.as_dict()})
        )

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """What the user did wrong is told to the user, not to the server's log."""
        if not isinstance(value, ExplainedError):
            super().log_exception(typ, value, tb)


def refusal(status: int, what: str) -> ExplainedError:
    """An error answer in one sentence."""
    return refused("api", responses.get(status, "Error"), what, status=status)
