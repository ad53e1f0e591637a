"""The handlers of targets, jobs and changes. Which addresses they answer, `routes.py` says."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from jupyter_server.auth.decorator import authorized
from tornado import web

from jupyter_sm.desk import JobView
from jupyter_sm.jobs import JobKey
from jupyter_sm.server.bodies import BadBodyError, read_change, read_submission, submit
from jupyter_sm.server.handler import BaseHandler, refusal
from jupyter_sm.server.sources import path_in_source
from jupyter_sm.server.threads import Pool

MAX_BODY_BYTES = 1_000_000
_LONGEST_LIST = 1_000


# Of one list, in bytes.
_MOST_BYTES = 4 << 20


def _fitting(views: Iterable[JobView]) -> str:
    """As many views as fit into one answer, one at least, as JSON."""
    parts: list[str] = []
    room = _MOST_BYTES
    for view in views:
        part = json.dumps(view, default=vars)
        room -= len(part)
        if room < 0 and parts:
            break
        parts.append(part)
    return ", ".join(parts)


class TargetsHandler(BaseHandler):
    """The targets and how they are."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List targets."""
        rows = await self.in_thread(self.desk.targets)
        self.finish(json.dumps({"targets": [asdict(row) for row in rows]}))


class UseHandler(BaseHandler):
    """Looking after a target."""

    @web.authenticated
    @authorized
    async def post(self, target: str) -> None:
        """From now on the target's jobs are looked after: 202; 404 for no target."""
        await self.in_thread(self.desk.use, target)
        self.set_status(202)
        self.finish(json.dumps({"name": target}))


class RemoveHandler(BaseHandler):
    """Looking after a target no longer."""

    @web.authenticated
    @authorized
    async def post(self, target: str) -> None:
        """The target's jobs leave the list: 200; 404 where it is in no use, 409 if one would be lost."""
        await self.in_thread(self.desk.remove, target, pool=Pool.LOG)
        self.finish(json.dumps({"name": target}))


class JobsHandler(BaseHandler):
    """The list of jobs, and submitting another."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List jobs, the newest first; `seq` is the change number to go on from.

        Where they have much to say there are fewer than asked for: go on at a greater offset.
        """
        limit = self.number("limit", 200, least=1, most=_LONGEST_LIST)
        offset = self.number("offset", 0, least=0)
        target = self.get_query_argument("target", None)
        kind = self.get_query_argument("kind", None)
        seq = await self.in_thread(self.desk.last_change)
        rows, total = await self.in_thread(
            self.desk.jobs, target=target, kind=kind, limit=limit, offset=offset
        )
        text = await self.in_thread(_fitting, rows)
        self.finish(f'{{"jobs": [{text}], "total": {total}, "seq": {seq}}}')

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
        view = await self.in_thread(submit, self.desk, submission, root, pool=Pool.SUBMIT)
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
        request = await self.in_thread(self.desk.request, JobKey(target, kind, name))
        if request is None:
            await self.job(target, kind, name)
        self.finish(json.dumps({"request": request or {}}))


class SourceHandler(BaseHandler):
    """The user's own file that a line of a traceback names."""

    @web.authenticated
    @authorized
    async def get(self, target: str, kind: str, name: str) -> None:
        """Its path below the server's root; 404 when it does not lie there."""
        frame = self.get_query_argument("file", "")
        view = await self.job(target, kind, name)
        origin = await self.in_thread(self.desk.packed_from, view.key)
        root = self.settings.get("server_root_dir", ".")
        path = await self.in_thread(path_in_source, origin, frame, root)
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
        asked = await self.in_thread(self.desk.stop, view.key)
        if not asked and view.is_over:
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
        key = JobKey(target, kind, name)
        view = await self.in_thread(self.desk.again, key, change, pool=Pool.SUBMIT)
        self.accept(view)


class ChangesHandler(BaseHandler):
    """The change feed, for whoever missed events."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """What changed since a number."""
        since = self.number("since", 0, least=0)
        page = await self.in_thread(self.desk.changes, since)
        self.finish(json.dumps(asdict(page)))
