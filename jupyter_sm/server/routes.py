"""The REST routes, below `<base_url>/jupyter-sm/api/`.

Every answer is JSON; every error a true 4xx or 5xx with a sentence and an explanation.
Work with the store happens in bounded threads, never on the event loop. Logs and metrics have
a module of their own.
"""

from __future__ import annotations

import json
from dataclasses import asdict

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_sm.jobs import KINDS
from jupyter_sm.jobs.secrets import mask_request
from jupyter_sm.server.bodies import BadBodyError, read_change, read_submission, submit
from jupyter_sm.server.handler import API, BaseHandler, refusal
from jupyter_sm.server.log_routes import (
    LogHitsHandler,
    LogRowsHandler,
    LogsHandler,
    LogTextHandler,
    MetricsHandler,
)
from jupyter_sm.server.openapi import document
from jupyter_sm.server.sources import path_in_source
from jupyter_sm.targets import UnknownTargetError, check_target
from jupyter_sm.tracking import changes, jobs_table, stops, submit_again, targets_table

MAX_BODY_BYTES = 1_000_000
_LONGEST_LIST = 1_000


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
        await self.answer({"jobs": rows, "total": total, "seq": seq})

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


class SourceHandler(BaseHandler):
    """The user's own file that a line of a traceback names."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """Its path below the server's root; 404 when it does not lie there."""
        frame = self.get_query_argument("file", "")
        await self.job(target, kind, name)
        source = await self.in_thread(jobs_table.source_of, self.store, target, kind, name)
        root = self.settings.get("server_root_dir", ".")
        path = await self.in_thread(path_in_source, source, frame, root)
        if path is None:
            raise refusal(
                404, f"The file {frame!r} that ran is not among the files this server shows."
            )
        self.finish(json.dumps({"path": path}))


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
        (f"{job}/logs/rows", LogRowsHandler),
        (f"{job}/logs/hits", LogHitsHandler),
        (f"{job}/log", LogTextHandler),
        (f"{job}/metrics", MetricsHandler),
        (f"{job}/source", SourceHandler),
        (f"{job}/stop", StopHandler),
        (f"{job}/again", AgainHandler),
        ("/changes", ChangesHandler),
        (r"/openapi\.json", OpenApiHandler),
        ("(?:/.*)?", NotFoundHandler),
    ]
    return [(f"/{API}{pattern}", handler) for pattern, handler in rows]
