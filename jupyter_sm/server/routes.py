"""The REST routes, below `<base_url>/jupyter-sm/api/`.

Every answer is JSON; every error a true 4xx or 5xx with a sentence and an explanation.
Work with the store happens in bounded threads, never on the event loop.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from http.client import responses
from typing import Any, TypeVar

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado import web

from jupyter_sm.diagnosis import ExplainedError
from jupyter_sm.diagnosis import refusal as refused
from jupyter_sm.jobs import KINDS
from jupyter_sm.jobs.secrets import mask_request
from jupyter_sm.server.bodies import BadBodyError, read_change, read_submission, submit
from jupyter_sm.server.openapi import document
from jupyter_sm.targets import UnknownTargetError, check_target
from jupyter_sm.tracking import (
    Store,
    changes,
    jobs_table,
    logs_table,
    stops,
    submit_again,
    targets_table,
)
from jupyter_sm.tracking.views import JobView

API = "jupyter-sm/api"
MAX_BODY_BYTES = 1_000_000
_LONGEST_LIST = 1_000
_MOST_POINTS = 20_000
_LONGEST_QUERY = 1_000

T = TypeVar("T")


class BaseHandler(APIHandler):
    """What all routes share: the resource's name for authorisation, threads, errors, paging."""

    auth_resource = "jupyter_sm"
    # A panel that is open all night must not keep an idle server from being culled.
    _track_activity = False

    @property
    def store(self) -> Store:
        """The user's job store."""
        store: Store = self.settings["jupyter_sm"]["store"]
        return store

    async def in_thread(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run blocking work in one of the extension's threads."""
        executor = self.settings["jupyter_sm"]["executor"]
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(executor, lambda: work(*args, **kwargs))

    def accept(self, view: JobView) -> None:
        """202: the job is committed, and this is its address."""
        path = [url_escape(part) for part in (view.target, view.kind, view.name)]
        self.set_header("Location", url_path_join(self.base_url, API, "jobs", *path))
        self.set_status(202)
        self.finish(json.dumps(view.as_dict()))

    async def answer(self, make: Callable[[], dict[str, Any]]) -> None:
        """Send what may be long: it is put together in a thread, not on the event loop."""
        self.finish(await self.in_thread(lambda: json.dumps(make())))

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
        view = await self.in_thread(jobs_table.get, self.store, target, kind, name)
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


class TargetsHandler(BaseHandler):
    """The targets and how they are."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List targets."""
        rows = await self.in_thread(targets_table.views, self.store)
        self.finish(json.dumps({"targets": [asdict(row) for row in rows]}))


class UseHandler(BaseHandler):
    """Looking after a target."""

    @web.authenticated
    @authorized
    async def post(self, target: str) -> None:
        """From now on the target's jobs are looked after: 202; 404 for no target."""
        try:
            check_target(target)
        except UnknownTargetError as error:
            raise refusal(404, str(error)) from None
        await self.in_thread(targets_table.use, self.store, target)
        self.set_status(202)
        self.finish(json.dumps({"name": target}))


class JobsHandler(BaseHandler):
    """The list of jobs, and submitting another."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List jobs, the newest first; `seq` is the change number to go on from."""
        limit = self.number("limit", 200, least=1, most=_LONGEST_LIST)
        offset = self.number("offset", 0, least=0)
        target = self.get_query_argument("target", None)
        seq = await self.in_thread(changes.last, self.store)
        rows, total = await self.in_thread(
            jobs_table.listed, self.store, target=target, limit=limit, offset=offset
        )
        await self.answer(
            lambda: {"jobs": [row.as_dict() for row in rows], "total": total, "seq": seq}
        )

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Submit a job: 202 and its address; the tracker takes it to the target."""
        if len(self.request.body) > MAX_BODY_BYTES:
            raise refusal(413, f"The body has more than {MAX_BODY_BYTES} bytes.")
        try:
            submission = read_submission(self.request.body)
        except BadBodyError as error:
            raise refusal(400, f"{error}.") from None
        root = self.settings.get("server_root_dir", ".")
        view = await self.in_thread(submit, self.store, submission, root)
        self.accept(view)


class JobHandler(BaseHandler):
    """One job."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """The job as it is now."""
        view = await self.job(target, kind, name)
        self.finish(json.dumps(view.as_dict()))


class RequestHandler(BaseHandler):
    """The request behind a job."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """The full Create request, secrets masked."""
        request = await self.in_thread(jobs_table.request_of, self.store, target, kind, name)
        if request is None:
            await self.job(target, kind, name)
        self.finish(json.dumps({"request": mask_request(request or {})}))


class LogsHandler(BaseHandler):
    """A job's log."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """A page of the log, by entry number; reading it counts as watching the job."""
        start = self.number("from", 0)
        limit = self.number("limit", 500, least=1, most=logs_table.MAX_PAGE)
        query = self.get_query_argument("query", "")
        if len(query) > _LONGEST_QUERY:
            raise refusal(400, f"query has more than {_LONGEST_QUERY} characters.")
        await self.job(target, kind, name)
        await self.in_thread(jobs_table.watch, self.store, target, kind, name)
        page = await self.in_thread(
            logs_table.page,
            self.store,
            (target, kind, name),
            start=start,
            limit=limit,
            query=query,
            severity=self.get_query_argument("severity", ""),
            stream=self.get_query_argument("stream", ""),
        )
        await self.answer(lambda: {**vars(page), "records": [vars(r) for r in page.records]})


class LogTextHandler(BaseHandler):
    """A job's log as a file."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """The whole log as text, page by page, so that its length costs no memory."""
        await self.job(target, kind, name)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header("Content-Disposition", f'attachment; filename="{name}.log"')
        start = 0
        while True:
            page = await self.in_thread(
                logs_table.page,
                self.store,
                (target, kind, name),
                start=start,
                limit=logs_table.MAX_PAGE,
            )
            if not page.records:
                break
            self.write("".join(f"{record.text}\n" for record in page.records))
            await self.flush()
            start = page.next
        self.finish()


class MetricsHandler(BaseHandler):
    """A job's metrics."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """The points of all series; of very many, evenly chosen ones."""
        await self.job(target, kind, name)
        key = (target, kind, name)
        points = await self.in_thread(logs_table.metric_points, self.store, key, most=_MOST_POINTS)
        await self.answer(lambda: {"points": [vars(point) for point in points]})


class StopHandler(BaseHandler):
    """Stopping a job."""

    @web.authenticated
    @authorized
    async def post(self, target: str, kind: str, name: str) -> None:
        """Ask for a stop: 202; 409 when the job has ended."""
        view = await self.job(target, kind, name)
        asked = await self.in_thread(stops.request_stop, self.store, target, kind, name)
        if not asked and view.is_final:
            raise refusal(409, f"The job {name} has ended already ({view.status}).")
        self.set_status(202)
        self.finish(json.dumps({"name": name}))


class AgainHandler(BaseHandler):
    """Running a job again."""

    @web.authenticated
    @authorized
    async def post(self, target: str, kind: str, name: str) -> None:
        """Submit the same request under a fresh name: 202 and the new job."""
        try:
            change = read_change(self.request.body)
        except BadBodyError as error:
            raise refusal(400, f"{error}.") from None
        view = await self.in_thread(submit_again, self.store, target, kind, name, change)
        self.accept(view)


class ChangesHandler(BaseHandler):
    """The change feed, for whoever missed events."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What changed since a number."""
        since = self.number("since", 0, least=0)
        page = await self.in_thread(changes.since, self.store, since)
        self.finish(json.dumps(asdict(page)))


class OpenApiHandler(BaseHandler):
    """The description of all this."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """The OpenAPI document."""
        self.finish(json.dumps(document(self.base_url)))


class NotFoundHandler(BaseHandler):
    """Any other address below the API: 404 in JSON, and not without a login."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """There is nothing here."""
        raise refusal(404, "There is no such address in the jupyter_sm API.")

    post = put = patch = delete = get


def handlers() -> list[tuple[str, type[BaseHandler]]]:
    """Route patterns and their handlers; the app puts the base URL in front."""
    kinds = "|".join(KINDS)
    target = "([A-Za-z0-9@._+=:,~%-]{1,300})"
    job = rf"/jobs/{target}/({kinds})/([A-Za-z0-9-]{{1,63}})"
    rows: list[tuple[str, type[BaseHandler]]] = [
        ("/targets", TargetsHandler),
        (f"/targets/{target}/use", UseHandler),
        ("/jobs", JobsHandler),
        (job, JobHandler),
        (f"{job}/request", RequestHandler),
        (f"{job}/logs", LogsHandler),
        (f"{job}/log", LogTextHandler),
        (f"{job}/metrics", MetricsHandler),
        (f"{job}/stop", StopHandler),
        (f"{job}/again", AgainHandler),
        ("/changes", ChangesHandler),
        (r"/openapi\.json", OpenApiHandler),
        ("(?:/.*)?", NotFoundHandler),
    ]
    return [(f"/{API}{pattern}", handler) for pattern, handler in rows]
