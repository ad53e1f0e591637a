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

API = "jupyter-sm/api"

T = TypeVar("T")


class BaseHandler(APIHandler):
    """What all routes share: the resource's name for authorisation, threads, errors, paging."""

    auth_resource = "jupyter_sm"
    # A panel that is open all night must not keep an idle server from being culled.
    _track_activity = False

    @property
    def desk(self) -> Desk:
        """The desk of the user's store."""
        desk: Desk = self.settings["jupyter_sm"]["desk"]
        return desk

    async def in_thread(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run blocking work in one of the extension's threads."""
        executor = self.settings["jupyter_sm"]["executor"]
        loop = asyncio.get_running_loop()
        try:
            result = loop.run_in_executor(executor, lambda: work(*args, **kwargs))
        except RuntimeError:
            # A page that is open asks on while the server ends.
            raise refusal(503, "This server is ending.") from None
        return await result

    def accept(self, view: JobView) -> None:
        """202: the job is committed, and this is its address."""
        path = [url_escape(part) for part in (view.target, view.kind, view.name)]
        self.set_header("Location", url_path_join(self.base_url, API, "jobs", *path))
        self.set_status(202)
        self.finish(json.dumps(view.as_dict()))

    async def answer(self, view: object) -> None:
        """Send what may be long: it is made JSON in a thread, not on the event loop.

        Views are sent as their fields.
        """
        self.finish(await self.in_thread(lambda: json.dumps(view, default=vars)))

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
